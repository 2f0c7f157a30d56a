"""Which run is meant: the options that `attach` and `check` share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from lptui.cli import NOT_FOUND, say
from lptui.cloud.names import SCHEME, read_name
from lptui.model.run import RunInfo
from lptui.model.value import frozen
from lptui.run import Missing, resolve
from lptui.text import sanitise


@frozen
class Target:
    """What the user said of the run."""

    name: str | None
    roots: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    wandb: str = ""
    pid: int | None = None

    def find(self) -> RunInfo | Missing:
        """The run as it is on disk now, or its address if it is one of the W&B server."""
        if self.name and self.name.startswith(SCHEME):
            return _on_server(self.name)
        roots = self.roots or self._usual_roots()
        here = os.getcwd()
        return resolve(self.name, roots, os.environ, logs=self.logs, wandb=self.wandb, pid=self.pid, here=here)

    def find_first(self) -> RunInfo | Missing:
        """As `find`; of a run in a tracker's database also whether it is in there."""
        from lptui.run.metric_stores import find_store

        if self.name and find_store(os.path.abspath(self.name)) is not None:
            return Missing(
                f"{self.name} is a tracker's database of runs",
                next_step=f"name one of them, {self.name}/RUN; `lptui runs` of its folder lists them",
            )
        found = self.find()
        if isinstance(found, Missing) or found.store is None:
            return found
        from lptui.sources.store_runs import look_for

        return look_for(found.store) or found

    def _usual_roots(self) -> tuple[str, ...]:
        """The roots of the settings; not even looked at when a path was given, since that delays the first paint."""
        if self.name and os.path.exists(self.name):
            return ()
        from lptui.config.settings import Settings, load_settings

        settings = load_settings([], os.environ, here=os.getcwd())
        return settings.roots if isinstance(settings, Settings) else ()

    def placeholder(self) -> RunInfo:
        """A run that is not there yet."""
        path = os.path.abspath(self.name or ".")
        return RunInfo(os.path.basename(path), path, exists=os.path.isdir(path), pid=self.pid, logs=self.logs)


def _on_server(address: str) -> RunInfo | Missing:
    name = read_name(address)
    if not name:
        return Missing(f"{address} names no run", next_step="write wandb://ENTITY/PROJECT/RUN_ID")
    return RunInfo(name.rpartition("/")[2], SCHEME + name, "generic", cloud=name)


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """RUN and the helpers that name its parts."""
    return helpers(click.argument("run", required=False)(function))


def helpers(function: Callable[..., Any]) -> Callable[..., Any]:
    """What names the parts of a run, and where runs lie."""
    for option in (
        click.option("--pid", type=int, metavar="N", help="The training's process id, if it is not found by itself."),
        click.option("--wandb", metavar="DIR", default="", help="Folder (or .wandb file) of the run's W&B data."),
        click.option("--log", "logs", multiple=True, metavar="FILE", help="A log file of the run; may be repeated."),
        click.option(
            "--root",
            "roots",
            multiple=True,
            metavar="DIR",
            help="Where runs lie (default: train_dir, $DATA_DIR, here).",
        ),
    ):
        function = option(function)
    return function


def tell_missing(missing: Missing) -> int:
    """One line: why there is no such run, and the nearest names."""
    text = sanitise(missing.reason)
    if missing.nearest:
        text += "; nearest: " + ", ".join(sanitise(n) for n in missing.nearest)
    elif missing.next_step:
        text += f"; {missing.next_step}"
    say(text)
    return NOT_FOUND
