"""The demo's learner: it learns, it is reproducible, and its hand-made gradients are right."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lptui.curriculum.signals import read_signals
from lptui.demo.arena import N_ACTIONS, STRIKE, USE, Arena
from lptui.demo.failures import starve
from lptui.demo.learner import Hyperparameters, Learner, evaluate
from lptui.demo.policy import Batch, Coefficients, Weights, gradients, log_probabilities, new_weights, values
from lptui.demo.tasks import TASKS, Task


def test_it_learns_and_the_curriculum_shifts() -> None:
    learner = Learner(Hyperparameters(seed=0, total_epochs=110))
    rng = np.random.default_rng(5)
    before = evaluate(learner, 4, rng)
    rewards: list[float] = []
    early: dict[str, float] = {}
    for epoch in range(110):
        report = learner.run_epoch()
        if report.reward is not None:
            rewards.append(report.reward)
        if epoch == 30:
            early = learner.curriculum.probabilities()
    after = evaluate(learner, 4, rng)
    assert np.mean(rewards[-15:]) > 3 * np.mean(rewards[:15])
    assert sum(after.values()) > 3 * sum(before.values())
    late = learner.curriculum.probabilities()
    assert max(abs(late[task] - early[task]) for task in late) > 0.03
    assert read_signals(learner.curriculum.table()).zero_probability == ()


def test_equal_seeds_give_equal_runs() -> None:
    hyper = Hyperparameters(seed=7, total_epochs=12)
    one, other = Learner(hyper), Learner(hyper)
    for _ in range(12):
        assert repr(one.run_epoch()) == repr(other.run_epoch())
    assert one.curriculum.table() == other.curriculum.table()
    third = Learner(replace(hyper, seed=8))
    assert repr(third.run_epoch()) != repr(Learner(hyper).run_epoch())


def test_one_environment_starves_every_task_but_one() -> None:
    learner = Learner(starve(Hyperparameters(seed=0, total_epochs=12)))
    for _ in range(12):
        learner.run_epoch()
    signals = read_signals(learner.curriculum.table())
    assert signals.largest_probability == 1.0
    assert signals.zero_probability is not None
    assert len(signals.zero_probability) == 11


def test_the_rate_anneals_or_diverges() -> None:
    hyper = Hyperparameters(total_epochs=100)
    rates = [hyper.rate_at(epoch) for epoch in range(101)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.1 * rates[0])
    diverging = replace(hyper, diverge_at=50, growth=10.0)
    assert diverging.rate_at(49) == hyper.rate_at(49)
    assert diverging.rate_at(52) == pytest.approx(hyper.learning_rate * 1000)


def made_batch(weights: Weights, rng: np.random.Generator, n: int = 64) -> Batch:
    task, view, stage = rng.integers(3, size=n), rng.integers(18, size=n), rng.integers(4, size=n)
    action = rng.integers(N_ACTIONS, size=n)
    features = rng.random((n, 2)).astype(np.float32)
    # old probabilities a little off, so that some ratios are clipped
    log_prob = log_probabilities(weights, task, view)[np.arange(n), action] + rng.normal(0, 0.15, n)
    value = values(weights, task, stage, features)
    advantage = rng.normal(size=n).astype(np.float32)
    return Batch(task, view, stage, features, action, log_prob.astype(np.float32), value, advantage, value + advantage)


def test_gradients_match_finite_differences() -> None:
    rng = np.random.default_rng(2)
    weights = new_weights(3, rng)
    for array in weights.values():
        array += rng.normal(0, 0.5, array.shape).astype(np.float32)
    batch, c = made_batch(weights, rng), Coefficients(entropy=0.05)

    def objective() -> float:
        _, loss = gradients(weights, batch, c)
        return loss.policy_loss + c.value * loss.value_loss - c.entropy * loss.entropy

    grads, losses = gradients(weights, batch, c)
    assert losses.clipfrac > 0
    for name, array in weights.items():
        flat, step = array.reshape(-1), 1e-2
        for i in np.argsort(-np.abs(grads[name].reshape(-1)))[:4]:
            kept = flat[i]
            flat[i] = kept + step
            above = objective()
            flat[i] = kept - step
            slope = (above - objective()) / (2 * step)
            flat[i] = kept
            assert grads[name].reshape(-1)[i] == pytest.approx(slope, rel=0.1, abs=2e-4), name


def test_an_arena_episode_by_hand() -> None:
    task = Task("line", ((0, 0), (0, 1)), horizon=40, shaping=0.5)
    arena = Arena([task], 1, np.random.default_rng(0))
    arena.assign(0, 0)
    total = 0.0
    for _ in range(40):
        view = int(arena.observe().view[0]) // 2
        down, right = view // 3 - 1, view % 3 - 1
        action = {-1: 1, 1: 2}.get(down) or {-1: 3, 1: 4}.get(right) or USE
        result = arena.step(np.array([action]))
        total += float(result.reward[0])
        if result.done[0]:
            break
    assert result.done[0]
    assert not result.truncated[0]
    assert result.score[0] == pytest.approx(total)
    assert 0.5 < total <= 1.0


def test_a_raider_takes_cargo_unless_struck() -> None:
    task = Task("raided", ((0, 0), (6, 6)), horizon=99, shaping=0.0, raid=1.0)
    stages = []
    for answer in (STRIKE, 0):
        arena = Arena([task], 1, np.random.default_rng(0))
        arena.assign(0, 0)
        while arena.observe().stage[0] == 0:
            view = int(arena.observe().view[0])
            if view % 2:
                arena.step(np.array([STRIKE]))
                arena._raided[:] = False
                continue
            down, right = view // 6 - 1, view // 2 % 3 - 1
            arena.step(np.array([{-1: 1, 1: 2}.get(down) or {-1: 3, 1: 4}.get(right) or USE]))
        arena.step(np.array([answer]))
        stages.append(int(arena.observe().stage[0]))
    assert stages == [1, 0]


def test_rewards_stay_between_zero_and_one() -> None:
    rng = np.random.default_rng(3)
    arena = Arena(TASKS, 48, rng)
    for env in range(48):
        arena.assign(env, env % 12)
    for _ in range(60):
        result = arena.step(rng.integers(N_ACTIONS, size=48))
        assert result.reward.min() >= 0.0
        assert result.score.max() <= 1.0 + 1e-9
        for env in np.flatnonzero(result.done | result.truncated).tolist():
            arena.assign(env, env % 12)


def test_a_report_without_finished_episodes_has_no_reward() -> None:
    learner = Learner(Hyperparameters(seed=1))
    report = learner.run_epoch()
    assert not report.task_rewards
    assert report.reward is None
    assert math.isfinite(report.losses["value_loss"])
