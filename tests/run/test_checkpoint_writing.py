"""Being written, or cut off: recorded sequences of what successive looks at a folder gave. No clock, no sleep."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lptui.checkpoints.groups import CheckpointGroup, group
from lptui.run.checkpoint_writing import (
    SETTLES,
    Watch,
    Writers,
    tell_moving,
    tell_unfinished,
    usual_seconds,
    usual_size,
    usual_sizes,
    watch,
)

Look = tuple[float, Sequence[tuple[str, int, float]]]
NOBODY = Writers({}, alive=False)
TRAINING = Writers({}, alive=True)


def look(*looks: Look) -> tuple[dict[str, Watch], dict[str, CheckpointGroup]]:
    """The watches after (time, [(path, size, mtime)]) looks, and the groups of the last."""
    watches: dict[str, Watch] = {}
    before: float | None = None
    groups: tuple[CheckpointGroup, ...] = ()
    for now, files in looks:
        groups = group(files)
        watches = watch(watches, groups, now, before)
        before = now
    return watches, {g.path: g for g in groups}


class TestMoving:
    def test_what_lay_there_before_us_is_not_moving(self) -> None:
        watches, rows = look((1000, [("m_1.pt", 10, 100.0)]))
        assert tell_moving(rows["m_1.pt"], watches["m_1.pt"]) == ""
        assert watches["m_1.pt"].seconds is None

    def test_growth_counts_whatever_the_clock_of_the_file_says(self) -> None:
        watches, rows = look((1000, [("m_1.pt", 10, 100.0)]), (1002, [("m_1.pt", 20, 100.0)]))
        assert tell_moving(rows["m_1.pt"], watches["m_1.pt"])
        watches, rows = look(
            (1000, [("m_1.pt", 10, 100.0)]), (1002, [("m_1.pt", 20, 100.0)]), (1004, [("m_1.pt", 20, 100.0)])
        )
        assert tell_moving(rows["m_1.pt"], watches["m_1.pt"]) == ""

    @pytest.mark.parametrize(
        ("mtime", "moving"), [(999.0, True), (998.1, True), (997.0, False), (1030.0, True), (9999.0, False)]
    )
    def test_a_fresh_mtime(self, mtime: float, moving: bool) -> None:
        watches, rows = look((1000, [("m_1.pt", 10, mtime)]))
        assert bool(tell_moving(rows["m_1.pt"], watches["m_1.pt"])) == moving

    def test_a_temporary_name(self) -> None:
        watches, rows = look((1000, [("m_1.pt.tmp", 10, 100.0)]))
        assert "temporary name" in tell_moving(rows["m_1.pt.tmp"], watches["m_1.pt.tmp"])


class TestHowLongASaveTook:
    def test_in_place_over_several_looks(self) -> None:
        watches, _ = look(
            (1000, []),
            (1002, [("m_1.pt", 10, 1001.5)]),
            (1004, [("m_1.pt", 30, 1003.9)]),
            (1006, [("m_1.pt", 40, 1004.5)]),
            (1008, [("m_1.pt", 40, 1004.5)]),
        )
        assert watches["m_1.pt"].seconds == 4.5, "from the look before it was seen to its last byte"

    def test_through_a_temporary_name(self) -> None:
        watches, rows = look(
            (1000, []),
            (1002, [("m_1.pt.tmp", 10, 1002.0)]),
            (1010, [("m_1.pt.tmp", 90, 1009.5)]),
            (1012, [("m_1.pt", 100, 1011.0)]),
            (1014, [("m_1.pt", 100, 1011.0)]),
        )
        assert list(rows) == ["m_1.pt"]
        assert watches["m_1.pt"].seconds == 11.0

    def test_a_state_that_is_overwritten(self) -> None:
        watches, _ = look(
            (1000, [("trainer_state.pt", 10, 500.0)]),
            (1030, [("trainer_state.pt", 4, 1029.5)]),
            (1032, [("trainer_state.pt", 10, 1031.0)]),
            (1034, [("trainer_state.pt", 10, 1031.0)]),
        )
        assert watches["trainer_state.pt"].seconds == 31.0
        assert usual_seconds(watches.values()) == 31.0


class TestCutOff:
    """A file that looks cut off, at 1000, last written at 990."""

    FILE = (1000.0, [("m_1.pt", 10, 990.0)])
    FOLDER = (1000.0, [("checkpoint-5/model.safetensors", 10, 990.0), ("checkpoint-5/optimizer.pt", 10, 990.0)])

    def told(self, at: Look, writers: Writers | None, usual: float | None = None, now: float = 1000.0) -> str:
        watches, rows = look(at)
        (one,) = rows.values()
        return tell_unfinished(one, watches[one.path], writers, usual, now)

    def test_a_process_that_holds_it_open_decides(self) -> None:
        assert (
            self.told(self.FILE, Writers({"m_1.pt": 812}, True), now=1500.0) == "process 812 holds it open for writing"
        )

    def test_a_single_file_that_nobody_holds_is_done(self) -> None:
        assert self.told(self.FILE, TRAINING) == ""
        assert self.told(self.FILE, NOBODY) == ""

    def test_the_next_part_of_a_folder_may_come_while_its_trainer_lives(self) -> None:
        assert self.told(self.FOLDER, TRAINING)
        assert self.told(self.FOLDER, NOBODY) == ""

    def test_where_nobody_can_be_seen_three_usual_saves_are_waited_for(self) -> None:
        assert self.told(self.FILE, None, usual=4.0)
        assert self.told(self.FILE, None, usual=4.0, now=1002.0) == ""
        assert self.told(self.FILE, None, now=1019.0), "none was watched: thirty seconds"
        assert self.told(self.FILE, None, now=1021.0) == ""
        assert SETTLES < 12


def test_the_usual_size_of_what_is_being_written() -> None:
    files = [("c/m_1.pt", 100, 1.0), ("c/m_2.pt", 110, 2.0), ("c/m_3.pt", 30, 3.0), ("trainer_state.pt", 50, 3.0),
             ("c/m_4.pt.tmp", 5, 4.0), ("tmpab12.pt", 5, 4.0), ("c/.m_5.pt.x8.tmp", 5, 4.0)]  # fmt: skip
    rows = {g.path: g for g in group(files)}
    sizes = usual_sizes(
        list(rows.values()), {"c/m_3.pt": "", "c/m_4.pt.tmp": "", "tmpab12.pt": "", "c/.m_5.pt.x8.tmp": ""}
    )
    assert usual_size(rows["c/m_3.pt"], sizes) == 105
    assert usual_size(rows["c/m_4.pt.tmp"], sizes) == 105
    assert usual_size(rows["tmpab12.pt"], sizes) == 50, "the state of Metta's first trainer"
    assert usual_size(rows["c/.m_5.pt.x8.tmp"], sizes) == 105
