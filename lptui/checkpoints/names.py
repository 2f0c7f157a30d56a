"""What a file name says of a checkpoint: its role, its counters, and the folder that belongs together.

Pure. Names of Metta (all layouts of 2025-26), Lightning, Hugging Face, Stable-Baselines3, PufferLib, and the
usual NAME-NUMBER.ext. A name is a claim: the number inside the file, once read, goes before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lptui.model.value import frozen

SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".mpt")
_SUFFIX = r"(?:pt|pth|ckpt|bin|safetensors|mpt)"
_MAX_DIGITS = 18
_MAX_NAME = 255  # the limit of every file system; it also bounds the patterns below


@frozen
class CheckpointName:
    """One recognised file.

    `role` is policy (weights), trainer_state, full (both), optimizer, side (belongs to another file) or
    temporary (left by a save that never ended). `bundle` is the folder that is one checkpoint, relative like
    the name, or None. `number` is a trailing number of unknown meaning.
    """

    role: str
    layout: str
    epoch: int | None = None
    agent_step: int | None = None
    global_step: int | None = None
    number: int | None = None
    bundle: tuple[str, ...] | None = None

    @property
    def order(self) -> int | None:
        """The counter to sort a series by; None where the name has none."""
        for value in (self.global_step, self.agent_step, self.epoch, self.number):
            if value is not None:
                return value
        return None


# Texts, which `re` compiles when they are first used and keeps: a start-up asks none of them.
_TEMPORARY = rf"tmp[^/]*\.pt|\.tmp[A-Za-z0-9]{{6}}|.*\.{_SUFFIX}(?:\.[^.]+)*\.(?:tmp|part|partial|incomplete)"
_METTA_MODEL = r"model_(\d{4,})\.pt"
_METTA_DUNDER = r".+__e(\d+)__s(\d+)__t\d+__sc-?\d+\.pt"
_METTA_VERSION = r".+:v(\d+)(\.pt|\.mpt|\.zip)?"
_LIGHTNING = r"(?:.*[-_/])?epoch=(\d+)(?:-step=(\d+))?.*\.ckpt"
_LIGHTNING_STEP = r"(?:.*[-_])?step=(\d+).*\.ckpt"
_LIGHTNING_LAST = r"last(?:-v\d+)?\.ckpt"
_HF_FOLDER = r"checkpoint-(\d+)"
_SB3 = r".+_(\d+)_steps\.zip"
_SB3_SIDE = r".+_(?:replay_buffer|vecnormalize)_(\d+)_steps\.pkl"
_TRAILING = rf"(?:.*?[^\d])??(?:([A-Za-z]+)[-_=.]?)?(\d+)(?:[-_](?:best|last|final|ema))?\.{_SUFFIX}"
_OPTIMIZER = r"(?i)(?:^|[-_.])optim(?:izer)?(?:[-_.]|$)"
_HF_SIDE = r"scheduler\.pt|scaler\.pt|rng_state(?:_\d+)?\.pth|training_args\.bin"
_HF_WEIGHTS = r"(?:adapter_)?(?:pytorch_)?model(?:-\d{5}-of-\d{5})?\.(?:bin|safetensors)"
_DEEPSPEED = (
    r"mp_rank_\d+_model_states\.pt|(?:bf16_|fp16_)?zero_pp_rank_\d+_mp_rank_\d+_(optim|model)_states\.pt"
    r"|layer_\d+(?:-model_\d+)?-model_states\.pt|(?:layer_\d+_)?expert_\d+_mp_rank_\d+_(?:model|optim)_states\.pt"
)
_ORBAX = frozenset(("_CHECKPOINT_METADATA", "_METADATA", "_sharding", "manifest.ocdbt", "commit_success.txt"))
_ORBAX_PARTS = r"d|array_metadatas|ocdbt\.process_\d+|.+\.orbax-checkpoint-tmp.*"
_NUMBERED = r"(?:[A-Za-z]+[-_=]?)?(\d+)"
_FLAX = r"checkpoint_(\d+)|flax_model(?:-\d{5}-of-\d{5})?\.msgpack"
_NUMPY = r"(?:ckpt|checkpoint|params|weights|model|policy|state)(?:[-_=]?(\d+))?\.(?:npz|npy)"
_EPOCH_WORDS = frozenset(("epoch", "epochs", "ep", "e"))
_STEP_WORDS = frozenset(("step", "steps", "s", "iter", "iters", "it", "iteration", "update", "updates"))


def recognise(parts: Sequence[str]) -> CheckpointName | None:
    """Name the file at `parts` (relative to the run, folders first); None if it is no checkpoint file."""
    if not parts or not parts[-1] or any(len(part) > _MAX_NAME for part in parts):
        return None
    name = parts[-1]
    in_bundle = _in_bundle(parts)
    if re.fullmatch(_TEMPORARY, name):
        bundle = in_bundle.bundle if in_bundle else None
        return CheckpointName("temporary", in_bundle.layout if in_bundle else "any", bundle=bundle)
    if in_bundle is not None:
        return in_bundle
    for reader in (_metta, _lightning, _sb3, _arrays, _generic):
        found = reader(name)
        if found is not None:
            return found
    return None


def _in_bundle(parts: Sequence[str]) -> CheckpointName | None:
    """A file inside a folder that is one checkpoint: Metta's RUN:vN/, Hugging Face's checkpoint-N/, those of
    torch.distributed.checkpoint."""
    if parts[-1] in (".metadata", ".metadata.tmp") or parts[-1].endswith(".distcp"):
        return _in_dcp(parts)
    for depth in range(len(parts) - 1, 0, -1):
        folder, bundle = parts[depth - 1], tuple(parts[:depth])
        direct = depth == len(parts) - 1
        version = re.fullmatch(_METTA_VERSION, folder)
        if version and version[2] is None:
            role = "policy" if direct and parts[-1] == "weights.safetensors" else "side"
            return CheckpointName(role, "metta-bundle", epoch=_count(version[1]), bundle=bundle)
        numbered = re.fullmatch(_HF_FOLDER, folder)
        if numbered:
            role = _hf_role(parts[-1]) if direct else "side"
            return CheckpointName(role, "hf", global_step=_count(numbered[1]), bundle=bundle)
    return _in_deepspeed(parts) or _in_orbax(parts)


def _in_deepspeed(parts: Sequence[str]) -> CheckpointName | None:
    """One file a rank, in the folder of a tag (global_stepN, or whatever the trainer called it)."""
    match = re.fullmatch(_DEEPSPEED, parts[-1])
    if match is None:
        return None
    role = "optimizer" if "_optim_" in parts[-1] else "policy"
    bundle = tuple(parts[:-1]) or (".",)
    return CheckpointName(role, "deepspeed", global_step=_trailing_number(bundle[-1]), bundle=bundle)


def _in_orbax(parts: Sequence[str]) -> CheckpointName | None:
    """A step folder of orbax (JAX); until its commit the folder has a temporary name."""
    if parts[-1] not in _ORBAX and not any(re.fullmatch(_ORBAX_PARTS, part) for part in parts[:-1]):
        return None
    depth = next((i for i, part in enumerate(parts[:-1]) if ".orbax-checkpoint-tmp" in part), None)
    temporary = depth is not None
    if depth is None:
        depth = next((i for i, part in enumerate(parts[:-1]) if re.fullmatch(_NUMBERED, part)), len(parts) - 2)
        if parts[-1] not in _ORBAX and not re.fullmatch(_NUMBERED, parts[max(depth, 0)]):
            return None  # a folder called "d" alone is no sign of orbax
    bundle = tuple(parts[: depth + 1]) or (".",)
    role = "temporary" if temporary else "full" if parts[-1] == "_METADATA" else "side"
    return CheckpointName(role, "orbax", global_step=_trailing_number(bundle[-1].split(".")[0]), bundle=bundle)


def _trailing_number(folder: str) -> int | None:
    number = re.search(r"(\d+)$", folder)
    return _count(number[1]) if number else None


def _arrays(name: str) -> CheckpointName | None:
    """Flax's msgpack files and numpy's archives, by the names that trainers give them."""
    for pattern, layout in ((_FLAX, "flax"), (_NUMPY, "numpy")):
        match = re.fullmatch(pattern, name)
        if match is not None:
            return CheckpointName("full", layout, number=_count(match[1]) if match[1] else None)
    return None


def _in_dcp(parts: Sequence[str]) -> CheckpointName:
    """`.metadata`, which is written last, is what a loader opens; the .distcp files hold the bytes."""
    role = {".metadata": "full", ".metadata.tmp": "temporary"}.get(parts[-1], "side")
    step = _trailing_number(parts[-2] if len(parts) > 1 else "")
    return CheckpointName(role, "dcp", global_step=step, bundle=tuple(parts[:-1]) or (".",))


def _hf_role(name: str) -> str:
    if name == "trainer_state.json":
        return "trainer_state"
    if name in ("optimizer.pt", "optimizer.bin"):
        return "optimizer"
    known = _generic(name)
    if known is None or re.fullmatch(_HF_SIDE, name):
        return "side"
    return "policy" if re.fullmatch(_HF_WEIGHTS, name) else known.role


def _metta(name: str) -> CheckpointName | None:
    if name == "trainer_state.pt":
        return CheckpointName("trainer_state", "metta")
    model = re.fullmatch(_METTA_MODEL, name)
    if model:
        return CheckpointName("policy", "metta", epoch=_count(model[1]))
    dunder = re.fullmatch(_METTA_DUNDER, name)
    if dunder:
        return CheckpointName("policy", "metta", epoch=_count(dunder[1]), agent_step=_count(dunder[2]))
    version = re.fullmatch(_METTA_VERSION, name)
    if version and version[2] is not None:
        return CheckpointName("policy", "metta", epoch=_count(version[1]))
    return None


def _lightning(name: str) -> CheckpointName | None:
    match = re.fullmatch(_LIGHTNING, name)
    if match:
        step = _count(match[2]) if match[2] else None
        return CheckpointName("full", "lightning", epoch=_count(match[1]), global_step=step)
    match = re.fullmatch(_LIGHTNING_STEP, name)
    if match:
        return CheckpointName("full", "lightning", global_step=_count(match[1]))
    if re.fullmatch(_LIGHTNING_LAST, name):
        return CheckpointName("full", "lightning")
    return None


def _sb3(name: str) -> CheckpointName | None:
    match = re.fullmatch(_SB3, name)
    if match:
        return CheckpointName("full", "sb3", global_step=_count(match[1]))
    match = re.fullmatch(_SB3_SIDE, name)
    return CheckpointName("side", "sb3", global_step=_count(match[1])) if match else None


def _generic(name: str) -> CheckpointName | None:
    stem, dot, suffix = name.rpartition(".")
    if not dot or f".{suffix}" not in SUFFIXES or not stem:
        return None
    role = "policy" if suffix in ("safetensors", "mpt") else "full"
    if re.search(_OPTIMIZER, stem):
        role = "optimizer"
    elif re.fullmatch(_HF_SIDE, name):  # also where they lie in a folder of another name
        role = "side"
    match = re.fullmatch(_TRAILING, name)
    if match is None or _is_shard(stem):
        return CheckpointName(role, "generic")
    word, number = (match[1] or "").lower(), _count(match[2])
    if word in _EPOCH_WORDS:
        return CheckpointName(role, "generic", epoch=number)
    if word in _STEP_WORDS:
        return CheckpointName(role, "generic", global_step=number)
    return CheckpointName(role, "generic", number=number)


def _is_shard(stem: str) -> bool:
    return re.search(r"\d{5}-of-\d{5}$", stem) is not None


def _count(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None
