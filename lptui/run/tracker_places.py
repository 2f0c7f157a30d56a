"""Where experiment trackers keep runs that nobody named: MLflow where one works, trackio in the user's cache."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from lptui.run.lookup import usual_roots
from lptui.run.trackio_folder import trackio_folder

_SQLITE, _FILE = "sqlite:///", "file://"
MLFLOW = ("mlflow.db", "mlruns")
"""MLflow's own defaults, of version 3.7 on and before."""


def list_places(settings: Sequence[str], env: Mapping[str, str], here: str) -> tuple[str, ...]:
    """The usual roots, and the trackers' stores that are there and not below one of them anyway."""
    roots = usual_roots(settings, env, here)
    return (*roots, *list_stores(roots, env, here))


def list_stores(roots: Sequence[str], env: Mapping[str, str], here: str) -> tuple[str, ...]:
    """The trackers' stores that are there and not shown below `roots` anyway. Asks the disk, which may hang."""
    found = [path for path in _stores(env, here) if os.path.exists(path)]
    return tuple(path for path in found if not any(_is_below(path, root) for root in roots))


def _stores(env: Mapping[str, str], here: str) -> tuple[str, ...]:
    named = env.get("MLFLOW_TRACKING_URI", "")
    if named.startswith(_SQLITE):
        named = named.removeprefix(_SQLITE)
    elif named.startswith(_FILE):
        named = named.removeprefix(_FILE)
    elif "://" in named or named == "databricks":  # a server's
        named = ""
    places = [named, *MLFLOW] if named else [*MLFLOW]
    paths = (os.path.abspath(os.path.join(here, os.path.expanduser(place))) for place in places)
    return tuple(dict.fromkeys((*paths, trackio_folder(env))))


def _is_below(path: str, root: str) -> bool:
    """Whether the list of `root` shows it: hidden folders are not walked through, and no deeper than a few."""
    rest = path.removeprefix(root.rstrip("/") + "/")
    return path == root or (rest != path and rest.count("/") < 2 and not rest.startswith(".") and "/." not in rest)
