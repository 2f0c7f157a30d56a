"""PPO of Stable-Baselines3 on CartPole."""

import argparse

import gymnasium
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecCheckNan


class Sensor(gymnasium.ObservationWrapper):
    """Readings that are, after a while, none."""

    def __init__(self, env, nan_at, die_at):
        super().__init__(env)
        self.nan_at, self.die_at, self.count = nan_at, die_at, 0

    def observation(self, observation):
        self.count += 1
        if self.count == self.die_at:
            raise SystemExit(3)
        return observation * np.float32("nan") if self.count == self.nan_at else observation


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--nan-at", type=int, default=-1)
    parser.add_argument("--die-at", type=int, default=-1)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--processes", action="store_true")
    parser.add_argument("--policy", default="MlpPolicy")
    args = parser.parse_args()
    make = [lambda: Sensor(gymnasium.make("CartPole-v1"), args.nan_at, args.die_at) for _ in range(2)]
    envs = SubprocVecEnv(make) if args.processes else DummyVecEnv(make)
    if args.check:
        envs = VecCheckNan(envs, raise_exception=True)
    model = PPO(args.policy, envs, n_steps=256, verbose=1, device="cpu", seed=0)
    model.learn(args.steps)
    print("Training complete!")


if __name__ == "__main__":
    main()
