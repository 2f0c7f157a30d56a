"""The ledger: bit rot is found in formats without a checksum, and nothing else is called so."""

from __future__ import annotations

import os
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from whole_files import safetensors

from lptui.checkpoints import ledger as module
from lptui.checkpoints.deep import verify
from lptui.checkpoints.ledger import Ledger
from lptui.checkpoints.report import DeepReport
from lptui.checkpoints.worker import Verifier


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(str(tmp_path / "state" / "ledger"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return safetensors(tmp_path / "run" / "a.safetensors", {"w": np.ones(50, "f4"), "b": np.full(9, 2, "f4")})


def rot(path: Path, *, at: int = -4, value: int = 0x11) -> None:
    """One byte changes below the file system: size and times stay."""
    status = path.stat()
    raw = bytearray(path.read_bytes())
    raw[at] ^= value
    path.write_bytes(raw)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def read(path: Path) -> DeepReport:
    return verify(str(path))


def test_a_byte_that_changed_is_found_and_its_tensor_named(ledger: Ledger, path: Path) -> None:
    assert ledger.judge(read(path), 1.0).verdict == "ok"
    assert ledger.judge(read(path), 2.0).verdict == "ok"
    rot(path)
    report = ledger.judge(read(path), 3.0)
    assert (report.verdict, report.culprits) == ("crc-mismatch", ("b",))
    assert "changed since they were first read" in report.reason
    assert "put its time back" in report.reason
    assert report.next_step


def test_below_the_file_system_no_time_moves(ledger: Ledger, path: Path) -> None:
    first = read(path)
    ledger.judge(first, 1.0)
    rotten = replace(first, tensors=tuple(replace(t, crc=1) for t in first.tensors))
    report = ledger.judge(rotten, 2.0)
    assert report.verdict == "crc-mismatch"
    assert "put its time back" not in report.reason
    assert report.culprits == ("w", "b")


def test_a_tensor_that_became_zero_is_zeroed(ledger: Ledger, path: Path) -> None:
    ledger.judge(read(path), 1.0)
    status, raw = path.stat(), path.read_bytes()
    path.write_bytes(raw[:-36] + bytes(36))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert ledger.judge(read(path), 2.0).verdict == "zeroed"


def test_a_file_that_was_written_anew_is_a_new_one(ledger: Ledger, path: Path) -> None:
    ledger.judge(read(path), 1.0)
    safetensors(path, {"w": np.zeros(50, "f4"), "b": np.full(9, 3, "f4")})
    os.utime(path, ns=(1, 1))
    assert ledger.judge(read(path), 2.0).verdict == "ok"
    found = ledger.find(str(path))
    assert found is not None
    assert found.seen_at == 2.0


def test_nothing_is_kept_of_what_was_not_read_or_under_the_run(path: Path, ledger: Ledger) -> None:
    report = read(path)
    ledger.judge(replace(report, verdict="truncated"), 1.0)
    ledger.judge(replace(report, key=()), 1.0)
    assert ledger.find(str(path)) is None
    beside = Ledger(str(path.parent / "ledger"))
    assert beside.judge(report, 1.0) == report
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert Ledger("").judge(report, 1.0) == report


@pytest.mark.parametrize("raw", [
    b"", b"noise", zlib.compress(b"[]"), zlib.compress(b'{"version":1}'), zlib.compress(b'{"version":99,"sums":{}}'),
])  # fmt: skip
def test_a_damaged_entry_is_no_entry(ledger: Ledger, path: Path, raw: bytes) -> None:
    ledger.judge(read(path), 1.0)
    (entry,) = Path(ledger.folder).iterdir()
    entry.write_bytes(raw)
    assert ledger.find(str(path)) is None
    assert ledger.judge(read(path), 2.0).verdict == "ok"
    assert ledger.find(str(path)) is not None


def test_it_stays_small_and_private(ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    report = read(path)
    for i in range(6):
        other = path.parent.parent / f"run{i}" / "a.safetensors"
        ledger.judge(replace(report, path=str(other)), float(i))
    entries = list(Path(ledger.folder).iterdir())
    assert len(entries) == 3
    assert {oct(entry.stat().st_mode & 0o777) for entry in entries} == {"0o600"}


def test_a_folder_that_cannot_be_written_is_no_matter(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    report = read(path)
    assert Ledger(str(tmp_path / "file" / "ledger")).judge(report, 1.0) == report


def test_the_verifying_process_keeps_it(ledger: Ledger, path: Path) -> None:
    with Verifier(ledger=ledger) as verifier:
        assert verifier.verify(str(path)).verdict == "ok"
        rot(path)
        assert verifier.verify(str(path)).verdict == "crc-mismatch"
