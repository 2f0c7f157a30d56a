"""The demo's environments: many small gridworlds stepped together with numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lptui.demo.tasks import GRID, Task

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

N_ACTIONS = 7
USE, STRIKE = 5, 6
# no-op, north, south, west, east, use, strike
_ROW_STEP = np.array([0, -1, 1, 0, 0, 0, 0])
_COLUMN_STEP = np.array([0, 0, 0, -1, 1, 0, 0])
# direction to the target (3 x 3) x raider beside the agent (2)
N_OBSERVATIONS = 18
MAX_STAGES = 4


@dataclass(frozen=True, slots=True)
class Observation:
    """What the policy sees; every array has one entry an environment."""

    task: Ints
    view: Ints
    stage: Ints
    time_left: Floats
    distance: Floats


@dataclass(frozen=True, slots=True)
class Transition:
    """Result of one step: rewards, finished environments, and each episode's score and length so far."""

    reward: Floats
    done: Mask
    truncated: Mask
    score: Floats
    length: Ints


class Arena:
    """`n` environments, each playing one task; finished ones wait for `assign` to begin anew."""

    def __init__(self, tasks: Sequence[Task], n: int, rng: np.random.Generator) -> None:
        self.n = n
        self._walled = True
        self._rng = rng
        stations = np.zeros((len(tasks), MAX_STAGES + 1, 2), dtype=np.int64)
        for i, task in enumerate(tasks):
            stations[i, : len(task.stations)] = task.stations
        self._stations = stations
        self._stages = np.array([len(task.stations) for task in tasks])
        self._horizon = np.array([task.horizon for task in tasks])
        self._shaping = np.array([task.shaping for task in tasks])
        self._raid = np.array([task.raid for task in tasks])
        self._slip = np.array([task.slip for task in tasks])
        self._ground = np.ones((GRID, GRID), dtype=bool)
        self._task = np.zeros(n, dtype=np.int64)
        self._row, self._column = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._stage, self._age = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._raided = np.zeros(n, dtype=bool)
        self._best, self._score = np.zeros(n), np.zeros(n)

    def remove_walls(self) -> None:
        """Stop keeping agents on the map, as a broken map file would."""
        self._walled = False

    def assign(self, env: int, task: int) -> None:
        """Begin a new episode of a task (an index) in one environment, at a random cell."""
        self._task[env] = task
        self._row[env], self._column[env] = self._rng.integers(GRID, size=2)
        self._stage[env] = self._age[env] = 0
        self._raided[env] = False
        self._score[env] = 0.0
        self._best[env] = self._potential(slice(env, env + 1))[0]

    def observe(self) -> Observation:
        """What each agent sees now."""
        target = self._stations[self._task, self._stage]
        down, right = target[:, 0] - self._row, target[:, 1] - self._column
        view = (np.sign(down) + 1) * 6 + (np.sign(right) + 1) * 2 + self._raided
        return Observation(
            task=self._task.copy(),
            view=view,
            stage=self._stage.copy(),
            time_left=1.0 - self._age / self._horizon[self._task],
            distance=(np.abs(down) + np.abs(right)) / (2 * GRID),
        )

    def step(self, actions: Ints) -> Transition:
        """One step in every environment. IndexError if an agent stands off the map."""
        task = self._task
        slipped = self._rng.random(self.n) < self._slip[task]
        actions = np.where(slipped, self._rng.integers(N_ACTIONS, size=self.n), actions)
        self._suffer_raids(actions)
        self._move(actions)
        target = self._stations[task, self._stage]
        at_station = (self._row == target[:, 0]) & (self._column == target[:, 1])
        self._stage += at_station & (actions == USE)
        self._age += 1
        done = self._stage >= self._stages[task]
        truncated = ~done & (self._age >= self._horizon[task])
        self._raided = self._rng.random(self.n) < self._raid[task]
        reward = self._pay(done)
        return Transition(reward, done, truncated, self._score.copy(), self._age.copy())

    def _suffer_raids(self, actions: Ints) -> None:
        robbed = self._raided & (actions != STRIKE)
        self._stage = np.where(robbed, np.maximum(self._stage - 1, 0), self._stage)

    def _move(self, actions: Ints) -> None:
        row, column = self._row + _ROW_STEP[actions], self._column + _COLUMN_STEP[actions]
        if self._walled:
            row, column = np.clip(row, 0, GRID - 1), np.clip(column, 0, GRID - 1)
        free = self._ground[row, column]
        self._row, self._column = np.where(free, row, self._row), np.where(free, column, self._column)

    def _pay(self, done: Mask) -> Floats:
        shaping = self._shaping[self._task]
        potential = np.where(done, 1.0, self._potential())
        gain = np.maximum(0.0, potential - self._best)
        self._best = np.maximum(self._best, potential)
        reward = shaping * gain + (1.0 - shaping) * done
        self._score = self._score + reward
        return reward

    def _potential(self, chosen: slice = slice(None)) -> Floats:
        """How far the chosen agents have come, in [0, 1]: stages done and nearness of the next station."""
        task, stage = self._task[chosen], self._stage[chosen]
        target = self._stations[task, stage]
        distance = np.abs(target[:, 0] - self._row[chosen]) + np.abs(target[:, 1] - self._column[chosen])
        return (stage + 1.0 - distance / (2 * GRID)) / (self._stages[task] + 1.0)
