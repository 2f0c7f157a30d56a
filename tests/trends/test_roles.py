"""Which metric is what, in the spelling of every framework."""

from __future__ import annotations

import pytest

from lptui.trends.roles import PER_ROLE, choose_keys, find_role, memory_unit

KNOWN = {
    "losses/value_loss": "value_loss",
    "learners/default/vf_loss": "value_loss",
    "Loss/value_function": "value_loss",
    "loss/critic": "value_loss",
    "Loss/surrogate": "policy_loss",
    "goal": None,
    "LossV": "value_loss",
    "losses/policy_loss": "policy_loss",
    "train/policy_gradient_loss": "policy_loss",
    "LossPi": "policy_loss",
    "train/entropy_loss": "entropy",
    "learners/default/entropy": "entropy",
    "losses/approx_kl": "kl",
    "losses/old_approx_kl": None,
    "learners/default/mean_kl_loss": "kl",
    "train/clip_fraction": "clip_fraction",
    "learners/default/clip_frac": "clip_fraction",
    "losses/clipfrac": "clip_fraction",
    "train/explained_variance": "explained_variance",
    "learners/default/vf_explained_var": "explained_variance",
    "gradient/norm": "gradient_norm",
    "grad_norm": "gradient_norm",
    "learners/default/gradients_global_norm": "gradient_norm",
    "parameters/learning_rate": "learning_rate",
    "learners/default/curr_lr": "learning_rate",
    "lr-AdamW": "learning_rate",
    "charts/SPS": "throughput",
    "time/fps": "throughput",
    "log/steps_per_second": "throughput",
    "num_env_steps_sampled_per_sec": "throughput",
    "rollout/ep_rew_mean": "score",
    "charts/episodic_return": "score",
    "env_runners/episode_return_mean": "score",
    "overview/reward": "score",
    "env_agent/task_reward": "score",
    "rollout/success_rate": "success",
    "lp/task_success_rate": "success",
    "loss": "loss",
    "train_loss_step": "loss",
    "train/loss": "loss",
    "log/train_loss": "loss",
    "eval_loss": None,
    "val/loss": None,
    "eval/mean_reward": None,
    "monitor/gpu0_memory_used_gib": "gpu_memory",
    "system/gpu.0.memoryAllocatedBytes": "gpu_memory",
    "perf/vram_used_gib": "gpu_memory",
    "monitor/gpu0_utilization": None,
    "system/proc.memory.rssMB": "host_memory",
    "monitor/memory_total_mb": None,
    "lp/num_active_tasks": "active_tasks",
    "Loss/train": "loss",
    "Loss/val": None,
    "curriculum/prob": "sample_probability",
    "lp/num_zeros_lp_dist": "zero_tasks",
    "train/std": "action_spread",
    "Policy/mean_noise_std": "action_spread",
    "curriculum/entropy": None,
    "env_task_reward/arena/basic/rewards.mean": None,
    "curriculum/combat_easy_success_rate": None,
    "metric/agent_step": None,
    "hyperparameters/ppo_ent_coef": None,
    "experience/actions_std": None,
}


@pytest.mark.parametrize(("key", "role"), KNOWN.items())
def test_a_name_tells_the_role_in_every_framework(key: str, role: str | None) -> None:
    assert find_role(key) == role


def test_the_choice_does_not_depend_on_the_order_in_which_names_appear() -> None:
    names = [f"{prefix}/loss" for prefix in ("a", "bb", "ccc", "dddd")] + ["train/entropy_loss", "x" * 500 + "/loss"]
    chosen = choose_keys(names)
    assert chosen == choose_keys(reversed(names))
    assert [k for k, role in chosen.items() if role == "loss"] == ["a/loss", "bb/loss"]
    assert len([k for k, role in chosen.items() if role == "loss"]) == PER_ROLE


def test_units_of_memory() -> None:
    assert memory_unit("monitor/gpu0_memory_used_gib") == 2**30
    assert memory_unit("system/proc.memory.rssMB") == 2**20
    assert memory_unit("monitor/gpu_memory_percent_avg") == 0
    assert memory_unit("gpu_memory") is None
