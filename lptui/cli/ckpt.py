"""`lptui ckpt ls|show|verify|diff|resume|load`: checkpoints of a run, a folder or a file, without torch or a screen."""

from __future__ import annotations

import click

from lptui.cli import FOUND
from lptui.cli.ckpt_browse import BrowseGroup, browse
from lptui.cli.ckpt_list import command as list_
from lptui.cli.ckpt_load import command as load
from lptui.cli.ckpt_resume import command as resume
from lptui.cli.ckpt_target import FINE, JSON, bar, one_file, print_json
from lptui.cli.ckpt_verify import command as verify


@click.group("ckpt", cls=BrowseGroup, short_help="List, show, verify and compare checkpoints; can the run resume?")
def command() -> None:
    """Checkpoints of a run, a folder or one file. Nothing of them is ever executed, and torch is not needed (but for
    `load`, which asks first).

    \b
      lptui ckpt PATH          browse them on a screen
      lptui ckpt COMMAND ...   the same as text or JSON

    Exit codes: 0 all good, 1 a bad verdict (resume: it cannot), 2 usage, 3 not found.
    """


@command.command("show")
@click.argument("path", metavar="RUN_OR_PATH")
@click.option("--filter", "pattern", metavar="TEXT", default="", help="Only tensors whose name holds TEXT.")
@JSON
def show(path: str, pattern: str, as_json: bool) -> int:
    """What one checkpoint holds: keys, step, epoch, tensors, imports. For a run: its newest."""
    file = one_file(path)
    if isinstance(file, int):
        return file
    from lptui.checkpoints.worker import Inspector
    from lptui.cli.checkpoint_text import info_json, info_lines

    with Inspector() as inspector:
        info = inspector.inspect(file, 60.0)
    if as_json:
        print_json([info_json(info, pattern)])
    else:
        for line in info_lines(info, pattern):
            click.echo(line)
    return 0 if info.verdict in FINE else FOUND


@command.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--measure", is_flag=True, help="Also by how much: reads of both what differs, or has no checksum.")
@JSON
def diff(first: str, second: str, measure: bool, as_json: bool) -> int:
    """What differs between two checkpoints, tensor by tensor. Exit code 1 if anything does."""
    files: list[str] = []
    for path in (first, second):
        file = one_file(path)
        if isinstance(file, int):
            return file
        files.append(file)
    from lptui.checkpoints.worker import Verifier
    from lptui.cli.checkpoint_text import comparison_json, comparison_lines

    with Verifier() as verifier:
        found = verifier.compare(files[0], files[1], measure=measure, progress=bar(files[1]))
    if as_json:
        print_json([comparison_json(found)])
    else:
        for line in comparison_lines(found):
            click.echo(line)
    return FOUND if found.reason or any(row.kind != "same" for row in found.rows) else 0


for _subcommand in (browse, list_, verify, resume, load):
    command.add_command(_subcommand)
