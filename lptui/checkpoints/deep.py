"""The deep pass (level 2): every byte read once; checksums, numbers that are not finite, runs of zeros.

torch writes a CRC-32 for every record and never compares it on load, so a file that loads may still be damaged. Runs in
the verifying process, under limits; numpy and isal make it fast and are not needed.
"""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lptui.checkpoints.dcp import items_of, read_regions
from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import NEXT_STEPS, CheckpointInfo, RefusalError
from lptui.checkpoints.inspection import CONTENT_ERRORS, look
from lptui.checkpoints.kernels import CHUNK, WIDTHS, Scanner, Tally, load_crc32, load_numpy
from lptui.checkpoints.pickles import PickleError
from lptui.checkpoints.probe import FileBytes, escape, file_key, open_regular
from lptui.checkpoints.regions import Region, list_regions
from lptui.checkpoints.report import MOST_TENSORS, DeepReport, TensorStats

ZERO_RUN = 64 * 1024
"""Bytes of zeros at the end of a file's tensors that no training leaves there."""
_TORN = 4096
"""Zeros that begin inside of a tensor, this many bytes or more before its end, were not there when it was saved: a
layer that starts from zeros is zero from its first byte on."""
_MOST_NAMED = 50
_MASKED = 8
"""Of so many numbers of a mask at least one is infinite."""
Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all), now and then."""


@dataclass(slots=True)
class _Pass:
    """What the pass has found so far."""

    numpy: Any
    progress: Progress
    total: int
    read: int = 0
    checksums: int = 0
    stats: list[TensorStats] = field(default_factory=list[TensorStats])
    wrong_sums: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])
    groups: dict[str, str] = field(default_factory=dict[str, str])
    masks: int = 0
    zeros_at_end: int = 0
    torn: int = 0
    zero_tensors: int = 0


def verify(path: str, progress: Progress = lambda done, total: None) -> DeepReport:
    """Read all of one checkpoint file. Never raises for what the file holds or does."""
    info, draft = look(path)
    if info.damaged or info.verdict not in ("ok-unverified", "custom-pickle"):
        return DeepReport(
            path, info.verdict, info.reason, info.next_step, info.key, checked="the index", step=info.step_count
        )
    try:
        fd = open_regular(path)
    except RefusalError as refusal:
        return _refused(path, refusal.verdict, refusal.reason)
    try:
        if file_key(os.fstat(fd)) != info.key:
            return _refused(path, "changed", "it was written to while it was read")
        report = _read_all(FileBytes(fd, info.size or 0), info, draft, progress)
        if file_key(os.fstat(fd)) != info.key:
            return _refused(path, "changed", "it was written to while it was read")
        return report
    except RefusalError as refusal:
        return _refused(path, refusal.verdict, refusal.reason)
    except OSError as error:
        return _refused(path, "not-read", f"the disk refused: {error.strerror or 'input/output error'}")
    except PickleError as error:
        return _refused(path, "unreadable-pickle", f"a pickle in it is damaged: {error}")
    except zlib.error:
        return _refused(path, "crc-mismatch", "its compressed bytes are damaged")
    except CONTENT_ERRORS as error:
        return _refused(path, "reader-failed", f"lptui's reader failed on this file: {type(error).__name__}")
    finally:
        os.close(fd)


def _refused(path: str, verdict: str, reason: str) -> DeepReport:
    return DeepReport(path, verdict, reason, NEXT_STEPS.get(verdict, ""), checked="the index")


def _read_all(file: FileBytes, info: CheckpointInfo, draft: Draft, progress: Progress) -> DeepReport:
    crc32, kernel = load_crc32()
    found = _Pass(load_numpy(), progress, 0, groups={t.name: t.group for t in draft.contents.tensors})
    if draft.format == "dcp":
        found.total = sum(item.length for item in items_of(draft.path))
        read_regions(draft.path, lambda part, region: _read_region(part, region, found, crc32))
        return _conclude(info, found, kernel)
    regions = list_regions(file, draft)
    found.total = sum(r.stored_size if r.deflated else r.size for r in regions)
    for region in regions:
        _read_region(file, region, found, crc32)
    return _conclude(info, found, kernel)


def _read_region(file: FileBytes, region: Region, found: _Pass, crc32: Callable[[bytes, int], int]) -> None:
    parts = region.parts or ((region.size, region.dtype, region.tensors[0] if region.tensors else region.name),)
    stream = _chunks(file, region, found)
    total = 0
    pending = b""
    for length, dtype, name in parts:
        scanner = Scanner(found.numpy, dtype) if dtype else None
        part_sum, left = 0, length
        while left > 0:
            chunk = pending or next(stream, b"")
            if not chunk:
                raise RefusalError("truncated", f"the bytes of {escape(name)} end {left:,} B too early")
            chunk, pending = chunk[:left], chunk[left:]
            total = crc32(chunk, total)
            if len(parts) > 1:
                part_sum = crc32(chunk, part_sum)
            if scanner is not None:
                scanner.add(chunk)
            left -= len(chunk)
        if scanner is not None:
            _take(found, scanner, region, (length, dtype, name), part_sum if len(parts) > 1 else total)
    if region.crc is not None:
        found.checksums += 1
        if region.crc != total:
            found.wrong_sums.append(_call(region))


def _chunks(file: FileBytes, region: Region, found: _Pass) -> Iterator[bytes]:
    """The bytes of a region, inflated if need be; a deflated one gives no more than it says it holds."""
    inflater = zlib.decompressobj(-15) if region.deflated else None
    at, left, given = region.at, region.stored_size if region.deflated else region.size, 0
    while left > 0:
        raw = file.read(at, min(left, CHUNK))
        at, left = at + len(raw), left - len(raw)
        found.read += len(raw)
        found.progress(found.read, found.total)
        if inflater is None:
            yield raw
            continue
        while raw and given < region.size:
            out = inflater.decompress(raw, min(CHUNK, region.size - given))
            raw, given = inflater.unconsumed_tail, given + len(out)
            if out:
                yield out


def _take(found: _Pass, scanner: Scanner, region: Region, part: tuple[int, str, str], crc: int) -> None:
    length, dtype, name = part
    tally = scanner.tally
    counted = tally.count and dtype in WIDTHS and found.numpy is not None
    good = counted and tally.low <= tally.high
    if tally.nan or tally.infinite:
        _take_nonfinite(found, tally, region.tensors or (name,))
    if found.numpy is not None and length:
        _take_zeros(found, tally, length)
    if len(found.stats) < MOST_TENSORS:
        found.stats.append(
            TensorStats(
                name,
                dtype,
                length,
                _finite(math.sqrt(tally.squares)) if counted else None,
                tally.low if good else None,
                tally.high if good else None,
                tally.nan,
                tally.infinite,
                tally.zero_run,
                crc,
            )
        )


def _take_nonfinite(found: _Pass, tally: Tally, names: tuple[str, ...]) -> None:
    """NaN or infinity among the weights. A table of zeros and a good share of infinities is an attention mask, and what
    stands beside the model (a best score that starts at infinity) is no weight."""
    if not tally.nan and tally.low == tally.high == 0.0 and tally.infinite * _MASKED >= tally.count:
        found.masks += 1
        return
    found.broken += [name for name in names if found.groups.get(name, "model") != "other"]


def _take_zeros(found: _Pass, tally: Tally, length: int) -> None:
    """Zeros up to the end of the file: how many bytes, of how many whole tensors, and how many of one that began with
    something else."""
    if tally.zero_run >= length:
        found.zeros_at_end += length
        found.zero_tensors += 1
    else:
        found.zeros_at_end = found.torn = tally.zero_run
        found.zero_tensors = 0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _call(region: Region) -> str:
    return region.tensors[0] if region.tensors else escape(region.name)


def _conclude(info: CheckpointInfo, found: _Pass, kernel: str) -> DeepReport:
    numbers = "all numbers looked at" if found.numpy is not None else "numbers not looked at (numpy is not installed)"
    sums = f"{found.checksums:,} checksums ({kernel})" if found.checksums else "no checksum in this format"
    verdict, reason, culprits = _judge(info, found)
    return DeepReport(
        info.path,
        verdict,
        reason,
        "" if verdict in ("ok", "ok-verified") else NEXT_STEPS.get(verdict, info.next_step),
        info.key,
        found.read,
        found.checksums,
        f"{found.read:,} B read, {sums}, {numbers}",
        tuple(found.stats),
        tuple(culprits[:_MOST_NAMED]),
        found.numpy is not None,
        len(found.broken),
        tuple(found.broken[:_MOST_NAMED]),
        info.step_count,
    )


def _judge(info: CheckpointInfo, found: _Pass) -> tuple[str, str, list[str]]:
    if found.wrong_sums:
        names = found.wrong_sums
        return "crc-mismatch", f"the bytes of {_some(names)} are not those that were saved", names
    if found.broken:
        hold = "holds" if len(found.broken) == 1 else "hold"
        return "non-finite-weights", f"{_some(found.broken)} {hold} NaN or infinity", found.broken
    if found.zeros_at_end >= ZERO_RUN and found.torn >= _TORN and not found.checksums:
        text = f"its last {found.zeros_at_end:,} B of numbers are all zero: the bytes never reached the disk"
        return "zeroed", text, []
    if info.verdict == "custom-pickle":
        return "custom-pickle", info.reason, []
    if found.checksums:
        return "ok-verified", "every byte agrees with its checksum", []
    text = "every byte could be read; this format has no checksum to compare with"
    if found.zeros_at_end >= ZERO_RUN:
        text += f"; its last {found.zero_tensors:,} tensors hold only zeros, as new layers do, or bytes that were lost"
    return "ok", text, []


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return " and ".join(names[:2]) + more if not more else ", ".join(names[:2]) + more
