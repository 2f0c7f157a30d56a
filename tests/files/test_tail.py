"""The tail: every appended byte exactly once, whatever happens to the file."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.files.seam import FileFailure, Handle, Stat, open_file
from lptui.files.tail import TAIL, Tail


class Follower:
    """A tail with its own clock; collects what it sees."""

    def __init__(self, path: Path) -> None:
        self.tail, self.now, self.seen = Tail(str(path)), 0.0, b""

    def __del__(self) -> None:
        self.tail.close()

    def look(self, times: int = 3) -> bytes:
        start = len(self.seen)
        for _ in range(times):
            self.now += 0.3
            for growth in self.tail.poll(self.now):
                self.seen += growth.data
        return self.seen[start:]

    @property
    def seams(self) -> list[str]:
        return [s.seam for s in self.tail.view.segments]


def test_history_is_not_growth_and_appends_are_seen_once(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"old\n")
    follower = Follower(log)
    assert follower.look() == b""
    assert follower.tail.view.tail == b"old\n"
    with log.open("ab") as out:
        out.write(b"half \xc3")
        out.flush()
        assert follower.look() == b"half \xc3"
        out.write(b"\xa9\n")
    assert follower.look() == b"\xa9\n"
    assert follower.tail.view.end == log.stat().st_size


def test_rename_and_new_file_drains_the_old_one_first(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"one\n")
    follower = Follower(log)
    follower.look()
    writer = log.open("ab")
    log.rename(tmp_path / "a.log.1")
    writer.write(b"late\n")
    writer.close()
    log.write_bytes(b"new\n")
    assert follower.look(5) == b"late\nnew\n"
    assert follower.seams == ["start", "rotated"]
    assert follower.tail.read(0, 9) == (b"one\nlate\n", "")
    assert follower.tail.read(9, 99) == (b"new\n", "")


def test_truncation_begins_a_generation_and_keeps_what_was_in_hand(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"first life\n")
    follower = Follower(log)
    follower.look()
    with log.open("r+b") as out:
        out.truncate(0)
        out.write(b"2nd\n")
    assert follower.look() == b"2nd\n"
    assert follower.seams == ["start", "truncated"]
    assert follower.tail.read(0, 11) == (b"first life\n", "")


def test_rewritten_and_regrown_file_is_noticed_by_its_head(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"attempt 1 ...\n")
    follower = Follower(log)
    follower.look()
    with log.open("r+b") as out:
        out.write(b"attempt 2, and it is already longer\n")
    assert follower.look() == b"attempt 2, and it is already longer\n"
    assert follower.seams == ["start", "replaced"]


def test_overwritten_bytes_are_named_not_invented(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"x" * (TAIL + 100))
    follower = Follower(log)
    follower.look()
    log.write_bytes(b"again\n")
    follower.look()
    data, reason = follower.tail.read(0, 50)
    assert data == b""
    assert "overwritten" in reason


def test_deletion_is_a_status_and_return_is_a_seam(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"one\n")
    follower = Follower(log)
    follower.look()
    log.unlink()
    follower.look()
    assert follower.tail.view.missing
    assert follower.tail.failure is not None
    assert follower.tail.read(0, 4) == (b"one\n", "")
    log.write_bytes(b"back\n")
    assert follower.look(5) == b"back\n"
    assert follower.seams == ["start", "returned"]
    assert not follower.tail.view.missing


def test_a_missing_file_waits_and_then_is_history(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "later.log")
    assert follower.look() == b""
    assert follower.tail.failure is not None
    assert follower.tail.failure.missing
    (tmp_path / "later.log").write_bytes(b"hello\n")
    follower.look()
    assert follower.tail.view.tail == b"hello\n"
    assert follower.tail.failure is None


def test_a_pipe_is_refused_without_blocking(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    with pytest.raises(FileFailure, match="not a regular file"):
        open_file(str(fifo))


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.one_of(st.binary(min_size=1, max_size=80), st.just("rotate")), max_size=12))
def test_every_byte_is_seen_exactly_once(tmp_path_factory: pytest.TempPathFactory, steps: list[bytes | str]) -> None:
    folder = tmp_path_factory.mktemp("tail")
    log = folder / "a.log"
    log.write_bytes(b"#")
    follower = Follower(log)
    follower.look()
    written = b""
    for number, step in enumerate(steps):
        if isinstance(step, str):
            log.rename(folder / f"a.log.{number}")
            log.write_bytes(b"")
        else:
            with log.open("ab") as out:
                out.write(step)
            written += step
        follower.look(4)
    assert follower.seen == written


def test_a_copy_left_by_copytruncate_brings_what_was_not_read_in_time(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n")
    tail = Tail(str(path))
    tail.poll(0.0)
    with path.open("ab") as log:
        log.write(b"two\nthree\n" * 40_000)
    first = tail.poll(1.0)
    with path.open("ab") as log:
        log.write(b"four, written right before the copy\n")
    whole = path.read_bytes()
    (tmp_path / "a.log.1").write_bytes(whole)
    path.write_bytes(b"five\n")
    grown = [*tail.poll(2.0), *tail.poll(2.1), *tail.poll(2.2)]
    assert [g.data for g in grown] == [b"four, written right before the copy\n", b"five\n"]
    assert [g.generation for g in grown] == [0, 1]
    assert [s.seam for s in tail.view.segments] == ["start", "truncated"]
    assert b"".join(tail.read(s.base, s.size)[0] for s in tail.view.segments) == whole + b"five\n"
    assert first[0].start + len(first[0].data) == grown[0].start
    tail.close()


def test_a_generation_that_came_and_went_between_two_looks_is_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\n")
    follower = Follower(path)
    follower.look()
    (tmp_path / "a.log.1").write_bytes(b"one\nTWO\nthree\n")
    path.write_bytes(b"x\n")
    assert follower.look(4) == b"one\nTWO\nthree\nx\n"
    assert follower.seams == ["start", "rotated", "truncated"]
    assert follower.tail.read(0, 8) == (b"one\ntwo\n", "")


class Server:
    """Stands in for a network mount: a handle sees the file as it was when it was opened, and `error` fails all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error, self.opened = 0, 0
        self.sizes: dict[Handle, int] = {}
        stat, pread = Handle.stat, Handle.pread

        def fail(path: str) -> None:
            if self.error:
                raise FileFailure.of(path, OSError(self.error, os.strerror(self.error)))

        def cached(handle: Handle) -> Stat:
            fail(handle.path)
            now = stat(handle)
            if handle not in self.sizes:
                self.sizes[handle], self.opened = now.size, self.opened + 1
            return replace(now, size=self.sizes[handle])

        def read(handle: Handle, offset: int, length: int) -> bytes:
            fail(handle.path)
            return pread(handle, offset, max(0, min(length, cached(handle).size - offset)))

        monkeypatch.setattr(Handle, "stat", cached)
        monkeypatch.setattr(Handle, "pread", read)


def test_on_a_network_mount_a_fresh_handle_a_second_keeps_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"old\n" * 200)
    server, follower = Server(monkeypatch), Follower(log)
    follower.tail.remote = True
    follower.look()
    for number in range(5):
        with log.open("ab") as out:
            out.write(b"new %d\n" % number)
        assert follower.look(6) == b"new %d\n" % number
    assert server.opened <= 13  # 33 looks, 10 s
    assert follower.seams == ["start"]


@pytest.mark.parametrize("error", [errno.ESTALE, errno.ENOTCONN, errno.EIO, errno.ETIMEDOUT])
def test_a_mount_that_fails_is_a_failure_with_a_next_step_and_then_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"old line of the log\n" * 100)
    server, follower = Server(monkeypatch), Follower(log)
    follower.tail.remote = True
    follower.look()
    server.error = error
    assert follower.look(10) == b""
    failure = follower.tail.failure
    assert failure is not None
    assert failure.next_step
    assert not follower.tail.view.missing
    with log.open("ab") as out:
        out.write(b"new\n")
    server.error = 0
    assert follower.look(10) == b"new\n"
    assert follower.tail.failure is None
    assert follower.seams == ["start"]


def test_a_log_on_another_inode_after_a_remount_is_the_same_log(tmp_path: Path) -> None:
    log = tmp_path / "mount" / "a.log"
    log.parent.mkdir()
    log.write_bytes(b"old line of the log\n" * 100)
    follower = Follower(log)
    follower.look()
    log.parent.rename(tmp_path / "lazily unmounted")
    follower.look()
    log.parent.mkdir()
    log.write_bytes(b"old line of the log\n" * 100 + b"new\n")
    assert follower.look(10) == b"new\n"
    assert follower.seams == ["start"]


def test_a_handle_on_a_mount_that_is_gone_is_given_up_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = os.close

    def close_on_dead_mount(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    (tmp_path / "train.log").write_bytes(b"a\n")
    handle = open_file(str(tmp_path / "train.log"))
    monkeypatch.setattr(os, "close", close_on_dead_mount)
    handle.close()
    with pytest.raises(FileFailure):
        handle.stat()


def test_a_log_that_was_just_rotated_is_read_where_it_lies_until_there_is_a_new_one(tmp_path: Path) -> None:
    log, old = tmp_path / "train.log", tmp_path / "train.log.1"
    (tmp_path / "train.log.2").write_bytes(b"older\n")
    os.utime(tmp_path / "train.log.2", (1.0, 1.0))
    old.write_bytes(b"one\n")
    follower = Follower(log)
    follower.look()
    assert follower.tail.read(0, 100)[0] == b"one\n"
    assert follower.tail.view.missing
    with old.open("ab") as file:
        file.write(b"two\n")
    assert follower.look() == b"two\n"
    log.write_bytes(b"three\n")
    assert follower.look() == b"three\n"
    assert not follower.tail.view.missing
    assert follower.seams == ["start", "returned"]
