"""The same under Hydra, with a structured configuration."""

from dataclasses import dataclass, field

import hydra
import torch
from hydra.core.config_store import ConfigStore


@dataclass
class Optimizer:
    """What the optimizer takes."""

    _target_: str = "torch.optim.SGD"
    lr: float = 0.1


@dataclass
class Config:
    """The whole run."""

    optimizer: Optimizer = field(default_factory=Optimizer)
    steps: int = 40


ConfigStore.instance().store(name="train", node=Config)


@hydra.main(version_base=None, config_name="train")
def main(config):
    weights = torch.zeros(8, requires_grad=True)
    optimizer = hydra.utils.instantiate(config.optimizer, params=[weights])
    for step in range(config.steps):
        loss = (weights - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    print("Training complete!")


if __name__ == "__main__":
    main()
