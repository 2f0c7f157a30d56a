"""What became of a finding, in words."""

from __future__ import annotations

from lptui.model.care import Care, CareEntry
from lptui.text.hostile import sanitise
from lptui.text.units import clock, date


def quiet_words(care: Care | None) -> str:
    """Why a finding is silent: 'acknowledged by ann@box at 12:04:11', 'snoozed until the next attempt'; '' if not."""
    entry = care.quiet if care is not None else None
    if entry is None:
        return ""
    return _act_words(entry) + (f" at {date(entry.at)}" if entry.act == "acknowledged" else "")


def history_rows(care: Care | None) -> list[tuple[float, str]]:
    """(unix time, what happened), oldest first."""
    return [(entry.at, _act_words(entry)) for entry in care.entries] if care is not None else []


def _act_words(entry: CareEntry) -> str:
    by = f" by {sanitise(entry.by)}" if entry.by else ""
    if entry.act == "acknowledged":
        return f"acknowledged{by}"
    if entry.act == "snoozed":
        return "snoozed until " + ("the next attempt" if entry.until is None else clock(entry.until)) + by
    if entry.act == "woken":
        return f"alarms again{by}" if by else "the snooze ended"
    return {"seen": "lptui saw it", "recovered": "recovered", "again": "came again"}[entry.act]
