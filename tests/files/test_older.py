"""Older generations of a log: in order, once each, packed or not, and what is said when they cannot be read."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from lptui.files.generations import find_older
from lptui.files.packed import PackedText, Unpacking
from lptui.files.seam import FileFailure
from lptui.model.events import LogBlock, StatusSeen
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


def test_members_of_one_gzip_file_are_all_read(tmp_path: Path) -> None:
    path = tmp_path / "a.log.1.gz"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    unpacking = Unpacking(str(path))
    while not unpacking.step():
        pass
    handle = unpacking.handle()
    assert handle.pread(0, 100) == b"one\ntwo\n"
    assert handle.pread(4, 3) == b"two"
    handle.close()


def test_a_damaged_and_an_unknown_packing_are_said_and_the_log_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log", b"now\n", 2000)
    (tmp_path / "a.log.1.gz").write_bytes(b"\x1f\x8b\x08 no gzip at all")
    source = LogSource(str(path))
    drain(source)
    assert "damaged" in source.older.problem
    assert text_of(source) == b"now\n"
    assert not source.pending


def test_what_is_missing_to_read_zst_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import lptui.files.packed as packed

    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(packed, "import_module", missing)
    path = write(tmp_path / "a.log.1.zst", b"(\xb5/\xfd", 1000)
    with pytest.raises(FileFailure, match=r"reads no \.zst") as caught:
        Unpacking(str(path))
    assert "lptui[zstd]" in caught.value.next_step


def test_zst_with_the_package(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "a.log.1.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(b"one\ntwo\n"))
    unpacking = Unpacking(str(path))
    while not unpacking.step():
        pass
    assert unpacking.handle().pread(0, 100) == b"one\ntwo\n"


def test_a_log_that_is_packed_itself_is_history_with_its_own_time(tmp_path: Path) -> None:
    path = write(tmp_path / "a.log.gz", b"2026-03-01T10:00:00Z [INFO] step=1 loss=0.5\n" * 3, 5000)
    text = PackedText(str(path))
    source = LogSource(str(path), text=text)
    events = drain(source, 6000.0)
    blocks = [e for e in events if isinstance(e, LogBlock)]
    assert [b.backfill for b in blocks] == [True]
    assert source.view.modified_at == 5000
    assert source.view.file == str(path)
    kept = Path(text.path)
    assert kept.exists()
    source.close()
    assert not kept.exists()


def test_a_packed_log_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(b"\x1f\x8b\x08 no gzip at all")
    source = LogSource(str(path), text=PackedText(str(path)))
    statuses = [e.status for e in drain(source) if isinstance(e, StatusSeen)]
    assert statuses[-1].condition == "failed"
    assert "damaged" in statuses[-1].detail
    source.close()
