from __future__ import annotations

import itertools

from lptui.detect.alerts import ALERTS
from lptui.detect.catalogue import entry
from lptui.model.events import AlertSeen
from lptui.model.finding import Finding
from lptui.model.place import Place
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState

STATE = RunState(run=RunInfo("r", "/r"))


def alert(title: str, text: str = "", level: str = "WARN", at: float | None = None) -> AlertSeen:
    return AlertSeen(place=Place(file="/r/x.wandb"), source="W&B", title=title, text=text, level=level, at=at)


def findings(*events: AlertSeen) -> dict[str, Finding]:
    memory, found = ALERTS.initial, {}
    for event in events:
        memory, changes = ALERTS.step(memory, event, STATE)
        found |= {c.id: c.finding for c in changes if c.finding is not None}
    return {f.title: f for f in found.values()}


def test_the_level_is_the_severity() -> None:
    levels = {"INFO": "info", "WARN": "warning", "ERROR": "error", "odd": "warning"}
    assert {level: findings(alert("a", level=level))["a"].severity for level in levels} == levels


def test_an_alarm_given_again_is_one_finding_in_any_order() -> None:
    given = [alert("loss is high", f"above {n}", "ERROR" if n == 1 else "WARN", float(n)) for n in range(3)]
    results = [findings(*order)["loss is high"] for order in itertools.permutations(given)]
    assert all(found == results[0] for found in results)
    first = results[0]
    assert (first.count, first.first_seen, first.last_seen, first.severity) == (3, 0.0, 2.0, "error")
    assert first.evidence[0].text == "W&B alert: above 2"


def test_its_words_are_hostile() -> None:
    (found,) = findings(alert("\x1b]0;x\x07bad", "api_key=sk-1234567890abcdefghijklmnop")).values()
    assert "\x1b" not in found.title
    assert "sk-1234567890abcdefghijklmnop" not in found.evidence[0].text


def test_alarms_without_end_are_bounded() -> None:
    assert len(findings(*[alert(f"step {n}") for n in range(500)])) == 32


def test_the_class_is_explained() -> None:
    told = entry("run-alert")
    assert told is not None
    assert "wandb.alert" in told.seen_by
