"""What the bytes of each checkpoint were when they were first read: so that later bit rot is found even in formats that
have no checksum (safetensors, torch before 1.6).

One small file a checkpoint in a folder of the user's, never beside the run: the checksum of every tensor, with the
file's size and time. "Changed since first seen" is only said while size and time are what they were then; a file that
was written anew is a new one. At most 400 files and 64 MB are kept, the oldest go first.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, cast

from lptui.checkpoints.info import NEXT_STEPS
from lptui.checkpoints.report import DeepReport

VERSION = 1
MOST_FILES = 400
MOST_BYTES = 64 << 20
_MOST_ENTRY = 8 << 20
_MOST_NAMED = 50
_READ_WHOLE = ("ok", "ok-verified", "non-finite-weights", "zeroed", "custom-pickle")


@dataclass(frozen=True, slots=True)
class Entry:
    """One checkpoint as it was first read. `sums` by tensor; `seen_at` seconds since the epoch."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    seen_at: float
    sums: dict[str, int]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries under `folder`, which is made when the first is written. '' keeps nothing."""

    folder: str

    def judge(self, report: DeepReport, now: float) -> DeepReport:
        """The report, or a worse one if the bytes are not those that were first seen. What was not seen before is
        kept (seen at `now`). Never raises for what the disk does."""
        if not self.folder or report.verdict not in _READ_WHOLE or len(report.key) != 5 or not report.tensors:
            return report
        seen = self.find(report.path)
        _, _, size, mtime_ns, ctime_ns = report.key
        if seen is None or (seen.size, seen.mtime_ns) != (size, mtime_ns):
            sums = {tensor.name: tensor.crc for tensor in report.tensors if tensor.crc is not None}
            path = os.path.realpath(report.path)
            self.keep(Entry(path, size, mtime_ns, ctime_ns, now, sums))
            return report
        changed = [t.name for t in report.tensors if t.crc is not None and seen.sums.get(t.name, t.crc) != t.crc]
        return _accuse(report, seen, changed) if changed else report

    def find(self, path: str) -> Entry | None:
        """The entry of a checkpoint, if there is one that can be read."""
        try:
            with open(self._file(path), "rb") as file:
                packed = file.read(_MOST_ENTRY + 1)
            inflater = zlib.decompressobj()
            raw = inflater.decompress(packed, _MOST_ENTRY)
            return _parse(json.loads(raw), os.path.realpath(path))
        except (OSError, ValueError, zlib.error, RecursionError):
            return None

    def keep(self, entry: Entry) -> None:
        """Write an entry as a whole or not at all; a disk that refuses is no matter of the reader's."""
        table = {
            "version": VERSION, "path": entry.path, "size": entry.size, "mtime_ns": entry.mtime_ns,
            "ctime_ns": entry.ctime_ns, "seen_at": entry.seen_at, "sums": entry.sums,
        }  # fmt: skip
        packed = zlib.compress(json.dumps(table, separators=(",", ":")).encode(), 1)
        folder = os.path.realpath(self.folder)
        run = os.path.dirname(entry.path)
        if len(packed) > _MOST_ENTRY or (folder + "/").startswith(run.rstrip("/") + "/"):
            return
        path = self._file(entry.path)
        draft = f"{path}.{os.getpid()}.tmp"
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(packed)
            os.replace(draft, path)
            self._prune()
        except OSError:
            with contextlib.suppress(OSError):
                os.remove(draft)

    def _file(self, path: str) -> str:
        real = os.path.realpath(path).encode("utf-8", "surrogateescape")
        return os.path.join(os.path.realpath(self.folder), f"{blake2b(real, digest_size=16).hexdigest()}.json.z")

    def _prune(self) -> None:
        """The oldest entries beyond the bounds, and drafts that were left behind."""
        total = 0
        for number, (_, size, path) in enumerate(sorted(self._entries(), reverse=True)):
            total += size
            if number >= MOST_FILES or total > MOST_BYTES:
                with contextlib.suppress(OSError):
                    os.remove(path)

    def _entries(self) -> Iterator[tuple[int, int, str]]:
        with os.scandir(self.folder) as found:
            for one in found:
                if one.is_file(follow_symlinks=False) and one.name.endswith((".json.z", ".tmp")):
                    status = one.stat(follow_symlinks=False)
                    yield status.st_mtime_ns, status.st_size, one.path


def _parse(raw: object, path: str) -> Entry:
    """ValueError for anything but an entry of this version about `path`."""
    if not isinstance(raw, dict):
        raise ValueError("no entry")
    row = cast("dict[str, Any]", raw)
    if row.get("version") != VERSION or row.get("path") != path:
        raise ValueError("an entry of another version or file")
    try:
        sums = {str(name): int(value) for name, value in row["sums"].items()}
        times = (int(row["size"]), int(row["mtime_ns"]), int(row["ctime_ns"]), float(row["seen_at"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("a damaged entry") from error
    return Entry(path, *times, sums)


def _accuse(report: DeepReport, seen: Entry, changed: list[str]) -> DeepReport:
    more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
    text = f"the bytes of {changed[0]}{more} changed since they were first read, though size and time did not"
    if seen.ctime_ns != report.key[4]:
        text += "; something wrote to the file and put its time back"
    blank = {t.name for t in report.tensors if t.nbytes and t.zero_run >= t.nbytes}
    verdict = "zeroed" if blank.issuperset(changed) else "crc-mismatch"
    names = tuple(changed[:_MOST_NAMED])
    return replace(report, verdict=verdict, reason=text, next_step=NEXT_STEPS[verdict], culprits=names)
