"""What `check` says of metrics: how many there are, from where, and the newest values of those that tell most."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lptui.state.run_state import RunState
from lptui.stores.provenance import members
from lptui.text import format_value, sanitise
from lptui.text.regex import Regex
from lptui.trends.roles import choose_keys

_TELLING = ("score", "success", "loss")
_RESULT = Regex(r"loss|acc(uracy)?\b|acc_|map\d|top_?[15]\b|f1|perplexity|reward|return|score|mae\b|error", re.I)
_MORE = 4
"""Results without a role (of validation, say) that are told beside those that have one."""


def metrics_json(state: RunState) -> dict[str, Any]:
    """`count` series, how many of them each source gave, and the newest values of those that tell most."""
    sources = Counter(member.source for series in state.series.values() for member in members(series))
    roles: dict[str, str | None] = {**choose_keys(state.series)}
    named = (key for key in state.series if key not in roles and _RESULT.search(key.rpartition("/")[2]))
    roles |= dict.fromkeys(sorted(named, key=lambda key: (len(key), key))[:_MORE])
    newest = {key: _spot(state, key, role) for key, role in roles.items()}
    return {"count": len(state.series), "sources": dict(sources), "newest": newest}


def _spot(state: RunState, key: str, role: str | None) -> dict[str, Any]:
    series = state.series[key]
    last = series.last()
    value = None if last is None else last.value
    return {
        "role": role,
        "value": value if value is None or math.isfinite(value) else str(value),
        "step": last.step if last is not None else None,
        "counts": series.unit,
        "source": series.source,
    }


def main_metric(state: RunState) -> Iterator[str]:
    """The metric that tells best how the training does, with its newest value, if there is one."""
    roles = choose_keys(state.series)
    first = ["overview/reward"] + [k for role in _TELLING for k, r in roles.items() if r == role]
    for key in first:
        last = state.series[key].last() if key in state.series else None
        if last is not None:
            yield f"{sanitise(key)} {format_value(last.value)}"
            return
