"""Rules of the user's own that cannot be used: a note each, so that nobody relies on one that never looks."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lptui.detect import Detector
from lptui.detect.catalogue import Broken, load_catalogue
from lptui.model.events import Event, Tick
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.state.run_state import RunState
from lptui.text import sanitise

MOST_TOLD = 5


def step(told: bool, event: Event, state: RunState) -> tuple[bool, Sequence[Change]]:
    """Once, at the first tick; rules are read once."""
    if told or not state.rules:
        return told, ()
    broken = load_catalogue(state.rules).broken
    changes = [Change.raised(_tell(one)) for one in broken[:MOST_TOLD]]
    if len(broken) > MOST_TOLD:
        more = Broken(broken[-1].file, "", f"{len(broken) - MOST_TOLD} more; `lptui explain --rules` lists them")
        changes.append(Change.raised(_tell(more)))
    return True, changes


def _tell(one: Broken) -> Finding:
    file = sanitise(one.file)
    name = f"rule {one.key}" if one.key else "rules"
    return Finding(
        id=f"lptui-rule:{file}:{one.key}:{one.reason}"[:200],
        cls="rule-left-out",
        severity="info",
        role="symptom",
        title=f"lptui: {name} in {os.path.basename(file)} left out: {one.reason}"[:200],
        evidence=(Evidence(one.reason, kind="file", file=file),),
        fix=Fix(
            f"Correct it in {file}; the other rules count.",
            "What this rule should find is not looked for.",
            verify="`lptui explain --rules` lists it as used.",
        ),
    )


RULES = Detector("rules", False, step, (Tick,))
