"""Which trainer wrote a file: a guess from its keys and the names that it imports."""

from __future__ import annotations

from lptui.checkpoints.draft import Draft

_BY_PREFIX = (
    ("metta", ("metta.", "mettagrid.")),
    ("lightning", ("pytorch_lightning.", "lightning.")),
    ("hf", ("transformers.", "accelerate.")),
    ("pufferlib", ("pufferlib.",)),
    ("sb3", ("stable_baselines3.",)),
)


def guess_framework(draft: Draft) -> str | None:
    """metta, lightning, hf, pufferlib, sb3, torch, or None where nothing is known."""
    if draft.format in ("mpt", "bundle-zip"):
        return "metta"
    if draft.format == "sb3":
        return "sb3"
    by_keys = _guess_by_keys(draft.contents.raw_keys)
    if by_keys is not None:
        return by_keys
    names = [g.name for g in draft.globals]
    for framework, prefixes in _BY_PREFIX:
        if any(name.startswith(prefixes) for name in names):
            return framework
    return "torch" if draft.format in ("torch-zip", "torchscript", "torch-legacy") else None


def _guess_by_keys(keys: frozenset[str]) -> str | None:
    if "pytorch-lightning_version" in keys:
        return "lightning"
    if {"model_name", "run_id", "agent_step"} <= keys or {"update", "global_step", "agent_step"} <= keys:
        return "pufferlib"
    if {"agent_step", "epoch"} <= keys and keys & {"optimizer_state_dict", "optimizer", "optimizer_state"}:
        return "metta"
    if {"log_history", "global_step"} <= keys:
        return "hf"
    if {"class_path", "data_path"} <= keys:
        return "metta"
    return None
