"""Configurations as trainings print them: python dumps.py NAME, the name of a function."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import pprint
import sys

CONFIG = {
    "trainer": {"lr": 0.0003, "betas": [0.9, 0.999], "max_steps": 100000, "optimizer": {"name": "adamw", "wd": 0.01}},
    "data": {"path": "/data/shards", "batch_size": 64, "workers": 8, "shuffle": True},
    "model": {"hidden": 512, "layers": 8, "dropout": 0.1, "activation": "gelu"},
    "seed": 7,
    "run": "me.navigation.0714",
}


@dataclasses.dataclass
class Settings:
    """Settings as a dataclass."""

    learning_rate: float = 0.0003
    batch_size: int = 64
    hidden: int = 512
    layers: int = 8
    optimizer: str = "adamw"
    schedule: str = "cosine"
    data: str = "/data/shards"


def omegaconf() -> None:
    """Hydra's usual first line."""
    from omegaconf import OmegaConf

    logging.info(OmegaConf.to_yaml(OmegaConf.create(CONFIG)))
    logging.info("Config:\n%s", OmegaConf.to_yaml(OmegaConf.create(CONFIG)))
    print(OmegaConf.to_yaml(OmegaConf.create(CONFIG)))


def namespace() -> None:
    """argparse."""
    parser = argparse.ArgumentParser()
    for name, value in {**CONFIG["data"], **CONFIG["model"], "lr": 0.1, "epochs": 3, "resume": None}.items():
        parser.add_argument(f"--{name}", default=value)
    arguments = parser.parse_args([])
    print(arguments)
    logging.info("arguments: %s", arguments)
    for name, value in vars(arguments).items():
        print(f"{name:>20}: {value}")


def pprint_() -> None:
    """A nested dict."""
    pprint.pprint(CONFIG)
    logging.info("config\n%s", pprint.pformat(CONFIG, width=60))


def rich() -> None:
    """The tree that the template of Lightning and Hydra prints."""
    import yaml
    from rich import print as show
    from rich.syntax import Syntax
    from rich.tree import Tree

    tree = Tree("CONFIG")
    for name, part in CONFIG.items():
        text = yaml.safe_dump(part, sort_keys=False) if isinstance(part, dict) else str(part)
        tree.add(name).add(Syntax(text, "yaml"))
    show(tree)
    show(CONFIG)


def dataclass() -> None:
    """A dataclass, plain and by pprint."""
    print(Settings())
    pprint.pprint(Settings())


def json_() -> None:
    """JSON with an indent."""
    print("Training with config:")
    print(json.dumps(CONFIG, indent=2))


def transformers() -> None:
    """What the Trainer's arguments look like."""
    from transformers import TrainingArguments

    print(TrainingArguments(output_dir="out", report_to=[], use_cpu=True))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s - %(levelname)s - %(message)s", stream=sys.stdout)
    {**globals(), "pprint": pprint_, "json": json_}[sys.argv[1]]()
    logging.info("training begins")
