"""Rotation as programs really do it: each line that was written is in hand once, or said to be gone."""

from __future__ import annotations

import gzip
import logging
import logging.handlers
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.files.parts import KeptPart, Recent
from lptui.files.shelf import Shelf
from lptui.model.events import LogBlock, StatusSeen
from lptui.sources.log import LogSource


class Watch:
    """A source that is polled by hand, and what it told of."""

    def __init__(self, path: Path) -> None:
        self.source, self.now = LogSource(str(path)), 2e9
        self.scanned: dict[int, bytes] = {}
        self.statuses: list[str] = []

    def __del__(self) -> None:
        self.source.close()

    def look(self, turns: int = 6) -> None:
        for _ in range(turns):
            while True:
                self.now += 0.3
                for event in self.source.poll(self.now):
                    if isinstance(event, LogBlock):
                        assert event.start not in self.scanned
                        self.scanned[event.start] = event.data
                    elif isinstance(event, StatusSeen):
                        self.statuses.append(event.status.detail)
                if not self.source.pending:
                    break

    @property
    def shown(self) -> list[bytes]:
        """All lines that a reader can scroll to."""
        ranges = [(s.base + s.kept_from, s.size - s.kept_from) for s in self.source.view.segments]
        return b"".join(self.source.read(*one).data for one in ranges).split()

    @property
    def heard(self) -> list[bytes]:
        """All lines that the failure scan was given."""
        return b"".join(data for _, data in sorted(self.scanned.items())).split()

    @property
    def seams(self) -> list[str]:
        return [s.seam for s in self.source.view.segments]


def lines(first: int, last: int) -> bytes:
    return b"".join(b"line-%06d\n" % number for number in range(first, last))


def append(path: Path, first: int, last: int) -> None:
    with path.open("ab") as out:
        out.write(lines(first, last))


def copytruncate(path: Path) -> None:
    shutil.copyfile(path, f"{path}.1")  # over what is there, as `cp` does
    os.truncate(path, 0)


def test_a_copy_over_an_older_part_is_neither_doubled_nor_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    (tmp_path / "a.log.1").write_bytes(lines(0, 900))
    os.utime(tmp_path / "a.log.1", (1000, 1000))
    append(path, 900, 2000)
    watch = Watch(path)
    watch.look()
    assert watch.shown == lines(0, 2000).split()
    append(path, 2000, 2500)
    copytruncate(path)
    append(path, 2500, 2600)
    watch.look()
    assert watch.shown == lines(900, 2600).split()
    assert watch.heard == lines(0, 2600).split()
    first = watch.source.view.segments[0]
    data, why = watch.source.tail.read(first.base, 10)
    assert (data, first.kept_from) == (b"", first.size)
    assert "written over" in why
    copytruncate(path)
    append(path, 2600, 2700)
    watch.look()
    assert watch.shown == lines(2500, 2700).split()
    assert watch.heard == lines(0, 2700).split()


@pytest.mark.parametrize("looks", ["often", "seldom"])
def test_copies_that_move_on_are_followed(tmp_path: Path, looks: str) -> None:
    path = tmp_path / "a.log"
    append(path, 0, 1000)
    watch = Watch(path)
    watch.look()
    at = 1000
    for _ in range(4):
        append(path, at, at + 700)
        for number in (4, 3, 2, 1):
            if (tmp_path / f"a.log.{number}").exists():
                shutil.copyfile(f"{path}.{number}", f"{path}.{number + 1}")
        copytruncate(path)
        append(path, at + 700, at + 800)
        at += 800
        if looks == "often":
            watch.look()
    watch.look()
    assert watch.shown == lines(0, at).split()
    assert watch.heard == lines(0, at).split()


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(st.sampled_from(["write", "write", "rename", "copy", "new file late", "look", "look"]), max_size=25)
)
def test_any_mixture_of_renames_and_copies(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    path = tmp_path_factory.mktemp("mixed") / "a.log"
    append(path, 0, 100)
    watch, at = Watch(path), 100
    watch.look(1)
    for step in steps:
        if step == "look":
            watch.look(1)
            continue
        if step != "write":
            for number in range(30, 0, -1):
                if (old := Path(f"{path}.{number}")).exists():
                    (shutil.copyfile if step == "copy" else os.rename)(old, f"{path}.{number + 1}")
            if step == "copy":
                copytruncate(path)
            else:
                path.rename(f"{path}.1")
        if step == "new file late":
            watch.look(1)
        append(path, at, at + 100)
        at += 100
    watch.look()
    assert watch.heard == lines(0, at).split()
    assert watch.shown == lines(at - len(watch.shown), at).split()
    assert len(watch.shown) >= min(at, 1000)


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(
        st.sampled_from(["write", "rename", "cp", "truncate", "pack", "restart", "look", "look"]), max_size=20
    )
)
def test_whatever_is_done_no_line_comes_twice(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    path = tmp_path_factory.mktemp("rough") / "a.log"
    append(path, 0, 100)
    watch, at, first = Watch(path), 100, Path(f"{path}.1")
    watch.look(1)
    for step in steps:
        match step:
            case "look":
                watch.look(1)
            case "rename":
                path.rename(first)
            case "cp":
                copytruncate(path)
            case "truncate":
                os.truncate(path, 0)
            case "restart":
                path.write_bytes(b"")
            case "pack" if first.exists():
                Path(f"{first}.gz").write_bytes(gzip.compress(first.read_bytes()))
                first.unlink()
            case _:
                pass
        append(path, at, at + 100)
        at += 100
    watch.look()
    assert watch.heard == sorted(set(watch.heard))
    assert watch.shown == sorted(set(watch.shown))
    assert watch.shown[-100:] == lines(at - 100, at).split()


def rotate_by_name(path: Path, *, pack: bool) -> None:
    for number in (3, 2, 1):
        for suffix in ("", ".gz"):
            if (old := Path(f"{path}.{number}{suffix}")).exists():
                old.rename(f"{path}.{number + 1}{suffix}")
    path.rename(f"{path}.1")
    delayed = Path(f"{path}.2")
    if pack and delayed.exists():
        Path(f"{path}.2.gz").write_bytes(gzip.compress(delayed.read_bytes()))
        shutil.copystat(delayed, f"{path}.2.gz")
        delayed.unlink()


@pytest.mark.parametrize("pack", [False, True])
def test_renames_with_and_without_delayed_compression(tmp_path: Path, pack: bool) -> None:
    path = tmp_path / "a.log"
    append(path, 0, 1000)
    watch = Watch(path)
    watch.look(1)  # history is read, older parts perhaps not
    for turn in range(1, 4):
        rotate_by_name(path, pack=pack)
        append(path, turn * 1000, turn * 1000 + 1000)
        watch.look(1)
    assert watch.shown == lines(0, 4000).split()
    fresh = Watch(path)
    fresh.look()
    assert fresh.shown == lines(0, 4000).split()
    assert fresh.heard == lines(0, 4000).split()


def test_an_empty_new_file_waits_while_the_old_one_is_still_written_to(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    append(path, 0, 10)
    watch = Watch(path)
    watch.look()
    with path.open("ab") as trainer:  # which reopens only when it is told to
        path.rename(tmp_path / "a.log.1")
        path.touch()
        watch.look()
        trainer.write(lines(10, 20))
        trainer.flush()
        watch.look()
        append(path, 20, 30)
        watch.look()
        assert watch.shown == watch.heard == lines(0, 30).split()
        trainer.write(b"late\n")
    watch.look()
    assert watch.shown == lines(0, 30).split()
    assert "5 bytes were written to an older file" in watch.statuses[-1]


def by_size(path: Path) -> logging.Handler:
    return logging.handlers.RotatingFileHandler(path, maxBytes=4000, backupCount=50)


def by_time(path: Path) -> logging.Handler:
    return logging.handlers.TimedRotatingFileHandler(path, when="D", backupCount=50)


@pytest.mark.parametrize("every", [1, 200, 1500])
@pytest.mark.parametrize("make", [by_size, by_time])
def test_python_handlers(tmp_path: Path, make: Callable[[Path], logging.Handler], every: int) -> None:
    path = tmp_path / "a.log"
    handler = make(path)
    watch: Watch | None = None
    for number in range(3000):
        if isinstance(handler, logging.handlers.TimedRotatingFileHandler) and number % 500 == 499:
            handler.rolloverAt = 0
            handler.suffix = f"2026-03-01_12-00-{number // 500:02}"
            handler.namer = lambda _, to=f"{path}.{handler.suffix}": to
        handler.emit(logging.LogRecord("x", logging.INFO, "", 0, f"line-{number:06}", None, None))
        if number == 0:
            watch = Watch(path)
            watch.look(1)
        elif watch is not None and number % every == 0 and (every > 1 or 300 < number < 700):
            watch.look(1)
    handler.close()
    assert watch is not None
    watch.look()
    heard = watch.heard
    assert heard == lines(0, 3000).split()
    shown = watch.shown  # at most so many files are held open
    assert shown == lines(3000 - len(shown), 3000).split()
    assert len(shown) > 1000


def test_a_date_before_the_ending(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    names = ["a.2026-02-28_11-00-00_123456.log.gz", "a-20260301.log", "a.2026-03-02_12-00-00_123456.log"]
    for number, name in enumerate(names):
        text = lines(number * 10, number * 10 + 10)
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        os.utime(tmp_path / name, (1000 + number, 1000 + number))
    (tmp_path / "a.1.log").write_bytes(b"a rank\n")
    append(path, 30, 40)
    watch = Watch(path)
    watch.look()
    assert watch.shown == watch.heard == lines(0, 40).split()


def test_loguru_rotates_and_packs(tmp_path: Path) -> None:
    loguru = pytest.importorskip("loguru")
    path = tmp_path / "a.log"
    logger = loguru.logger
    logger.remove()
    sink = logger.add(str(path), rotation=20_000, compression="gz", format="{message}")
    watch = None
    for number in range(9000):
        logger.info("line-{:06}", number)
        if number == 3000:
            watch = Watch(path)
            watch.look()
        elif watch is not None and number % 700 == 0:
            watch.look(1)
    logger.remove(sink)
    assert watch is not None
    watch.look()
    assert watch.shown == watch.heard == lines(9000 - len(watch.shown), 9000).split()
    assert len(watch.shown) > 6000


@pytest.mark.skipif(not shutil.which("logrotate"), reason="no logrotate")
def test_logrotate_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    config = tmp_path / "conf"
    config.write_text(f"{path} {{\n copytruncate\n rotate 3\n compress\n delaycompress\n su root root\n}}\n")
    append(path, 0, 100)
    watch = Watch(path)
    watch.look()
    for turn in range(1, 4):
        append(path, turn * 100, turn * 100 + 60)
        subprocess.run(["logrotate", "-f", "-s", str(tmp_path / "state"), str(config)], check=True)
        append(path, turn * 100 + 60, turn * 100 + 100)
        watch.look()
    assert watch.shown == watch.heard == lines(0, 400).split()


def test_a_text_that_comes_back_under_another_identity_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    append(path, 0, 1000)
    watch = Watch(path)
    watch.look()
    path.rename(tmp_path / "gone")
    watch.look()
    assert "deleted" in watch.statuses[-1]
    shutil.copyfile(tmp_path / "gone", path)  # a remount, or `cp` and `mv`
    append(path, 1000, 1100)
    watch.look()
    assert watch.shown == watch.heard == lines(0, 1100).split()
    assert watch.seams == ["start"]


def test_truncated_and_longer_than_before_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    append(path, 0, 1000)
    watch = Watch(path)
    watch.look()
    path.write_bytes(lines(0, 300) + lines(5000, 7000))  # it begins as before
    watch.look()
    assert watch.shown == watch.heard == (lines(0, 1000) + lines(0, 300) + lines(5000, 7000)).split()


def test_of_a_truncated_file_the_newest_bytes_stay_and_the_rest_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    append(path, 0, 100_000)
    watch = Watch(path)
    watch.source.tail.recent = Recent(900_000)
    watch.look()
    append(path, 100_000, 110_000)
    watch.look()
    os.truncate(path, 0)
    append(path, 110_000, 110_010)
    watch.look()
    first = watch.source.view.segments[0]
    assert 400_000 < first.size - first.kept_from <= 900_000 + 1024 * 1024
    assert watch.source.tail.read(0, 10) == (b"", first.lost)
    assert "overwritten when the file was truncated" in first.lost
    assert watch.shown[-50_000:] == lines(60_010, 110_010).split()


def test_what_is_held_of_many_truncations_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    append(path, 0, 10)
    watch = Watch(path)
    watch.source.tail.shelf = Shelf(str(path), 1000)
    watch.look()
    for turn in range(30):
        os.truncate(path, 0)
        append(path, turn, turn + 50)
        watch.look(2)
    kept = [p.data for p in watch.source.tail.shelf.parts.values() if isinstance(p, KeptPart)]
    assert sum(map(len, kept)) <= 2000
    assert watch.source.view.segments[0].lost


def test_a_writer_that_goes_on_at_its_old_place_leaves_a_hole_that_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with path.open("wb") as trainer:  # `> train.log`, without O_APPEND
        trainer.write(lines(0, 10_000))
        trainer.flush()
        watch = Watch(path)
        watch.look()
        os.truncate(path, 0)
        trainer.write(lines(10_000, 10_100))
        trainer.flush()
        watch.look()
    assert watch.seams == ["start", "truncated"]
    assert watch.shown == watch.heard == lines(0, 10_100).split()
    second = watch.source.view.segments[1]
    assert second.kept_from == 120_000
    assert "never written" in second.lost


def test_attempts_that_begin_alike_are_attempts(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    (tmp_path / "a.log.1").write_bytes(lines(0, 500))
    (tmp_path / "a.log.2").write_bytes(lines(0, 90))
    os.utime(tmp_path / "a.log.2", (1000, 1000))
    os.utime(tmp_path / "a.log.1", (2000, 2000))
    append(path, 0, 100)
    watch = Watch(path)
    watch.look()
    assert watch.shown == (lines(0, 90) + lines(0, 500) + lines(0, 100)).split()


def test_a_copy_of_the_beginning_that_somebody_made_is_not_shown_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    append(path, 0, 20_000)
    shutil.copyfile(path, tmp_path / "a.log.1")
    append(path, 20_000, 21_000)
    watch = Watch(path)
    watch.look()
    assert watch.shown == lines(0, 21_000).split()
