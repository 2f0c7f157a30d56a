"""What the `ckpt` commands are asked about: a run, a folder, or one checkpoint of either kind; and what they share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from lptui.cli import NOT_FOUND, say
from lptui.model.readings import CheckpointReading
from lptui.model.run import RunInfo
from lptui.run import Missing, discover
from lptui.run.layout import is_checkpoint_folder
from lptui.text import sanitise

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/checkpoints.md).")
WATCH = click.option("--watch", is_flag=True, help="Go on, and tell of each new one, until ctrl-c.")
FINE = ("ok", "ok-unverified", "ok-verified", "custom-pickle", "being-written", "unread")


def find(path: str) -> RunInfo | int:
    """The run at or called `path`; for a file or a plain folder one that consists of it. Else an exit code."""
    from lptui.cli.target import Target, tell_missing
    from lptui.engine.checkpoint_list import as_run

    if os.path.isfile(path):
        return as_run(os.path.abspath(path))
    if is_one(path):
        return as_run(os.path.dirname(os.path.abspath(path)))
    if os.path.isdir(path):  # this folder, and not the newest run in it
        inside = discover(path)
        return inside if inside.checkpoint_dirs else as_run(os.path.abspath(path))
    found = Target(path).find()
    return tell_missing(found) if isinstance(found, Missing) else found


def is_one(path: str) -> bool:
    """Whether a folder is itself one checkpoint."""
    return os.path.isdir(path) and is_checkpoint_folder(os.path.basename(os.path.abspath(path)))


def is_named(path: str) -> bool:
    """Whether one checkpoint was named, and not a run or a folder of some."""
    return os.path.isfile(path) or is_one(path)


def is_mine(found: str, path: str) -> bool:
    """Of one checkpoint that was named, only that."""
    whole = os.path.abspath(path)
    return not is_named(path) or found == whole or found.startswith(whole + "/")


def mine(rows: Sequence[CheckpointReading], path: str) -> tuple[CheckpointReading, ...]:
    """The rows that were asked for."""
    return tuple(row for row in rows if is_mine(row.path, path))


def payloads(run: RunInfo, path: str) -> list[str]:
    """The files, and folders that are one checkpoint, that a deep pass reads of what was named."""
    from lptui.engine.checkpoint_list import find_payloads

    return [file for file in find_payloads(run) if is_mine(file, path)]


def one_file(path: str) -> str | int:
    """The file, or the folder that is one checkpoint, that was named; of a run the newest. Else an exit code."""
    if os.path.isfile(path):
        return path
    from lptui.checkpoints.folders import is_checkpoint

    if is_one(path) and is_checkpoint(path):
        return path
    run = find(path)
    if isinstance(run, int):
        return run
    files = payloads(run, path)
    if files:
        return files[-1]
    say(f"{sanitise(path)}: no checkpoint there")
    return NOT_FOUND


def bar(file: str) -> Callable[[int, int], None] | None:
    """A line on stderr that tells how far a long file is; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        return None
    name = sanitise(os.path.basename(file))[:40]

    def show_progress(done: int, total: int) -> None:
        share = done / total if total else 1.0
        end = "\r\x1b[K" if share >= 1.0 else "\r"
        sys.stderr.write(f"\r{name}  {'#' * int(30 * share):<30} {share:4.0%}{end}")
        sys.stderr.flush()

    return show_progress


def print_json(rows: Sequence[dict[str, Any]]) -> None:
    """The whole list, indented."""
    click.echo(json.dumps(list(rows), indent=2, allow_nan=False, ensure_ascii=False))


def print_json_line(row: dict[str, Any]) -> None:
    """One element in one line: what a follower reads."""
    click.echo(json.dumps(row, allow_nan=False, ensure_ascii=False))


def patiently(seconds: float) -> bool:
    """Wait; False when the reader pressed ctrl-c."""
    import time

    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        return False
    return True
