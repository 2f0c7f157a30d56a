"""Which profiles apply to a run, and which expectation speaks of which of its metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from lptui.model.expectation import Expectation, Profile

MOST_PER_RULE = 12
"""Metrics that one rule judges: a glob over a thousand tasks is a table's matter, not an expectation's."""


def match(profiles: Sequence[Profile], keys: Iterable[str]) -> list[tuple[str, str, Expectation]]:
    """(metric, profile, expectation), in the order of the rules; of several that match a metric the first one counts.

    Profiles come in the order of their say: the user's own before those that ship, the special before the general.
    """
    names = sorted(keys)
    told: dict[str, tuple[str, str, Expectation]] = {}
    for profile in profiles:
        if not _any(profile.applies, names) or _any(profile.unless, names):
            continue
        for rule in profile.expectations:
            found = [name for name in _select(rule.keys, names) if name not in told]
            told.update({name: (name, profile.id, rule) for name in found[:MOST_PER_RULE]})
    return list(told.values())


def _any(globs: Sequence[str], names: Sequence[str]) -> bool:
    return bool(globs) and next(iter(_select(globs, names)), None) is not None


def _select(globs: Sequence[str], names: Sequence[str]) -> Iterable[str]:
    """The names that a glob matches as a whole; upper case does not matter."""
    matches = re.compile("|".join(translate(glob.lower()) for glob in globs)).match
    return (name for name in names if len(name) < 1000 and matches(name.lower()))


def find_metric(glob: str, keys: Iterable[str]) -> str:
    """The first metric by name that `glob` matches, or ''."""
    return next(iter(_select((glob,), sorted(keys))), "") if glob else ""
