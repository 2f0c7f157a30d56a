"""The parts of a folder that is one checkpoint, put together into one value."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lptui.checkpoints import orbax
from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import NEXT_STEPS, VERDICTS, CheckpointInfo, Reading, TensorEntry
from lptui.checkpoints.probe import escape
from lptui.checkpoints.walk import MAX_TENSORS

_SIDE = ("training_args.bin", "scheduler.pt", "scaler.pt", "rng_state")
_FRAMEWORKS = {"hf": "hf", "deepspeed": "deepspeed", "orbax": "orbax", "metta-bundle": "metta", "dcp": "torch"}


@dataclass(frozen=True, slots=True)
class Part:
    """One file that was looked into; `name` relative to the folder, '' where the file is all."""

    name: str
    path: str
    info: CheckpointInfo
    draft: Draft


@dataclass(slots=True)
class Folder:
    """What was found: `parts` were looked into, `sizes` are of all files."""

    path: str
    within: bool = False
    kind: str = ""
    names: list[str] = field(default_factory=list[str])
    sizes: dict[str, int] = field(default_factory=dict[str, int])
    newest: tuple[int, int] = (0, 0)
    parts: list[Part] = field(default_factory=list[Part])
    problems: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])


def merge(folder: Folder, path: str) -> CheckpointInfo:
    """The value of the whole folder, shown as `path`; the worst of its parts gives the verdict."""
    infos = [part.info for part in folder.parts]
    verdict, reason = _worst(folder)
    first = infos[0] if infos else None
    with_tensors = [part for part in folder.parts if part.info.n_tensors]
    status = os.stat(path) if os.path.isdir(path) else None
    return CheckpointInfo(
        path,
        verdict,
        reason,
        NEXT_STEPS[verdict],
        format=folder.kind or "folder",
        framework=_FRAMEWORKS.get(folder.kind),
        key=(status.st_dev, status.st_ino, sum(folder.sizes.values()), *folder.newest) if status else (),
        size=sum(folder.sizes.values()),
        epoch=_first(i.epoch for i in infos),
        agent_step=_first(i.agent_step for i in infos),
        global_step=_first(i.global_step for i in infos),
        step=_first(i.step for i in infos),
        optimizer_step=_first(i.optimizer_step for i in infos),
        schedule_step=_first(i.schedule_step for i in infos),
        learning_rates=tuple(dict.fromkeys(rate for i in infos for rate in i.learning_rates))[:8],
        policy_path=next((i.policy_path for i in infos if i.policy_path), None),
        keys=first.keys if first else (),
        n_tensors=sum(i.n_tensors or 0 for i in infos) if infos else None,
        n_params=sum(i.n_params or 0 for i in infos) if any(i.n_params is not None for i in infos) else None,
        dtypes=_add_up(i.dtypes for i in infos),
        bytes_by_group=_add_up(i.bytes_by_group for i in infos),
        tensors=tuple(_all_tensors(with_tensors)),
        globals=tuple(dict.fromkeys(g for i in infos for g in i.globals)),
        scalars=tuple(s for i in infos for s in i.scalars)[:500],
        has_crc=all(part.info.has_crc for part in with_tensors) if with_tensors else None,
        notes=tuple(dict.fromkeys([*folder.notes, *(note for i in infos for note in i.notes)]))[:20],
        files=tuple(folder.sizes.items()),
    )


def _first(readings: Iterable[Reading | None]) -> Reading | None:
    return next((r for r in readings if r is not None), None)


def _worst(folder: Folder) -> tuple[str, str]:
    problems = list(folder.problems)
    for name, info in ((part.name, part.info) for part in folder.parts):
        if info.verdict == "unknown-format" or (info.verdict == "custom-pickle" and name.startswith(_SIDE)):
            continue  # training_args.bin always holds objects; the weights do not
        if info.verdict != "ok-unverified":
            problems.append((info.verdict, f"{escape(name)}: {info.reason}"))
    if problems:
        return min(problems, key=lambda problem: VERDICTS.index(problem[0]))
    return "ok-unverified", f"all {len(folder.sizes):,} files are there; index and sizes of each agree"


def _add_up(rows: Iterable[Iterable[tuple[str, int]]]) -> tuple[tuple[str, int], ...]:
    total: dict[str, int] = {}
    for row in rows:
        for name, count in row:
            total[name] = total.get(name, 0) + count
    return tuple(sorted(total.items()))


def _all_tensors(parts: list[Part]) -> list[TensorEntry]:
    """Those of all files; what is not the model's weights is named after its file, so that ranks stay apart."""
    found: list[TensorEntry] = []
    for part in parts:
        for tensor in part.info.tensors:
            if len(found) >= MAX_TENSORS:
                return found
            found.append(replace(tensor, name=part_name(part.name, tensor.name)))
    return found


def part_name(file: str, tensor: str) -> str:
    """What a tensor of this file is called in the folder's list."""
    if not file:
        return tensor
    item, _, name = file.rpartition("/")
    if name == orbax.TREE:
        return tensor if item in ("", "default") else f"{escape(item)}.{tensor}"
    plain = is_weights(file) or file in ("weights.safetensors", ".metadata")
    return tensor if plain else f"{escape(file.rsplit('.', 1)[0])}/{tensor}"


def is_weights(name: str) -> bool:
    """Whether a file of this name holds a model's weights, or the index of its shards."""
    stem = name.removeprefix("adapter_").removeprefix("pytorch_")
    return stem.startswith("model") and name.endswith((".safetensors", ".bin", ".index.json"))
