"""W&B transaction logs: record payloads to values, without the wandb package.

Field numbers, read from wandb 0.31.0's own descriptors and checked against files that its SDK wrote:

    Record       num 1, and one of: history 2, summary 3, output 4, config 5, files 6, stats 7, artifact 8,
                 alert 10, telemetry 11, metric 12, output_raw 13, run 17, exit 18, header 21, preempting 23,
                 environment 26
    History      item 1 (wandb_items), step 2 {num 1}
    Summary      update 1, remove 2
    Config       update 1, remove 2
    Stats        timestamp 2, item 3
    Output, Raw  type 1 (0 stderr, 1 stdout), timestamp 2, line 3
    Run          run_id 1, entity 2, project 3, config 4, group 6, job_type 7, display_name 8, notes 9,
                 tags 10 (repeated), sweep_id 12, host 13, starting_step 14, start_time 17, resumed 18,
                 runtime 20, git 21 {commit 2}
    Exit         exit_code 1, runtime 2
    Alert        title 1, text 2, level 3
    Environment  os 1, python 2, started_at 3, program 6, root 11, host 12, executable 14,
                 cpu_count_logical 17, gpu_type 18, gpu_count 19, cuda_version 25

Not read on purpose: arguments, e-mail, user name and git remote of the environment (they carry secrets). The
process id is not in the file at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from lptui.formats.leveldb import BLOCK, RecordReader
from lptui.formats.protobuf import LENGTH, WireError, fields, read_varint, signed, spans
from lptui.formats.wandb_items import Numbers, read_numbers
from lptui.formats.wandb_records import (
    Alert,
    ConfigUpdate,
    Environment,
    HistoryRow,
    OutputChunk,
    Record,
    RunExit,
    RunStart,
    StatsRow,
    read_alert,
    read_config,
    read_environment,
    read_exit,
    read_output,
    read_run,
    read_stats,
)

__all__ = [
    "Alert",
    "ConfigUpdate",
    "Environment",
    "HistoryRow",
    "OutputChunk",
    "Record",
    "RunExit",
    "RunStart",
    "StatsRow",
    "decode",
    "decode_summary",
    "sample",
]

DataAt = Callable[[int, int], bytes]
"""(offset, n) -> n bytes of a file, fewer at its end."""

_HISTORY, _SUMMARY = 2, 3
_READERS: dict[int, Callable[[bytes], Record]] = {
    4: read_output,
    5: read_config,
    7: read_stats,
    10: read_alert,
    13: read_output,
    17: read_run,
    18: read_exit,
    26: read_environment,
}
_ONE_OF = frozenset((*range(2, 14), 17, 18, *range(20, 28), 100))
_SHORT_KINDS = frozenset(range(2, 14))  # their tags are one byte
_NUM_TAG = b"\x08"
_STEP_TAG = 0x12
_HISTORY_TAG, _SUMMARY_TAG = _HISTORY << 3 | LENGTH, _SUMMARY << 3 | LENGTH
_USUAL = (_HISTORY_TAG, _SUMMARY_TAG)
_LONGEST_HEAD = 11
_QUICK, _FEWEST = 1 << 22, 40
"""Bytes of rows that make a quick look, and so many rows at least."""
_LONGEST_LOOK = 64  # blocks searched for the row that stands for one place of a sample


def decode(payload: bytes) -> Record | None:
    """One record; None for kinds nobody asks for (summaries stay unparsed) and bytes that are no record."""
    try:
        kind, start, end = find_body(payload)
        if kind == _HISTORY:
            return _read_history(payload, start, end)
        reader = _READERS.get(kind)
        return reader(payload[start:end]) if reader else None
    except WireError:
        return None


def decode_summary(payload: bytes) -> tuple[tuple[str, float], ...] | None:
    """The numbers of a summary record; None when the payload is something else."""
    try:
        kind, start, end = find_body(payload)
        if kind != _SUMMARY:
            return None
        items = Numbers()
        read_numbers(payload, start, end, items)
        return items.pairs()
    except WireError:
        return None


def sample(data_at: DataAt, size: int, blocks: int) -> list[bytes]:
    """A quick overview: the payload of one history row from each of `blocks` evenly spaced 32 KiB blocks, in file
    order; fewer where rows are so long that this would be no quick look.

    `data_at(offset, n)` gives n bytes of the file, fewer at its end. The first row is the file's first, the
    last its last complete one. A row holds what its own `log()` call held: a metric logged only now and then
    may be missing. Raises NotWandbFile.
    """
    last = max(0, (size - 1) // BLOCK)
    first = next(_histories(data_at, size, 0, last + 1), None)
    if first is None:
        return []
    count = max(2, min(blocks, last + 1, max(_FEWEST, _QUICK // len(first))))
    places = sorted({round(index * last / (count - 1)) for index in range(count)})
    rows = [first]
    for place, limit in zip(places, [*places[1:], last + 1], strict=True):
        payload = next(_histories(data_at, size, place, max(limit, place + 2)), None)
        if payload is not None and payload != rows[-1]:
            rows.append(payload)
    ending = _find_last(data_at, size, last)
    return rows if ending is None or ending == rows[-1] else [*rows, ending]


def _histories(data_at: DataAt, size: int, first: int, limit: int) -> Iterator[bytes]:
    """Payloads of the history records that lie in the blocks `first` to `limit` (not included)."""
    reader = RecordReader(first * BLOCK)
    for block in range(first, min(limit, first + _LONGEST_LOOK)):
        offset = block * BLOCK
        if offset >= size:
            return
        for payload in reader.feed(data_at(offset, min(BLOCK, size - offset))):
            if is_history(payload):
                yield payload


def _find_last(data_at: DataAt, size: int, last: int) -> bytes | None:
    for first in range(last, max(-1, last - _LONGEST_LOOK), -1):
        payloads = list(_histories(data_at, size, first, last + 1))
        if payloads:
            return payloads[-1]
    return None


def is_history(payload: bytes) -> bool:
    """Whether this is a row of metrics."""
    return _is_kind(payload, _HISTORY, _HISTORY_TAG)


def is_summary(payload: bytes) -> bool:
    """Whether this is a summary, of which the SDK writes one with each row."""
    return _is_kind(payload, _SUMMARY, _SUMMARY_TAG)


def _is_kind(payload: bytes, kind: int, tag: int) -> bool:
    if payload[:1] == _NUM_TAG and len(payload) > _LONGEST_HEAD:
        at = 2
        while payload[at - 1] > 0x7F and at < _LONGEST_HEAD:
            at += 1
        if payload[at] in _USUAL:
            return payload[at] == tag
    try:
        return find_body(payload)[0] == kind
    except WireError:
        return False


def find_body(payload: bytes) -> tuple[int, int, int]:
    """(field number, first byte, end) of what the record holds; (0, 0, 0) when nothing known."""
    if payload[:1] == _NUM_TAG:  # as the SDK writes nearly all: the number, then what the record holds
        _, at = read_varint(payload, 1)
        kind = payload[at] >> 3 if at < len(payload) else 0
        if kind in _SHORT_KINDS and payload[at] & 7 == LENGTH:
            length, at = read_varint(payload, at + 1)
            if at + length <= len(payload):
                return kind, at, at + length
    for number, wire, start, stop in spans(payload):
        if wire == LENGTH and number in _ONE_OF:
            return number, start, stop
    return 0, 0, 0


def _read_history(data: bytes, start: int, end: int) -> HistoryRow:
    items = Numbers()
    at = read_numbers(data, start, end, items)
    counted = items.take("_step")
    step = int(counted) if counted is not None and math.isfinite(counted) else None
    if step is None or not (end - at > 1 and data[at] == _STEP_TAG and at + 2 + data[at + 1] == end):
        noted = _read_rest(data, at, end, items)
        step = noted if step is None else step
    return HistoryRow(step, items.take("_timestamp"), items.take("_runtime"), items.pairs())


def _read_rest(data: bytes, at: int, end: int, items: Numbers) -> int | None:
    """What follows a row's first items, in whatever order: the step message, more items."""
    step = None
    while (at := read_numbers(data, at, end, items)) < end:
        number, wire, first, at = next(spans(data, at, end))
        if number == 2 and wire == LENGTH:
            step = 0  # proto3 leaves a zero out
            for inner, value in fields(data[first:at]):
                if inner == 1 and isinstance(value, int):
                    step = signed(value)
    return step
