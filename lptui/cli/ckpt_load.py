"""`lptui ckpt load`: does the run's own torch read this file? The only command that starts a loader, and asks first."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from lptui.checkpoints.trial import TrialReport
from lptui.cli import FOUND, NOT_FOUND, USAGE, say
from lptui.cli.ckpt_target import JSON, find, one_file, print_json
from lptui.text import sanitise


@click.command("load")
@click.argument("path", metavar="RUN_OR_PATH")
@click.option(
    "--python", metavar="INTERPRETER", default="", help="Whose torch loads it (default: the live training's)."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
def command(path: str, python: str, yes: bool, as_json: bool) -> int:
    """Load one checkpoint with the torch of INTERPRETER, weights_only, in a process with limits.

    It is not tried if the file holds anything that torch's allow-list does not, or if that torch is older than 2.10.
    Exit code 0: it loads, 1: it does not, or was refused.
    """
    file = one_file(path)
    if isinstance(file, int):
        return file
    interpreter = _choose(python, path)
    if not interpreter:
        say("no training of this run is alive here: name an interpreter with --python /path/to/python")
        return USAGE
    if not yes and not _confirm(file, interpreter):
        return USAGE
    from lptui.checkpoints.trial import try_load

    report = try_load(file, interpreter)
    if as_json:
        print_json([_to_json(report)])
    else:
        mark = "●" if report.verdict == "loads" else "✖"
        count = f", {report.tensors:,} tensors" if report.tensors is not None else ""
        click.echo(f"{mark} {sanitise(report.path)}: {report.verdict}: {sanitise(report.reason)}{count}")
        for name in report.refused[3:]:
            click.echo(f"    {sanitise(name)}")
    return 0 if report.verdict == "loads" else FOUND


def _choose(python: str, path: str) -> str:
    """The interpreter that the user named, else that of the run's live process; never from a file."""
    if python:
        return os.path.abspath(os.path.expanduser(python)) if "/" in python else _which(python)
    run = find(path) if not os.path.isfile(path) else NOT_FOUND
    if isinstance(run, int):
        return ""
    from lptui.engine.interpreter import find_interpreter

    return find_interpreter(run)


def _which(name: str) -> str:
    import shutil

    return shutil.which(name) or ""


def _confirm(file: str, interpreter: str) -> bool:
    """The interpreter is shown before it is started."""
    if not sys.stdin.isatty():
        say(f"it would start {sanitise(interpreter)} to load {sanitise(file)}: say --yes where nobody can be asked")
        return False
    return click.confirm(f"load {sanitise(file)} with {sanitise(interpreter)}?", err=True)


def _to_json(report: TrialReport) -> dict[str, Any]:
    return {
        "path": report.path,
        "verdict": report.verdict,
        "reason": report.reason,
        "step": None,
        "python": report.python,
        "torch": report.torch or None,
        "refused": list(report.refused),
        "tensors": report.tensors,
        "seconds": report.seconds,
    }
