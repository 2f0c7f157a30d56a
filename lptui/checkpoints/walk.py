"""From the inert tree of a pickle to what a person asks: tensors by name, epoch, steps, learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from lptui.checkpoints.info import Reading, TensorEntry
from lptui.checkpoints.probe import escape
from lptui.checkpoints.stubs import Instance, StorageStub, TensorStub

MAX_DEPTH = 200
MAX_TENSORS = 100_000
MAX_KEYS = 500
COUNTERS = ("epoch", "agent_step", "global_step", "step")
_SYNONYMS = {
    "current_epoch": "epoch",
    "last_epoch": "epoch",
    "num_timesteps": "global_step",
    "global_steps": "global_step",
    "total_steps": "global_step",
    "iteration": "step",
    "iter": "step",
    "update": "step",
    "steps": "step",
}
_LR_KEYS = frozenset(("lr", "learning_rate"))
# tables that count something else: an optimizer's own steps, a scheduler's epochs, old log lines
_NOT_OURS = ("optim", "state", "lr_sched", "sched", "loops", "callbacks", "log_", "rng")
_MODULE_PARTS = frozenset(("_parameters", "_buffers", "_modules"))
_INT_LIMIT = 1 << 63


# The way to a value as a linked list (way of the parent, part, depth): text is made only for what is shown.
_Way = tuple[Any, object, int]
_DEEPER = (dict, list, tuple, Instance, TensorStub, StorageStub)
_Pending = list[tuple[object, _Way]]


@dataclass(slots=True)
class Contents:
    """What was found in one tree. `storages` has every storage once, by key, with the bytes it must have."""

    tensors: list[TensorEntry] = field(default_factory=list[TensorEntry])
    n_tensors: int = 0
    n_params: int = 0
    dtypes: dict[str, int] = field(default_factory=dict[str, int])
    groups: dict[str, int] = field(default_factory=dict[str, int])
    storages: dict[str, StorageStub] = field(default_factory=dict[str, StorageStub])
    keys: tuple[str, ...] = ()
    raw_keys: frozenset[str] = frozenset()
    counters: dict[str, Reading] = field(default_factory=dict[str, Reading])
    scalars: list[Reading] = field(default_factory=list[Reading])
    learning_rates: list[float] = field(default_factory=list[float])
    policy_path: str | None = None
    outside: str | None = None
    nested: bool = False
    known_groups: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    seen_views: set[tuple[str, int, tuple[int, ...]]] = field(default_factory=set[tuple[str, int, tuple[int, ...]]])


def walk(tree: object, source: str = "scalar", checksums: Mapping[str, int] = MappingProxyType({})) -> Contents:
    """List a tree without recursion; shared parts are listed where they stand first. `checksums` of storages by key."""
    found = Contents()
    root = tree.state if isinstance(tree, Instance) else tree
    if isinstance(root, dict):
        names = [k for k in root if isinstance(k, str)]  # pyright: ignore[reportUnknownVariableType]
        found.raw_keys = frozenset(names)
        found.keys = tuple(escape(k) for k in names[:MAX_KEYS])
        found.nested = any(isinstance(v, dict | Instance) for v in root.values())  # pyright: ignore[reportUnknownVariableType]
    seen: set[int] = set()
    pending: _Pending = [(tree, (None, None, 0))]
    while pending:
        value, way = pending.pop()
        if isinstance(value, TensorStub):
            _add_tensor(found, value, way, checksums)
        elif isinstance(value, StorageStub):
            found.storages.setdefault(value.key, value)
        elif id(value) not in seen and way[2] <= MAX_DEPTH:
            seen.add(id(value))
            children = _open(found, value, way, source)
            children.reverse()
            pending += children
    return found


def _open(found: Contents, value: object, way: _Way, source: str) -> _Pending:
    """The children of a container that can hold more; its plain values are read on the way."""
    depth = way[2] + 1
    if isinstance(value, dict):
        entries = cast("dict[object, object]", value)
        if depth <= 5:
            _read_plain(found, entries, way, source)
        return [(v, (way, k, depth)) for k, v in entries.items() if isinstance(v, _DEEPER)]
    if isinstance(value, list | tuple):
        items = cast("list[object]", value)
        return [(v, (way, i, depth)) for i, v in enumerate(items) if isinstance(v, _DEEPER)]
    if isinstance(value, Instance):
        match value.state:
            case (dict() | None as state, dict() as slots):  # how a class with __slots__ is saved
                states: list[object] = [state, slots]
            case state:
                states = [state]
        parts = [value.args, *states, value.entries, value.elements]
        return [(part, way) for part in parts if isinstance(part, _DEEPER)]
    return []


def _parts(way: _Way) -> list[str]:
    found: list[str] = []
    while way[0] is not None:
        if way[1] not in _MODULE_PARTS:
            found.append(_word(way[1]))
        way = way[0]
    found.reverse()
    return found


def _add_tensor(found: Contents, tensor: TensorStub, way: _Way, checksums: Mapping[str, int]) -> None:
    storage, dtype, nbytes = tensor.storage, tensor.dtype, tensor.nbytes
    found.storages.setdefault(storage.key, storage)
    found.n_tensors += 1
    found.dtypes[dtype] = found.dtypes.get(dtype, 0) + 1
    parts = _parts(way)
    if found.outside is None and _runs_out(tensor, nbytes):
        found.outside = escape(".".join(parts))
    group = _group_once(found, parts)
    view = (storage.key, tensor.offset, tensor.shape)
    if view not in found.seen_views:
        found.seen_views.add(view)
        found.groups[group] = found.groups.get(group, 0) + nbytes
        if group == "model":
            found.n_params += tensor.numel
    if len(found.tensors) < MAX_TENSORS:
        name = escape(".".join(parts)) or "(the whole file)"
        crc = checksums.get(storage.key)
        found.tensors.append(TensorEntry(name, tensor.shape, dtype, nbytes, storage.key, group, crc))


def _runs_out(tensor: TensorStub, nbytes: int) -> bool:
    """Whether the view needs bytes that its storage does not have."""
    last = tensor.offset
    for n, stride in zip(tensor.shape, tensor.stride, strict=True):
        if not n:
            return False
        last += (n - 1) * stride
    return (last + 1) * (nbytes // tensor.numel) > tensor.storage.nbytes


def _group_once(found: Contents, parts: list[str]) -> str:
    """The group depends on the first part and on how many there are: worked out once for each."""
    key = (parts[0] if parts else "", min(len(parts), 3))
    group = found.known_groups.get(key)
    if group is None:
        group = found.known_groups[key] = _group(parts, found.nested)
    return group


def _group(parts: list[str], nested: bool) -> str:
    head = parts[0].lower() if parts else ""
    if nested and len(parts) == 1 and head != "weight":  # a lone tensor beside whole state dicts: avg_reward
        return "other"
    if head.startswith(("optimizer", "optim", "opt_state")) or head in ("exp_avg", "exp_avg_sq"):
        return "optimizer"
    if head == "state" and len(parts) > 2:  # a bare optimizer state dict, as HF's optimizer.pt
        return "optimizer"
    if head in ("loops", "callbacks", "lr_schedulers", "scheduler", "scaler") or "rng" in head:
        return "other"
    return "other" if head.endswith(("_states", "_state")) and head not in _MODEL_STATES else "model"


_MODEL_STATES = frozenset(("model_state", "policy_state", "network_state", "agent_state", "model_states"))


def _read_plain(found: Contents, entries: dict[object, object], way: _Way, source: str) -> None:
    """Counters, scalars and the learning rate among the direct children of a shallow table."""
    depth = way[2]
    in_groups = depth > 1 and way[0][1] == "param_groups"
    numbers: list[tuple[str, float]] = []
    for key, value in entries.items():
        if isinstance(value, int | float) and isinstance(key, str) and not isinstance(value, bool):
            if _is_sane(value):
                numbers.append((key, value))
        elif depth == 0 and isinstance(value, str) and _names_policy(key, value):
            found.policy_path = escape(value)
    for key, value in numbers:
        if key in _LR_KEYS and (in_groups or depth == 0):
            _add_rate(found, float(value))
        if depth == 0 and len(found.scalars) < MAX_KEYS:
            found.scalars.append(Reading(escape(key), value, source))
    numbers = _read_progress(found, entries, numbers, way, source)
    if not in_groups and depth <= 2:
        for key, value in sorted(numbers, key=_is_synonym):
            _add_counter(found, key, value, way, source)


def _read_progress(
    found: Contents, entries: dict[object, object], numbers: list[tuple[str, float]], way: _Way, source: str
) -> list[tuple[str, float]]:
    """How far a schedule or an optimizer has come; returns the numbers that are not such a count."""
    if _is_schedule(entries):
        _add_reading(found, "schedule_step", dict(numbers).get("last_epoch"), way, source)
        return [(key, value) for key, value in numbers if key != "last_epoch"]
    if way[2] >= 2 and way[0][1] == "state":
        _add_reading(found, "optimizer_step", dict(numbers).get("step"), way, source)
    return numbers


def _is_schedule(entries: dict[object, object]) -> bool:
    """The state of a learning-rate schedule: its last_epoch counts its own steps."""
    return "last_epoch" in entries and ("_step_count" in entries or "base_lrs" in entries)


def _add_reading(found: Contents, name: str, value: float | None, way: _Way, source: str) -> None:
    if value is not None and value >= 0 and name not in found.counters:
        last = "last_epoch" if name == "schedule_step" else "step"
        found.counters[name] = Reading(name, value, f"{source}: {escape('.'.join([*_parts(way), last]))}")


def _is_synonym(number: tuple[str, float]) -> bool:
    return number[0] not in COUNTERS


def _add_rate(found: Contents, rate: float) -> None:
    if rate not in found.learning_rates and len(found.learning_rates) < 8:
        found.learning_rates.append(rate)


def _add_counter(found: Contents, key: str, value: float, way: _Way, source: str) -> None:
    """The counter nearest to the root counts; its own name comes before a synonym beside it."""
    name = key if key in COUNTERS else _SYNONYMS.get(key)
    if name is None or value < 0 or name in found.counters:
        return
    parts = _parts(way)
    if any(part.startswith(_NOT_OURS) for part in parts):
        return
    where = escape(".".join([*parts, key]))
    found.counters[name] = Reading(name, value, f"{source}: {where}")


def add_number(found: Contents, key: str, value: float) -> None:
    """A number at the root of a file that is no tree of Python values."""
    if _is_sane(value) and len(found.scalars) < MAX_KEYS:
        found.scalars.append(Reading(escape(key), value, "scalar"))
        _add_counter(found, key, value, (None, None, 0), "scalar")


def _is_sane(value: float) -> bool:
    return abs(value) < _INT_LIMIT if isinstance(value, int) else math.isfinite(value)


def _word(part: object) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, int | float) and _is_sane(part):
        return str(part)
    return "?"


def _names_policy(key: object, value: str) -> bool:
    """Metta's trainer state has `policy_path`, PufferLib's the name of a file beside it."""
    return key == "policy_path" or (key == "model_name" and value.endswith(".pt"))
