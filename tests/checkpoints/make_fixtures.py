"""Write the checkpoints under data/ and folders/ with a real torch: `python make_fixtures.py [PART...]`.

Run with an interpreter that has torch and safetensors (part `jax` needs orbax-checkpoint and flax); the results are
committed, so the tests need none of them. DeepSpeed's folders are made after deepspeed/runtime/engine.py.
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

import numpy as np
import torch
from safetensors.torch import save, save_file

DATA = Path(__file__).resolve().parent / "data"
FOLDERS = DATA.parent / "folders"


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
    """As BaseAlgorithm.save: two torch archives inside of the zip, and settings with pickles as texts."""
    net = network()
    parts = {"policy.pth": net.state_dict(), "policy.optimizer.pth": adam_state(net, 3e-4), "pytorch_variables.pth": {}}
    with zipfile.ZipFile(DATA / "ppo_1000_steps.zip", "w") as z:
        settings = {"policy_class": {":type:": "x", ":serialized:": "gAWV"}, "num_timesteps": 1000}
        z.writestr("data", json.dumps({**settings, "learning_rate": 3e-4}))
        for name, value in parts.items():
            inner = io.BytesIO()
            torch.save(value, inner)
            z.writestr(name, inner.getvalue())
        z.writestr("_stable_baselines3_version", "2.3.2")
        z.writestr("system_info.txt", "- OS: Linux")


def write_numpy() -> None:
    net = network()
    values = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    np.savez(DATA / "params_30.npz", **values)
    np.savez_compressed(DATA / "weights.npz", **values, label=np.array("a"), count=np.int64(3))
    np.save(DATA / "params.npy", values["0.weight"])
    np.save(DATA / "state.npy", np.array([{"a": 1}, OrderedDict(b=2)], dtype=object), allow_pickle=True)


def write_hf() -> None:
    """A checkpoint-N of transformers with sharded weights: shards and index, optimizer, then trainer_state.json."""
    folder = FOLDERS / "checkpoint-40"
    folder.mkdir(parents=True, exist_ok=True)
    net = network()
    state = net.state_dict()
    names = sorted(state)
    shards = {f"model-0000{i + 1}-of-00002.safetensors": names[i::2] for i in range(2)}
    for shard, mine in shards.items():
        save_file({name: state[name] for name in mine}, folder / shard, metadata={"format": "pt"})
    total = sum(t.numel() * t.element_size() for t in state.values())
    weight_map = {name: shard for shard, mine in shards.items() for name in mine}
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
    torch.save(adam_state(net, 5e-5), folder / "optimizer.pt")
    torch.save({"last_epoch": 40, "_step_count": 41, "_last_lr": [4.9e-5]}, folder / "scheduler.pt")
    trainer = {"epoch": 0.5, "global_step": 40, "log_history": [{"loss": 1.0, "step": 40}], "max_steps": 100}
    (folder / "trainer_state.json").write_text(json.dumps(trainer))


def write_deepspeed() -> None:
    """ZeRO stage 1 over two ranks: engine.save_checkpoint writes the states, then the tag into `latest`."""
    folder = FOLDERS / "deepspeed" / "global_step20"
    folder.mkdir(parents=True, exist_ok=True)
    net = network()
    params = torch.cat([p.detach().flatten() for p in net.parameters()])
    model = {
        "module": net.state_dict(), "buffer_names": [], "optimizer": None, "lr_scheduler": None,
        "param_shapes": [OrderedDict((n, p.shape) for n, p in net.named_parameters())], "skipped_steps": 0,
        "global_steps": 20, "global_samples": 640, "dp_world_size": 2, "mp_world_size": 1, "ds_version": "0.16.4",
        "ds_config": {"train_batch_size": 32, "zero_optimization": {"stage": 1}},
    }  # fmt: skip
    torch.save(model, folder / "mp_rank_00_model_states.pt")
    for rank, part in enumerate(params.chunk(2)):
        moments = {"step": torch.tensor(20.0), "exp_avg": part * 0.1, "exp_avg_sq": part**2}
        base = {"state": {0: moments}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}]}
        zero = {
            "loss_scaler": None, "overflow": False, "base_optimizer_state": base, "zero_stage": 1,
            "single_partition_of_fp32_groups": [part.clone()], "partition_count": [2], "ds_version": "0.16.4",
        }  # fmt: skip
        state = {"optimizer_state_dict": zero, "ds_config": model["ds_config"], "ds_version": "0.16.4"}
        torch.save(state, folder / f"zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")
    (folder.parent / "latest").write_text("global_step20")


def write_metta_bundle() -> None:
    folder = FOLDERS / "metta-bundle"  # a colon in a name would break a checkout on some systems
    folder.mkdir(parents=True, exist_ok=True)
    save_file(network().state_dict(), folder / "weights.safetensors")
    spec = {"class_path": "metta.agent.policy.Policy", "data_path": "weights.safetensors", "init_kwargs": {}}
    (folder / "policy_spec.json").write_text(json.dumps(spec))


def write_jax() -> None:
    """orbax: one step of a manager, and one folder with an array each; Flax: its msgpack file."""
    import jax.numpy as jnp
    import orbax.checkpoint as ocp
    from flax.serialization import to_bytes

    tree = {"params": {"dense": {"kernel": jnp.ones((4, 3)), "bias": jnp.zeros(3)}}, "step": 40}
    with ocp.CheckpointManager(FOLDERS / "orbax") as manager:
        manager.save(40, args=ocp.args.StandardSave(tree))
        manager.wait_until_finished()
    with ocp.PyTreeCheckpointer(use_ocdbt=False) as plain:
        plain.save(FOLDERS / "orbax-zarr", tree, force=True)
    half = {"kernel": jnp.ones((4, 3)), "bias": jnp.zeros(3, dtype=jnp.bfloat16)}
    state = {"params": {"dense": half}, "opt_state": {"0": {"mu": jnp.full((4, 3), 0.1)}}, "step": 7}
    (DATA / "checkpoint_7").write_bytes(to_bytes(state))


PARTS = {
    "metta": write_metta_states, "module": write_module_pickle, "others": write_others, "lightning": write_lightning,
    "sb3": write_sb3, "numpy": write_numpy, "hf": write_hf, "deepspeed": write_deepspeed, "bundle": write_metta_bundle,
    "jax": write_jax,
}  # fmt: skip


def main() -> None:
    DATA.mkdir(exist_ok=True)
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
    tall = [p.name for root in (DATA, FOLDERS) for p in root.rglob("*") if p.stat().st_size > 60_000]
    if tall:
        raise SystemExit(f"too large to commit: {tall}")


if __name__ == "__main__":
    main()
