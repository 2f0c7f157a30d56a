"""The first safe look at one checkpoint file (levels 0 and 1): no torch, no numpy, no pickle is run.

Meant for the worker process (see `worker`); pure reading, so tests call it directly.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from dataclasses import replace

from lptui.checkpoints import dcp, msgpack, orbax
from lptui.checkpoints.archives import read_archive, take_header
from lptui.checkpoints.arrays import read_npy
from lptui.checkpoints.draft import Draft
from lptui.checkpoints.frameworks import guess_framework
from lptui.checkpoints.info import CheckpointInfo, RefusalError
from lptui.checkpoints.legacy import check_storages, expected_size, read_keys, read_object
from lptui.checkpoints.machine import CollectorPaused
from lptui.checkpoints.pairs import find_shape_mismatch
from lptui.checkpoints.pickles import OverBudgetError, PickleError, PickleReading, read_pickle
from lptui.checkpoints.probe import FileBytes, Probe, file_key, open_regular, probe
from lptui.checkpoints.safetensors import header_length, read_header
from lptui.checkpoints.torch_zip import MAX_PICKLE

_MAX_PICKLES = 64
CONTENT_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What a reader of ours may fail with on contents that nobody thought of: a verdict, never a traceback."""


def inspect(path: str) -> CheckpointInfo:
    """What the file is and whether it can be whole. Never raises for what a file holds or does."""
    return look(path)[0]


def look(path: str) -> tuple[CheckpointInfo, Draft]:
    """The same, with what it was made of: a deep pass needs the storages."""
    draft = Draft(path)
    return _fill(path, draft), draft


def _fill(path: str, draft: Draft) -> CheckpointInfo:
    try:
        fd = open_regular(path)
    except RefusalError as refusal:
        draft.blame(refusal.verdict, refusal.reason)
        return draft.finish(None)
    except ValueError:
        draft.blame("vanished", "no file can have this name")
        return draft.finish(None)
    try:
        with CollectorPaused():
            _look(fd, draft)
        if draft.probe is not None and file_key(os.fstat(fd)) != draft.probe.key:
            draft.problems = [("changed", "it was written to while it was read")]
    except OSError as error:
        draft.blame("not-read", f"the disk refused: {error.strerror or 'input/output error'}")
    finally:
        os.close(fd)
    return draft.finish(guess_framework(draft))


def _look(fd: int, draft: Draft) -> None:
    draft.probe = seen = probe(fd)
    if seen.size == 0:
        draft.blame("truncated", "the file has no bytes")
        return
    try:
        _read(FileBytes(fd, seen.size), seen, draft)
        _compare_moments(draft)
    except RefusalError as refusal:
        draft.blame(*_explain(refusal, seen))
    except PickleError as error:
        _explain_pickle(error, draft)
    except MemoryError:
        draft.blame("not-read", "it asks for more memory than the safe reader has")
    except CONTENT_ERRORS as error:
        draft.blame("reader-failed", f"lptui's reader failed on this file: {type(error).__name__}")


def _compare_moments(draft: Draft) -> None:
    found = draft.contents
    if found.n_tensors == len(found.tensors):
        text = find_shape_mismatch(found.tensors, found.tensors)
        if text:
            draft.blame("mismatch", text)


def _explain_pickle(error: PickleError, draft: Draft) -> None:
    draft.take_labels(error.labels, error.reaches_out)
    if isinstance(error, OverBudgetError):
        draft.blame("not-read", f"it asks for more than the safe reader gives: {error}")
    else:
        draft.blame("unreadable-pickle", f"its pickle is damaged at byte {error.position:,}: {error}")


def _explain(refusal: RefusalError, seen: Probe) -> tuple[str, str]:
    """A file cut short, or one of full length whose end never reached the disk?"""
    if refusal.verdict != "truncated":
        return refusal.verdict, refusal.reason
    if seen.hole_at is not None:
        return "zeroed", f"from {seen.hole_at:,} B on it was never written (a hole), so {refusal.reason}"
    if seen.zero_tail:
        return (
            "zeroed",
            f"its end holds only zeros: the length was kept, the bytes were lost; {refusal.reason}",
        )
    return "truncated", refusal.reason


def _read(file: FileBytes, seen: Probe, draft: Draft) -> None:
    draft.format = seen.format
    name = os.path.basename(draft.path)
    by_name = {dcp.NAME: dcp.read_metadata, orbax.TREE: orbax.read_tree}.get(name)
    if by_name is None and seen.format == "unknown" and msgpack.NAME.fullmatch(name):
        by_name = msgpack.read_msgpack
    if by_name is not None:
        by_name(file, draft)
        return
    if seen.format == "zip":
        read_archive(file, draft)
        return
    reader = {
        "npy": read_npy,
        "torch-legacy": _read_legacy,
        "safetensors": _read_safetensors,
        "pickle": _read_plain_pickle,
        "json": _read_json,
    }.get(seen.format)
    if reader is None:
        _reject_unknown(seen, draft)
        return
    reader(file, draft)
    if seen.hole_at is not None:
        at = seen.hole_at
        draft.blame("zeroed", f"from {at:,} B on a part was never written (a hole; a sparse copy looks the same)")


def _read_legacy(file: FileBytes, draft: Draft) -> None:
    draft.has_crc = False
    raw, reading = read_object(file)
    draft.take_pickle(reading)
    draft.note_custom()
    head = read_keys(file, raw, reading)
    storages = draft.contents.storages
    draft.expected_size = expected_size(head, storages)
    check_storages(file, head, storages)


def _read_safetensors(file: FileBytes, draft: Draft) -> None:
    draft.has_crc = False
    length = header_length(file.read(0, 8), file.size)
    header = read_header(file.read(8, length), length)
    take_header(draft, header)
    draft.expected_size = header.file_size
    if file.size < header.file_size:
        raise RefusalError("truncated", f"it holds {file.size:,} B of {header.file_size:,} B")
    if file.size > header.file_size:
        raise RefusalError("mismatch", f"{file.size - header.file_size:,} B more than its header covers")
    if draft.probe is not None and draft.probe.zero_tail:
        draft.notes.append("its last 4 KiB are zeros: a tensor of zeros, or bytes that never reached the disk")


def _read_plain_pickle(file: FileBytes, draft: Draft) -> None:
    draft.has_crc = False
    raw = file.read(0, min(file.size, MAX_PICKLE))
    reading = read_pickle(raw)
    labels = [*reading.labels]
    reaches_out = reading.reaches_out
    more: PickleReading | PickleError = reading
    for _ in range(_MAX_PICKLES):  # a reader may go on: torch's legacy one reads five in a row
        if not isinstance(more, PickleReading) or more.end >= len(raw):
            break
        try:
            more = read_pickle(raw, more.end)
        except PickleError as error:
            more = error
        labels += more.labels
        reaches_out = reaches_out or more.reaches_out
    draft.take_pickle(replace(reading, labels=tuple(labels), reaches_out=reaches_out))
    draft.note_custom()
    if reading.end < len(raw):
        draft.notes.append(f"{len(raw) - reading.end:,} B follow its first pickle")


def _read_json(file: FileBytes, draft: Draft) -> None:
    draft.has_crc = False
    try:
        tree: object = json.loads(file.read(0, file.size))
    except (ValueError, RecursionError) as error:
        raise RefusalError("mismatch", "it is no JSON that can be read") from error
    draft.take_tree(tree, "json")


def _reject_unknown(seen: Probe, draft: Draft) -> None:
    if seen.zero_tail and not seen.head.strip(b"\0"):
        draft.blame("zeroed", "it begins and ends with zeros: the bytes never reached the disk")
    else:
        draft.blame("unknown-format", "its first bytes are those of no checkpoint format known here")
