"""The reference curriculum: its formulas and its known flaws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.curriculum.keys import name_tasks
from lptui.curriculum.seed_era import LearningProgress, Parameters, reweight, sample_distribution
from lptui.curriculum.signals import read_signals

TASKS = [f"/env/arena/t{i}" for i in range(12)]


def play(curriculum: LearningProgress, episodes: int, score, seed: int = 3) -> dict[str, int]:
    rng = np.random.default_rng(seed)
    drawn = dict.fromkeys(curriculum.tasks, 0)
    for _ in range(episodes):
        task = curriculum.get_task(rng)
        drawn[task] += 1
        curriculum.complete(task, score(task, rng))
    return drawn


def test_the_first_task_with_a_score_absorbs_everything() -> None:
    curriculum = LearningProgress(TASKS, rng=np.random.default_rng(1))
    drawn = play(curriculum, 20_000, lambda task, rng: float(rng.random() < 0.3))
    assert max(drawn.values()) > 19_800
    assert curriculum.stats()["lp/num_zeros_lp_dist"] == 11
    signals = read_signals(curriculum.table())
    assert signals.largest_probability == 1.0
    assert signals.zero_probability is not None
    assert len(signals.zero_probability) == 11


def test_no_score_at_all_stays_uniform() -> None:
    curriculum = LearningProgress(TASKS, rng=np.random.default_rng(1))
    play(curriculum, 2_000, lambda task, rng: 0.0)
    assert list(curriculum.probabilities().values()) == pytest.approx([1 / 12] * 12, rel=1e-6)
    signals = read_signals(curriculum.table())
    assert signals.uniform is True
    assert signals.all_progress_zero is True


def test_the_void_statistics_are_void() -> None:
    curriculum = LearningProgress(TASKS, rng=np.random.default_rng(1))
    play(curriculum, 3_000, lambda task, rng: float(rng.random()))
    stats = curriculum.stats()
    assert stats["lp/num_active_tasks"] == 16
    assert stats["lp/mean_sample_prob"] == pytest.approx(1 / 12)
    assert stats["lp/num_nan_tasks"] == 0


def test_progress_draws_the_sampler() -> None:
    parameters = Parameters(ema_timescale=0.1)
    curriculum = LearningProgress(TASKS, parameters, np.random.default_rng(1))
    improving = TASKS[4]
    # the averages of every task but the first start at 0 and need a while to settle at the level score
    for step in range(600):
        for task in TASKS:
            climbed = max(0, step - 500) / 250 if task == improving else 0.0
            curriculum.complete(task, 0.1 + climbed)
    probabilities = curriculum.probabilities()
    assert max(probabilities, key=probabilities.__getitem__) == improving
    assert probabilities[improving] > 1.5 / 12


def test_the_first_episode_sets_the_baseline_once() -> None:
    curriculum = LearningProgress(["a", "b"], Parameters(ema_timescale=1.0, sample_threshold=1))
    curriculum.complete("a", 0.9)
    # capped at 0.75: (0.9 - 0.75) / 0.25; both averages start equal, so there is no progress yet
    assert [row.learning_progress for row in curriculum.table()] == [0.0, 0.0]
    assert curriculum.probabilities() == {"a": 1.0, "b": 0.0}


def test_memory_is_cut_after_a_recomputation() -> None:
    curriculum = LearningProgress(["a"], Parameters(memory=5, sample_threshold=10))
    for _ in range(101):
        curriculum.complete("a", 0.5)
    assert curriculum.stats()["lp/mean_evals_per_task"] == 15.0


def test_nan_counts_as_success_and_scores_are_clipped() -> None:
    curriculum = LearningProgress(["a", "b", "c"])
    curriculum.complete("a", math.nan)
    curriculum.complete("b", -4.0)
    curriculum.complete("c", 40.0)
    assert [row.success_rate for row in curriculum.table()] == [1.0, 0.0, 1.0]


def test_completion_shares_cover_the_last_500() -> None:
    curriculum = LearningProgress(["a", "b"])
    assert curriculum.completion_shares() == {"a": 0.0, "b": 0.0}
    for _ in range(600):
        curriculum.complete("a", 0.0)
    for _ in range(100):
        curriculum.complete("b", 0.0)
    assert curriculum.completion_shares() == {"a": 0.8, "b": 0.2}
    assert [row.completions for row in curriculum.table()] == [600.0, 100.0]


def test_before_the_first_episode() -> None:
    curriculum = LearningProgress({"a": 3.0, "b": 1.0})
    assert curriculum.stats() == {}
    assert curriculum.probabilities() == {"a": 0.75, "b": 0.25}
    assert curriculum.table()[0].success_rate is None
    with pytest.raises(ValueError, match="at least one"):
        LearningProgress([])
    with pytest.raises(KeyError):
        curriculum.complete("c", 1.0)


def test_reweighting() -> None:
    values = reweight(np.array([0.0, 0.5, 1.0]), 0.05)
    assert values.tolist() == pytest.approx([0.0, 0.95, 1.0])


def test_distribution_by_hand() -> None:
    shares = sample_distribution(np.array([0.2, 0.0, 0.4, 0.0]), np.array([0.1, 0.0, 0.0, 0.3]))
    x = np.array([0.2, 0.4, 0.0])
    x = (x - x.mean()) / x.std()
    expected = 1 / (1 + np.exp(-x))
    expected /= expected.sum()
    assert shares[1] == 0.0
    assert shares[[0, 2, 3]].tolist() == pytest.approx(expected.tolist(), rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.floats(-2, 3) | st.just(math.nan)), max_size=150),
    st.floats(0.001, 1.0),
    st.floats(0.01, 0.49),
    st.integers(1, 10),
)
def test_ranges_hold_for_any_history(
    history: list[tuple[int, float]], ema: float, smoothing: float, threshold: int
) -> None:
    parameters = Parameters(ema_timescale=ema, progress_smoothing=smoothing, sample_threshold=threshold)
    curriculum = LearningProgress(TASKS[:5], parameters, np.random.default_rng(0))
    for task, score in history:
        curriculum.complete(TASKS[task], score)
        shares = curriculum.probabilities()
        assert math.fsum(shares.values()) == pytest.approx(1.0)
        assert all(0.0 <= p <= 1.0 for p in shares.values())
    for row in curriculum.table():
        assert row.success_rate is None or 0.0 <= row.success_rate <= 1.0
        assert row.learning_progress is None or 0.0 <= row.learning_progress <= 1.0 + 1e-9
    assert len(name_tasks(curriculum.tasks)) == 5
