"""A run that reads its configuration: OmegaConf over a YAML file, or pydantic; then trains a moment."""

import argparse

import torch
import yaml
from omegaconf import OmegaConf
from pydantic import BaseModel, Field

YAML = """
trainer:
  learning_rate: 0.01
  batch_size: 64
  steps: 40
  run_name: ${name}_${trainer.batch_size}
name: baseline
data: ???
"""


class Trainer(BaseModel):
    """What a trainer takes."""

    learning_rate: float = Field(gt=0)
    batch_size: int = Field(gt=0)
    steps: int = 40


def train(rate, size, steps):
    weights = torch.zeros(size, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=rate)
    for step in range(steps):
        loss = (weights - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    print("Training complete!")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="")
    parser.add_argument("--pydantic", action="store_true")
    parser.add_argument("overrides", nargs="*")
    args = parser.parse_args()
    if args.config:
        with open(args.config) as file:
            base = OmegaConf.create(yaml.safe_load(file))
    else:
        base = OmegaConf.create(YAML)
    OmegaConf.set_struct(base, True)
    config = OmegaConf.merge(base, OmegaConf.from_dotlist(args.overrides))
    print(OmegaConf.to_yaml(config))
    if args.pydantic:
        trainer = Trainer(**{k: v for k, v in config.trainer.items() if k != "run_name"})
        train(trainer.learning_rate, trainer.batch_size, trainer.steps)
        return
    print("data:", config.data, "run:", config.trainer.run_name)
    train(config.trainer.learning_rate, config.trainer.batch_size, config.trainer.steps)


if __name__ == "__main__":
    main()
