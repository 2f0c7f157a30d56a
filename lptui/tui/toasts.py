"""Which findings are told in a toast: once each, and only what was not there when the screen opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lptui.model.finding import Finding, Severity, rank
from lptui.state.run_state import RunState
from lptui.text import plural, short_number
from lptui.text.width import cut
from lptui.tui.widgets.spans import clean

SETTLING = 3.0
"""Seconds after everything was read in which what is found counts as having been there."""
MOST_KNOWN = 4096
MOST_AT_ONCE = 2
_TITLE, _FIX = 120, 100


@dataclass(frozen=True, slots=True)
class Told:
    """Ids that were told or were there before; `since`: when everything had been read (unix s), None until then."""

    known: frozenset[str] = frozenset()
    since: float | None = None


def find_toasts(told: Told, state: RunState) -> tuple[Told, list[Finding]]:
    """The next memory, and the findings to tell now: active, warning or worse, causes only, not silenced."""
    since = told.since
    if since is None and not state.still_reading and state.statuses:
        since = state.now
    fresh = [f for f in state.findings if f.id not in told.known and f.active]
    if not fresh:
        return told if since == told.since else replace(told, since=since), []
    settled = since is not None and state.now - since >= SETTLING
    # A follow-up is not told, but remembered: should it become a cause later, that is no news.
    known = told.known | {f.id for f in fresh} if len(told.known) < MOST_KNOWN else told.known
    wanted = [f for f in fresh if settled and f.role != "follow-up" and rank(f.severity) >= 1 and not f.acknowledged]
    return Told(known, since), wanted if len(told.known) < MOST_KNOWN else []


@dataclass(frozen=True, slots=True)
class Toast:
    """What is shown for some seconds."""

    title: str
    text: str
    severity: Severity


def toasts_for(findings: Sequence[Finding]) -> list[Toast]:
    """A toast for each of the worst, in few words: the pane says the rest; of the others how many there are."""
    ordered = sorted(findings, key=lambda f: -rank(f.severity))
    toasts = [_toast(finding) for finding in ordered[:MOST_AT_ONCE]]
    if len(ordered) > MOST_AT_ONCE:
        more = plural(len(ordered) - MOST_AT_ONCE, "more finding")
        toasts.append(Toast(f"and {more}", "the Findings pane lists all", ordered[MOST_AT_ONCE].severity))
    return toasts


def _toast(finding: Finding) -> Toast:
    title = f"new {finding.severity}" + (f", step {short_number(finding.step)}" if finding.step is not None else "")
    text = cut(clean(finding.title), _TITLE)
    if finding.fix is not None:
        text += "\n" + cut(clean(finding.fix.what), _FIX)
    return Toast(title, text, finding.severity)
