"""The demo's metrics: keys of a Metta run of August 2025, and a real W&B offline run to log them to."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lptui.curriculum.seed_era import LearningProgress
from lptui.demo.learner import EpochReport, Hyperparameters
from lptui.demo.options import Layout
from lptui.demo.settings import ENTITY, PROJECT
from lptui.demo.tasks import short_label


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds since the start, and seconds of the newest epoch by phase."""

    total: float
    train_total: float
    rollout: float
    train: float
    stats: float

    @property
    def epoch(self) -> float:
        """Seconds of the newest epoch; never 0."""
        return max(1e-9, self.rollout + self.train + self.stats)

    @property
    def shares(self) -> tuple[int, int, int]:
        """Percent of train, rollout, stats."""
        parts = (self.train, self.rollout, self.stats)
        return (
            round(100 * parts[0] / self.epoch),
            round(100 * parts[1] / self.epoch),
            round(100 * parts[2] / self.epoch),
        )


def epoch_metrics(report: EpochReport, timing: Timing, hyper: Hyperparameters, saved: int) -> dict[str, float]:
    """Everything of one epoch but the curriculum; keys whose value is unknown are absent, as upstream."""
    metrics = {
        "overview/sps": hyper.batch_size / timing.epoch,
        "metric/agent_step": float(report.agent_step),
        "metric/epoch": float(report.epoch),
        "metric/total_time": timing.total,
        "metric/train_time": timing.train_total,
        "parameters/learning_rate": report.learning_rate,
        "parameters/epoch_steps": float(hyper.batch_size),
        "parameters/num_minibatches": float(hyper.minibatches),
        "parameters/latest_saved_policy_epoch": float(saved),
        "hyperparameters/learning_rate": report.learning_rate,
        "hyperparameters/ppo_clip_coef": hyper.coefficients.clip,
        "hyperparameters/ppo_ent_coef": hyper.coefficients.entropy,
    }
    metrics |= {f"losses/{name}": value for name, value in report.losses.items()}
    metrics |= {f"experience/{name}": value for name, value in report.experience.items()}
    if report.lengths:
        metrics["experience/ep_lengths"] = sum(report.lengths) / len(report.lengths)
    if report.reward is not None:
        metrics["overview/reward"] = report.reward
        metrics["overview/reward_vs_total_time"] = report.reward
    for task, reward in report.task_rewards.items():
        metrics[f"env_task_reward/{short_label(task)}/rewards.mean"] = reward
    for phase in ("rollout", "train", "stats"):
        operation = {"rollout": "_rollout", "train": "_train", "stats": "_process_stats"}[phase]
        seconds = float(getattr(timing, phase))
        metrics[f"timing_per_epoch/frac/{operation}"] = seconds / timing.epoch
        metrics[f"timing_per_epoch/msec/{operation}"] = seconds * 1000
    return metrics


def curriculum_metrics(curriculum: LearningProgress) -> dict[str, float]:
    """The curriculum's own keys.

    Upstream of that time logs only the first two families: its `stats()` was never called, since the
    environment asked for `get_curriculum_stats()`, which the class did not define. A run that patches it in
    logs `env_curriculum/lp/*`, and so does the demo. Success rate and learning progress of single tasks were
    logged by no Metta version; they are added under the names of Syllabus, the class's ancestor.
    """
    # task ids begin with a slash, so these keys hold two
    metrics = {f"env_curriculum_task_probs/{task}": p for task, p in curriculum.probabilities().items()}
    metrics |= {f"env_task_completions/{task}": s for task, s in curriculum.completion_shares().items()}
    metrics |= {f"env_curriculum/{name}": value for name, value in curriculum.stats().items()}
    for row in curriculum.table():
        name = row.task.rpartition("/")[2]
        if row.success_rate is not None:
            metrics[f"curriculum/{name}_success_rate"] = row.success_rate
        if row.learning_progress is not None:
            metrics[f"curriculum/{name}_lp"] = row.learning_progress
    return metrics


def host_metrics() -> dict[str, float]:
    """Host readings under Metta's names; none if psutil is missing."""
    try:
        import psutil
    except ImportError:
        return {}
    memory = psutil.virtual_memory()
    process = psutil.Process()
    return {
        "monitor/cpu_percent": psutil.cpu_percent(),
        "monitor/cpu_count": float(psutil.cpu_count() or 0),
        "monitor/memory_percent": memory.percent,
        "monitor/memory_available_mb": memory.available / 2**20,
        "monitor/memory_used_mb": memory.used / 2**20,
        "monitor/memory_total_mb": memory.total / 2**20,
        "monitor/process_memory_mb": process.memory_info().rss / 2**20,
        "monitor/process_cpu_percent": process.cpu_percent(),
        "monitor/process_threads": float(process.num_threads()),
    }


def score_metrics(scores: Mapping[str, float]) -> dict[str, float]:
    """An evaluation's keys."""
    metrics = {f"eval_arena/{task.rpartition('/')[2]}": score for task, score in scores.items()}
    mean = math.fsum(scores.values()) / len(scores)
    return metrics | {"eval_arena/score": mean, "overview/arena_score": mean}


class Tracker:
    """A W&B offline run below `OUT/wandb`, or nothing if wandb is missing or unwanted."""

    def __init__(self, layout: Layout, config: dict[str, Any], enabled: bool, log: logging.Logger) -> None:
        self._run: Any = _open_run(layout, config, log) if enabled else None

    @property
    def live(self) -> bool:
        """Whether metrics are recorded."""
        return self._run is not None

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Record values at an agent step."""
        if self._run is not None:
            self._run.log(dict(metrics), step=step)

    def finish(self, exit_code: int) -> None:
        """Close the run's file."""
        if self._run is not None:
            self._run.finish(exit_code=exit_code)
            self._run = None


def _open_run(layout: Layout, config: dict[str, Any], log: logging.Logger) -> Any:
    # the user's W&B settings (project, run id, keys) must not leak into a demo, nor the demo onto the network
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        del os.environ[name]
    os.environ |= {
        "WANDB_ERROR_REPORTING": "false",
        # the file grows every second, not when 32 KiB are full
        "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "1",
        "WANDB_X_STATS_SAMPLING_INTERVAL": "2",
    }
    wandb = _import_wandb()
    if wandb is None:
        log.info("wandb is not installed: metrics go to the log only (pip install 'lptui[demo]')")
        return None
    try:
        return _init_run(wandb, layout, config)
    except Exception as error:  # noqa: BLE001 - as upstream: no trouble of W&B's may end a training
        log.error("Unexpected error during W&B initialization: %s", error)
        return None


def _import_wandb() -> Any:
    try:
        import wandb
    except ImportError:
        return None
    # a folder of that name imports as an empty namespace
    return wandb if hasattr(wandb, "init") else None


def _init_run(wandb: Any, layout: Layout, config: dict[str, Any]) -> Any:
    run = wandb.init(
        mode="offline",
        dir=layout.out,
        project=PROJECT,
        entity=ENTITY,
        id=layout.run,
        name=layout.run,
        group=layout.run,
        job_type="train",
        config=config,
        settings=wandb.Settings(console="off", silent=True, disable_git=True, save_code=False),
    )
    run.define_metric("metric/agent_step")
    run.define_metric("*", step_metric="metric/agent_step")
    return run
