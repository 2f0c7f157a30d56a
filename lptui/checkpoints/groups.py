"""From the files of a run to its checkpoints: one row each, with whether all of its parts are there.

Pure: sizes and times come in. What is inside the files is not looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lptui.checkpoints.names import CheckpointName, recognise
from lptui.model.value import frozen

_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.\w+)")
_ZERO = re.compile(r"((?:bf16_|fp16_)?)(zero_pp_rank)_(\d{1,6})_mp_rank_(\d{1,6})_(optim|model)_states\.pt")
_MODEL = re.compile(r"mp_rank_(\d{1,6})_model_states\.pt")
_MOST_RANKS = 1024
# only the Hugging Face Trainer leaves these beside the weights; others use checkpoint-N/ for less
_TRAINER_FILES = frozenset(("optimizer.pt", "scheduler.pt", "training_args.bin", "rng_state.pth"))
_ROLE_ORDER = ("policy", "full", "trainer_state", "optimizer", "side", "temporary")


@frozen
class GroupFile:
    """One file of a checkpoint: path relative to the run, bytes, mtime in seconds, its role."""

    path: str
    size: int
    mtime: float
    role: str


@frozen
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
    if name.layout == "deepspeed":
        return missing_rank([_base(f.path) for f in files])
    if name.layout == "orbax" and any(f.role == "temporary" for f in files):
        return "its folder still has the temporary name of a save that did not end"
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


def missing_rank(names: Iterable[str], data: int = 0, model: int = 0) -> str:
    """The first file of a rank that a DeepSpeed folder lacks, as a sentence, or ''. `data` and `model` are how many
    ranks there must be of either kind; 0: as many as the names tell."""
    present = set(names)
    ranks = [(m, int(m[3]), int(m[4])) for m in map(_ZERO.fullmatch, present) if m is not None]
    models = [int(m[1]) for m in map(_MODEL.fullmatch, present) if m is not None]
    if not models and not any("-model_states.pt" in name for name in present):
        return "the model states (mp_rank_00_model_states.pt) are missing" if ranks else ""
    model = max([model, *(n + 1 for n in models), *(m + 1 for _, _, m in ranks)])
    wanted = [f"mp_rank_{m:02d}_model_states.pt" for m in range(model)] if models else []
    for prefix, kind in {(r[0][1] or "", r[0][5]) for r in ranks}:
        count = max(data, *(d + 1 for r, d, _ in ranks if (r[1] or "", r[5]) == (prefix, kind)))
        wanted += [
            f"{prefix}zero_pp_rank_{d}_mp_rank_{m:02d}_{kind}_states.pt"
            for d in range(min(count, _MOST_RANKS))
            for m in range(min(model, _MOST_RANKS))
        ]
    absent = sorted(set(wanted) - present)
    more = f" and {len(absent) - 1:,} more" if len(absent) > 1 else ""
    return f"{absent[0]}{more} of {len(wanted):,} rank files missing" if absent else ""


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
