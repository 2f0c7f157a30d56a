"""A deep pass that a reader asked for: told as it goes on, and shown in the list while the file stays as it was."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lptui.engine.checkpoint_list import as_run, find_payloads, read_checkpoints
from lptui.engine.verification import verify
from lptui.model.events import CheckpointsSeen
from lptui.model.readings import CheckpointReading
from lptui.model.request import VerifyCheckpoint, VerifyProgress
from lptui.sources.checkpoints import CheckpointSource

DATA = Path(__file__).parents[1] / "checkpoints" / "data"
NOW = 1e9 + 100


def folder(tmp_path: Path, source: str = "bf16.pt", flip: bool = False) -> Path:
    file = tmp_path / "model_1.pt"
    shutil.copy(DATA / source, file)
    if flip:
        raw = bytearray(file.read_bytes())
        at = raw.index(b"FB", raw.index(b"/data/0")) + 40  # in the padding or bytes of the first record
        while raw[at] in b"FBZ":
            at += 1
        raw[at] ^= 0x40
        file.write_bytes(raw)
    os.utime(file, (1e9, 1e9))
    return file


def rows_of(source: CheckpointSource, now: float) -> list[CheckpointReading]:
    found: list[CheckpointReading] = []
    for event in source.poll(now):
        if isinstance(event, CheckpointsSeen):
            found = list(event.checkpoints)
    return found


def test_the_verdict_of_a_deep_pass_replaces_the_first_look(tmp_path: Path) -> None:
    file = folder(tmp_path)
    source = CheckpointSource(as_run(str(file)))
    told: list[VerifyProgress] = []
    try:
        assert rows_of(source, NOW)[0].verdict == "ok"
        verify(source, VerifyCheckpoint(str(file)), lambda a: told.append(a) if isinstance(a, VerifyProgress) else None)
        assert told[-1].verdict == "ok-verified"
        assert all(0 <= t.read <= t.total for t in told)
        assert rows_of(source, NOW + 10)[0].verdict == "ok-verified"
        os.utime(file, (1e9 + 5, 1e9 + 5))  # another file by now: what was verified says nothing of it
        assert rows_of(source, NOW + 20)[0].verdict == "ok"
    finally:
        source.close()


def test_a_flipped_bit_is_shown_as_damage(tmp_path: Path) -> None:
    file = folder(tmp_path, flip=True)
    source = CheckpointSource(as_run(str(file)))
    told: list[VerifyProgress] = []
    try:
        rows_of(source, NOW)
        verify(source, VerifyCheckpoint(str(file)), lambda a: told.append(a) if isinstance(a, VerifyProgress) else None)
        assert told[-1].verdict == "crc-mismatch"
        assert rows_of(source, NOW + 10)[0].verdict == "crc-mismatch"
    finally:
        source.close()


def test_what_is_gone_is_told(tmp_path: Path) -> None:
    source = CheckpointSource(as_run(str(tmp_path / "x.pt")))
    told: list[object] = []
    verify(source, VerifyCheckpoint("/nowhere"), told.append)
    assert told == [VerifyProgress("/nowhere", 0, 0, "vanished", "no file of it can be read deeper")]


def test_more_checkpoints_than_are_looked_into_unasked_are_all_read(tmp_path: Path) -> None:
    for i in range(60):
        file = tmp_path / f"model_{i}.pt"
        shutil.copy(DATA / "bf16.pt", file)
        os.utime(file, (1e9, 1e9))
    rows, leftovers = read_checkpoints(as_run(str(tmp_path)), clock=iter(range(10**9 + 100, 2 * 10**9)).__next__)
    assert [row.verdict for row in rows] == ["ok"] * 60
    assert [row.name for row in rows][:3] == ["model_0.pt", "model_1.pt", "model_2.pt"]
    assert leftovers == ()
    assert len(find_payloads(as_run(str(tmp_path)))) == 60
