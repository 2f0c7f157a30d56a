"""PPO of Stable-Baselines3 with its bar (tqdm drawn by Rich) and its tables."""

from __future__ import annotations

import torch
from stable_baselines3 import PPO

torch.set_num_threads(1)
PPO("MlpPolicy", "CartPole-v1", n_steps=256, batch_size=64, n_epochs=2, verbose=1, seed=0, device="cpu").learn(
    2000, progress_bar=True
)
