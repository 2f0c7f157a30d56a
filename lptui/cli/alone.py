"""`lptui` without a command: the one run that is going on here, else the list of runs to choose from."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import click

from lptui.cli import USAGE

FRESH = 60.0
"""Seconds after its newest file in which a run counts as going on, where no process is seen to write it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to open: a run's path, the list (both empty: there is no run at all)."""

    path: str = ""
    several: bool = False


def choose(roots: Sequence[str], now: float, written: frozenset[str]) -> Choice:
    """One live run is meant; of several, or of several old ones, nobody knows which. `written`: folders that processes
    write in."""
    from lptui.run.listing import Listing
    from lptui.run.lookup import find_runs

    listing = Listing(200_000)
    runs = {path: modified for root in roots for path, modified in find_runs(root, listing)}
    live = [path for path, modified in runs.items() if path in written or now - modified < FRESH]
    if len(live) == 1 or len(runs) == 1:
        return Choice(path=(live or list(runs))[0])
    return Choice(several=bool(runs))


def begin(help_text: str) -> int:
    """Open what is meant; without any run say what lptui can do."""
    from lptui.cli.runs import open_list, read_settings
    from lptui.run.lookup import usual_roots
    from lptui.run.tracker_places import list_places

    settings = read_settings()
    if settings is None:
        return USAGE
    roots = usual_roots(settings.roots, os.environ, os.getcwd())
    from lptui.sources.writers import find_writers

    chosen = choose(roots, time.time(), frozenset(find_writers().folders))
    if chosen.several:
        return open_list(list_places(settings.roots, os.environ, os.getcwd()), settings, "")
    if not chosen.path:
        click.echo(help_text)
        return 0
    from lptui.cli.attach import open_screen
    from lptui.cli.target import Target
    from lptui.run import discover

    return open_screen([(discover(chosen.path), Target(chosen.path).find)], [])
