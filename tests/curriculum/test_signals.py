"""Health signals of a task table."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.curriculum.signals import VOID_SIGNALS, read_signals
from lptui.curriculum.table import TaskRow


def rows_of(probabilities: list[float]) -> list[TaskRow]:
    return [TaskRow(f"t{i}", probability=p) for i, p in enumerate(probabilities)]


def test_nothing_known_is_unknown_not_zero() -> None:
    signals = read_signals([TaskRow("a"), TaskRow("b")])
    assert signals.n_tasks == 2
    for value in (signals.zero_probability, signals.entropy, signals.effective_tasks, signals.uniform):
        assert value is None
    assert signals.all_progress_zero is None
    assert signals.saturated is None
    assert signals.starved is None


def test_collapse_onto_one_task() -> None:
    signals = read_signals(rows_of([0.0, 1.0, 0.0]))
    assert signals.zero_probability == ("t0", "t2")
    assert (signals.largest_task, signals.largest_probability) == ("t1", 1.0)
    assert signals.entropy == 0.0
    assert signals.effective_tasks == pytest.approx(1.0)
    assert signals.uniform is False


def test_uniform() -> None:
    signals = read_signals(rows_of([0.25] * 4))
    assert signals.uniform is True
    assert signals.entropy == pytest.approx(math.log(4))
    assert signals.effective_tasks == pytest.approx(4.0)


def test_part_of_a_distribution_gives_no_entropy() -> None:
    signals = read_signals([*rows_of([0.3, 0.2]), TaskRow("unread")])
    assert signals.entropy is None
    assert signals.uniform is None
    assert signals.largest_probability == 0.3


def test_saturated_progress_and_nan() -> None:
    signals = read_signals(
        [
            TaskRow("big", reward=1.5, learning_progress=0.0),
            TaskRow("fine", reward=1.0, learning_progress=0.0),
            TaskRow("broken", reward=math.nan, learning_progress=math.nan),
        ]
    )
    assert signals.saturated == ("big",)
    assert signals.all_progress_zero is True


def test_starved_needs_zero_throughout() -> None:
    now = [TaskRow("a", completions=0.0), TaskRow("b", completions=0.0), TaskRow("c", completions=3.0)]
    assert read_signals(now).starved == ("a", "b")
    before = [TaskRow("a", completions=0.0), TaskRow("b", completions=0.1)]
    assert read_signals(now, [before]).starved == ("a",)


def test_void_signals_name_their_reason() -> None:
    assert set(VOID_SIGNALS) == {"lp/num_active_tasks", "lp/mean_sample_prob", "lp/num_nan_tasks"}
    assert all(reason.startswith("always") for reason in VOID_SIGNALS.values())


@settings(deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=40).filter(lambda xs: sum(xs) > 0.01))
def test_entropy_stays_in_range(weights: list[float]) -> None:
    total = math.fsum(weights)
    signals = read_signals(rows_of([w / total for w in weights]))
    assert signals.entropy is not None
    assert signals.effective_tasks is not None
    assert 0.0 <= signals.entropy <= math.log(len(weights)) + 1e-9
    assert 1.0 <= signals.effective_tasks <= len(weights) * (1 + 1e-9)
    assert signals.zero_probability is not None
    assert len(signals.zero_probability) < len(weights)
