"""What the run's configuration says should happen: steps, learning rate and its schedule, limits, targets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from lptui.model.value import frozen

_TOTAL = (
    "total_timesteps",
    "total_steps",
    "max_steps",
    "num_train_steps",
    "train_steps",
    "max_iters",
    "total_iterations",
)
_RATE = ("learning_rate", "lr", "base_lr", "peak_lr", "max_lr")
_KIND = (
    "lr_scheduler_type",
    "lr_schedule",
    "lr_scheduler",
    "scheduler_type",
    "schedule",
    "lr_decay_style",
    "anneal_lr",
)
_WARMUP = ("warmup_steps", "num_warmup_steps", "lr_warmup_steps", "lr_warmup_iters", "warmup_iters")
_LOWEST = ("min_lr", "lr_min", "end_learning_rate", "final_lr", "eta_min", "min_learning_rate")
_TASKS = ("num_tasks", "n_tasks", "number_of_tasks")
_TARGET = ("target_success", "target_success_rate", "success_threshold", "target_win_rate")
_TARGET_SCORE = ("target_score", "target_return", "target_reward", "reward_threshold")
_MEMORY = (("memory_limit_gib", 2.0**30), ("gpu_memory_limit_gib", 2.0**30), ("memory_limit_gb", 2.0**30))
_KINDS = {
    "constant": "constant",
    "none": "constant",
    "fixed": "constant",
    "constant_with_warmup": "constant",
    "linear": "linear",
    "true": "linear",
    "cosine": "cosine",
    "cosine_with_warmup": "cosine",
    "false": "constant",
}
"""Words for schedules; `anneal_lr: true` of CleanRL-like programs means linear."""


@frozen
class Plan:
    """None and '' where the configuration does not say. Steps are the run's own, rates as logged, memory in bytes."""

    total_steps: float | None = None
    learning_rate: float | None = None
    rate_key: str = ""
    schedule: str = ""
    warmup_steps: float = 0.0
    lowest_rate: float = 0.0
    memory_limit: float | None = None
    tasks: float | None = None
    target_success: float | None = None
    target_score: float | None = None

    def fraction(self, step: float) -> float | None:
        """How much of the plan is done at `step`; None if unknown, or if the run has outgrown it."""
        if not self.total_steps or not step <= 1.02 * self.total_steps:
            return None
        return step / self.total_steps

    def expected_rate(self, step: float) -> float | None:
        """The learning rate that the schedule asks for at `step`; None if it is not known."""
        rate, total = self.learning_rate, self.total_steps
        if rate is None or not self.schedule or not step >= 0:
            return None
        if step < self.warmup_steps:
            return rate * step / self.warmup_steps
        if self.schedule == "constant":
            return rate
        if total is None or step > 1.02 * total:
            return None
        left = max(0.0, 1 - (step - self.warmup_steps) / max(1.0, total - self.warmup_steps))
        if self.schedule == "cosine":
            left = 0.5 * (1 + math.cos(math.pi * (1 - left)))
        return self.lowest_rate + (rate - self.lowest_rate) * left


def read_plan(rows: Iterable[tuple[str, str]]) -> Plan:
    """The plan in flat configuration rows (dotted key, value). Of keys with one name the shortest path counts."""
    table: dict[str, tuple[str, str]] = {}
    for key, value in sorted(rows, key=lambda r: (r[0].count("."), r[0])):
        table.setdefault(key.rpartition(".")[2].lower(), (key, value))
    rate = _first(table, _RATE, positive=True)
    kind = next((_KINDS.get(table[name][1].strip().lower(), "") for name in _KIND if name in table), "")
    memory = next((v * unit for name, unit in _MEMORY if (v := _number(table, name)) is not None and v > 0), None)
    return Plan(
        total_steps=_first(table, _TOTAL, positive=True),
        learning_rate=rate,
        rate_key=next((table[n][0] for n in _RATE if n in table), ""),
        schedule=kind,
        warmup_steps=_first(table, _WARMUP, positive=True) or 0.0,
        lowest_rate=_first(table, _LOWEST, positive=True) or 0.0,
        memory_limit=memory,
        tasks=_first(table, _TASKS, positive=True),
        target_success=_first(table, _TARGET, positive=True),
        target_score=_first(table, _TARGET_SCORE, positive=False),
    )


def _first(table: Mapping[str, tuple[str, str]], names: Iterable[str], *, positive: bool) -> float | None:
    numbers = (_number(table, name) for name in names)
    return next((n for n in numbers if n is not None and (n > 0 or not positive)), None)


def _number(table: Mapping[str, tuple[str, str]], name: str) -> float | None:
    text = table[name][1] if name in table else ""
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
