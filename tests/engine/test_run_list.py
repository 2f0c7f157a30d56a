"""The list of runs: what a quick look tells, the cache, what changes under it, bad roots."""

from __future__ import annotations

import os
import queue
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lptui.engine.quick_look as quick_look
import lptui.engine.run_list as module
from lptui.child import ChildError
from lptui.engine.look_pool import LookHand
from lptui.engine.quick_look import look_at
from lptui.engine.reading import read_run
from lptui.engine.run_list import RunList
from lptui.model.run import RunInfo
from lptui.model.summary import RunBoard, RunSummary, board_order
from lptui.run import discover
from lptui.run.listing import Listing
from lptui.sources.writers import Writers, find_writers

Recorded = Callable[[str], Path]
NOBODY = Writers()
KINDS = ("healthy", "nan", "cuda-oom", "crash", "restarted", "host-oom")


def nobody() -> Writers:
    return NOBODY


def rows(board: RunBoard) -> dict[str, RunSummary]:
    return {row.name: row for row in board.rows}


def make_list(*roots: Path, now: float | None = None, cache: Path | None = None) -> RunList:
    places = tuple(str(root) for root in roots)
    clock = (lambda: now) if now is not None else None
    folder = "" if cache is None else str(cache)
    if clock is None:
        return RunList(places, cache_folder=folder, writers=nobody, hands=0)
    return RunList(places, clock, cache_folder=folder, writers=nobody, hands=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_quick_look_says_of_a_run_that_is_over_what_a_full_reading_says(kind: str, recorded: Recorded) -> None:
    run = discover(str(recorded(kind)))
    now = (run.modified_at or 0.0) + 3600
    quick, full = look_at(run, NOBODY, now), read_run(run, clock=lambda: now, patience=0.0)
    assert quick.condition == full.life.condition
    assert quick.step is not None
    assert abs(quick.step - (full.progress.step or 0)) <= 0.002 * (full.progress.total or 1)
    assert quick.looked == "quick"
    assert quick.metric == "overview/reward"
    last = full.series["overview/reward"].last()
    assert last is not None
    assert quick.value == last.value
    if full.worst is not None and full.worst.cls not in ("nan-metric", "nonfinite"):
        assert quick.severity == "error"
    assert quick.size is not None
    assert quick.size > 100_000
    assert quick.checkpoints > 0


def test_restarts_are_counted_by_the_folders_that_wandb_leaves(recorded: Recorded) -> None:
    run = discover(str(recorded("restarted")))
    assert look_at(run, NOBODY, (run.modified_at or 0.0) + 60).restarts == len(run.wandb) - 1 == 4


def test_a_run_that_a_process_writes_runs_and_one_that_nobody_writes_was_killed(recorded: Recorded) -> None:
    path = recorded("corrupt-checkpoint")  # without an end record
    run = discover(str(path))
    now = (run.modified_at or 0.0) + 3600
    assert look_at(run, NOBODY, now).condition == "crashed"
    writers = Writers({f"{path}/x": (7, "python")}, {str(path): (7, "python")})
    assert look_at(run, writers, now).condition != "crashed"
    doubt = Writers(reason="lptui runs in a container")
    assert look_at(run, doubt, now).condition == "unknown"
    assert "container" in look_at(run, doubt, now).reason or "silent" in look_at(run, doubt, now).reason


def test_our_own_open_file_is_found_by_others_and_not_by_ourselves(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    with log.open("w"):
        assert find_writers(own_pid=-1).of(str(tmp_path)) is not None
        assert find_writers(own_pid=-1).of("/nowhere", [str(log)]) is not None
        assert find_writers().of(str(tmp_path)) is None
    with log.open():
        assert find_writers(own_pid=-1).of(str(tmp_path)) is None


def make_runs(tmp_path: Path, count: int) -> None:
    for number in range(count):
        folder = tmp_path / "train_dir" / f"run{number:04d}"
        folder.mkdir(parents=True)
        (folder / "train.log").write_text(f"step={number} loss=0.5\n")
        (folder / "config.yaml").write_text("seed: 1\n")
        os.utime(folder / "train.log", (number + 1, number + 1))
        os.utime(folder / "config.yaml", (number + 1, number + 1))


def test_a_thousand_runs_are_named_at_once_and_each_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_runs(tmp_path, 1000)
    looked: list[str] = []

    def look(run: RunInfo, writers: Writers, now: float, listing: Listing) -> RunSummary:
        looked.append(run.name)
        return look_at(run, writers, now, listing)

    monkeypatch.setattr(quick_look, "look_at", look)
    monkeypatch.setattr(module, "LOOKERS", 1)
    runs = make_list(tmp_path / "train_dir", now=10_000.0, cache=tmp_path / "cache")
    board = runs.read()
    assert len(board.rows) == board.looked == len(looked) == 1000
    assert looked[0] == "run0999"  # newest first
    assert looked == sorted(looked, reverse=True)
    assert rows(board)["run0123"].step == 123
    again = make_list(tmp_path / "train_dir", now=10_000.0, cache=tmp_path / "cache").read()
    assert len(looked) == 1000  # from the cache
    assert {r.name: (r.step, r.condition) for r in again.rows} == {r.name: (r.step, r.condition) for r in board.rows}


def test_runs_in_view_are_looked_at_first_and_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_runs(tmp_path, 40)
    looked: list[str] = []

    def look(run: RunInfo, writers: Writers, now: float, listing: Listing) -> RunSummary:
        looked.append(run.name)
        return look_at(run, writers, now, listing)

    monkeypatch.setattr(quick_look, "look_at", look)
    monkeypatch.setattr(module, "LOOKERS", 1)
    runs = make_list(tmp_path / "train_dir", now=10_000.0)
    runs._begin()
    shown = [str(tmp_path / "train_dir" / name) for name in ("run0007", "run0003")]
    runs.prefer(shown)
    runs.prefer(shown)
    runs._look_at_all()
    assert looked[:3] == ["run0007", "run0003", "run0039"]
    assert len(looked) == len(set(looked)) == 40


def test_a_run_that_takes_long_to_look_at_is_looked_at_less_often(tmp_path: Path) -> None:
    make_runs(tmp_path, 1)
    path, clock = str(tmp_path / "train_dir" / "run0000"), [1.0]
    runs = RunList((str(tmp_path / "train_dir"),), lambda: clock[0], cache_folder="", writers=nobody, hands=0)
    runs.read()
    runs._runs[path].cost = 1.6
    (tmp_path / "train_dir" / "run0000" / "train.log").write_text("step=2 loss=0.4\n")
    due: list[bool] = []
    for clock[0] in (10.0, 30.0, 34.0):
        runs._queue_changed(clock[0])
        due.append(bool(runs._queue))
    assert due == [False, False, True]


def test_processes_of_our_own_say_what_one_alone_says(tmp_path: Path) -> None:
    make_runs(tmp_path, 60)
    root = str(tmp_path / "train_dir")
    shared = RunList((root,), lambda: 10_000.0, cache_folder="", writers=nobody, hands=2).read()
    alone = RunList((root,), lambda: 10_000.0, cache_folder="", writers=nobody, hands=0).read()
    assert shared.looked == len(shared.rows) == 60
    assert shared.rows == alone.rows


def test_a_run_that_a_process_dies_of_is_told_and_takes_no_other_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_runs(tmp_path, 60)
    real = LookHand._ask

    def ask(self: LookHand, paths: Sequence[str], now: float) -> list[dict[str, Any]]:
        if any(path.endswith("run0033") for path in paths):
            raise ChildError("it died")
        return real(self, paths, now)

    monkeypatch.setattr(LookHand, "_ask", ask)
    board = RunList((str(tmp_path / "train_dir"),), lambda: 1e4, cache_folder="", writers=nobody, hands=1).read()
    assert board.looked == 60
    assert [row.name for row in board.rows if "died" in row.reason] == ["run0033"]
    assert rows(board)["run0034"].step == 34


def test_the_cache_forgets_a_run_that_changed_and_survives_nonsense(recorded: Recorded, tmp_path: Path) -> None:
    path, cache = recorded("healthy"), tmp_path / "cache"
    now = path.stat().st_mtime + 1e6
    assert rows(make_list(path.parent, now=now, cache=cache).read())["healthy"].condition == "finished"
    (path / "termination_reason").unlink()
    log = path / "logs" / "script.log"
    log.write_bytes(log.read_bytes() + b"Traceback (most recent call last):\nRuntimeError: CUDA error: out of memory\n")
    changed = rows(make_list(path.parent, now=now, cache=cache).read())["healthy"]
    assert changed.severity == "error"
    kept = list(cache.iterdir())
    assert len(kept) == 1
    for text in (
        b"",
        b"[]",
        b'{"x": 1}',
        b'{"%s": {"files": [1], "stamp": 3, "summary": {}}}' % str(path).encode(),
        b"\xff",
    ):
        kept[0].write_bytes(text)
        assert rows(make_list(path.parent, now=now, cache=cache).read())["healthy"] == changed


def test_what_goes_on_is_never_answered_from_the_cache(tmp_path: Path) -> None:
    run, cache = tmp_path / "train_dir" / "r", tmp_path / "cache"
    run.mkdir(parents=True)
    (run / "train.log").write_text("step=5 loss=1\n")
    (run / "config.yaml").write_text("a: 1\n")
    now = (run / "train.log").stat().st_mtime
    first = rows(make_list(run.parent, now=now + 1, cache=cache).read())["r"]
    assert first.condition == "running"
    later = rows(make_list(run.parent, now=now + 900, cache=cache).read())["r"]
    assert later.condition != "running"
    old = rows(make_list(run.parent, now=now + 90_000, cache=cache).read())["r"]
    assert "1d 1h" in old.reason  # the words go on although the files do not


def test_a_run_that_vanishes_while_it_is_listed_is_no_row(recorded: Recorded) -> None:
    path = recorded("healthy")
    shutil.copytree(path, path.parent / "other")
    runs = make_list(path.parent)
    runs._begin()
    assert set(rows(runs.board())) == {"healthy", "other"}
    shutil.rmtree(path.parent / "other")
    runs._look_at_all()
    assert set(rows(runs.board())) == {"healthy"}


def test_live_boards_show_new_runs_and_drop_old_ones(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFRESH", 0.01)
    monkeypatch.setattr(module, "RELIST", 0.0)
    path = recorded("healthy")
    boards: queue.SimpleQueue[RunBoard] = queue.SimpleQueue()
    runs = make_list(path.parent)
    runs.start(boards.put)

    def until(names: set[str]) -> None:
        while True:
            board = boards.get(timeout=20)
            if board.listed and {r.name for r in board.rows} == names and board.looked == len(board.rows):
                return

    until({"healthy"})
    shutil.copytree(path, path.parent / "later")
    until({"healthy", "later"})
    shutil.rmtree(path.parent / "later")
    until({"healthy"})
    runs.stop()


def test_ages_grow_although_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_runs(tmp_path, 1)
    monkeypatch.setattr(module, "REFRESH", 0.001)
    clock = [100.0]

    def read() -> float:
        clock[0] += 1.0
        return clock[0]

    boards: queue.SimpleQueue[RunBoard] = queue.SimpleQueue()
    runs = RunList((str(tmp_path / "train_dir"),), read, cache_folder="", writers=nobody, hands=0)
    runs.start(boards.put)
    seen: list[RunBoard] = []
    while len(seen) < 2:  # the row stays as it is, and is told again for its age
        board = boards.get(timeout=20)
        seen += [board] if board.looked and board.rows else []
    runs.stop()
    assert seen[0].rows == seen[1].rows
    assert seen[1].now > seen[0].now


def test_a_root_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import lptui.run.listing as listing
    from lptui.files import FileFailure

    real = listing.list_folder

    def refuse(path: str) -> object:
        if path == str(tmp_path / "closed"):
            raise FileFailure(path, "permission denied", "ask its owner")
        return real(path)

    monkeypatch.setattr(listing, "list_folder", refuse)
    (tmp_path / "closed").mkdir()
    board = make_list(tmp_path / "closed").read()
    assert board.rows == ()
    assert "permission denied" in board.notes[0]


def test_runs_of_a_root_that_vanished_stay_as_they_were_seen_and_that_is_told(tmp_path: Path) -> None:
    make_runs(tmp_path, 3)
    root, away = tmp_path / "train_dir", tmp_path / "unmounted"
    runs = make_list(root, now=10_000.0)
    before = runs.read()
    root.rename(away)
    runs._queue.add_again([str(root / "run0001")])  # it was running, and is asked for before the folder is
    runs._look_at_all()
    assert runs.board().rows == before.rows
    runs._list()
    lost = runs.board()
    assert lost.rows == before.rows
    assert "as last seen" in lost.notes[0]
    assert str(root) in lost.notes[0]
    shutil.rmtree(away / "run0001")
    away.rename(root)
    runs._list()
    back = runs.board()
    assert back.notes == ()
    assert [row.name for row in back.rows] == ["run0002", "run0000"]


def test_a_link_that_goes_round_in_circles_is_not_followed(tmp_path: Path) -> None:
    make_runs(tmp_path, 2)
    (tmp_path / "train_dir" / "loop").symlink_to(tmp_path / "train_dir")
    (tmp_path / "train_dir" / "run0000" / "up").symlink_to(tmp_path)
    assert sorted(rows(make_list(tmp_path).read())) == ["run0000", "run0001"]


def test_hostile_names_are_kept_as_data(tmp_path: Path) -> None:
    name = "a\x1b]0;x\x07\nb"
    run = tmp_path / "train_dir" / name
    run.mkdir(parents=True)
    (run / "train.log").write_text("step=1 loss=1\n")
    (run / "config.yaml").write_text("a: 1\n")
    assert [row.path for row in make_list(tmp_path / "train_dir").read().rows] == [str(run)]


def test_attention_first_then_newest() -> None:
    now = 1e9
    plain = RunSummary("finished", "/f", looked="quick", condition="finished", modified_at=now - 10)
    order = [
        replace(plain, name="stalled", condition="stalled", modified_at=now - 9000),
        replace(plain, name="failing", condition="running", severity="error", modified_at=now - 9001),
        replace(plain, name="crashed", condition="crashed", modified_at=now - 3600),
        replace(plain, name="warned", condition="running", severity="warning", modified_at=now - 5),
        replace(plain, name="running", condition="running", modified_at=now - 2),
        plain,
        replace(plain, name="old crash", condition="crashed", modified_at=now - 9e5),
    ]
    assert [run.name for run in board_order(tuple(reversed(order)), now)] == [run.name for run in order]


def test_a_run_with_nothing_but_a_metrics_file_is_read_from_that(tmp_path: Path) -> None:
    run = tmp_path / "train_dir" / "lightning"
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.yaml").write_text("a: 1\n")
    metrics = run / "metrics.csv"
    metrics.write_text("epoch,step,train_loss\n1,10,0.5\n2,20,0.4\n")
    written = metrics.stat().st_mtime
    found = look_at(discover(str(run)), NOBODY, written + 5)
    assert (found.step, found.metric, found.value, found.condition) == (20, "train_loss", 0.4, "running")
    assert look_at(discover(str(run)), NOBODY, written + 9000).condition == "unknown"
    metrics.write_text("epoch,step,train_loss\n" + "".join(f"{n // 100},{n},{1 / (n + 1)}\n" for n in range(20_000)))
    large = look_at(discover(str(run)), NOBODY, written + 5)
    assert (large.step, large.metric, large.value) == (19_999, "train_loss", 1 / 20_000)
    assert large.condition == "running"
    with metrics.open("a") as file:
        file.write("200,20")  # a row that is being written
    assert look_at(discover(str(run)), NOBODY, written + 5).step == 19_999
    metrics.write_text("train_loss,lr\n" + "0.25,0.001\n" * 20_000)
    plain = look_at(discover(str(run)), NOBODY, written + 5)
    assert (plain.step, plain.metric, plain.value) == (None, "train_loss", 0.25)  # rows are not counted from the end
    metrics.unlink()
    (run / "log.jsonl").write_text("".join(f'{{"step": {n}, "train_loss": 0.5}}\n' for n in range(10_000)))
    assert look_at(discover(str(run)), NOBODY, written + 5).step == 9_999
    deeper = tmp_path / "other" / "lightning_logs" / "version_0" / "metrics.csv"
    deeper.parent.mkdir(parents=True)
    deeper.write_text("epoch,step,train_loss\n1,10,0.5\n")
    size = deeper.stat().st_size
    assert look_at(discover(str(tmp_path / "other")), NOBODY, written).size == size  # in folders of its own, too
