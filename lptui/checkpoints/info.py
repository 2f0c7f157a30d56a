"""What is known of one checkpoint file, as a frozen value that survives a JSON round trip."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, cast

from lptui.model.value import frozen

# Worst first. "being-written" is the caller's to say: it needs the writer or a second look.
VERDICTS = (
    "unsafe-pickle",
    "truncated",
    "crc-mismatch",
    "unreadable-pickle",
    "non-finite-weights",
    "zeroed",
    "mismatch",
    "incomplete",
    "no-permission",
    "vanished",
    "not-regular",
    "reader-failed",
    "changed",
    "not-read",
    "unknown-format",
    "custom-pickle",
    "ok-unverified",
    "ok-verified",
)
DAMAGED = frozenset(VERDICTS[: VERDICTS.index("no-permission")])
_USE_OTHER = "resume from an older checkpoint that is whole, and keep this file until that one has loaded"
NEXT_STEPS = {
    "unsafe-pickle": "do not load this file, not even to look at it; ask where it comes from",
    "truncated": _USE_OTHER,
    "zeroed": _USE_OTHER,
    "crc-mismatch": _USE_OTHER,
    "unreadable-pickle": _USE_OTHER,
    "mismatch": _USE_OTHER,
    "non-finite-weights": "resume from the last checkpoint whose numbers are finite, and look at what came before",
    "incomplete": "do not resume from it; take the one before it",
    "no-permission": "chmod it to be readable, or run lptui as the user who trains",
    "vanished": "nothing, if the trainer keeps only its newest checkpoints",
    "not-regular": "point lptui at the file itself",
    "reader-failed": "report it with the shape of the file; the file itself may be fine",
    "changed": "wait for the save to finish",
    "not-read": "nothing is known against the file; load it in its own framework to be sure",
    "unknown-format": "nothing, if it is no checkpoint",
    "custom-pickle": "load it only if you trust its source: that runs code (weights_only=False, allow_pickle=True)",
    "ok-unverified": "",
    "ok-verified": "",
}


class RefusalError(Exception):
    """A file cannot be taken as a whole checkpoint: one of VERDICTS, and the reason as a sentence."""

    def __init__(self, verdict: str, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


@frozen
class TensorEntry:
    """One tensor as the file lists it. `name` is the dotted way to it; `nbytes` its own bytes; `storage` the key of
    the stretch of bytes that it is a view of (two tensors of one storage share them), '' where each has its own.
    `group` is model, optimizer or other; `crc` what the file says is the checksum of that stretch, None if nothing.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    storage: str = ""
    group: str = "model"
    crc: int | None = None


def count_numbers(shape: Iterable[int]) -> int:
    """How many numbers a tensor of this shape has, at most 2**62 (a hostile shape may have a million sides)."""
    count = 1
    for n in shape:
        count = min(count * n, 1 << 62)
    return count


@frozen
class Reading:
    """A number found in the file; `source` is name, scalar or json, then where: "scalar: metadata.epoch"."""

    name: str
    value: float
    source: str


@frozen
class GlobalName:
    """A name that the pickle imports, and its class: plain, known, unknown or dangerous."""

    name: str
    kind: str


@frozen
class CheckpointInfo:
    """One file, first safe look. Every text from the file has its control characters escaped.

    None means not known (the reason is in `reason` or `notes`), never 0. `key` is (device, inode, size,
    mtime_ns, ctime_ns) of the file that was read. `tensors` is cut at a cap; `n_tensors` is the true count.
    `n_params` counts the numbers of the model, shared tensors once; None where the file has no model.
    `optimizer_step` is the count of updates that the optimizer keeps for its first parameter, `schedule_step` that of
    the learning-rate schedule. `files` are the parts (name, bytes) of a folder that is one checkpoint.
    """

    path: str
    verdict: str
    reason: str
    next_step: str
    format: str = "unknown"
    framework: str | None = None
    key: tuple[int, ...] = ()
    size: int | None = None
    allocated: int | None = None
    expected_size: int | None = None
    epoch: Reading | None = None
    agent_step: Reading | None = None
    global_step: Reading | None = None
    step: Reading | None = None
    learning_rates: tuple[float, ...] = ()
    optimizer_step: Reading | None = None
    schedule_step: Reading | None = None
    policy_path: str | None = None
    keys: tuple[str, ...] = ()
    n_tensors: int | None = None
    n_params: int | None = None
    dtypes: tuple[tuple[str, int], ...] = ()
    bytes_by_group: tuple[tuple[str, int], ...] = ()
    tensors: tuple[TensorEntry, ...] = ()
    globals: tuple[GlobalName, ...] = ()
    scalars: tuple[Reading, ...] = ()
    has_crc: bool | None = None
    serialization_id: str | None = None
    notes: tuple[str, ...] = ()
    files: tuple[tuple[str, int], ...] = ()

    @property
    def damaged(self) -> bool:
        """The file itself is bad: resume from another one."""
        return self.verdict in DAMAGED

    @property
    def step_count(self) -> int | None:
        """Where the training was, by whichever counter the file has: of the agent, global, or of no kind."""
        readings = (self.agent_step, self.global_step, self.step)
        return next((int(r.value) for r in readings if r is not None and abs(r.value) < 1e18), None)


def to_json(info: CheckpointInfo) -> str:
    """One line of JSON: the fields by name, the small values inside as rows."""
    record: dict[str, object] = {name: getattr(info, name) for name in _FIELDS}
    record["tensors"] = [(t.name, t.shape, t.dtype, t.nbytes, t.storage, t.group, t.crc) for t in info.tensors]
    record["scalars"] = [_reading_row(r) for r in info.scalars]
    record["globals"] = [(g.name, g.kind) for g in info.globals]
    for name in _COUNTERS:
        reading = getattr(info, name)
        record[name] = None if reading is None else _reading_row(reading)
    return json.dumps(record, separators=(",", ":"))


def from_json(text: str) -> CheckpointInfo:
    """The value behind `to_json`; ValueError if the text is anything else."""
    return from_record(json.loads(text))


def from_record(raw: object) -> CheckpointInfo:
    """As `from_json`, of JSON that was parsed already."""
    if not isinstance(raw, dict):
        raise ValueError("a checkpoint info is a JSON object")
    record = cast("dict[str, Any]", raw)
    if set(record) != set(_FIELDS):
        raise ValueError("the fields are not those of a checkpoint info")
    try:
        return CheckpointInfo(**{name: _value(name, record[name]) for name in record})
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError(f"malformed checkpoint info: {error}") from error


def _value(name: str, value: Any) -> Any:
    if name in _COUNTERS:
        return None if value is None else _reading(value)
    if name in ("scalars", "globals", "tensors"):
        return tuple(_ROWS[name](row) for row in _rows(value))
    if name in ("dtypes", "bytes_by_group", "files"):
        return tuple((_text(row[0]), _whole(row[1])) for row in _rows(value))
    if name in ("keys", "notes"):
        return tuple(_text(row) for row in _rows(value))
    if name == "key":
        return tuple(_whole(row) for row in _rows(value))
    if name == "learning_rates":
        return tuple(_number(row) for row in _rows(value))
    return _plain(name, value)


def _plain(name: str, value: Any) -> Any:
    if name in ("path", "verdict", "reason", "next_step", "format"):
        return _text(value)
    if name in ("framework", "policy_path", "serialization_id"):
        return None if value is None else _text(value)
    if name == "has_crc":
        if value is not None and not isinstance(value, bool):
            raise ValueError("has_crc is neither true, false nor null")
        return value
    return None if value is None else _whole(value)


def _rows(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError("a list was expected")
    return cast("list[Any]", value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text was expected")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("a whole number was expected")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("a number was expected")
    return value


def _reading_row(reading: Reading) -> tuple[str, float, str]:
    return reading.name, reading.value, reading.source


def _reading(value: Any) -> Reading:
    name, number, source = _rows(value)
    return Reading(_text(name), _number(number), _text(source))


def _tensor(value: Any) -> TensorEntry:
    """There may be a hundred thousand: each field is looked at once, without a call."""
    name, shape, dtype, nbytes, storage, group, crc = value
    texts = type(name) is str and type(dtype) is str and type(storage) is str and type(group) is str
    if not texts or type(nbytes) is not int or not (crc is None or type(crc) is int) or type(shape) is not list:
        raise ValueError("a malformed tensor")
    sizes = tuple(cast("list[Any]", shape))
    for n in sizes:
        if type(n) is not int:
            raise ValueError("a malformed shape")
    return TensorEntry(name, sizes, dtype, nbytes, storage, group, crc)


def _global(value: Any) -> GlobalName:
    name, kind = _rows(value)
    return GlobalName(_text(name), _text(kind))


_FIELDS = tuple(f.name for f in fields(CheckpointInfo))
_COUNTERS = ("epoch", "agent_step", "global_step", "step", "optimizer_step", "schedule_step")
_ROWS: dict[str, Any] = {"scalars": _reading, "tensors": _tensor, "globals": _global}
