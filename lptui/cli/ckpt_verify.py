"""`lptui ckpt verify`: every byte read; with --watch new ones as they come."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import click

from lptui.checkpoints.report import DeepReport
from lptui.cli import FOUND, USAGE, say
from lptui.cli.ckpt_target import (
    FINE,
    JSON,
    WATCH,
    bar,
    find,
    is_mine,
    is_named,
    patiently,
    payloads,
    print_json,
    print_json_line,
)
from lptui.model.run import RunInfo


@click.command("verify")
@click.argument("paths", metavar="RUN_OR_PATH...", nargs=-1, required=True)
@WATCH
@JSON
def command(paths: tuple[str, ...], watch: bool, as_json: bool) -> int:
    """Read every byte: checksums, NaN and infinity, zeros where numbers should be. Long files show a bar."""
    files: list[str] = []
    runs: list[RunInfo] = []
    for path in paths:
        run = find(path)
        if isinstance(run, int):
            return run
        runs.append(run)
        files += [path] if os.path.isfile(path) else payloads(run, path)
    if watch:
        if len(runs) != 1 or is_named(paths[0]):
            say("--watch follows one run or folder")
            return USAGE
        return _print(_follow(runs[0], paths[0]), as_json=as_json, lines=True)
    if not files and not as_json:
        say("no checkpoint there")
    return _print(_verify(files), as_json=as_json)


def _verify(files: list[str]) -> Iterator[DeepReport]:
    from lptui.config.checksums import open_verifier

    with open_verifier() as verifier:
        for file in files:
            yield verifier.verify(file, progress=bar(file))


def _follow(run: RunInfo, path: str) -> Iterator[DeepReport]:
    """Those that are there, then each new one as soon as its save has ended."""
    from lptui.config.checksums import open_verifier
    from lptui.engine.checkpoint_list import follow_checkpoints

    done: dict[str, tuple[int, float]] = {}
    with open_verifier() as verifier:
        for rows in follow_checkpoints(run, patiently):
            ended = [row for row in rows if row.verdict != "being-written"]
            for file in payloads(run, path):
                if not any(file == row.path or is_mine(file, row.path) for row in ended):
                    continue
                found = os.stat(file) if os.path.exists(file) else None
                mark = (found.st_size, found.st_mtime) if found is not None else None
                if mark is not None and done.get(file) != mark:
                    done[file] = mark
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
