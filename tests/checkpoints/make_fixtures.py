"""Write the checkpoints under data/ with a real torch: `python tests/checkpoints/make_fixtures.py`.

Run with an interpreter that has torch and safetensors; the results are committed, so the tests need neither.
Shapes follow what trainers write: Metta's trainer state of three eras, a whole pickled module, Lightning, ...
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save, save_file

DATA = Path(__file__).parent / "data"


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))


def adam_state(net: torch.nn.Module, lr: float) -> dict:
    adam = torch.optim.Adam(net.parameters(), lr=lr)
    net(torch.ones(2, 8)).sum().backward()
    adam.step()
    return adam.state_dict()


def stopwatch() -> dict:
    return {"version": "1.0", "timers": {"_rollout": {"total_elapsed": 12.5}}, "max_laps": 4}


def write_metta_states() -> None:
    net = network()
    policy = "file:///runs/me/checkpoints/model_0100.pt"
    first = {
        "optimizer_state_dict": adam_state(net, 4.5e-4),
        "agent_step": 26214400,
        "epoch": 100,
        "total_agent_step": 52428800,
        "policy_path": policy,
        "stopwatch_state": stopwatch(),
    }
    torch.save(first, DATA / "metta_s1_trainer_state.pt")
    second = {k: v for k, v in first.items() if k != "total_agent_step"}
    torch.save({**second, "agent_step": 52428800}, DATA / "metta_s2_trainer_state.pt")
    head = {
        "optimizer": adam_state(net, 1e-3),
        "epoch": 200,
        "agent_step": 419430400,
        "avg_reward": torch.tensor(1.25),
        "stopwatch_state": stopwatch(),
        "curriculum_state": {
            "seed": 0,
            "num_created": 2,
            "tasks": {i: {"num_completions": 3, "mean_score": 0.5} for i in range(20)},
        },
        "loss_states": {"ppo": {}},
    }
    torch.save(head, DATA / "metta_head_trainer_state.pt")


def write_module_pickle() -> None:
    """A whole policy record with classes that only the trainer knows, as model_NNNN.pt of 2025."""
    module = types.ModuleType("metta.agent.policy_record")
    sys.modules["metta"] = types.ModuleType("metta")
    sys.modules["metta.agent"] = types.ModuleType("metta.agent")
    sys.modules[module.__name__] = module

    class PolicyRecord:
        pass

    class PolicyMetadata(dict):
        pass

    for made in (PolicyRecord, PolicyMetadata):
        made.__module__, made.__qualname__ = module.__name__, made.__name__
        setattr(module, made.__name__, made)
    record = PolicyRecord()
    record.run_name = "me.arena"
    record.metadata = PolicyMetadata(agent_step=26214400, epoch=50, generation=0, train_time=1234.5)
    record._cached_policy = network()
    torch.save(record, DATA / "metta_model_0050.pt")


def write_others() -> None:
    net = network()
    torch.save(OrderedDict((k, v.to(torch.bfloat16)) for k, v in net.state_dict().items()), DATA / "bf16.pt")
    small = {
        "half": torch.ones(3, dtype=torch.float16),
        "byte": torch.zeros(2, 3, dtype=torch.uint8),
        "flag": torch.tensor([True, False]),
        "short": torch.zeros(4, dtype=torch.uint16),
        "f8": torch.zeros(2, dtype=torch.float8_e4m3fn),
        "complex": torch.zeros(2, dtype=torch.complex64),
        "scalar": torch.tensor(3),
        "nothing": torch.zeros(0, 5),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    base = torch.arange(12.0)
    small["base"], small["view"], small["turned"] = base, base[2:6], base.reshape(3, 4).t()
    torch.save(small, DATA / "dtypes.pt")
    state = {"epoch": 7, "step": 700, "model": net.state_dict(), "optimizer": adam_state(net, 0.01)}
    torch.save(state, DATA / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(state, DATA / "plain_dict.pth")
    save_file(net.state_dict(), str(DATA / "model.safetensors"), metadata={"format": "pt", "step": "700"})
    script = torch.jit.script(network())
    script.save(str(DATA / "script.pt"))
    with zipfile.ZipFile(DATA / "metta_v5.mpt", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("weights.safetensors", save(net.state_dict()))
        z.writestr("modelarchitecture.txt", "toy.Policy(hidden=16)")


def write_lightning() -> None:
    net = network()
    ckpt = {
        "epoch": 5,
        "global_step": 600,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": OrderedDict((f"model.{k}", v) for k, v in net.state_dict().items()),
        "loops": {"fit_loop": {"epoch_progress": {"total": {"ready": 6}}}},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5)}},
        "optimizer_states": [adam_state(net, 2e-4)],
        "lr_schedulers": [{"last_epoch": 9, "_step_count": 10}],
        "hparams_name": "kwargs",
        "hyper_parameters": argparse.Namespace(lr=2e-4, width=16),
    }
    torch.save(ckpt, DATA / "lightning.ckpt")


def write_sb3() -> None:
    net = network()
    inner = io.BytesIO()
    torch.save(net.state_dict(), inner)
    with zipfile.ZipFile(DATA / "ppo_1000_steps.zip", "w") as z:
        settings = {"policy_class": {":type:": "x", ":serialized:": "gAWV"}, "num_timesteps": 1000}
        z.writestr("data", json.dumps({**settings, "learning_rate": 3e-4}))
        z.writestr("policy.pth", inner.getvalue())
        z.writestr("_stable_baselines3_version", "2.3.2")


def main() -> None:
    DATA.mkdir(exist_ok=True)
    write_metta_states()
    write_module_pickle()
    write_others()
    write_lightning()
    write_sb3()
    tall = [p.name for p in DATA.iterdir() if p.stat().st_size > 60_000]
    if tall:
        raise SystemExit(f"too large to commit: {tall}")


if __name__ == "__main__":
    main()
