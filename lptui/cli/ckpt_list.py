"""`lptui ckpt ls`: the list, what a rule of retention would free, and new ones as they come."""

from __future__ import annotations

import shlex

import click

from lptui.cli import FOUND
from lptui.cli.ckpt_target import FINE, JSON, WATCH, find, is_named, mine, patiently, print_json, print_json_line
from lptui.model.run import RunInfo
from lptui.text import sanitise


@click.command("ls")
@click.argument("path", metavar="RUN_OR_PATH")
@click.option("--keep-last", metavar="N", type=click.IntRange(min=1), default=None, help="What keeping N would free.")
@click.option(
    "--keep-every",
    metavar="K",
    type=click.IntRange(min=1),
    default=None,
    help="Also keep steps (or epochs) divisible by K.",
)
@WATCH
@JSON
def command(path: str, keep_last: int | None, keep_every: int | None, watch: bool, as_json: bool) -> int:
    """List checkpoints, oldest first, each with its verdict; below it pace, room and whether the run can resume.

    With --keep-last or --keep-every: which of them such a rule would keep. Nothing is ever deleted.
    """
    run = find(path)
    if isinstance(run, int):
        return run
    if watch:
        return _follow(run, path, as_json=as_json)
    from lptui.cli import checkpoint_lists as texts
    from lptui.engine.checkpoint_list import read_saving
    from lptui.run.checkpoint_room import simulate_retention
    from lptui.state.saving import run_checkpoints

    state = read_saving(run, disk=not is_named(path))
    rows = mine(state.checkpoints, path)
    retention = None
    if keep_last or keep_every:
        ready = run_checkpoints(state).readiness
        needed = [c.path for c in (ready.candidate, ready.fallback) if c is not None]
        retention = simulate_retention(rows, last=keep_last or 0, every=keep_every or 0, needed=needed)
    if as_json:
        kept = None if retention is None else {c.path for c in retention.keep}
        print_json([texts.row_json(row) | ({} if kept is None else {"keep": row.path in kept}) for row in rows])
    else:
        lines = [*texts.list_lines(rows)]
        if retention is not None:
            lines += texts.retention_lines(retention)
        elif rows and not is_named(path):
            lines += texts.summary_lines(run_checkpoints(state), state.leftovers)
            if run.logs or run.wandb or run.event_files:  # numbers that broke may speak against it
                lines.append(
                    f"(by the files alone; with log and metrics: lptui ckpt resume {shlex.quote(sanitise(path))})"
                )
        for line in lines:
            click.echo(line)
    return FOUND if any(row.verdict not in FINE for row in rows) else 0


def _follow(run: RunInfo, path: str, *, as_json: bool) -> int:
    """Each that is new, or of which the verdict is; the code says whether the last word on any of them is bad."""
    from lptui.cli import checkpoint_lists as texts
    from lptui.engine.checkpoint_list import follow_checkpoints

    verdicts: dict[str, str] = {}
    try:
        for rows in follow_checkpoints(run, patiently):
            for row in mine(rows, path):
                verdicts[row.path] = row.verdict
                if as_json:
                    print_json_line(texts.row_json(row))
                else:
                    click.echo(texts.row_line(row))
    except KeyboardInterrupt:  # in the middle of a look: the same as between two
        pass
    return FOUND if any(verdict not in FINE for verdict in verdicts.values()) else 0
