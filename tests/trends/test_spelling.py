"""Names that may mean one quantity, as the loggers write them."""

from __future__ import annotations

import pytest

from lptui.trends.spelling import differ_in_frame, group_keys, may_be_same

SAME = [
    ("overview/sps", "log/steps_per_second"),
    ("charts/SPS", "time/fps"),
    ("hyperparameters/learning_rate", "parameters/learning_rate"),
    ("parameters/learning_rate", "lr"),
    ("eval_loss", "eval/loss"),
    ("eval_steps_per_second", "eval/steps_per_second"),
    ("train_loss", "train/loss"),
    ("loss", "train/loss"),
    ("train_loss_step", "train_loss_epoch"),
    ("val_loss", "epoch_val_loss"),
    ("val_loss", "validation/epoch_loss"),
    ("rollout/ep_rew_mean", "charts/episode_reward_mean"),
    ("losses/value_loss", "Loss/value"),
    ("Losses.Value_Loss", "value_loss"),
    ("losses/clipfrac", "train/clip_fraction"),
    ("gradient/norm", "grad_norm"),
    ("lossAux", "loss_aux"),
]
APART = [
    ("train/loss", "val/loss"),
    ("loss", "eval_loss"),
    ("a/x", "b/x"),
    ("task_1/reward", "task_2/reward"),
    ("losses/value_loss", "losses/policy_loss"),
    ("epoch", "step"),
    ("losses/reward", "experience/rewards"),
    ("min_reward", "max_reward"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_ways_to_write_the_same(one: str, two: str) -> None:
    assert may_be_same(one, two)
    assert may_be_same(two, one)
    assert set(group_keys(one)) & set(group_keys(two))


@pytest.mark.parametrize(("one", "two"), APART)
def test_other_quantities(one: str, two: str) -> None:
    assert not may_be_same(one, two)


def test_words_that_sort_are_not_sections() -> None:
    assert differ_in_frame("hyperparameters/learning_rate", "parameters/learning_rate")
    assert not differ_in_frame("a/x", "x")
    assert not differ_in_frame("loss", "train/loss")


@pytest.mark.parametrize("name", ["", "/", "___", "a" * 10_000, "\x1b[31m/loss", "损失/训练"])
def test_any_name_is_spelled(name: str) -> None:
    assert may_be_same(name, name)
