"""`lptui ckpt verify`: every byte read; with --watch new ones as they come."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import click

from lptui.checkpoints.report import DeepReport
from lptui.cli import FOUND, NOT_FOUND, USAGE, say
from lptui.cli.ckpt_target import (
    FINE,
    JSON,
    WATCH,
    bar,
    find,
    is_named,
    patiently,
    payloads,
    print_json,
    print_json_line,
)
from lptui.model.readings import CheckpointReading
from lptui.model.run import RunInfo
from lptui.text import sanitise

_MAY_COME = ("truncated", "zeroed", "incomplete", "mismatch", "changed")
"""What a save in progress looks like."""
_A_MOMENT = 2.2
"""Seconds after which a file that was only written to just now is told from one that is still written to."""


@click.command("verify")
@click.argument("paths", metavar="RUN_OR_PATH...", nargs=-1, required=True)
@WATCH
@JSON
def command(paths: tuple[str, ...], watch: bool, as_json: bool) -> int:
    """Read every byte: checksums, NaN and infinity, zeros where numbers should be. Long files show a bar."""
    files: list[tuple[RunInfo, str]] = []
    runs: list[RunInfo] = []
    for path in paths:
        run = find(path)
        if isinstance(run, int):
            return run
        runs.append(run)
        found = [path] if os.path.isfile(path) else payloads(run, path)
        if not found and not watch:
            say(f"{sanitise(path)}: no checkpoint there")
            return NOT_FOUND
        files += [(run, file) for file in found]
    if watch:
        if len(runs) != 1 or is_named(paths[0]):
            say("--watch follows one run or folder")
            return USAGE
        return _print(_follow(runs[0], paths[0]), as_json=as_json, lines=True)
    return _print(_verify(files), as_json=as_json)


def _verify(files: Sequence[tuple[RunInfo, str]]) -> Iterator[DeepReport]:
    from lptui.config.checksums import open_verifier

    with open_verifier() as verifier:
        for run, file in files:
            report = verifier.verify(file, progress=bar(file))
            if report.verdict in _MAY_COME and _find_writing(report, run) is not None:
                patiently(_A_MOMENT)
                report = verifier.verify(file)
            row = _find_writing(report, run) if report.verdict in _MAY_COME else None
            if row is not None:
                report = replace(report, verdict=row.verdict, reason=row.reason, next_step=row.next_step)
            yield report


def _find_writing(report: DeepReport, run: RunInfo) -> CheckpointReading | None:
    """What is not whole yet because it is being written is not broken: the list knows who writes."""
    from lptui.engine.checkpoint_list import read_checkpoints

    path = os.path.abspath(report.path)
    rows = [row for row in read_checkpoints(run)[0] if row.verdict == "being-written"]
    return next((row for row in rows if path == row.path or path.startswith(row.path + "/")), None)


def _follow(run: RunInfo, path: str) -> Iterator[DeepReport]:
    """Those that are there, then each new one as soon as its save has ended."""
    from lptui.config.checksums import open_verifier
    from lptui.engine.checkpoint_list import follow_checkpoints

    done: dict[str, tuple[int, float]] = {}
    with open_verifier() as verifier:
        for rows in follow_checkpoints(run, patiently):
            ended = [row for row in rows if row.verdict != "being-written"]
            for file in payloads(run, path):
                row = next((row for row in ended if file == row.path or file.startswith(row.path + "/")), None)
                if row is not None and done.get(file) != (row.size, row.modified_at):
                    done[file] = (row.size, row.modified_at)
                    yield verifier.verify(file, progress=bar(file))


def _print(reports: Iterator[DeepReport], *, as_json: bool, lines: bool = False) -> int:
    """Each report as it comes; in JSON one list at the end, or with `lines` one object a line."""
    from lptui.cli.checkpoint_text import report_json, report_lines

    told: list[dict[str, Any]] = []
    bad = False
    try:
        for report in reports:
            bad = bad or not (report.good or report.verdict in FINE)
            if as_json and lines:
                print_json_line(report_json(report))
            elif as_json:
                told.append(report_json(report))
            else:
                for line in report_lines(report):
                    click.echo(line)
    except KeyboardInterrupt:
        if not lines:
            raise
    if as_json and not lines:
        print_json(told)
    return FOUND if bad else 0
