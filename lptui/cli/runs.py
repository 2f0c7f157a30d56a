"""`lptui runs [ROOT]...`: the runs below some folders, as a screen, as text or as JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from lptui.cli import FAILED, NOT_FOUND, USAGE, say
from lptui.model.summary import RunBoard, RunSummary
from lptui.text import plural, sanitise

if TYPE_CHECKING:
    from lptui.config.settings import Settings


@click.command("runs", short_help="List the runs below a folder.")
@click.argument("roots", nargs=-1, metavar="[ROOT]...")
@click.option(
    "--filter", "wanted", metavar="WORDS", default="", help="Only runs that match: state:running, reward>0.5."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N runs.")
@click.option("--wandb", "project", metavar="ENTITY/PROJECT", help="Runs of the W&B server (needs an API key).")
@click.option("--plain", is_flag=True, help="Print a table instead of opening the screen.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: what was seen of each run, and what it consists of.")
def command(
    roots: tuple[str, ...], wanted: str, limit: int | None, project: str | None, plain: bool, as_json: bool
) -> int:
    """List the runs below ROOT (default: the settings' roots, $DATA_DIR, train_dir, else here; and the stores of MLflow
    and trackio), what needs attention first; in a terminal as a screen, from which they are attached and compared.

    The state is a quick look: the ends of log and W&B file, small files, processes. `lptui check RUN` reads it all.
    """
    from lptui.cli.attach import has_terminal
    from lptui.cloud.names import read_name
    from lptui.run.metric_stores import find_store
    from lptui.run.selection import read_selection

    settings = read_settings()
    if settings is None:
        return USAGE
    if project is not None and (roots or not read_name(project, 2)):
        raise click.UsageError("--wandb takes ENTITY/PROJECT, and no ROOT beside it")
    places = tuple(roots or _usual(settings.roots))
    missing = next((place for place in places if not os.path.isdir(place) and find_store(place) is None), None)
    if missing is not None and not project:
        say(f"{sanitise(missing)}: no such folder; name the one that holds your runs")
        return NOT_FOUND
    if has_terminal() and not (plain or as_json or wanted or limit):
        return open_list(places, settings, project or "")
    selection = read_selection(wanted)
    if selection.error:
        say(f"--filter: {sanitise(selection.error)}")
        return USAGE
    board = look(places, project or "")
    if board is None:
        return FAILED
    rows = [run for run in board.rows if selection.has(run, board.now)][:limit]
    tell(board, rows, wanted, as_json=as_json)
    return 0


def tell(board: RunBoard, rows: list[RunSummary], wanted: str, *, as_json: bool) -> None:
    """Print the rows, or why there are none."""
    for note in board.notes:
        say(sanitise(note))
    if as_json:
        click.echo(json.dumps(to_json(board, rows), indent=2))
    elif rows:
        print_table(board, rows)
        for row in rows:
            if row.reason.startswith(f"{row.name}: "):  # a database whose runs cannot be told
                say(sanitise(row.reason))
    elif board.rows:
        say(f"no run matches {sanitise(wanted)}; {len(board.rows)} were looked at")
    else:
        where = ", ".join(sanitise(place) for place in board.where)
        say(f"no runs below {where}; a run is a folder with logs, checkpoints or W&B files")


def look(places: tuple[str, ...], project: str) -> RunBoard | None:
    """The whole list, once; None, and words on why, if the server gives none."""
    if not project:
        from lptui.engine.run_list import RunList

        shown = sys.stderr.isatty()
        board = RunList(places).read(tell_progress if shown else lambda _board: None)
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)
        return board
    from lptui.cloud.client import CloudFailure
    from lptui.engine.cloud_list import CloudList

    asked = CloudList(project)
    board = asked.read()
    asked.stop()
    if isinstance(board, CloudFailure):
        say(board.words)
        return None
    return board


def tell_progress(board: RunBoard) -> None:
    """How far the looks are, on a line of the terminal that the next one overwrites."""
    words = f"looked at {board.looked:,} of {plural(len(board.rows), 'run')} …"
    click.echo(f"\r{words}\x1b[K", nl=False, err=True)


def open_list(places: tuple[str, ...], settings: Settings, project: str) -> int:
    """The screen of the list."""
    from lptui.cli.attach import finish
    from lptui.cli.screen import make_app

    app = make_app([], settings, roots=places, project=project)
    app.run(mouse=settings.mouse)
    return finish(app)


def to_json(board: RunBoard, rows: list[RunSummary]) -> dict[str, object]:
    """The list as plain data, with what each run consists of and where was looked in vain."""
    return {
        "schema": "lptui.runs/2",
        "roots": list(board.where),
        "notes": list(board.notes),
        "runs": [_row(r, board.now) for r in rows],
    }


def _row(run: RunSummary, now: float) -> dict[str, object]:
    from lptui.model.run import RunInfo
    from lptui.run import discover

    info = RunInfo(run.name, run.path, exists=False) if run.looked == "server" else discover(run.path)
    return {
        "name": run.name,
        "path": run.path,
        "layout": run.layout,
        "looked": run.looked,
        "state": run.condition,
        "state_reason": run.reason,
        "modified_at": run.modified_at,
        "age_s": None if run.modified_at is None else round(max(0.0, now - run.modified_at), 1),
        "step": run.step,
        "total_steps": run.total,
        "epoch": run.epoch,
        "steps_per_second": run.steps_per_second,
        "metric": {"name": run.metric, "value": _finite(run.value)} if run.metric else None,
        "restarts": run.restarts,
        "worst_finding": {"class": run.cls, "severity": run.severity, "title": run.finding} if run.severity else None,
        "findings": run.findings,
        "tags": list(run.tags),
        "checkpoints": run.checkpoints,
        "size_bytes": run.size,
        "logs": list(info.logs),
        "wandb": list(info.wandb),
        "event_files": list(info.event_files),
        "metric_files": [file.path for file in info.metric_files],
        "metric_stores": [store.path for store in info.metric_stores],
        "checkpoint_dirs": list(info.checkpoint_dirs),
        "configs": list(info.configs),
        "heartbeat": info.heartbeat or None,
        "job_metadata": info.job_metadata or None,
        "wandb_ipc": info.wandb_ipc or None,
        "looked_for": [{"kind": k.kind, "found": list(k.paths), "note": k.note or None} for k in info.looked],
    }


def _finite(value: float | None) -> float | str | None:
    """JSON has no NaN."""
    return value if value is None or abs(value) < float("inf") else str(value)


def print_table(board: RunBoard, rows: list[RunSummary]) -> None:
    """The list as a table of text, as wide as the terminal, or 160 columns in a pipe."""
    import shutil

    from lptui.cli.runs_text import table

    width = shutil.get_terminal_size((160, 40)).columns
    for line in table(rows, board.now, width):
        click.echo(line)


def _usual(roots: tuple[str, ...]) -> tuple[str, ...]:
    from lptui.run.tracker_places import list_places

    return list_places(roots, os.environ, os.getcwd())


def read_settings() -> Settings | None:
    """The user's settings; None, and a word on why, if they cannot be used."""
    from lptui.config.settings import SettingsError, load_settings

    settings = load_settings([], os.environ, here=os.getcwd())
    if isinstance(settings, SettingsError):
        say(f"{settings.title}: {settings.message}")
        return None
    return settings
