"""Line numbers of evidence: those of the file, counted from the index's marks and not from its start."""

from __future__ import annotations

from pathlib import Path

import pytest

from lptui.engine import line_numbers
from lptui.engine.reading import read_run
from lptui.files import Handle
from lptui.model.finding import Evidence
from lptui.run import Missing, discover

PLAIN = "12:00:01 [INFO] rl.vecenv: worker 4 reset env 17\n" * 400
OOM = "12:00:04 [ERROR] RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB\n"
FULL = "OSError: [Errno 28] No space left on device: '/runs/a/model.pt'\n"


def told(path: Path) -> list[Evidence]:
    run = discover(path)
    assert not isinstance(run, Missing)
    state = read_run(run, patience=0.0)
    return [e for f in state.findings for e in f.evidence if e.anchor is not None]


def check(found: list[Evidence], path: Path) -> None:
    for evidence in found:
        assert evidence.anchor is not None
        text = path.read_bytes()
        assert evidence.line == text.count(b"\n", 0, evidence.anchor.offset) + 1


@pytest.mark.parametrize("end", ["", PLAIN])
def test_they_are_counted_from_the_last_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    log = tmp_path / "train.log"
    log.write_text("".join(PLAIN + ("\r half a line" if i % 7 == 0 else "\n") for i in range(150)) + OOM + end)
    read = 0
    opened = line_numbers.open_file

    def open_counted(path: str) -> Handle:
        handle = opened(path)
        pread = handle.pread

        def count(offset: int, length: int) -> bytes:
            nonlocal read
            read += length
            return pread(offset, length)

        monkeypatch.setattr(handle, "pread", count)
        return handle

    monkeypatch.setattr(line_numbers, "open_file", open_counted)
    found = told(tmp_path)
    assert found
    check(found, log)
    assert read < 200_000 < log.stat().st_size


def test_those_in_an_older_file_count_from_its_own_start(tmp_path: Path) -> None:
    log, older = tmp_path / "train.log", tmp_path / "train.log.1"
    older.write_text(PLAIN * 30 + OOM + PLAIN * 40)
    log.write_text(PLAIN * 50 + FULL)
    found = told(tmp_path)
    by_file = {e.file: [x for x in found if x.file == e.file] for e in found}
    assert set(by_file) == {str(log), str(older)}
    for file, evidence in by_file.items():
        check(evidence, Path(file))
