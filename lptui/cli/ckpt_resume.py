"""`lptui ckpt resume`: what would be resumed, whether it can, what to type, and whether the last restart did go on."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace

import click

from lptui.cli import FOUND
from lptui.cli.ckpt_target import JSON, find, is_named, mine, print_json
from lptui.model.readings import CheckpointReading
from lptui.model.run import RunInfo
from lptui.run.readiness import Readiness
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
    ready, proof = run_checkpoints(state).readiness, resume_proof(state)
    if is_named(path):
        ready = _of_one(ready, path)
    if as_json:
        print_json([texts.readiness_json(ready, proof)])
    else:
        for line in texts.readiness_lines(ready, proof):
            click.echo(line)
    return 0 if ready.answer in ("yes", "yes-but") else FOUND


def _of_one(ready: Readiness, path: str) -> Readiness:
    """What is said of one checkpoint alone: nothing of work since it, and not that there is no other."""
    folder = os.path.dirname(os.path.abspath(path))
    others = f"lptui ckpt ls {shlex.quote(folder)}" if folder.isprintable() else "lptui ckpt ls on its folder"
    step = f"`{others}` lists the others" if ready.answer == "no" else ready.next_step
    return replace(ready, seconds_at_risk=None, steps_at_risk=None, next_step=step)


def _read(run: RunInfo, path: str) -> RunState:
    """All of a run, since its log and metrics tell where it was; of a folder of checkpoints only those, and of one
    checkpoint that was named that one."""
    from lptui.engine.checkpoint_list import read_saving

    if is_named(path):
        state = read_saving(run)
        return replace(state, checkpoints=_asked(state.checkpoints, path))
    if not (run.logs or run.wandb or run.event_files):
        return read_saving(run)
    from lptui.config.rules import find_rule_files
    from lptui.engine.reading import read_run

    return read_run(run, rules=find_rule_files(os.environ, os.getcwd(), run.path))


def _asked(rows: Sequence[CheckpointReading], path: str) -> tuple[CheckpointReading, ...]:
    """The checkpoint that was named; a policy is loaded together with the trainer state beside it."""
    named = mine(rows, path)
    policies = bool(named) and all(row.role == "policy" for row in named)
    beside = [row for row in rows if policies and row.role == "trainer_state" and row not in named]
    return (*beside, *named)
