"""What readers did about findings, kept between watches: one small file a run in the user's state folder.

JSON lines, appended to with one write each, so that two screens on one run do not spoil each other's; a line that is
damaged is skipped. Private (0600), bounded, and never below the run's own directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from lptui.config.folders import state_folder
from lptui.files import FileFailure, open_file
from lptui.model.care import ACTS, BY_READER, MOST_KEPT, CareEntry

LARGEST = 64 * 1024
CONDENSED = 32 * 1024
MOST_RUNS = 500
_LONGEST_ID = 300


def care_path(env: Mapping[str, str], run: str) -> str:
    """The file for the run directory or log file `run`; '' where nothing may be kept.

    A directory that was removed and made anew under its old name is another run: its inode is part of the name.
    """
    real = os.path.realpath(run)
    folder = os.path.join(os.path.realpath(state_folder(env)), "care")
    if (folder + "/").startswith(real.rstrip("/") + "/"):
        return ""
    try:
        inode = os.stat(real).st_ino
    except OSError:
        return ""
    key = f"{real}\0{inode}".encode("utf-8", "surrogateescape")
    return os.path.join(folder, f"{zlib.crc32(key):08x}{zlib.adler32(key):08x}.jsonl")


def read_care(path: str) -> tuple[CareEntry, ...]:
    """All entries that can be read, in the order in which they were written."""
    if not path:
        return ()
    try:
        handle = open_file(path)
    except FileFailure:
        return ()
    try:
        raw = handle.pread(0, 2 * LARGEST)
    except FileFailure:
        return ()
    finally:
        handle.close()
    return tuple(entry for line in raw.split(b"\n") if (entry := _read_line(line)) is not None)


def append_care(path: str, entries: Sequence[CareEntry]) -> None:
    """Add `entries`; a file that has grown too large is condensed. Raises OSError."""
    if not path or not entries:
        return
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    lines = b"".join(_write_line(entry) for entry in entries)
    if not os.path.lexists(path):
        _prune(folder)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{path} is no regular file")
        os.fchmod(handle, 0o600)
        torn = found.st_size > 0 and os.pread(handle, 1, found.st_size - 1) != b"\n"
        os.write(handle, (b"\n" if torn else b"") + lines)
    finally:
        os.close(handle)
    if found.st_size + len(lines) > LARGEST:
        _rewrite(path, condense(read_care(path), CONDENSED))


def condense(entries: Iterable[CareEntry], limit: int) -> list[CareEntry]:
    """The entries that matter most in at most `limit` bytes: each finding's first and newest; the newest findings."""
    table: dict[str, list[CareEntry]] = {}
    for entry in entries:
        table.setdefault(entry.finding, []).append(entry)
    for name, rows in table.items():
        table[name] = rows if len(rows) <= MOST_KEPT else [rows[0], *_newest(rows[1:], MOST_KEPT - 1)]
    kept: list[CareEntry] = []
    size = 0
    for rows in sorted(table.values(), key=lambda rows: -rows[-1].at):
        size += sum(len(_write_line(entry)) for entry in rows)
        if size > limit:
            break
        kept += rows
    return sorted(kept, key=lambda entry: entry.at)


def _newest(rows: list[CareEntry], count: int) -> list[CareEntry]:
    """The newest `count` entries, among them the one by which a reader silenced it last."""
    tail = rows[-count:]
    said = next((e for e in reversed(rows) if e.act in BY_READER), None)
    return tail if said is None or said in tail else [said, *tail[1:]]


def _write_line(entry: CareEntry) -> bytes:
    row: dict[str, Any] = {"finding": entry.finding[:_LONGEST_ID], "act": entry.act, "at": round(entry.at, 3)}
    row |= {"by": entry.by} if entry.by else {}
    row |= {"until": round(entry.until, 3)} if entry.until is not None else {}
    row |= {"attempt": entry.attempt} if entry.attempt is not None else {}
    return json.dumps(row).encode() + b"\n"


def _read_line(line: bytes) -> CareEntry | None:
    if not line.startswith(b"{") or len(line) > 4096:
        return None
    try:
        row = cast(dict[str, Any], json.loads(line))
        at, until, attempt = float(row["at"]), row.get("until"), row.get("attempt")
        until = None if until is None else float(until)
        if row["act"] not in ACTS or not _is_time(at) or (until is not None and not _is_time(until)):
            return None
        attempt = None if attempt is None else int(attempt)
        return CareEntry(
            str(row["finding"])[:_LONGEST_ID], row["act"], at, str(row.get("by", ""))[:100], until, attempt
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def _is_time(value: float) -> bool:
    return 0 <= value < 1e11


def _rewrite(path: str, entries: Sequence[CareEntry]) -> None:
    draft = f"{path}.{os.getpid()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"".join(_write_line(entry) for entry in entries))
        os.replace(draft, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.remove(draft)
        raise


def _prune(folder: str) -> None:
    """Room for one more run: those that were not touched for the longest time go."""
    with contextlib.suppress(OSError):
        paths = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".jsonl")]
        if len(paths) >= MOST_RUNS:
            for old in sorted(paths, key=os.path.getmtime)[: len(paths) - MOST_RUNS + 1]:
                os.remove(old)
