"""Whether a run has done all that it was to do, as its own progress tells: the step has reached the total, or the last
of the planned epochs has been told of. What ends without a word is told from what was killed by this."""

from __future__ import annotations

from lptui.state.progress import find_total
from lptui.state.run_state import Reported, RunState
from lptui.stores.provenance import is_text, members

_LINES = ("pairs", "dict")
"""Forms of lines that tell of an epoch when it is over; a heading (`Epoch 3/3`) tells when it begins."""


def find_completion(state: RunState) -> str:
    """What was done in full, in words; '' where something is left or nobody can tell."""
    step, total = state.progress.step, find_total(state)
    if step is not None and total is not None:
        return f"all {total:,} steps are done" if step >= total - 1 and total > 1 else ""
    epochs = [r for (name, _), r in state.reported.items() if name == "epoch" and r.form in _LINES]
    planned = [r for (name, _), r in state.reported.items() if name == "planned epochs"]
    if not epochs or not planned:
        return ""
    newest, plan = max(epochs, key=_order), max(planned, key=_order)
    done = newest.value >= plan.value > 1 and _tell_once(state)
    return f"all {plan.value:.0f} epochs are done" if done else ""


def _order(said: Reported) -> tuple[float, float]:
    return (said.at if said.at is not None else float("-inf"), said.order)


def _tell_once(state: RunState) -> bool:
    """Whether an epoch is told of once: of one with several lines the first comes long before its end."""
    told = (one for series in state.series.values() for one in members(series) if is_text(one.source))
    ends = [(one.own_last(), one.previous()) for one in told if one.unit == "epoch"]
    return all(last is None or before is None or last.step != before.step for last, before in ends)
