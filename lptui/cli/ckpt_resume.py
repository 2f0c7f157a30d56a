"""`lptui ckpt resume`: what would be resumed, whether it can, what to type, and whether the last restart did go on."""

from __future__ import annotations

import os

import click

from lptui.cli import FOUND
from lptui.cli.ckpt_target import JSON, find, is_named, print_json
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState


@click.command("resume")
@click.argument("path", metavar="RUN_OR_PATH")
@JSON
def command(path: str, as_json: bool) -> int:
    """Which checkpoint the run would resume from by its framework's own rule, whether it can, and what to type.

    After a restart also whether that went on where a checkpoint had been. Exit code 0 if it can, 1 if not or not known.
    """
    run = find(path)
    if isinstance(run, int):
        return run
    from lptui.cli import checkpoint_lists as texts
    from lptui.state.resuming import resume_proof
    from lptui.state.saving import run_checkpoints

    state = _read(run, path)
    known, proof = run_checkpoints(state), resume_proof(state)
    if as_json:
        print_json([texts.readiness_json(known.readiness, proof)])
    else:
        for line in texts.readiness_lines(known.readiness, proof):
            click.echo(line)
    return 0 if known.readiness.answer in ("yes", "yes-but") else FOUND


def _read(run: RunInfo, path: str) -> RunState:
    """All of a run, since its log and metrics tell where it was; of a folder of checkpoints only those."""
    from lptui.engine.checkpoint_list import read_saving

    if is_named(path) or not (run.logs or run.wandb or run.event_files):
        return read_saving(run)
    from lptui.config.rules import find_rule_files
    from lptui.engine.reading import read_run

    return read_run(run, rules=find_rule_files(os.environ, os.getcwd(), run.path))
