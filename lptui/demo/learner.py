"""The demo's trainer: rollouts in the arena under the curriculum, then PPO updates. No I/O, no clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lptui.curriculum.seed_era import LearningProgress, Parameters
from lptui.demo.arena import Arena, Floats, Observation
from lptui.demo.policy import (
    Adam,
    Array,
    Batch,
    Coefficients,
    Losses,
    Weights,
    features_of,
    gradients,
    log_probabilities,
    new_weights,
    values,
)
from lptui.demo.tasks import TASKS

GAMMA, LAMBDA = 0.98, 0.95

Pause = Callable[[float], None]
"""Called with the share of the phase that is done."""


def no_pause(_share: float) -> None:
    """Run as fast as the machine does."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What decides a run's results, together with its seed. A batch is `num_envs` x `bptt_horizon` steps."""

    seed: int = 0
    num_envs: int = 96
    bptt_horizon: int = 8
    update_epochs: int = 2
    minibatches: int = 2
    learning_rate: float = 0.015
    total_epochs: int = 360
    # from this epoch on the rate is multiplied by `growth` each epoch, instead of annealed
    diverge_at: int | None = None
    growth: float = 64.0
    coefficients: Coefficients = field(default_factory=Coefficients)
    curriculum: Parameters = field(
        default_factory=lambda: Parameters(ema_timescale=0.03, num_active_tasks=8, sample_threshold=10)
    )

    @property
    def batch_size(self) -> int:
        """Agent steps an epoch."""
        return self.num_envs * self.bptt_horizon

    def rate_at(self, epoch: int) -> float:
        """The schedule: cosine from the full rate to a tenth, or exponential growth after `diverge_at`."""
        if self.diverge_at is not None and epoch >= self.diverge_at:
            return self.learning_rate * self.growth ** (epoch - self.diverge_at + 1)
        progress = min(1.0, epoch / max(1, self.total_epochs))
        return self.learning_rate * (0.55 + 0.45 * math.cos(math.pi * progress))


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What one epoch measured. Rewards and lengths are of episodes that ended in it (none: empty)."""

    epoch: int
    agent_step: int
    learning_rate: float
    losses: Mapping[str, float]
    experience: Mapping[str, float]
    task_rewards: Mapping[str, float]
    lengths: tuple[int, ...]

    @property
    def reward(self) -> float | None:
        """Mean over the tasks that finished an episode; None if none did."""
        return sum(self.task_rewards.values()) / len(self.task_rewards) if self.task_rewards else None


@dataclass(slots=True)
class _Episodes:
    rewards: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    lengths: list[int] = field(default_factory=list[int])


class Learner:
    """One training: environments, curriculum, policy, optimiser. Equal seeds give equal reports."""

    def __init__(self, hyper: Hyperparameters) -> None:
        self.hyper = hyper
        self._rng = np.random.default_rng(hyper.seed)
        self.curriculum = LearningProgress([task.id for task in TASKS], hyper.curriculum, self._rng)
        self.arena = Arena(TASKS, hyper.num_envs, self._rng)
        self.weights: Weights = new_weights(len(TASKS), self._rng)
        self.optimizer = Adam(self.weights, hyper.coefficients.max_grad_norm)
        self.epoch = 0
        self.agent_step = 0
        self._index = {task.id: i for i, task in enumerate(TASKS)}
        self._playing = [""] * hyper.num_envs
        for env in range(hyper.num_envs):
            self._begin(env)

    def _begin(self, env: int) -> None:
        task = self.curriculum.get_task(self._rng)
        self._playing[env] = task
        self.arena.assign(env, self._index[task])

    def run_epoch(self, in_rollout: Pause = no_pause, in_training: Pause = no_pause) -> EpochReport:
        """Collect one batch and learn from it. ValueError if the policy has turned to NaN."""
        batch, experience, episodes = self.collect(in_rollout)
        return self.learn(batch, experience, episodes, in_training)

    def collect(self, pause: Pause) -> tuple[Batch, dict[str, float], _Episodes]:
        """Play `bptt_horizon` steps in every environment."""
        seen: list[Observation] = []
        actions: list[NDArray[np.int64]] = []
        log_probs: list[Array] = []
        rewards: list[Floats] = []
        ends: list[NDArray[np.bool_]] = []
        cut = 0
        episodes = _Episodes()
        every = np.arange(self.hyper.num_envs)
        for step in range(self.hyper.bptt_horizon):
            now = self.arena.observe()
            all_log = log_probabilities(self.weights, now.task, now.view)
            action = self._rng.multinomial(1, np.exp(all_log)).argmax(axis=1)
            result = self.arena.step(action)
            end = result.done | result.truncated
            seen.append(now)
            actions.append(action)
            log_probs.append(all_log[every, action].astype(np.float32))
            rewards.append(result.reward)
            ends.append(end)
            cut += int(result.truncated.sum())
            for env in np.flatnonzero(end).tolist():
                self._finish(env, float(result.score[env]), int(result.length[env]), episodes)
            pause((step + 1) / self.hyper.bptt_horizon)
        batch = self._make_batch(seen, actions, log_probs, rewards, ends)
        played = np.concatenate(actions)
        experience = {
            "rewards": float(np.mean(rewards)),
            "values": float(batch.value.mean()),
            "act_log_prob": float(batch.log_prob.mean()),
            "dones": float(np.mean(ends)),
            "truncateds": cut / self.hyper.batch_size,
            "actions_mean": float(played.mean()),
            "actions_std": float(played.std()),
        }
        return batch, experience, episodes

    def _finish(self, env: int, score: float, length: int, episodes: _Episodes) -> None:
        task = self._playing[env]
        self.curriculum.complete(task, score)
        episodes.rewards.setdefault(task, []).append(score)
        episodes.lengths.append(length)
        self._begin(env)

    def _make_batch(
        self,
        seen: list[Observation],
        actions: list[NDArray[np.int64]],
        log_probs: list[Array],
        rewards: list[Floats],
        ends: list[NDArray[np.bool_]],
    ) -> Batch:
        after = self.arena.observe()
        estimates = [values(self.weights, o.task, o.stage, features_of(o)) for o in [*seen, after]]
        gains: list[Array] = []
        gain = np.zeros(self.hyper.num_envs, dtype=np.float32)
        for step in reversed(range(len(seen))):
            alive = (~ends[step]).astype(np.float32)
            surprise = rewards[step].astype(np.float32) + GAMMA * alive * estimates[step + 1] - estimates[step]
            gain = (surprise + GAMMA * LAMBDA * alive * gain).astype(np.float32)
            gains.append(gain)
        advantage = np.concatenate(gains[::-1])
        value = np.concatenate(estimates[:-1])
        return Batch(
            task=np.concatenate([o.task for o in seen]),
            view=np.concatenate([o.view for o in seen]),
            stage=np.concatenate([o.stage for o in seen]),
            features=np.concatenate([features_of(o) for o in seen]),
            action=np.concatenate(actions),
            log_prob=np.concatenate(log_probs),
            value=value,
            advantage=advantage,
            target=advantage + value,
        )

    def learn(self, batch: Batch, experience: dict[str, float], episodes: _Episodes, pause: Pause) -> EpochReport:
        """Update the policy from one batch and report the epoch."""
        rate = self.hyper.rate_at(self.epoch)
        rounds = self.hyper.update_epochs * self.hyper.minibatches
        losses: list[Losses] = []
        for _ in range(self.hyper.update_epochs):
            order = self._rng.permutation(len(batch.action))
            for index in np.array_split(order, self.hyper.minibatches):
                grads, loss = gradients(self.weights, batch.take(index), self.hyper.coefficients)
                self.optimizer.apply(self.weights, grads, rate)
                losses.append(loss)
                pause(len(losses) / rounds)
        self.epoch += 1
        self.agent_step += self.hyper.batch_size
        return EpochReport(
            epoch=self.epoch,
            agent_step=self.agent_step,
            learning_rate=rate,
            losses={**_mean_losses(losses), "explained_variance": _explained_variance(batch)},
            experience={**experience, "ratio": losses[-1].importance},
            task_rewards={task: sum(seen) / len(seen) for task, seen in episodes.rewards.items()},
            lengths=tuple(episodes.lengths),
        )


def _mean_losses(losses: list[Losses]) -> dict[str, float]:
    names = ("policy_loss", "value_loss", "entropy", "approx_kl", "clipfrac", "importance")
    return {name: sum(float(getattr(loss, name)) for loss in losses) / len(losses) for name in names}


def _explained_variance(batch: Batch) -> float:
    """1 - Var(target - value) / Var(target); NaN if the targets do not vary, as upstream has it."""
    spread = float(batch.target.var())
    return 1.0 - float((batch.target - batch.value).var()) / spread if spread > 0 else math.nan


def evaluate(learner: Learner, episodes: int, rng: np.random.Generator) -> dict[str, float]:
    """Mean score of the greedy policy on each task, over `episodes` fresh episodes each."""
    n = len(TASKS) * episodes
    arena = Arena(TASKS, n, rng)
    for env in range(n):
        arena.assign(env, env % len(TASKS))
    scores, open_ = np.full(n, np.nan), np.ones(n, dtype=bool)
    for _ in range(max(task.horizon for task in TASKS)):
        now = arena.observe()
        result = arena.step(log_probabilities(learner.weights, now.task, now.view).argmax(axis=1))
        ended = open_ & (result.done | result.truncated)
        scores[ended] = result.score[ended]
        open_ &= ~ended
        if not open_.any():
            break
        # a finished environment must not run past its last stage; its further episodes are not counted
        for env in np.flatnonzero(result.done | result.truncated).tolist():
            arena.assign(env, env % len(TASKS))
    return {task.id: float(scores[i :: len(TASKS)].mean()) for i, task in enumerate(TASKS)}
