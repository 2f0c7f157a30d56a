"""Older generations of a log: in order, once each, packed or not, and what is said when they cannot be read."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from lptui.files.generations import find_older
from lptui.model.events import LogBlock
from lptui.sources.log import LogSource


def write(path: Path, data: bytes, at: int) -> Path:
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    os.utime(path, (at, at))
    return path


def drain(source: LogSource, now: float = 2e9) -> list[object]:
    events: list[object] = list(source.poll(now))
    for turn in range(200):
        events += source.poll(now + turn)
        if not source.pending:
            break
    events += source.poll(now + 300)
    return events


def text_of(source: LogSource) -> bytes:
    return b"".join(source.read(s.base, s.size).data for s in source.view.segments)


def test_generations_stand_before_the_log_in_the_order_of_time(tmp_path: Path) -> None:
    write(tmp_path / "a.log", b"four\nfive\n", 4000)
    write(tmp_path / "a.log.1", b"three\n", 3000)
    write(tmp_path / "a.log.2.gz", b"one\ntwo\n" * 1000, 2000)
    write(tmp_path / "a.log.txt", b"no", 1)
    write(tmp_path / "b.log.1", b"no", 1)
    source = LogSource(str(tmp_path / "a.log"))
    events = drain(source)
    assert text_of(source) == b"one\ntwo\n" * 1000 + b"three\n" + b"four\nfive\n"
    assert [s.seam for s in source.view.segments] == ["start", "rotated", "rotated"]
    assert [s.seam_at for s in source.view.segments] == [0.0, 2000.0, 3000.0]
    assert source.view.segments[-1].base == 0
    blocks = [e for e in events if isinstance(e, LogBlock)]
    assert [b.data for b in blocks] == [b"four\nfive\n", b"three\n", b"one\ntwo\n" * 1000]
    assert [(b.generation, b.base, b.backfill) for b in blocks] == [(0, 0, True), (-1, -6, True), (-2, -8006, True)]


def test_a_log_that_is_rotated_while_we_watch_is_not_doubled(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log", b"one\n", 1000)
    source = LogSource(str(path))
    list(source.poll(1.0))
    list(source.poll(2.0))
    path.rename(tmp_path / "a.log.1")
    path.write_bytes(b"two\n")
    drain(source)
    path.rename(tmp_path / "a.log.2")
    path.write_bytes(b"three\n")
    drain(source, 3e9)
    assert text_of(source) == b"one\ntwo\nthree\n"


def test_names_that_rotation_gives(tmp_path: Path) -> None:
    names = ["a.log.1", "a.log-20260301", "a.log.2026-03-01", "a.log-20260301.gz", "a.log.3.zst", "a.log-20260301-1200"]
    for number, name in enumerate(names):
        write(tmp_path / name, b"x", 1000 - number)
    for name in ("a.log.bak", "a.logs.1", "a.log.1.tmp", "xa.log.1"):
        write(tmp_path / name, b"x", 1)
    assert [e.name for e in find_older(str(tmp_path / "a.log"))] == names


def test_a_damaged_and_an_unknown_packing_are_said_and_the_log_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log", b"now\n", 2000)
    (tmp_path / "a.log.1.gz").write_bytes(b"\x1f\x8b\x08 no gzip at all")
    source = LogSource(str(path))
    drain(source)
    assert "damaged" in source.older.problem
    assert text_of(source) == b"now\n"
    assert not source.pending
