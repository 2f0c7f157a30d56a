"""`lptui explain [ID]`: what a class of failure means, and what helps; all classes; the rules of one's own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import click

from lptui.cli import FOUND, NOT_FOUND, USAGE, say
from lptui.text import sanitise


@click.command("explain", short_help="Explain a class of failure, or list them all.")
@click.argument("name", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (fields in docs/check.md).")
@click.option("--rules", "own", is_flag=True, help="List the rules of your own and the project's, and try them out.")
def command(name: str | None, as_json: bool, own: bool) -> int:
    """Explain ID: a class such as cuda-oom, or a finding's id such as log:cuda-oom:1. Without it, list all classes.

    Exit code: 0 fine, 1 a rule of your own is broken (--rules), 3 there is no such class.
    """
    if name and own:
        say("--rules lists all rules: give either an id or --rules")
        return USAGE
    from lptui.config.rules import find_rule_files
    from lptui.detect.catalogue import load_catalogue

    catalogue = load_catalogue(find_rule_files(os.environ, os.getcwd()))
    if own:
        return _tell_rules(as_json)
    if name is None:
        from lptui.cli.explanation import list_classes, to_json

        rows = [to_json(entry) for entry in (*catalogue.entries.values(), *catalogue.observed.values())]
        _print(json.dumps(rows, indent=2, ensure_ascii=False) if as_json else list_classes(catalogue))
        return 0
    from lptui.cli.explanation import find_class, find_near, tell_class, to_json

    entry = find_class(name, catalogue)
    if entry is None:
        near = find_near(name, catalogue)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `lptui explain` lists all classes"
        say(f"there is no class {sanitise(name)[:80]!r}{hint}")
        return NOT_FOUND
    _print(json.dumps(to_json(entry), indent=2, ensure_ascii=False) if as_json else tell_class(entry, _width()))
    return 0


def _tell_rules(as_json: bool) -> int:
    from lptui.cli.rules import Report, report_rules

    report: Report = report_rules(os.environ, os.getcwd())
    _print(json.dumps(report.rows, indent=2, ensure_ascii=False) if as_json else report.lines)
    return FOUND if report.broken else 0


def _print(what: str | Iterator[str] | list[str]) -> None:
    for line in [what] if isinstance(what, str) else what:
        click.echo(line)


def _width() -> int:
    import shutil

    return max(40, min(100, shutil.get_terminal_size((100, 24)).columns))
