"""Policy gradients on vector environments of gymnasium, with processes for the environments."""

import argparse
import os
import signal
import time

import gymnasium
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical


class Touchy(gymnasium.Wrapper):
    """An environment with the faults of simulators."""

    def __init__(self, env, args, index):
        super().__init__(env)
        self.args, self.index, self.count = args, index, 0

    def step(self, action):
        self.count += 1
        due = self.count == self.args.fault_at and self.index == 1
        if due and self.args.fault == "raise":
            raise RuntimeError("physics diverged: contact solver residual 3.1e+07")
        if due and self.args.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if due and self.args.fault == "hang":
            time.sleep(60)
        if due and self.args.fault == "action":
            action = 7
        observation, reward, terminated, truncated, info = self.env.step(action)
        if self.args.fault == "nan" and self.count >= self.args.fault_at and self.index == 1:
            observation = observation * np.float32("nan")
        return observation, reward, terminated, truncated, info


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", default="CartPole-v1")
    parser.add_argument("--envs", type=int, default=4)
    parser.add_argument("--updates", type=int, default=12)
    parser.add_argument("--horizon", type=int, default=64)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--fault", choices=["", "raise", "kill", "hang", "action", "nan"], default="")
    parser.add_argument("--fault-at", type=int, default=200)
    parser.add_argument("--timeout", type=float, default=0.0)
    parser.add_argument("--legacy", action="store_true", help="the interface of gym before 0.26")
    parser.add_argument("--sync", action="store_true")
    return parser.parse_args()


def collect(envs, observation, policy, args):
    rows = []
    for _ in range(args.horizon):
        logits, value = policy(observation)
        distribution = Categorical(logits=logits)
        action = distribution.sample()
        if args.timeout:
            envs.step_async(action.numpy())
            result = envs.step_wait(timeout=args.timeout)
        else:
            result = envs.step(action.numpy())
        following, reward, terminated, truncated = result[:4]
        done = torch.as_tensor(terminated | truncated, dtype=torch.float32)
        reward = torch.as_tensor(reward, dtype=torch.float32)
        rows.append((observation, action, reward, done, distribution.log_prob(action), value))
        observation = torch.as_tensor(following, dtype=torch.float32)
    return rows, observation


def update(rows, policy, optimizer):
    """One PPO update over the whole roll-out; returns what a run logs."""
    observation, action, reward, done, old, value = (torch.stack(column).detach() for column in zip(*rows, strict=True))
    returns, running = torch.zeros_like(reward), torch.zeros(reward.shape[1])
    for t in reversed(range(len(reward))):
        running = reward[t] + 0.98 * running * (1 - done[t])
        returns[t] = running
    advantage = returns - value
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    for _ in range(4):
        logits, now = policy(observation)
        distribution = Categorical(logits=logits)
        ratio = (distribution.log_prob(action) - old).exp()
        policy_loss = -torch.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
        value_loss = (now - returns).square().mean()
        loss = policy_loss + 0.01 * value_loss - 0.01 * distribution.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 0.5)
        optimizer.step()
    kl = (old - distribution.log_prob(action)).mean().item()
    length = reward.numel() / max(1.0, done.sum().item())
    return {
        "policy_loss": policy_loss.item(),
        "value_loss": value_loss.item(),
        "entropy": distribution.entropy().mean().item(),
        "approx_kl": kl,
        "episode_length": length,
    }


class Policy(nn.Module):
    """Actor and critic over one body."""

    def __init__(self, inputs, actions):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, 64), nn.Tanh())
        self.actor, self.critic = nn.Linear(64, actions), nn.Linear(64, 1)

    def forward(self, observation):
        hidden = self.body(observation)
        return self.actor(hidden), self.critic(hidden).squeeze(-1)


def main():
    args = parse()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    make = [lambda i=i: Touchy(gymnasium.make(args.env), args, i) for i in range(args.envs)]
    envs = gymnasium.vector.SyncVectorEnv(make) if args.sync else gymnasium.vector.AsyncVectorEnv(make)
    if args.legacy:
        envs.seed(0)
    observation, _ = envs.reset(seed=0)
    policy = Policy(observation.shape[1], int(envs.single_action_space.n))
    optimizer = torch.optim.Adam(policy.parameters(), lr=args.lr)
    observation = torch.as_tensor(observation, dtype=torch.float32)
    for number in range(args.updates):
        begun = time.perf_counter()
        rows, observation = collect(envs, observation, policy, args)
        told = update(rows, policy, optimizer)
        steps = args.horizon * args.envs
        speed = steps / (time.perf_counter() - begun)
        line = " ".join(f"{k}={v:.4f}" for k, v in told.items())
        print(f"update {number} step={(number + 1) * steps} sps={speed:.0f} {line}", flush=True)
    envs.close()
    print("Training complete!")


if __name__ == "__main__":
    main()
