"""What one chart shows: a line, the train and validation lines of one quantity, or the same metric of several runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lptui.stores.axes import NO_AXES, Axes
from lptui.stores.series import Series

PALETTE = ("series-1", "series-2", "series-3", "series-4", "series-5", "series-6")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROLES = {
    "train": "train", "training": "train", "tr": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "eval": "eval", "evaluation": "eval", "test": "test", "testing": "test",
}  # fmt: skip
_PLACES = {"train": 0, "": 0, "val": 1, "eval": 2, "test": 3}
_WORDS = re.compile(r"[/._\-\s]+")
_LONGEST = 300


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of a chart: its name in the legend, the span style of its colour, its points. Colours and letters are
    stable: they follow from the run's place among those attached, or from the role of the data."""

    label: str
    style: str
    series: Series
    letter: str = ""
    """Tells the line where colours cannot; empty for a chart's only line."""
    solid: int = 0
    """Its dash pattern where there are no colours: 0 is a whole line."""
    axes: Axes = NO_AXES
    """How the counts of its run relate."""


@dataclass(frozen=True, slots=True, eq=False)
class RunSeries:
    """One of the runs that are compared: its name in legends and all its series."""

    label: str
    series: Mapping[str, Series]
    axes: Axes = NO_AXES


def line_of(label: str, series: Series, place: int, count: int, axes: Axes = NO_AXES) -> Line:
    """The line at `place` of `count` that are drawn together."""
    letter = LETTERS[place % len(LETTERS)] if count > 1 else ""
    return Line(label, PALETTE[place % len(PALETTE)], series, letter, place, axes)


def run_lines(key: str, runs: Sequence[RunSeries]) -> tuple[Line, ...]:
    """The metric `key` of every run that has it; each run keeps its colour in all charts."""
    return tuple(
        line_of(run.label, run.series[key], place, len(runs), run.axes)
        for place, run in enumerate(runs)
        if key in run.series
    )


@lru_cache(maxsize=32_768)
def split_role(name: str) -> tuple[str, str]:
    """(stem, role) of a metric: 'train/loss' -> ('loss', 'train'), 'val_loss' -> ('loss', 'val'), 'lr' -> itself."""
    words = _WORDS.split(name[:_LONGEST].lower())
    roles = [word for word in words if word in _ROLES]
    if len(roles) != 1 or len(words) < 2:
        return name, ""
    return "/".join(word for word in words if word not in _ROLES), _ROLES[roles[0]]


def find_families(names: Iterable[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Metrics that are one quantity on different data: leading name -> ((name, role), ...), the training's first.

    'loss' and 'val_loss' are one, as in Keras; two metrics with the same stem and role are not: then it stands for
    something else.
    """
    groups: dict[str, dict[str, str]] = {}
    doubtful: set[str] = set()
    for name in names:
        stem, role = split_role(name)
        key = "/".join(_WORDS.split(stem.lower())) if not role else stem
        known = groups.setdefault(key, {})
        if role in known or (role in ("", "train") and known.keys() & {"", "train"}):
            doubtful.add(key)
        known[role] = name
    families: dict[str, tuple[tuple[str, str], ...]] = {}
    for key, members in groups.items():
        if len(members) > 1 and key not in doubtful:
            rows = sorted(((name, role) for role, name in members.items()), key=lambda row: _PLACES[row[1]])
            families[rows[0][0]] = tuple((name, role or "train") for name, role in rows)
    return families


def family_lines(members: Sequence[tuple[str, str]], run: RunSeries) -> tuple[Line, ...]:
    """A family's lines: training, validation, ... keep their colours in all charts, as do devices by their number."""
    return tuple(
        line_of(role, run.series[name], _PLACES.get(role, place), len(members), run.axes)
        for place, (name, role) in enumerate(members)
        if name in run.series
    )
