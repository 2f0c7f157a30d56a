"""From the files of a run to its checkpoints: one row each, with whether all of its parts are there.

Pure: sizes and times come in. What is inside the files is not looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lptui.checkpoints.names import CheckpointName, recognise

_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.\w+)")
# only the Hugging Face Trainer leaves these beside the weights; others use checkpoint-N/ for less
_TRAINER_FILES = frozenset(("optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state.pth"))
_ROLE_ORDER = ("policy", "full", "trainer_state", "optimizer", "side", "temporary")


@dataclass(frozen=True, slots=True)
class GroupFile:
    """One file of a checkpoint: path relative to the run, bytes, mtime in seconds, its role."""

    path: str
    size: int
    mtime: float
    role: str


@dataclass(frozen=True, slots=True)
class CheckpointGroup:
    """One logical checkpoint. `path` is its file or folder; `payload` the file to look into first.

    `complete` speaks of parts and sizes only; `reason` says what is missing, and is empty if nothing is.
    """

    path: str
    name: CheckpointName
    files: tuple[GroupFile, ...]
    payload: str | None
    complete: bool
    reason: str

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def mtime(self) -> float:
        """When the newest part was written."""
        return max(file.mtime for file in self.files)


def group(files: Sequence[tuple[str, int, float]]) -> tuple[CheckpointGroup, ...]:
    """Rows for (relative path, bytes, mtime) of a run's files, oldest first; other files are passed over."""
    bundles: dict[str, list[tuple[GroupFile, CheckpointName]]] = {}
    for path, size, mtime in files:
        name = recognise(path.split("/"))
        if name is None:
            continue
        key = "/".join(name.bundle) if name.bundle is not None else path
        bundles.setdefault(key, []).append((GroupFile(path, size, mtime, name.role), name))
    rows = [_row(key, members) for key, members in bundles.items()]
    return tuple(sorted(rows, key=_age))


def _age(row: CheckpointGroup) -> tuple[int, int, float, str]:
    """By time; what was written within a second (a copy of a whole run) by the counter in its name."""
    return (int(row.mtime), row.name.order if row.name.order is not None else -1, row.mtime, row.path)


def _row(path: str, members: list[tuple[GroupFile, CheckpointName]]) -> CheckpointGroup:
    members.sort(key=lambda member: (_ROLE_ORDER.index(member[0].role), -member[0].size, member[0].path))
    files = tuple(file for file, _ in members)
    name = members[0][1]
    readable = [f for f in files if f.role not in ("side", "temporary")]
    payload = readable[0].path if readable else (None if name.bundle is not None else files[0].path)
    reason = _missing(name, files)
    return CheckpointGroup(path, name, files, payload, not reason, reason)


def _missing(name: CheckpointName, files: tuple[GroupFile, ...]) -> str:
    if name.role == "temporary" and name.bundle is None:
        return "left by a save that did not end"
    empty = next((f.path for f in files if f.size == 0 and f.role not in ("side", "temporary")), None)
    if empty is not None:
        return f"{_base(empty)} is empty"
    if name.layout == "metta-bundle":
        return _missing_of_bundle(files)
    if name.layout == "hf":
        return _missing_of_hf(files)
    if name.layout == "dcp" and all(_base(f.path) != ".metadata" for f in files):
        return ".metadata, which is written last, is missing"
    return ""


def _missing_of_bundle(files: tuple[GroupFile, ...]) -> str:
    names = {_base(f.path) for f in files}
    if "weights.safetensors" not in names:
        return "weights.safetensors is missing"
    if "policy_spec.json" not in names:
        return "policy_spec.json is missing: Metta passes over this folder"
    return ""


def _missing_of_hf(files: tuple[GroupFile, ...]) -> str:
    names = {_base(f.path) for f in files}
    absent = _missing_shard(names)
    if absent is not None:
        return f"{absent} is missing"
    if not any(f.role in ("policy", "full") for f in files):
        return "the model weights are missing"
    if "trainer_state.json" not in names and names & _TRAINER_FILES:
        return "trainer_state.json, which is written last, is missing"
    return ""


def _missing_shard(names: Iterable[str]) -> str | None:
    """The first absent file of a set such as model-00001-of-00003.safetensors."""
    present = set(names)
    for name in sorted(present):
        match = _SHARD.fullmatch(name)
        if match is None:
            continue
        for i in range(1, int(match[3]) + 1):
            wanted = f"{match[1]}-{i:05d}-of-{match[3]}{match[4]}"
            if wanted not in present:
                return wanted
    return None


def _base(path: str) -> str:
    return path.rpartition("/")[2]
