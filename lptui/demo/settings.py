"""The run's configuration, as hyperparameters and as the `config.yaml` of a Metta run."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from lptui.demo.learner import GAMMA, LAMBDA, Hyperparameters
from lptui.demo.options import Layout, Options
from lptui.demo.tasks import TASKS

PROJECT, ENTITY = "learning-progress-demo", "lptui"


def trainer_section(options: Options, hyper: Hyperparameters) -> dict[str, Any]:
    """The `trainer` block; every number in it is the one that the demo uses."""
    c = hyper.coefficients
    schedule: dict[str, Any] = {"type": "cosine", "final_share": 0.1}
    if hyper.diverge_at is not None:
        schedule |= {"then": "exponential", "start_epoch": hyper.diverge_at, "growth": hyper.growth}
    return {
        "total_timesteps": hyper.total_epochs * hyper.batch_size,
        "batch_size": hyper.batch_size,
        "minibatch_size": hyper.batch_size // hyper.minibatches,
        "bptt_horizon": hyper.bptt_horizon,
        "update_epochs": hyper.update_epochs,
        "forward_pass_minibatch_target_size": hyper.num_envs,
        "num_workers": 1,
        "async_factor": 1,
        "curriculum": "/env/mettagrid/curriculum/arena",
        "optimizer": {"type": "adam", "learning_rate": hyper.learning_rate},
        "lr_scheduler": schedule,
        "ppo": {
            "clip_coef": c.clip,
            "ent_coef": c.entropy,
            "vf_coef": c.value,
            "max_grad_norm": c.max_grad_norm,
            "gamma": GAMMA,
            "gae_lambda": LAMBDA,
        },
        "checkpoint": {
            "checkpoint_interval": options.checkpoint_interval,
            "checkpoint_dir": "${run_dir}/checkpoints",
        },
        "simulation": {"evaluate_interval": 2 * options.checkpoint_interval},
    }


def make_config(options: Options, hyper: Hyperparameters) -> dict[str, Any]:
    """The whole `config.yaml`, with references as Hydra leaves them in the file."""
    layout = Layout(options.out, options.run)
    return {
        "run": options.run,
        "data_dir": "${oc.env:DATA_DIR," + layout.data_dir + "}",
        "run_dir": "${data_dir}/${run}",
        "seed": hyper.seed,
        "device": "cpu",
        "trainer": trainer_section(options, hyper),
        "curriculum": {
            "_target_": "metta.mettagrid.curriculum.learning_progress.LearningProgressCurriculum",
            "tasks": {task.id: 1 for task in TASKS},
            **asdict(hyper.curriculum),
        },
        "env": {"num_envs": hyper.num_envs, "num_agents": 1},
        "wandb": {
            "enabled": options.wandb,
            "project": PROJECT,
            "entity": ENTITY,
            "group": "${run}",
            "job_type": "train",
            "mode": "offline",
        },
    }


def dump_yaml(value: dict[str, Any]) -> str:
    """YAML in the order given."""
    import yaml

    return yaml.safe_dump(value, sort_keys=False)


def write_config(layout: Layout, config: dict[str, Any]) -> None:
    """Write `RUN/config.yaml` in place, as upstream does."""
    with open(os.path.join(layout.run_dir, "config.yaml"), "w", encoding="utf-8") as file:
        file.write(dump_yaml(config))
