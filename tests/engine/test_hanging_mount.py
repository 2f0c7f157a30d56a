"""A mount that stops to answer in the middle of a read: told, not waited for, and read on when it answers again."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_engine import Watch

import lptui.engine.host as host_module
from lptui.engine.engine import Engine
from lptui.files.seam import Handle
from lptui.model.request import Answer, ReadLog
from lptui.run import discover


class Mount:
    """Reads of `train.log` wait while `answers` is not set; `asked` tells that one does. `late` shifts the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers, self.asked, self.late = threading.Event(), threading.Event(), 0.0
        self.answers.set()
        pread = Handle.pread

        def wait(handle: Handle, offset: int, length: int) -> bytes:
            if handle.path.endswith("train.log") and not self.answers.is_set():
                self.asked.set()
                self.answers.wait()
            return pread(handle, offset, length)

        monkeypatch.setattr(Handle, "pread", wait)
        monkeypatch.setattr(host_module, "HOST_SOURCES", ())

    def clock(self) -> float:
        return time.time() + self.late

    def stop(self, path: Path) -> None:
        self.asked.clear()
        self.answers.clear()
        with path.open("ab") as out:
            out.write(b"new\n")
        assert self.asked.wait(60)


@pytest.fixture
def mount(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mount]:
    made = Mount(monkeypatch)
    yield made
    made.answers.set()


def test_a_read_that_hangs_is_told_and_recovers(tmp_path: Path, mount: Mount) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(b"step=1 loss=0.5\n" * 1000)
    engine = Engine(discover(str(tmp_path)), clock=mount.clock)
    watch = Watch(engine)
    watch.until(lambda s: s.statuses.get("log train.log") and not s.still_reading and s.logs)
    mount.stop(path)
    mount.late = 12.0
    state = watch.until(lambda s: s.statuses["log train.log"].condition == "failed")
    assert "no answer for 10s: its disk, mount or driver hangs" in state.statuses["log train.log"].detail
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    engine.ask(ReadLog(str(path), 0, 4), answers.put)  # returns, whatever the mount does
    assert answers.empty()
    mount.late = 20.0
    watch.until(lambda s: "20s" in s.statuses["log train.log"].detail)  # and all else goes on
    mount.answers.set()
    watch.until(lambda s: s.statuses["log train.log"].condition == "ok" and s.logs[str(path)].end == 16_004)
    answer = answers.get(timeout=60)
    assert getattr(answer, "data", None) == b"step"
    engine.stop()


def test_leaving_does_not_wait_for_a_read_that_hangs(tmp_path: Path, mount: Mount) -> None:
    path = tmp_path / "train.log"
    path.write_bytes(b"step=1 loss=0.5\n" * 1000)
    engine = Engine(discover(str(tmp_path)), clock=mount.clock)
    watch = Watch(engine)
    watch.until(lambda s: s.logs and not s.still_reading)
    mount.stop(path)
    mount.late = 12.0
    engine.stop()
    assert not mount.answers.is_set()  # it still hangs, in a thread that ends with the program
    stuck = [t for t in threading.enumerate() if t.name == "lptui log" and t.is_alive()]
    assert stuck
    assert all(t.daemon for t in stuck)
