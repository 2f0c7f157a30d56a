"""Packed logs: whole, in several members, still being written, damaged, huge. `train.log.zst` was written by zstd."""

from __future__ import annotations

import errno
import gzip
import io
import os
import shutil
import tracemalloc
import zlib
from importlib.util import find_spec
from pathlib import Path

import pytest

import lptui.files.packed as packed
from lptui.files.packed import PackedText, Unpacking
from lptui.files.seam import FileFailure
from lptui.model.events import LogBlock, StatusSeen
from lptui.paint import read_last_rows
from lptui.sources.log import LogSource

RECORDED = Path(__file__).parent / "train.log.zst"
ROWS = b"".join(b"12:%02d:%02d [INFO] step=%d loss=%.3f\n" % (n // 60 % 60, n % 60, n, 1 / (n + 1)) for n in range(400))


def modules() -> list[str]:
    """Those of this Python that read zstd."""
    return [
        n for n in ("zstandard", "backports.zstd", "compression.zstd") if find_spec(n.split(".")[0]) and find_spec(n)
    ]


needs_zstd = pytest.mark.skipif(not modules(), reason="no zstd in this Python")


def unpack(path: Path) -> tuple[bytes, str]:
    unpacking = Unpacking(str(path))
    while not unpacking.step():
        pass
    torn, size = unpacking.torn, unpacking.size
    handle = unpacking.handle()
    try:
        return handle.pread(0, size), torn
    finally:
        handle.close()


def drain(source: LogSource, now: float) -> list[object]:
    events: list[object] = list(source.poll(now))
    for turn in range(400):
        events += source.poll(now + 0.3 * turn)
        if not source.pending and turn > 5:
            break
    return events


def scanned(events: list[object]) -> bytes:
    return b"".join(e.data for e in sorted((e for e in events if isinstance(e, LogBlock)), key=lambda e: e.start))


def details(events: list[object]) -> list[tuple[str, str]]:
    return [(e.status.condition, e.status.detail) for e in events if isinstance(e, StatusSeen)]


def test_members_of_one_gzip_file_are_all_read(tmp_path: Path) -> None:
    path = tmp_path / "a.log.1.gz"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n") + b"\0" * 40)
    assert unpack(path) == (b"one\ntwo\n", "")


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 11, 500, -9, -8, -1])
def test_any_start_of_a_packed_file_gives_the_start_of_its_text(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(ROWS)[:cut])
    text, torn = unpack(path)
    assert ROWS.startswith(text)
    assert torn == ("its end is not written yet" if cut else "")
    assert text == ROWS or cut not in (-8, -1)


def test_text_before_a_damage_is_given_and_the_damage_told(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    data = bytearray(gzip.compress(os.urandom(40_000).hex().encode(), 1))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    text, torn = unpack(path)
    assert "damaged after" in torn
    assert len(text) > 1000


def test_what_compresses_a_thousandfold_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    with gzip.open(path, "wb") as out:
        for _ in range(200):
            out.write(bytes(1 << 20))
    unpacking = Unpacking(str(path))
    tracemalloc.start()
    steps = 1
    while not unpacking.step():
        steps += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert unpacking.size == 200 << 20
    assert steps >= 25  # between which other things are done
    assert peak < 8 << 20
    unpacking.close()


def test_too_large_and_no_room_are_said(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(ROWS * 10))
    with pytest.raises(FileFailure, match="larger than"):
        while not Unpacking(str(path), most=1000).step():
            pass

    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FileFailure, match="no space left") as caught:
        while not Unpacking(str(path), target=Full()).step():
            pass
    assert "TMPDIR" in caught.value.next_step


def test_a_log_that_is_packed_itself_is_history_with_its_own_time(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(ROWS))
    os.utime(path, (5000, 5000))
    text = PackedText(str(path))
    source = LogSource(str(path), text=text)
    events = drain(source, 6000.0)
    assert [e.backfill for e in events if isinstance(e, LogBlock)] == [True]
    assert (source.view.modified_at, source.view.file) == (5000, str(path))
    assert details(events)[-1] == ("ok", "")
    kept = Path(text.path)
    assert kept.exists()
    source.close()
    assert not kept.exists()


def test_a_packed_log_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(b"\x1f\x8b\x08 no gzip at all")
    source = LogSource(str(path), text=PackedText(str(path)))
    condition, detail = details(drain(source, 1.0))[-1]
    assert condition == "failed"
    assert "damaged" in detail
    source.close()


def test_a_packed_log_that_is_still_written_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    packer = zlib.compressobj(wbits=31)
    with path.open("wb") as out:
        out.write(packer.compress(ROWS) + packer.flush(zlib.Z_SYNC_FLUSH))
        out.flush()
        source = LogSource(str(path), text=PackedText(str(path)))
        events = drain(source, 1e9)
        assert scanned(events) == ROWS
        assert details(events)[-1] == ("partial", "its end is not written yet")
        out.write(packer.compress(b"and on\n") + packer.flush(zlib.Z_SYNC_FLUSH))
        out.flush()
        os.utime(path, (2e9, 2e9))
        later = drain(source, 1e9 + 1000)
        assert scanned(later) == b"and on\n"
        out.write(packer.flush())
        out.flush()
        os.utime(path, (2e9 + 1, 2e9 + 1))
    assert details(drain(source, 1e9 + 2000))[-1] == ("ok", "")
    path.write_bytes(gzip.compress(b"another\n"))
    path.rename(tmp_path / "b")
    path.write_bytes(gzip.compress(b"yet another\n"))
    assert scanned(drain(source, 1e9 + 3000)) == b"yet another\n"
    source.close()


def test_a_torn_older_part_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"now\n")
    (tmp_path / "a.log.1.gz").write_bytes(gzip.compress(ROWS)[:-8])
    source = LogSource(str(path))
    events = drain(source, 1e9)
    assert scanned(events) == ROWS + b"now\n"
    assert "its end is not written yet; what could be unpacked is shown" in details(events)[-1][1]


def test_what_is_missing_to_read_zst_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(packed, "import_module", missing)
    with pytest.raises(FileFailure, match=r"reads no \.zst") as caught:
        Unpacking(str(RECORDED))
    assert "lptui[zstd]" in caught.value.next_step


@needs_zstd
@pytest.mark.parametrize("module", modules() or [""])
def test_frames_of_zstd_cut_anywhere_and_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    real = packed.import_module

    def only(name: str) -> object:
        if name != module:
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(packed, "import_module", only)
    assert unpack(RECORDED) == (ROWS, "")
    data, path = RECORDED.read_bytes(), tmp_path / "a.log.1.zst"
    for cut in range(1, len(data), 7):
        path.write_bytes(data[:cut])
        text, torn = unpack(path)
        assert ROWS.startswith(text)
        assert torn == "its end is not written yet" or len(text) in (0, len(ROWS) * 3 // 4, 11_490)
    path.write_bytes(data + b"no frame")
    text, torn = unpack(path)
    assert text == ROWS
    assert "damaged after" in torn


@needs_zstd
def test_a_log_packed_by_zstd_by_itself_and_above_a_log(tmp_path: Path) -> None:
    shutil.copyfile(RECORDED, tmp_path / "b.log.zst")
    source = LogSource(str(tmp_path / "b.log.zst"), text=PackedText(str(tmp_path / "b.log.zst")))
    assert scanned(drain(source, 4e9)) == ROWS
    source.close()
    (tmp_path / "a.log").write_bytes(b"now\n")
    shutil.copyfile(RECORDED, tmp_path / "a.log.2.zst")
    source = LogSource(str(tmp_path / "a.log"))
    assert scanned(drain(source, 4e9)) == ROWS + b"now\n"
    source.close()


def test_the_first_paint_does_not_show_packed_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(ROWS))
    assert read_last_rows(str(tmp_path / "a.log.gz"), 10) == []
