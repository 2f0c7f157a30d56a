"""Writes and restores the demo's checkpoints: by real torch if it is there, else as safetensors bundles.

With torch: `RUN/trainer_state.pt` (a `tmp*.pt` beside it, then renamed) and `checkpoints/model_NNNN.pt`
(`.tmp`, then replaced), Metta's layout of August 2025. Without: `checkpoints/RUN:vN/weights.safetensors` and
`policy_spec.json`, its layout of January 2026. A name always holds the format that it promises.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lptui.demo.arena import N_ACTIONS
from lptui.demo.learner import Learner
from lptui.demo.options import Layout
from lptui.demo.policy import Weights
from lptui.demo.safetensors import read_safetensors, write_safetensors

Writer = Callable[[str, bytes], None]


class Saver(Protocol):
    """One checkpoint format."""

    @property
    def absent(self) -> str:
        """The log line of a run that finds no checkpoint to continue from."""
        ...

    def save_policy(self, learner: Learner, write: Writer) -> str:
        """Write the policy; returns its URI."""
        ...

    def save_state(self, learner: Learner, policy_uri: str, timers: dict[str, float]) -> str | None:
        """Write the trainer state; returns its path, or None if this format has none."""
        ...

    def restore(self, learner: Learner) -> bool:
        """Continue from the newest checkpoint; False if there is none. Raises what the reader raises."""
        ...


def choose_saver(layout: Layout, use_torch: bool) -> Saver:
    """Real torch if it can be imported and is wanted."""
    if use_torch and importlib.util.find_spec("torch") is not None:
        return TorchSaver(layout)
    return BundleSaver(layout)


def write_replacing(path: str, data: bytes) -> None:
    """Write beside and rename, so that a reader never sees half a file."""
    folder, name = os.path.split(path)
    hidden = name == "weights.safetensors"
    if hidden:
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)
    else:
        temporary = path + ".tmp"
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(temporary).replace(path)


def die_in_mid_write(path: str, data: bytes) -> None:
    """Write straight to the final name, as torch.save(obj, path) does, and be killed half-way (SIGKILL, as by
    the kernel's OOM killer or a job's hard limit): what is left is the torn file."""
    with open(path, "wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)


class TorchSaver:
    """`trainer_state.pt` and `model_NNNN.pt`, written by torch itself."""

    def __init__(self, layout: Layout) -> None:
        import torch  # pyright: ignore[reportMissingImports]

        self._torch: Any = torch
        self._layout = layout
        self._state_path = os.path.join(layout.run_dir, "trainer_state.pt")
        self.absent = f"[TrainerCheckpoint] No trainer state found at {self._state_path}. Assuming a new run!"

    def save_policy(self, learner: Learner, write: Writer) -> str:
        """Write `checkpoints/model_NNNN.pt`: the weights and what they are."""
        path = os.path.join(self._layout.checkpoint_dir, f"model_{learner.epoch:04d}.pt")
        state = {name: self._tensor(array) for name, array in learner.weights.items()}
        metadata = {
            "run": self._layout.run,
            "epoch": learner.epoch,
            "agent_step": learner.agent_step,
            "action_count": N_ACTIONS,
        }
        write(path, self._serialise({"state_dict": state, "metadata": metadata}))
        return "file://" + path

    def save_state(self, learner: Learner, policy_uri: str, timers: dict[str, float]) -> str | None:
        """Write `RUN/trainer_state.pt` with the keys that Metta requires."""
        state = {
            "optimizer_state_dict": self._optimizer_state(learner),
            "agent_step": learner.agent_step,
            "epoch": learner.epoch,
            "policy_path": policy_uri,
            "stopwatch_state": {"version": "1.0", "timers": dict(timers), "max_laps": 4},
        }
        handle, temporary = tempfile.mkstemp(prefix="tmp", suffix=".pt", dir=self._layout.run_dir)
        with os.fdopen(handle, "wb") as file:
            self._torch.save(state, file)
        Path(temporary).replace(self._state_path)
        return self._state_path

    def restore(self, learner: Learner) -> bool:
        """Load the trainer state, then the policy that it names."""
        if not os.path.exists(self._state_path):
            return False
        state = self._torch.load(self._state_path, weights_only=True)
        policy = self._torch.load(state["policy_path"].removeprefix("file://"), weights_only=True)
        moments = state["optimizer_state_dict"]["state"]
        for i, name in enumerate(learner.weights):
            learner.weights[name] = policy["state_dict"][name].numpy()
            learner.optimizer.first[name] = moments[i]["exp_avg"].numpy()
            learner.optimizer.second[name] = moments[i]["exp_avg_sq"].numpy()
            learner.optimizer.steps = int(moments[i]["step"])
        learner.epoch, learner.agent_step = int(state["epoch"]), int(state["agent_step"])
        return True

    def _tensor(self, array: Any) -> Any:
        # a copy: training goes on writing into the array
        return self._torch.from_numpy(np.array(array))

    def _serialise(self, value: Any) -> bytes:
        buffer = io.BytesIO()
        self._torch.save(value, buffer)
        return buffer.getvalue()

    def _optimizer_state(self, learner: Learner) -> dict[str, Any]:
        optimizer = learner.optimizer
        steps = self._torch.tensor(float(optimizer.steps))
        moments = {
            i: {
                "step": steps,
                "exp_avg": self._tensor(optimizer.first[name]),
                "exp_avg_sq": self._tensor(optimizer.second[name]),
            }
            for i, name in enumerate(learner.weights)
        }
        rate = learner.hyper.rate_at(learner.epoch)
        group = {"lr": rate, "betas": (0.9, 0.999), "eps": 1e-8, "params": list(range(len(moments)))}
        return {"state": moments, "param_groups": [group]}


class BundleSaver:
    """`RUN:vN/` with `weights.safetensors` and `policy_spec.json`; without torch, no trainer state."""

    absent = "Creating new policy for training run"

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def save_policy(self, learner: Learner, write: Writer) -> str:
        """Write the bundle, weights first: a folder without its spec is an unfinished save."""
        folder = os.path.join(self._layout.checkpoint_dir, f"{self._layout.run}:v{learner.epoch}")
        Path(folder).mkdir(parents=True, exist_ok=True)
        facts = {"epoch": str(learner.epoch), "agent_step": str(learner.agent_step)}
        write(os.path.join(folder, "weights.safetensors"), write_safetensors(learner.weights, facts))
        spec = {
            "class_path": "lptui.demo.learner.Learner",
            "data_path": "weights.safetensors",
            "init_kwargs": {},
            "epoch": learner.epoch,
            "agent_step": learner.agent_step,
        }
        write_replacing(os.path.join(folder, "policy_spec.json"), json.dumps(spec, indent=2).encode())
        return "file://" + folder

    def save_state(self, learner: Learner, policy_uri: str, timers: dict[str, float]) -> str | None:
        """Nothing: a `.pt` that torch did not write would be a lie."""
        return None

    def restore(self, learner: Learner) -> bool:
        """Load the newest complete bundle; the optimiser starts afresh."""
        newest = self._newest()
        if newest is None:
            return False
        with open(os.path.join(newest, "policy_spec.json"), encoding="utf-8") as file:
            spec = json.load(file)
        with open(os.path.join(newest, "weights.safetensors"), "rb") as file:
            loaded: Weights = read_safetensors(file.read())
        for name in learner.weights:
            learner.weights[name] = loaded[name]
        learner.epoch, learner.agent_step = int(spec["epoch"]), int(spec["agent_step"])
        return True

    def _newest(self) -> str | None:
        versions: list[tuple[int, str]] = []
        for name in os.listdir(self._layout.checkpoint_dir):
            version = name.rpartition(":v")[2]
            folder = os.path.join(self._layout.checkpoint_dir, name)
            if version.isdigit() and os.path.exists(os.path.join(folder, "policy_spec.json")):
                versions.append((int(version), folder))
        return max(versions)[1] if versions else None
