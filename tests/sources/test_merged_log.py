"""Several logs as one: every line once, in the order of the clocks, at positions that never move."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

import lptui.stores.log_cuts as log_cuts
from lptui.engine.align import align
from lptui.model.events import MergedSeen
from lptui.model.request import AlignLogs
from lptui.sources.log import LogSource
from lptui.sources.merged_log import MergedLog

NOW = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))


class Ranks:
    """Logs of a run with their sources, polled in turn like a lane does it."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.paths = [folder / name for name in names]
        self.sources: dict[str, LogSource] = {}
        self.now = NOW
        self.merged = MergedLog(str(folder), lambda: self.sources)
        self.merged.wanted = True
        self.events: list[MergedSeen] = []

    def open(self) -> None:
        for path in self.paths:
            self.sources.setdefault(str(path), LogSource(str(path)))

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += 0.3
            for source in self.sources.values():
                list(source.poll(self.now))
            self.events += [e for e in self.merged.poll(self.now) if isinstance(e, MergedSeen)]

    def drain(self) -> None:
        self.open()
        self.look(3)
        while any(source.pending for source in self.sources.values()):
            self.look()
        self.look(2)

    def text(self) -> bytes:
        view = self.merged.view
        return self.merged.read(view.start, view.end - view.start).data

    def close(self) -> None:
        for source in self.sources.values():
            source.close()


def stamp(at: int, form: str = "%Y-%m-%d %H:%M:%S") -> bytes:
    """The clock of a line that was written at `at` (ms)."""
    return f"{time.strftime(form, time.localtime(at // 1000))},{at % 1000:03d}".encode()


def write(path: Path, data: bytes, at: float = NOW) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as out:
        out.write(data)
    os.utime(path, (at, at))


def make_lines(rank: int, count: int, seed: int, form: str = "%Y-%m-%d %H:%M:%S") -> list[tuple[int, bytes]]:
    """(time that sorts it in ms, line): some lines carry no clock and stay with the one before."""
    rng, at = random.Random(seed), int(NOW - 190_000) * 1000
    lines: list[tuple[int, bytes]] = []
    for number in range(count):
        if number and rng.random() < 0.2:
            lines.append((at, b"  detail of rank %d, %d" % (rank, number)))
        else:
            at += rng.randrange(379_000_000 // count)
            lines.append((at, stamp(at, form) + b" [INFO] r%d: number %d " % (rank, number) + b"x" * rng.randrange(60)))
    return lines


def put_in_order(files: list[list[tuple[int, bytes]]]) -> list[bytes]:
    keyed = [(at, rank, n, line) for rank, lines in enumerate(files) for n, (at, line) in enumerate(lines)]
    return [b"[rank%d]: %s" % (rank, line) for _, rank, _, line in sorted(keyed)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches so small that a few thousand lines make many."""
    monkeypatch.setattr(log_cuts, "CHUNK", 4096)
    monkeypatch.setattr(log_cuts, "PER_FILE", 512)
    monkeypatch.setattr(log_cuts, "KEEP", 32 * 1024)


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%H:%M:%S"])
@pytest.mark.usefixtures("small")
def test_history_comes_in_the_order_of_the_clocks(tmp_path: Path, form: str) -> None:
    files = [make_lines(rank, 3000, rank, form) for rank in range(4)]
    ranks = Ranks(tmp_path, tuple(f"rank_{n}.log" for n in range(4)))
    for path, lines in zip(ranks.paths, files, strict=True):
        write(path, b"".join(line + b"\n" for _, line in lines))
    ranks.drain()
    view = ranks.merged.view
    assert view.complete
    assert view.end == 0
    text = ranks.text()
    assert len(text) == view.end - view.start
    assert text.splitlines() == put_in_order(files)
    assert [part.rank for part in view.parts] == [0, 1, 2, 3]
    # what is read again, in any order, is the same
    rng = random.Random(1)
    for _ in range(50):
        at = rng.randrange(view.start, 0)
        assert ranks.merged.read(at, 700).data == text[at - view.start :][:700]
    ranks.close()


@pytest.mark.usefixtures("small")
def test_lines_have_names_and_names_have_lines(tmp_path: Path) -> None:
    files = [make_lines(rank, 400, rank) for rank in range(3)]
    ranks = Ranks(tmp_path, ("script.log", "script_1.log", "script_2.log"))
    for path, lines in zip(ranks.paths, files, strict=True):
        write(path, b"".join(line + b"\n" for _, line in lines))
    ranks.drain()
    at = ranks.merged.view.start
    for line in ranks.text().splitlines(keepends=True):
        path, offset = ranks.merged.name_line(at) or ("", 0)
        own = line.split(b": ", 1)[1]
        assert Path(path).read_bytes()[offset:].startswith(own)
        assert ranks.merged.find_line(path, offset) == at
        assert ranks.merged.find_line(path, offset + len(own) - 1) == at
        at += len(line)
    assert ranks.merged.name_line(at) is None
    ranks.close()


@pytest.mark.usefixtures("small")
def test_a_hurried_reader_gets_all_of_history_before_the_scans_have(tmp_path: Path) -> None:
    files = [make_lines(rank, 40_000, rank) for rank in range(2)]
    ranks = Ranks(tmp_path, ("rank0.log", "rank1.log"))
    for path, lines in zip(ranks.paths, files, strict=True):
        write(path, b"".join(line + b"\n" for _, line in lines))
    ranks.open()
    ranks.look(3)
    view = ranks.merged.view
    assert not view.complete
    newest = ranks.text()
    assert 0 < len(newest) < sum(path.stat().st_size for path in ranks.paths)
    assert ranks.merged.finish(lambda: True).complete
    assert ranks.text().splitlines() == put_in_order(files)
    assert ranks.text().endswith(newest)
    ranks.close()


def test_new_lines_come_once_and_in_order_and_nothing_moves(tmp_path: Path) -> None:
    ranks = Ranks(tmp_path, tuple(f"rank-{n}.out" for n in range(4)))
    at = int(NOW) * 1000
    for path in ranks.paths:
        write(path, stamp(at - 5000) + b" begin\n")
    ranks.drain()
    rng, shown, lines = random.Random(3), ranks.text(), list[bytes]()
    open_lines = [b""] * 4
    for _ in range(200):
        for _ in range(rng.randrange(12)):
            at += rng.randrange(1, 9)
            rank = rng.randrange(4)
            line = stamp(at) + b" [INFO] line %d" % len(lines)
            lines.append(b"[rank%d]: %s" % (rank, line))
            data = open_lines[rank] + line + b"\n"
            cut = rng.choice([len(data), len(data) - 3])
            write(ranks.paths[rank], data[:cut], ranks.now)
            open_lines[rank] = data[cut:]
        for rank, rest in enumerate(open_lines):
            write(ranks.paths[rank], rest, ranks.now)
        open_lines = [b""] * 4
        ranks.look()
        text = ranks.text()
        assert text.startswith(shown)
        shown = text
    ranks.look(3)
    assert ranks.text().splitlines()[4:] == lines
    view = ranks.merged.view
    assert view.tail == ranks.text()[-len(view.tail) :]
    assert len(ranks.merged._cuts or ()) < 40  # batches in order become one stretch
    ranks.close()


def test_a_line_waits_for_what_another_rank_wrote_in_the_same_instant(tmp_path: Path) -> None:
    ranks = Ranks(tmp_path, ("rank0.log", "rank1.log"))
    for path in ranks.paths:
        write(path, stamp(int(NOW) * 1000) + b" begin\n")
    ranks.drain()
    write(ranks.paths[1], stamp(int(NOW) * 1000 + 20) + b" late\n", NOW + 1)
    ranks.look()
    write(ranks.paths[0], stamp(int(NOW) * 1000 + 10) + b" early\n", NOW + 1)
    ranks.look(2)
    assert [line.split()[-1] for line in ranks.text().splitlines()[2:]] == [b"early", b"late"]
    ranks.close()


def test_a_rank_that_comes_later_is_welcome(tmp_path: Path) -> None:
    ranks = Ranks(tmp_path, ("rank0.log", "rank1.log"))
    for path in ranks.paths:
        write(path, stamp(int(NOW) * 1000) + b" begin\n")
    ranks.drain()
    before = ranks.text()
    ranks.paths.append(tmp_path / "rank2.log")
    write(ranks.paths[2], stamp(int(NOW) * 1000) + b" hello\n", NOW + 1)
    ranks.drain()
    assert ranks.text() == before + b"[rank2]: " + stamp(int(NOW) * 1000) + b" hello\n"
    assert [part.rank for part in ranks.merged.view.parts] == [0, 1, 2]
    ranks.close()


def test_a_seam_is_a_line_of_its_rank_and_nothing_is_lost(tmp_path: Path) -> None:
    ranks = Ranks(tmp_path, ("rank0.log", "rank1.log"))
    at = int(NOW) * 1000
    for path in ranks.paths:
        write(path, stamp(at) + b" begin\n")
    ranks.drain()
    write(ranks.paths[1], stamp(at + 10) + b" open", NOW + 1)
    ranks.look(4)
    ranks.paths[1].rename(tmp_path / "rank1.log.1")
    write(ranks.paths[1], stamp(at + 1000) + b" anew\n", NOW + 2)
    ranks.look(6)
    assert [line.split(b": ", 1)[0] for line in ranks.text().splitlines()] == [b"[rank0]"] + [b"[rank1]"] * 4
    assert [line.split()[-1] for line in ranks.text().splitlines()] == [b"begin", b"begin", b"open", b"---", b"anew"]
    assert b"rotated" in ranks.text()
    line = ranks.text().splitlines(keepends=True)[-1]
    assert ranks.merged.name_line(ranks.merged.view.end - len(line)) == (str(ranks.paths[1]), len(stamp(at)) * 2 + 12)
    ranks.close()


def test_a_log_without_clocks_is_spread_among_the_others(tmp_path: Path, small: None) -> None:
    files = [make_lines(rank, 2000, rank) for rank in range(2)]
    files[1] = [(0, b"no clock here %d" % n) for n in range(2000)]
    ranks = Ranks(tmp_path, ("rank0.log", "rank1.log"))
    for path, lines in zip(ranks.paths, files, strict=True):
        write(path, b"".join(line + b"\n" for _, line in lines))
    ranks.drain()
    text = ranks.text().splitlines()
    for rank, lines in enumerate(files):
        label = b"[rank%d]: " % rank
        assert [line.removeprefix(label) for line in text if line.startswith(label)] == [line for _, line in lines]
    places = [n / len(text) for n, line in enumerate(text) if line.startswith(b"[rank1]: ")]
    assert 0.4 < sum(places) / len(places) < 0.6
    assert [part.clockless for part in ranks.merged.view.parts] == [False, True]
    ranks.close()


def test_a_huge_line_is_one_line(tmp_path: Path, small: None) -> None:
    at = int(NOW) * 1000
    ranks = Ranks(tmp_path, ("rank0.log", "rank1.log"))
    for rank, path in enumerate(ranks.paths):
        write(path, stamp(at + rank) + b" begin\n" + stamp(at + 10 - rank) + b" x" * 200_000 + b"\n")
    ranks.drain()
    assert [len(line) for line in ranks.text().splitlines()] == [38, 38, 400_032, 400_032]
    assert ranks.text().splitlines()[2].startswith(b"[rank1]")
    ranks.close()


def test_unrelated_logs_can_be_merged_too(tmp_path: Path) -> None:
    at = int(NOW) * 1000
    ranks = Ranks(tmp_path, ("train.log", "eval.log"))
    write(ranks.paths[0], stamp(at) + b" a\n" + stamp(at + 20) + b" c\n")
    write(ranks.paths[1], stamp(at + 10) + b" [ERROR] b\n")
    ranks.drain()
    assert [line.split()[1] + line.split()[-1] for line in ranks.text().splitlines()] == [
        b"train.log]:a", b"eval.log]:b", b"train.log]:c",
    ]  # fmt: skip
    assert not ranks.merged.view.by_rank
    ranks.close()


def test_a_log_beside_the_merged_one_shows_the_same_moment(tmp_path: Path) -> None:
    start = int(NOW - 600) * 1000
    for rank in range(3):
        lines = [stamp(start + 1000 * n + 100 * rank) + b" INFO rank %d line %d\n" % (rank, n) for n in range(60)]
        write(tmp_path / f"rank-{rank}.log", b"".join(lines))
    ranks = Ranks(tmp_path, ("rank-0.log", "rank-1.log", "rank-2.log"))
    ranks.drain()
    text, alone = ranks.text(), (tmp_path / "rank-2.log").read_bytes()
    logs = {"all": ranks.merged, "two": ranks.sources[str(tmp_path / "rank-2.log")]}
    start = ranks.merged.view.start
    in_all = start + text.rfind(b"\n", 0, text.index(b"rank 1 line 30")) + 1
    in_two = alone.index(b"rank 2 line 29")
    led = align(AlignLogs("all", in_all, ("two",)), logs.get).places[0]
    assert led is not None
    assert led.position == alone.rfind(b"\n", 0, in_two) + 1, "the last that rank 2 had written by then"
    back = align(AlignLogs("two", alone.rfind(b"\n", 0, in_two) + 1, ("all",)), logs.get).places[0]
    assert back is not None
    assert text[back.position - start :].split(b"\n")[0].endswith(b"rank 2 line 29")
    ranks.close()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.usefixtures("small")
def test_whatever_is_in_the_files_every_line_is_there_once(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    pieces = [
        b"\n",
        b"\r",
        b"\0" * 40,
        b"\x1b[31m",
        b"\xff\xfe",
        b"12:00:0",
        b"2026-11-23 12:00:00,5",
        b"x" * 3000,
        b" [rank7]: ",
    ]
    pieces += [stamp(int(NOW - 5000) * 1000 + n * 1000) + b" ok\n" for n in range(40)]
    ranks = Ranks(tmp_path, tuple(f"rank{n}.log" for n in range(3)))
    for path in ranks.paths:
        write(path, b"".join(rng.choice(pieces) for _ in range(600)) + rng.choice([b"", b"\n"]))
    ranks.drain()
    for path in ranks.paths:
        write(path, b"\n" + b"".join(rng.choice(pieces) for _ in range(50)) + b"\n", NOW + 1)
    ranks.look(5)
    view = ranks.merged.view
    text = ranks.text()
    assert len(text) == view.end - view.start
    for rank, path in enumerate(ranks.paths):
        label = b"[rank%d]: " % rank
        own = [line.removeprefix(label) for line in text.split(b"\n")[:-1] if line.startswith(label)]
        assert own == path.read_bytes().split(b"\n")[:-1]
    ranks.close()


def test_a_log_that_is_truncated_loses_nothing_that_was_shown(tmp_path: Path) -> None:
    at = int(NOW) * 1000
    ranks = Ranks(tmp_path, ("rank0.log", "rank1.log"))
    for path in ranks.paths:
        write(path, b"".join(stamp(at + n) + b" line %d\n" % n for n in range(50)))
    ranks.drain()
    before = ranks.text()
    ranks.paths[0].write_bytes(b"")
    ranks.look(4)
    write(ranks.paths[0], stamp(at + 9000) + b" anew\n", NOW + 2)
    ranks.look(5)
    after = ranks.text()
    assert len(after) == ranks.merged.view.end - ranks.merged.view.start
    assert after.startswith(before)
    assert after[len(before) :].splitlines()[-1] == b"[rank0]: " + stamp(at + 9000) + b" anew"
    assert b"truncated" in after[len(before) :]
    ranks.close()


def test_each_line_has_the_number_that_it_has_in_its_own_file(tmp_path: Path) -> None:
    names = tuple(f"rank{rank}.log" for rank in range(3))
    ranks = Ranks(tmp_path, names)
    for rank, path in enumerate(ranks.paths):
        at = NOW - 9000
        path.write_bytes(
            b"".join(
                stamp(int(at) + 5 * n // 2 + rank)
                + b" [INFO] r%d line %d.\n" % (rank, n + 1)
                + b"  more\n" * (n % 3 == 0)
                for n in range(3000)
            )
        )
        os.utime(path, (NOW, NOW))
    ranks.drain()
    ranks.merged.finish(lambda: True)
    text, start = ranks.text(), ranks.merged.view.start
    own = {rank: path.read_bytes().split(b"\n") for rank, path in enumerate(ranks.paths)}
    positions, lines, at = list[int](), text.split(b"\n")[:-1], start
    for line in lines:
        positions.append(at)
        at += len(line) + 1
    numbers = ranks.merged.number_lines(positions)
    assert None not in numbers
    for line, number in zip(lines, numbers, strict=True):
        label, _, said = line.partition(b"]: ")
        assert number is not None
        assert own[int(label[-1:])][number - 1] == said
    assert ranks.merged.number_lines([start - 1, ranks.merged.view.end]) == [None, None]
    ranks.close()


def test_behind_a_seam_lines_are_counted_anew_and_the_seam_is_none(tmp_path: Path) -> None:
    ranks = Ranks(tmp_path, ("rank0.log", "rank1.log"))
    for path in ranks.paths:
        path.write_bytes(b"".join(stamp(int(NOW) - 60 + n) + b" old %d\n" % n for n in range(5)))
    ranks.drain()
    ranks.paths[0].rename(tmp_path / "rank0.log.1")
    ranks.paths[0].write_bytes(b"".join(stamp(int(NOW) + n) + b" new %d\n" % n for n in range(3)))
    ranks.look(6)
    view = ranks.merged.view
    found = dict[bytes, int | None]()
    at = view.start
    for line in ranks.text().split(b"\n")[:-1]:
        found[line] = ranks.merged.number_lines([at])[0]
        at += len(line) + 1
    seam = [number for line, number in found.items() if b"--- the log" in line]
    new = [number for line, number in found.items() if b" new " in line and b"---" not in line]
    assert (seam, new) == ([None], [1, 2, 3])
    assert [number for line, number in found.items() if b"[rank1]: " in line] == [1, 2, 3, 4, 5]
    ranks.close()
