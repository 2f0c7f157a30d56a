"""`lptui attach [RUN]...`: the screen on one run or on several."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from lptui.cli import FAILED, NOT_FOUND, USAGE, say
from lptui.cli.target import Target, helpers, tell_missing
from lptui.model.run import RunInfo
from lptui.run import Missing
from lptui.text import sanitise

if TYPE_CHECKING:
    from lptui.tui.app import LptuiApp

Find = Callable[[], RunInfo | Missing]
MOST = 8
"""Runs in one screen: each has an engine of its own."""


@click.command("attach", short_help="Watch a run: open the screen on it.")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@helpers
@click.option("--wait", is_flag=True, help="If the run is not there yet, wait for it on the screen.")
@click.option("--cloud", is_flag=True, help="Ask the W&B server for its record of the run too (needs an API key).")
@click.option("--once", is_flag=True, help="Print the state once as text and leave.")
@click.option("--theme", metavar="NAME", help="Colours: night, paper, high-contrast, okabe, mono, ...")
@click.option("--ascii", "plain", is_flag=True, help="No box-drawing, braille or other non-ASCII signs.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal (native selection).")
@click.option("--low-bandwidth", is_flag=True, help="Redraw at most 4 times a second, for slow links.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
def command(
    runs: tuple[str, ...],
    roots: tuple[str, ...],
    logs: tuple[str, ...],
    wandb: str,
    pid: int | None,
    wait: bool,
    cloud: bool,
    once: bool,
    theme: str | None,
    plain: bool,
    no_mouse: bool,
    low_bandwidth: bool,
    overrides: tuple[str, ...],
) -> int:
    """Watch RUN: a run directory, a log file, or the name of a run; without it the newest run below here.

    wandb://ENTITY/PROJECT/ID is a run of the W&B server. Several runs share a screen: r shows the next one, and charts
    show all. q leaves; the training goes on.
    """
    if len(runs) > 1 and (logs or wandb or pid is not None):
        raise click.UsageError("--log, --wandb and --pid name parts of one run; give them with a single RUN")
    if len(runs) > MOST:
        raise click.UsageError(f"{len(runs)} runs are too many for one screen: at most {MOST}")
    chosen = _choose([Target(name, roots, logs, wandb, pid) for name in runs or (None,)], wait=wait, cloud=cloud)
    if isinstance(chosen, int):
        return chosen
    flags = {
        "theme": theme,
        "ascii": plain or has_few_glyphs() or None,
        "mouse": False if no_mouse else None,
        "low_bandwidth": low_bandwidth or None,
    }
    given = [f"{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in flags.items() if v is not None]
    if once or not has_terminal():
        return max(print_once(run) for run, _ in chosen)
    return open_screen(chosen, [*overrides, *given])


def _choose(targets: Sequence[Target], *, wait: bool, cloud: bool) -> list[tuple[RunInfo, Find]] | int:
    """The runs that were named, each once, and how each is looked up again; else an exit code, and why was said."""
    chosen: dict[str, tuple[RunInfo, Find]] = {}
    for target in targets:
        found = target.find_first()
        if isinstance(found, Missing):
            if not wait:
                return tell_missing(found)
            found = target.placeholder()
        if cloud and not found.remote:
            found = with_twin(found)
            if not found.cloud:
                return NOT_FOUND
        chosen.setdefault(f"{found.path} {found.logs[:1] if found.layout == 'generic' else ''}", (found, target.find))
    return [*chosen.values()]


def with_twin(run: RunInfo) -> RunInfo:
    """The run with the address of its record on the W&B server; says so if its files do not name it in full."""
    from lptui.run.twin import find_twin

    address = find_twin(run)
    if not address:
        say(f"{sanitise(run.name)}: neither wandb_ipc.json nor its W&B file names entity, project and id")
    return replace(run, cloud=address)


def has_terminal() -> bool:
    """Whether a screen can be opened: keys come from a terminal, rows go to one that can draw. Stderr may be a file."""
    return all(s.isatty() for s in (sys.stdin, sys.stdout)) and os.environ.get("TERM", "dumb") != "dumb"


def has_few_glyphs() -> bool:
    """Whether the terminal draws no braille (Linux's console) or takes no UTF-8; LPTUI_ASCII says otherwise."""
    if "LPTUI_ASCII" in os.environ:
        return False
    return os.environ.get("TERM") == "linux" or not (sys.stdout.encoding or "").lower().startswith("utf")


def print_once(run: RunInfo) -> int:
    """One screen as text; for pipes, cron and dumb terminals."""
    if not run.exists:
        say("the run is not there yet")
        return NOT_FOUND
    from lptui.cli.presentation import to_sentences
    from lptui.config.rules import find_rule_files
    from lptui.engine.reading import read_run

    rules = find_rule_files(os.environ, os.getcwd(), run.path)
    for line in to_sentences(read_run(run, rules=rules)):
        click.echo(line)
    return 0


def open_screen(chosen: Sequence[tuple[RunInfo, Find]], given: list[str]) -> int:
    """Paint the first screen of the first run, then let the app take over. Returns the exit code.

    `chosen`: each run as it was found, and how to look it up again.
    """
    from lptui.paint import FirstScreen

    run = chosen[0][0]
    with FirstScreen(run, "opening" if run.exists else "waiting for it to appear") as first:
        from lptui.config.settings import SettingsError, load_settings

        settings = load_settings(given, os.environ, here=os.getcwd(), run=run.path)
        if isinstance(settings, SettingsError):
            first.restore()
            say(f"{settings.title}: {settings.message}")
            return USAGE
        from lptui.cli.screen import make_app
        from lptui.tui.outlet import StdoutDriver

        StdoutDriver.entered = True
        app = make_app([(run, again(run, find)) for run, find in chosen], settings, first.hand_over)
        app.run(mouse=settings.mouse)
    return finish(app)


def finish(app: LptuiApp) -> int:
    """What the end of the screen means for the exit code."""
    if app.failure is not None:
        raise app.failure  # the terminal is whole again: `lptui.cli.run` files the traceback and says so in a line
    if app.return_code:
        say(f"the screen ended with code {app.return_code}")
        return FAILED
    return 0


def again(run: RunInfo, find: Find) -> Callable[[], RunInfo]:
    """Looks the run up again; as long as it is not found, it is what it was."""

    def find_again() -> RunInfo:
        found = find()
        return run if isinstance(found, Missing) else found

    return find_again
