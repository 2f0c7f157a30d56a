"""The demo's actor-critic: a softmax over table look-ups, shared and per task, and a linear critic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lptui.demo.arena import MAX_STAGES, N_ACTIONS, N_OBSERVATIONS, Observation

Array = NDArray[np.float32]
Weights = dict[str, Array]

# how much of the behaviour is common to all tasks: little, so that an unsampled task stays unlearned
SHARED_SCALE = np.float32(0.35)


@dataclass(frozen=True, slots=True)
class Batch:
    """Flat experience of one epoch, float32 but for the indices."""

    task: NDArray[np.int64]
    view: NDArray[np.int64]
    stage: NDArray[np.int64]
    features: Array
    action: NDArray[np.int64]
    log_prob: Array
    value: Array
    advantage: Array
    target: Array

    def take(self, index: NDArray[np.int64]) -> Batch:
        """The rows of a minibatch."""
        return Batch(
            self.task[index],
            self.view[index],
            self.stage[index],
            self.features[index],
            self.action[index],
            self.log_prob[index],
            self.value[index],
            self.advantage[index],
            self.target[index],
        )


def new_weights(n_tasks: int, rng: np.random.Generator) -> Weights:
    """Fresh parameters: policy near uniform, critic at 0."""
    return {
        "policy.shared": rng.normal(0, 0.01, (N_OBSERVATIONS, N_ACTIONS)).astype(np.float32),
        "policy.task": rng.normal(0, 0.01, (n_tasks, N_OBSERVATIONS, N_ACTIONS)).astype(np.float32),
        "value.stage": np.zeros((n_tasks, MAX_STAGES + 1), dtype=np.float32),
        "value.features": np.zeros(2, dtype=np.float32),
    }


def log_probabilities(weights: Weights, task: NDArray[np.int64], view: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log-softmax of the policy, shape (environments, actions)."""
    logits = SHARED_SCALE * weights["policy.shared"][view] + weights["policy.task"][task, view]
    centred = (logits - logits.max(axis=1, keepdims=True)).astype(np.float64)
    return centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))


def features_of(seen: Observation) -> Array:
    """The critic's inputs beside the stage table, shape (environments, 2)."""
    return np.stack([seen.time_left, seen.distance], axis=1).astype(np.float32)


def values(weights: Weights, task: NDArray[np.int64], stage: NDArray[np.int64], features: Array) -> Array:
    """The critic's estimate of the reward still to come."""
    estimate = weights["value.stage"][task, stage] + features @ weights["value.features"]
    return estimate.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Coefficients:
    """PPO's constants, as written to the config."""

    clip: float = 0.1
    entropy: float = 0.003
    value: float = 0.5
    max_grad_norm: float = 0.5


@dataclass(frozen=True, slots=True)
class Losses:
    """One minibatch's losses and diagnostics, as computed."""

    policy_loss: float
    value_loss: float
    entropy: float
    approx_kl: float
    clipfrac: float
    importance: float


def gradients(weights: Weights, batch: Batch, c: Coefficients) -> tuple[Weights, Losses]:
    """Gradients of PPO's clipped objective for every parameter, by hand, and the losses they come from."""
    n = np.float32(len(batch.action))
    rows = np.arange(len(batch.action))
    all_log = log_probabilities(weights, batch.task, batch.view).astype(np.float32)
    p = np.exp(all_log)
    log_ratio = all_log[rows, batch.action] - batch.log_prob
    ratio = np.exp(log_ratio)
    advantage = (batch.advantage - batch.advantage.mean()) / (batch.advantage.std() + np.float32(1e-8))
    clipped = np.clip(ratio, 1 - c.clip, 1 + c.clip)
    entropy = -(p * all_log).sum(axis=1)
    error = values(weights, batch.task, batch.stage, batch.features) - batch.target

    free = advantage * ratio <= advantage * clipped
    one_hot = np.zeros_like(p)
    one_hot[rows, batch.action] = 1
    pull = np.where(free, -advantage * ratio, np.float32(0))[:, None] * (one_hot - p)
    d_logits = (pull + np.float32(c.entropy) * p * (all_log + entropy[:, None])) / n
    d_value = np.float32(c.value) * error / n

    grads = {name: np.zeros_like(array) for name, array in weights.items()}
    np.add.at(grads["policy.shared"], batch.view, SHARED_SCALE * d_logits)
    np.add.at(grads["policy.task"], (batch.task, batch.view), d_logits)
    np.add.at(grads["value.stage"], (batch.task, batch.stage), d_value)
    grads["value.features"] += batch.features.T @ d_value
    losses = Losses(
        policy_loss=float(-np.minimum(advantage * ratio, advantage * clipped).mean()),
        value_loss=float(np.float32(0.5) * (error * error).mean()),
        entropy=float(entropy.mean()),
        approx_kl=float((ratio - 1 - log_ratio).mean()),
        clipfrac=float((np.abs(ratio - 1) > c.clip).mean()),
        importance=float(ratio.mean()),
    )
    return grads, losses


class Adam:
    """Adam with a global gradient-norm limit; its moments go into the trainer state."""

    def __init__(self, weights: Weights, max_grad_norm: float) -> None:
        self.steps = 0
        self.max_grad_norm = max_grad_norm
        self.first: Weights = {name: np.zeros_like(array) for name, array in weights.items()}
        self.second: Weights = {name: np.zeros_like(array) for name, array in weights.items()}

    def apply(self, weights: Weights, grads: Weights, learning_rate: float) -> None:
        """One update in place."""
        self.steps += 1
        norm = np.sqrt(sum((g * g).sum() for g in grads.values()))
        scale = np.float32(self.max_grad_norm) / np.maximum(norm, np.float32(self.max_grad_norm))
        b1, b2 = np.float32(0.9), np.float32(0.999)
        rate = np.float32(learning_rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps))
        for name, weight in weights.items():
            g = grads[name] * scale
            self.first[name] = b1 * self.first[name] + (1 - b1) * g
            self.second[name] = b2 * self.second[name] + (1 - b2) * g * g
            weight -= rate * self.first[name] / (np.sqrt(self.second[name]) + np.float32(1e-8))
