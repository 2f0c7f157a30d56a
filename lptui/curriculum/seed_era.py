"""Metta's learning-progress curriculum of 2025, as its environments ran it: a reference implementation.

Source: Metta-AI/metta, mettagrid/src/metta/mettagrid/curriculum/{learning_progress,random,core}.py at
724cde8fc2 (2025-08-20), rebuilt from its observable behaviour; the method is Kanitscheider et al. 2021,
arXiv:2106.14876. Its flaws are part of it: a task outside the sampled set has probability exactly 0 and is
never drawn again; the baseline is frozen at the first finished episode; a NaN score counts as 1.
Imports numpy, so the attach path must not import this module.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lptui.curriculum.table import TaskRow
from lptui.model.value import frozen

Vector = NDArray[np.float64]

BASELINE_CAP = 0.75
COMPLETION_WINDOW = 500


@frozen
class Parameters:
    """The curriculum's knobs with Metta's names and defaults.

    ema_timescale: weight of the newest rate in both averages; progress_smoothing: theta of the reweighting;
    num_active_tasks: draws per active set; rand_task_rate: share of those drawn uniformly; sample_threshold:
    episodes on an active task before a recomputation; memory: outcomes kept per task.
    """

    ema_timescale: float = 0.001
    progress_smoothing: float = 0.05
    num_active_tasks: int = 16
    rand_task_rate: float = 0.25
    sample_threshold: int = 10
    memory: int = 25


@dataclass(slots=True)
class _Averages:
    """Per-task averages, born at the first finished episode of all (shapes: number of tasks)."""

    baseline: Vector
    fast: Vector
    slow: Vector
    rate: Vector


@dataclass(slots=True)
class _ActiveSet:
    """A multiset of task indices, its members as a mask, and the episodes finished since it was drawn."""

    draws: list[int]
    mask: NDArray[np.bool_]
    counts: dict[int, int] = field(default_factory=dict[int, int])


class LearningProgress:
    """Samples tasks by how fast their success rate changes. One object serves one process's environments."""

    def __init__(
        self,
        tasks: Sequence[str] | Mapping[str, float],
        parameters: Parameters | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        """`tasks`: ids, or ids with initial weights. `rng` draws active sets. ValueError without a task."""
        if not tasks:
            raise ValueError("a curriculum needs at least one task")
        self.tasks: tuple[str, ...] = tuple(tasks)
        self.parameters = parameters or Parameters()
        self._rng = rng or np.random.default_rng(0)
        self._index = {task: i for i, task in enumerate(self.tasks)}
        weights = tasks.values() if isinstance(tasks, Mapping) else [1.0] * len(self.tasks)
        self._weights: Vector = np.asarray(list(weights), dtype=np.float64)
        self._outcomes: list[list[float]] = [[] for _ in self.tasks]
        self._active = _ActiveSet(list(range(len(self.tasks))), np.ones(len(self.tasks), dtype=bool))
        self._averages: _Averages | None = None
        self._distribution: Vector | None = None
        self._progress: Vector = np.zeros(len(self.tasks))
        self._mean_evaluations: float | None = None
        self._recent: deque[int] = deque(maxlen=COMPLETION_WINDOW)
        self._completions = [0] * len(self.tasks)

    def get_task(self, rng: np.random.Generator | None = None) -> str:
        """Draw a task id by the current weights."""
        return self.tasks[_draw(rng or self._rng, self._weight_shares())]

    def complete(self, task: str, score: float) -> None:
        """Record a finished episode; score: mean reward, clipped to [0, 1]. KeyError for a foreign task."""
        k = self._index[task]
        self._recent.append(k)
        self._completions[k] += 1
        # in this order a NaN becomes 1.0, as it does upstream
        self._outcomes[k].append(max(0.0, min(1.0, score)))
        counts = self._active.counts
        if self._active.mask[k]:
            counts[k] = counts.get(k, 0) + 1
        if self._averages is None or max(counts.values(), default=0) >= self.parameters.sample_threshold:
            self._recompute()

    def probabilities(self) -> dict[str, float]:
        """Each task's chance of being drawn next; sums to 1."""
        return dict(zip(self.tasks, self._weight_shares().tolist(), strict=True))

    def completion_shares(self) -> dict[str, float]:
        """Each task's share of the last 500 finished episodes; all 0 before the first."""
        total = len(self._recent) or 1
        counts = np.bincount(np.fromiter(self._recent, dtype=np.int64), minlength=len(self.tasks))
        return dict(zip(self.tasks, (counts / total).tolist(), strict=True))

    def stats(self) -> dict[str, float]:
        """The `lp/*` statistics under Metta's names; empty before the first episode (upstream raises)."""
        if self._distribution is None or self._mean_evaluations is None:
            return {}
        rates = self._rates()
        return {
            "lp/num_active_tasks": float(len(self._active.draws)),
            "lp/mean_sample_prob": float(self._distribution.mean()),
            "lp/num_zeros_lp_dist": float(np.count_nonzero(self._distribution == 0.0)),
            "lp/task_1_success_rate": float(rates[0]),
            f"lp/task_{len(self.tasks) // 2}_success_rate": float(rates[len(self.tasks) // 2]),
            "lp/last_task_success_rate": float(rates[-1]),
            "lp/task_success_rate": float(rates.mean()),
            "lp/mean_evals_per_task": self._mean_evaluations,
            "lp/num_nan_tasks": 0.0,
        }

    def table(self) -> tuple[TaskRow, ...]:
        """One row a task; learning progress is |g(fast) - g(slow)|; completions count from the start."""
        shares = self._weight_shares().tolist()
        rates = [float(np.mean(seen)) if seen else None for seen in self._outcomes]
        known = self._averages is not None
        return tuple(
            TaskRow(
                task=task,
                probability=shares[i],
                success_rate=rates[i],
                learning_progress=float(self._progress[i]) if known else None,
                completions=float(self._completions[i]),
            )
            for i, task in enumerate(self.tasks)
        )

    def _weight_shares(self) -> Vector:
        total = float(self._weights.sum())
        if total > 0:
            return self._weights / total
        return np.full(len(self.tasks), 1.0 / len(self.tasks))

    def _rates(self) -> Vector:
        return np.array([sum(seen) / len(seen) if seen else 0.0 for seen in self._outcomes])

    def _recompute(self) -> None:
        rates = self._rates()
        averages = self._averages = self._update_averages(rates)
        smoothing = self.parameters.progress_smoothing
        self._progress = np.abs(reweight(averages.fast, smoothing) - reweight(averages.slow, smoothing))
        self._distribution = sample_distribution(self._progress, averages.rate)
        self._mean_evaluations = float(np.mean([len(seen) for seen in self._outcomes]))
        self._outcomes = [seen[-self.parameters.memory :] for seen in self._outcomes]
        self._active = self._draw_active(self._distribution)
        self._weights = self._distribution

    def _update_averages(self, rates: Vector) -> _Averages:
        known = self._averages
        baseline = np.minimum(rates, BASELINE_CAP) if known is None else known.baseline
        room = 1.0 - baseline
        gain = np.maximum(0.0, rates - baseline) / np.where(room <= 0, 1.0, room)
        if known is None:
            return _Averages(baseline, gain.copy(), gain.copy(), rates.copy())
        a, mask = self.parameters.ema_timescale, self._active.mask
        fast = np.where(mask, a * gain + (1 - a) * known.fast, known.fast)
        # the slow average follows the fast one with the same weight
        slow = np.where(mask, a * fast + (1 - a) * known.slow, known.slow)
        rate = np.where(mask, a * rates + (1 - a) * known.rate, known.rate)
        return _Averages(baseline, fast, slow, rate)

    def _draw_active(self, distribution: Vector) -> _ActiveSet:
        n, rng = len(self.tasks), self._rng
        uniform = rng.random(self.parameters.num_active_tasks) < self.parameters.rand_task_rate
        draws = [int(rng.integers(n)) if free else _draw(rng, distribution) for free in uniform]
        mask = np.zeros(n, dtype=bool)
        mask[draws] = True
        return _ActiveSet(draws, mask)


def reweight(rate: Vector, smoothing: float) -> Vector:
    """g(p) = p(1-t) / (p + t(1-2p)): stretches small success rates so that early progress counts."""
    below = rate + smoothing * (1.0 - 2.0 * rate)
    return rate * (1.0 - smoothing) / np.where(below <= 0, 1.0, below)


def sample_distribution(progress: Vector, rate: Vector) -> Vector:
    """Logistic of standardised progress over tasks with any progress or success, exact zeros elsewhere."""
    chosen = (progress > 0) | (rate > 0)
    if not chosen.any():
        chosen = np.ones_like(chosen)
    x = progress[chosen] - progress[chosen].mean()
    spread = float(x.std())
    share = 1.0 / (1.0 + np.exp(-(x / spread if spread > 0 else x)))
    total = float(share.sum())
    share = share / total if total > 0 else np.full_like(share, 1.0 / len(share))
    distribution = np.zeros_like(progress)
    # upstream keeps the distribution in single precision
    distribution[chosen] = share.astype(np.float32)
    return distribution


def _draw(rng: np.random.Generator, shares: Vector) -> int:
    edges = np.cumsum(shares)
    return int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
