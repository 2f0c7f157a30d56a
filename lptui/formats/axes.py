"""Which column of a metrics file counts steps, and which tells the time.

Names are those of the loggers: Lightning (`step`, `epoch`), Stable-Baselines3 (`time/total_timesteps`), RLlib
(`num_env_steps_sampled_lifetime`, `training_iteration`), Spinning Up (`TotalEnvInteracts`), Hugging Face (`step`),
Ultralytics (`epoch`), Metta (`metric/agent_step`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_STEPS = (
    "agent_step",
    "agent_steps",
    "global_step",
    "globalstep",
    "num_env_steps_sampled_lifetime",
    "num_env_steps_sampled",
    "timesteps_total",
    "total_timesteps",
    "num_timesteps",
    "totalenvinteracts",
    "total_env_steps",
    "env_steps",
    "env_step",
    "frames",
    "timesteps",
    "timestep",
    "total_steps",
    "_step",
    "step",
    "steps",
)
_UPDATES = (
    "iteration",
    "iterations",
    "iter",
    "iters",
    "training_iteration",
    "num_updates",
    "n_updates",
    "updates",
    "update",
)
_EPOCHS = ("epoch", "epochs")
TIMES = ("_timestamp", "timestamp", "unix_time", "wall_time", "walltime", "wall_clock", "time", "datetime", "date")
"""In the order of preference; a column of such a name tells the time only if it holds such numbers."""
_KINDS = (("step", _STEPS), ("update", _UPDATES), ("epoch", _EPOCHS))
_EARLIEST, _LATEST = 5e8, 5e9
"""Unix seconds between 1985 and 2128; a thousand times that is milliseconds."""


class Axis(NamedTuple):
    """The column that counts ('' for none: rows are counted), what it counts, and the column of times ('')."""

    step: str
    unit: str
    time: str


def choose_axis(names: Iterable[str]) -> Axis:
    """The axis of a file with columns of these names: the finest count of steps before updates before epochs."""
    columns = list(names)
    keys = {name: _key(name) for name in columns}
    time = next((n for wanted in TIMES for n in columns if keys[n] == wanted), "")
    for unit, wanted_names in _KINDS:
        for wanted in wanted_names:
            # `step` rather than `loss/step`: of several the one that is named most plainly
            found = sorted((n for n in columns if keys[n] == wanted), key=lambda n: (n.count("/"), n.count(".")))
            if found:
                return Axis(found[0], unit, time)
    return Axis("", "row", time)


def counts(name: str) -> bool:
    """Whether a column of this name counts steps, updates or epochs."""
    return any(_key(name) in names for _, names in _KINDS)


def to_unix(value: float) -> float | None:
    """A time as unix seconds, if it is one: seconds or milliseconds since 1970."""
    if _EARLIEST < value < _LATEST:
        return value
    return value / 1000 if _EARLIEST < value / 1000 < _LATEST else None


def _key(name: str) -> str:
    return name.rpartition("/")[2].strip().lower().replace(" ", "_").replace("-", "_")
