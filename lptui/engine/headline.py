"""The one metric that a row of the list shows, and those that say how far a run is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from lptui.state.metrics import RATE_KEYS, STEP_KEYS
from lptui.trends.roles import find_role

HEADLINES = ("score", "success", "loss", "value_loss")
"""Roles of metrics, the most telling first."""


def is_headline(key: str) -> bool:
    """Whether a metric tells how well a run does."""
    return find_role(key) in HEADLINES


@lru_cache(maxsize=16384)  # asked for each of a hundred metrics of each of a thousand runs
def wanted(key: str) -> bool:
    """Whether a metric tells how far a run is, or how well it does."""
    return key in STEP_KEYS or key in RATE_KEYS or is_headline(key)


def choose_headline(keys: Iterable[str]) -> str:
    """The most telling of some metrics, of alike ones the shortest name; '' if none tells anything."""
    ranked = [(HEADLINES.index(role), len(key), key) for key in keys if (role := find_role(key)) in HEADLINES]
    return min(ranked)[2] if ranked else ""
