"""`lptui ckpt ls|show|verify|diff|resume`: checkpoints of a run, a folder or a file, without torch or a screen."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from lptui.cli import FOUND, NOT_FOUND, say
from lptui.model.readings import CheckpointReading
from lptui.model.run import RunInfo
from lptui.run import Missing, discover
from lptui.run.layout import is_checkpoint_folder
from lptui.text import sanitise

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/checkpoints.md).")
_FINE = ("ok", "ok-unverified", "ok-verified", "custom-pickle", "being-written", "unread")


@click.group("ckpt", short_help="List, show, verify and compare checkpoints; can the run resume?")
def command() -> None:
    """Checkpoints of a run, a folder or one file. Nothing of them is ever executed, and torch is not needed.

    Exit codes: 0 all good, 1 a bad verdict (resume: it cannot), 2 usage, 3 not found.
    """


@command.command("ls")
@click.argument("path", metavar="RUN_OR_PATH")
@_JSON
def list_(path: str, as_json: bool) -> int:
    """List checkpoints, oldest first, each with its verdict."""
    run = _find(path)
    if isinstance(run, int):
        return run
    rows = _read(run, path)
    if as_json:
        _print_json([to_json(row) for row in rows])
    else:
        from lptui.cli.checkpoint_text import list_lines

        for line in list_lines(rows):
            click.echo(line)
    return FOUND if any(row.verdict not in _FINE for row in rows) else 0


@command.command("show")
@click.argument("path", metavar="RUN_OR_PATH")
@click.option("--filter", "pattern", metavar="TEXT", default="", help="Only tensors whose name holds TEXT.")
@_JSON
def show(path: str, pattern: str, as_json: bool) -> int:
    """What one checkpoint holds: keys, step, epoch, tensors, imports. For a run: its newest."""
    file = _one_file(path)
    if isinstance(file, int):
        return file
    from lptui.checkpoints.worker import Inspector
    from lptui.cli.checkpoint_text import info_json, info_lines

    with Inspector() as inspector:
        info = inspector.inspect(file, 60.0)
    if as_json:
        _print_json([info_json(info, pattern)])
    else:
        for line in info_lines(info, pattern):
            click.echo(line)
    return 0 if info.verdict in _FINE else FOUND


@command.command("verify")
@click.argument("paths", metavar="RUN_OR_PATH...", nargs=-1, required=True)
@_JSON
def verify(paths: tuple[str, ...], as_json: bool) -> int:
    """Read every byte: checksums, NaN and infinity, zeros where numbers should be. Long files show a bar."""
    files: list[str] = []
    for path in paths:
        run = _find(path)
        if isinstance(run, int):
            return run
        files += [path] if os.path.isfile(path) else _payloads(run, path)
    from lptui.checkpoints.worker import Verifier
    from lptui.cli.checkpoint_text import report_json, report_lines

    reports: list[Any] = []
    with Verifier() as verifier:
        for file in files:
            report = verifier.verify(file, progress=_bar(file))
            reports.append(report)
            if not as_json:
                for line in report_lines(report):
                    click.echo(line)
    if as_json:
        _print_json([report_json(report) for report in reports])
    elif not files:
        say("no checkpoint there")
    return 0 if all(r.good or r.verdict in _FINE for r in reports) else FOUND


@command.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--measure", is_flag=True, help="Also by how much: reads both files whole.")
@_JSON
def diff(first: str, second: str, measure: bool, as_json: bool) -> int:
    """What differs between two checkpoints, tensor by tensor. Exit code 1 if anything does."""
    files: list[str] = []
    for path in (first, second):
        file = _one_file(path)
        if isinstance(file, int):
            return file
        files.append(file)
    from lptui.checkpoints.worker import Verifier
    from lptui.cli.checkpoint_text import comparison_json, comparison_lines

    with Verifier() as verifier:
        found = verifier.compare(files[0], files[1], measure=measure, progress=_bar(files[1]))
    if as_json:
        _print_json([comparison_json(found)])
    else:
        for line in comparison_lines(found):
            click.echo(line)
    return FOUND if found.reason or any(row.kind != "same" for row in found.rows) else 0


@command.command("resume")
@click.argument("path", metavar="RUN_OR_PATH")
@_JSON
def resume(path: str, as_json: bool) -> int:
    """Which checkpoint the run would resume from by its framework's own rule, whether it can, and what to type."""
    run = _find(path)
    if isinstance(run, int):
        return run
    from lptui.cli.checkpoint_text import readiness_json, readiness_lines
    from lptui.run.recovery import assess

    readiness = assess(_read(run, path), run.layout, run.name)
    if as_json:
        _print_json([readiness_json(readiness)])
    else:
        for line in readiness_lines(readiness):
            click.echo(line)
    return 0 if readiness.answer in ("yes", "yes-but") else FOUND


def to_json(row: CheckpointReading) -> dict[str, Any]:
    """A row of the list as plain data."""
    return {
        "path": row.path,
        "name": row.name,
        "role": row.role,
        "verdict": row.verdict,
        "reason": row.reason or None,
        "next_step": row.next_step or None,
        "step": row.step,
        "epoch": row.epoch,
        "size": row.size,
        "files": row.files,
        "modified_at": row.modified_at,
        "format": row.format or None,
    }


def _find(path: str) -> RunInfo | int:
    """The run at or called `path`; for a file or a plain folder one that consists of it. Else an exit code."""
    from lptui.cli.target import Target, tell_missing
    from lptui.engine.checkpoint_list import as_run

    if os.path.isfile(path):
        return as_run(os.path.abspath(path))
    if _is_one(path):
        return as_run(os.path.dirname(os.path.abspath(path)))
    if os.path.isdir(path):  # this folder, and not the newest run in it
        inside = discover(path)
        return inside if inside.checkpoint_dirs else as_run(os.path.abspath(path))
    found = Target(path).find()
    return tell_missing(found) if isinstance(found, Missing) else found


def _is_one(path: str) -> bool:
    """Whether a folder is itself one checkpoint."""
    return os.path.isdir(path) and is_checkpoint_folder(os.path.basename(os.path.abspath(path)))


def _mine(found: str, path: str) -> bool:
    """Of one checkpoint that was named, only that."""
    whole = os.path.abspath(path)
    named = os.path.isfile(path) or _is_one(path)
    return not named or found == whole or found.startswith(whole + "/")


def _read(run: RunInfo, path: str) -> Sequence[CheckpointReading]:
    from lptui.engine.checkpoint_list import read_checkpoints

    return [row for row in read_checkpoints(run)[0] if _mine(row.path, path)]


def _payloads(run: RunInfo, path: str) -> list[str]:
    from lptui.engine.checkpoint_list import find_payloads

    return [file for file in find_payloads(run) if _mine(file, path)]


def _one_file(path: str) -> str | int:
    if os.path.isfile(path):
        return path
    run = _find(path)
    if isinstance(run, int):
        return run
    files = _payloads(run, path)
    if files:
        return files[-1]
    say(f"{sanitise(path)}: no checkpoint there")
    return NOT_FOUND


def _bar(file: str) -> Callable[[int, int], None] | None:
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


def _print_json(rows: list[dict[str, Any]]) -> None:
    click.echo(json.dumps(rows, indent=2, allow_nan=False, ensure_ascii=False))
