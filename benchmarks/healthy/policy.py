"""PPO on a walk of 16 cells that it learns to cross, printed as rsl_rl, CleanRL, Stable-Baselines3 or Metta do.

python policy.py --style rsl_rl|cleanrl|sb3|metta --updates 5000
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import nn
from torch.distributions import Categorical

CELLS, ENVS, STEPS = 16, 32, 32


class Walk:
    """`ENVS` walks at once: one to the right costs 0.01, the last cell pays 1 and starts again; 64 steps at most."""

    def __init__(self) -> None:
        self.at, self.age, self.total = (torch.zeros(ENVS) for _ in range(3))
        self.returns: list[float] = []

    def see(self) -> torch.Tensor:
        return nn.functional.one_hot(self.at.long(), CELLS).float()

    def step(self, action: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.at = (self.at + 2 * action - 1).clamp(0, CELLS - 1)
        self.age += 1
        won = self.at == CELLS - 1
        reward = won.float() - 0.01
        self.total += reward
        done = won | (self.age >= 64)
        self.returns = [*self.returns, *self.total[done].tolist()][-200:]
        for values in (self.at, self.age, self.total):
            values[done] = 0.0
        return reward, done.float()


def collect(net: nn.Module, walk: Walk) -> list[torch.Tensor]:
    rows = []
    with torch.no_grad():
        for _ in range(STEPS):
            seen = walk.see()
            out = net(seen)
            choice = Categorical(logits=out[:, :2])
            action = choice.sample()
            reward, done = walk.step(action)
            rows.append((seen, action, choice.log_prob(action), out[:, 2], reward, done))
        last = net(walk.see())[:, 2]
    seen, action, chance, value, reward, done = (torch.stack(column) for column in zip(*rows, strict=True))
    gain, ahead = torch.zeros(ENVS), torch.zeros_like(value)
    for t in reversed(range(STEPS)):
        nextvalue = last if t == STEPS - 1 else value[t + 1]
        delta = reward[t] + 0.97 * nextvalue * (1 - done[t]) - value[t]
        gain = delta + 0.97 * 0.95 * (1 - done[t]) * gain
        ahead[t] = gain
    return [x.flatten(0, 1) for x in (seen, action, chance, value, ahead)]


def update(net: nn.Module, optimizer: torch.optim.Optimizer, batch: list[torch.Tensor]) -> dict[str, float]:
    seen, action, chance, value, ahead = batch
    goal, told = ahead + value, (ahead - ahead.mean()) / (ahead.std() + 1e-8)
    for _ in range(2):
        out = net(seen)
        choice = Categorical(logits=out[:, :2])
        ratio = (choice.log_prob(action) - chance).exp()
        policy = -torch.min(ratio * told, ratio.clamp(0.8, 1.2) * told).mean()
        critic = (out[:, 2] - goal).pow(2).mean()
        entropy = choice.entropy().mean()
        optimizer.zero_grad()
        (policy + 0.5 * critic - 0.01 * entropy).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optimizer.step()
    kl = ((ratio - 1) - ratio.log()).mean().item()
    clipped = ((ratio - 1).abs() > 0.2).float().mean().item()
    return {
        "policy_loss": policy.item(), "value_loss": critic.item(), "entropy": entropy.item(), "approx_kl": kl,
        "clipfrac": clipped, "explained_variance": 1 - ((goal - value).var() / (goal.var() + 1e-8)).item(),
    }  # fmt: skip


def print_rsl_rl(n: int, total: int, reward: float, sps: float, losses: dict[str, float]) -> None:
    print("#" * 80 + f"\n{f'Learning iteration {n}/{total}':^80}\n")
    print(f"{'Computation:':>35} {sps:.0f} steps/s (collection: 0.021s, learning 0.012s)")
    rows = {"value_function loss": losses["value_loss"], "surrogate loss": losses["policy_loss"], "reward": reward}
    for name, value in rows.items():
        print(f"{'Mean ' + name + ':':>35} {value:.4f}")


def print_cleanrl(n: int, total: int, reward: float, sps: float, losses: dict[str, float]) -> None:
    print(f"global_step={n * ENVS * STEPS}, episodic_return=[{reward:.4f}]\nSPS: {sps:.0f}")


def print_sb3(n: int, total: int, reward: float, sps: float, losses: dict[str, float]) -> None:
    rows = {
        "rollout/": None,
        "ep_rew_mean": reward,
        "time/": None,
        "fps": sps,
        "total_timesteps": n * ENVS * STEPS,
        "train/": None,
        **losses,
    }
    print("-" * 41)
    for name, value in rows.items():
        print(f"| {name if value is None else '   ' + name:<23} | {'' if value is None else f'{value:.4g}':<11} |")
    print("-" * 41)


def print_metta(n: int, total: int, reward: float, sps: float, losses: dict[str, float]) -> None:
    clock = time.strftime("%H:%M:%S")
    done = f"{sps / 1000:.2f} ksps / {100 * n / total:.2f}% of 0.01 Gsteps"
    head = f"[{clock}.{n % 1000:03d}] INFO    "
    print(f"{head} Epoch {n} [me.walk] / {done} / (45% train / 50% rollout / 5% stats) [trainer.py:390]")
    if n % 50 == 0:
        print(
            f"[{clock}.{n % 1000:03d}] INFO     overview/reward {reward:.3f} "
            + " ".join(f"losses/{k} {v:.4f}" for k, v in losses.items())
        )


def main() -> None:
    styles = {name.removeprefix("print_"): call for name, call in globals().items() if name.startswith("print_")}
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--style", choices=sorted(styles), default="rsl_rl")
    parser.add_argument("--updates", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    net = nn.Sequential(nn.Linear(CELLS, 32), nn.Tanh(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    walk = Walk()
    for n in range(args.updates):
        begun = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 - n / args.updates)
        losses = update(net, optimizer, collect(net, walk))
        reward = sum(walk.returns) / max(1, len(walk.returns))
        styles[args.style](n, args.updates, reward, ENVS * STEPS / (time.perf_counter() - begun), losses)


if __name__ == "__main__":
    main()
