"""`lptui check RUN`: the verdict without a screen."""

from __future__ import annotations

import json
import os
from typing import Literal

import click

from lptui.cli import FAILED, FOUND
from lptui.cli.target import Target, options, tell_missing
from lptui.model.finding import rank
from lptui.run import Missing
from lptui.state.run_state import RunState


@click.command("check", short_help="Print the verdict on a run and set the exit code.")
@options
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema in docs/check.md).")
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "error"]),
    default="error",
    show_default=True,
    help="The severity from which on a finding makes the exit code 1.",
)
@click.option("--all", "everything", is_flag=True, help="Let acknowledged and snoozed findings alarm as well.")
def command(
    run: str | None,
    roots: tuple[str, ...],
    logs: tuple[str, ...],
    wandb: str,
    pid: int | None,
    as_json: bool,
    fail_on: Literal["warning", "error"],
    everything: bool,
) -> int:
    """Read RUN to the end of every source and print what is wrong, why, and what to do.

    Exit code: 0 nothing at or above --fail-on (what you acknowledged aside) and every source was read in full;
    1 findings; 2 usage; 3 run not found; 4 something could not be read, or lptui itself failed.
    """
    found = Target(run, roots, logs, wandb, pid).find_first()
    if isinstance(found, Missing):
        return tell_missing(found)
    from lptui.config.rules import find_rule_files
    from lptui.engine.reading import read_run

    state = read_run(found, rules=find_rule_files(os.environ, os.getcwd(), found.path))
    if as_json:
        from lptui.cli.presentation import to_json

        click.echo(json.dumps(to_json(state), indent=2, allow_nan=False, ensure_ascii=False))
    else:
        from lptui.cli.presentation import to_sentences

        for line in to_sentences(state):
            click.echo(line)
    return judge(state, fail_on, everything=everything)


def judge(state: RunState, fail_on: Literal["warning", "error"], *, everything: bool = False) -> int:
    """The exit code that a state deserves. What its reader silenced does not count, unless `everything` does."""
    alarming = (f for f in state.findings if f.active and (everything or not f.acknowledged))
    if any(rank(f.severity) >= rank(fail_on) for f in alarming):
        return FOUND
    return 0 if state.complete else FAILED
