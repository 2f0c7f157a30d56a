"""Which NaN and which infinity is a failure, and of what: a loss, or gradients only."""

from __future__ import annotations

from array import array
from math import inf, nan

import pytest

from lptui.detect.nonfinite import NONFINITE
from lptui.engine.core import advance_all
from lptui.formats.log_points import collect_points
from lptui.formats.log_time import date_facts
from lptui.formats.progress import scan
from lptui.model.events import Event, Facts, LogSeen, Points, Samples
from lptui.model.finding import Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.place import Anchor
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState


def series(key: str, values: list[float], first: float = 1.0) -> Samples:
    steps = array("d", [first + i for i in range(len(values))])
    return Samples(source="log a", points=(Points(key, steps, steps, array("d", values)),), order=first)


def find(*events: Event) -> tuple[Finding, ...]:
    return advance_all(RunState(RunInfo("r", "/r")), events, [NONFINITE]).findings


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("grad_norm", [1.0, nan, 2.0, nan, 1.0]),  # a loss scaler at work
        ("grad_norm", [nan, nan, 3.0]),  # at the start of fp16
        ("grad_norm", [inf, inf, inf]),
        ("grad_norm", [1.0, inf, inf]),
        ("best_val_loss", [inf, inf, inf]),
        ("min loss", [inf]),
        ("early_stopping/patience", [inf]),
        ("Mean_Reward", [nan, nan]),
    ],
)
def test_what_is_no_failure(key: str, values: list[float]) -> None:
    assert [f for f in find(series(key, values)) if f.active] == []


def test_infinity_at_step_0_is_a_placeholder_and_later_is_not() -> None:
    assert find(series("val_loss", [inf], first=0.0)) == ()
    assert [f.cls for f in find(series("val_loss", [inf, inf], first=0.0))] == ["nan-loss"]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("grad_norm", [1.0, nan, nan]),
        ("grad norm", [1.0, inf, inf, inf]),
        ("gnorm", [nan] * 4),
        ("policy/logits_mean", [0.1, nan, nan]),
    ],
)
def test_gradients_that_stay_broken_are_their_own_class(key: str, values: list[float]) -> None:
    assert [(f.cls, f.id, f.active) for f in find(series(key, values))] == [
        ("nan-in-model-or-grad", "nan-in-model-or-grad:1", True)
    ]


def test_a_loss_beside_them_makes_it_a_broken_loss_and_the_other_class_goes() -> None:
    found = find(series("grad_norm", [1.0, nan, nan]), series("train/loss", [1.0, 1.1, nan]))
    assert [f.cls for f in found] == ["nan-loss"]
    assert found[0].title.startswith("grad_norm is NaN since step 2")


def test_what_is_over_is_told_in_the_past() -> None:
    (finding,) = find(series("train/loss", [1.0, nan, nan, 0.9]))
    assert (finding.past, finding.title) == (True, "train/loss was NaN from step 2")


def test_what_is_a_reward_counts_once_it_has_been_finite() -> None:
    assert [f.cls for f in find(series("Mean_Reward", [3.0, nan]))] == ["nan-loss"]


def test_what_a_log_printed_is_shown_at_its_line() -> None:
    text = b"step 1 loss=0.5\nstep 2 loss=0.4\nstep 3 loss=nan\nstep 4 loss=nan\n"
    facts = date_facts(text, 0, scan(text), inf)
    view = LogView("/r/a.log", (LogSegment(0, 0, len(text)),))
    told = [
        LogSeen(view=view),
        Facts(file="/r/a.log", facts=facts),
        Samples(source="log a", points=collect_points(facts), order=0.0),
    ]
    (finding,) = find(*told)
    assert finding.anchor == Anchor("/r/a.log", 0, text.index(b"step 3"))
    assert finding.evidence[0].text == "loss = NaN, 0.4 just before"
