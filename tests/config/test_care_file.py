"""The file in which readers' acts are kept: private, bounded, damage tolerated, never below the run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lptui.config.care_file import LARGEST, MOST_RUNS, append_care, care_path, read_care
from lptui.model.care import CareEntry

ENTRIES = (
    CareEntry("log:cuda-oom:1", "seen", 5.0),
    CareEntry("log:cuda-oom:1", "snoozed", 6.5, "me@here", until=606.5),
    CareEntry("log:cuda-oom:1", "snoozed", 700.0, "me@here", attempt=2),
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "train").mkdir()
    return tmp_path / "train"


@pytest.fixture
def path(tmp_path: Path, run: Path) -> str:
    return care_path({"LPTUI_HOME": str(tmp_path / "home")}, str(run))


def test_what_is_appended_is_read_back_and_nobody_else_may_read_it(path: str) -> None:
    append_care(path, ENTRIES[:1])
    append_care(path, ENTRIES[1:])
    assert read_care(path) == ENTRIES
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damage",
    [b"\xff\xfe\x00", b'{"finding": "x", "act": "acknow', b"[]\n{}\n", b'{"finding":"x","act":"eaten","at":1}\n',
     b'{"finding":"x","act":"seen","at":NaN}\n', b'{"finding":"x","act":"seen","at":"soon"}\n', b"{" * 5000 + b"\n"],
)  # fmt: skip
def test_a_damaged_line_costs_only_itself(path: str, damage: bytes) -> None:
    append_care(path, ENTRIES[:1])
    with open(path, "ab") as file:
        file.write(damage)
    append_care(path, ENTRIES[1:])
    assert read_care(path) == ENTRIES


def test_it_stays_small_and_keeps_what_the_reader_said_last(path: str) -> None:
    append_care(path, (CareEntry("first", "acknowledged", 1.0),))
    for i in range(30):
        append_care(path, [CareEntry(f"f{n}", "again", 10.0 * i + n, "somebody@somewhere") for n in range(60)])
        append_care(path, (CareEntry("first", "again", 10.0 * i + 99),))
    append_care(path, (CareEntry("last", "acknowledged", 1e6),))
    assert os.stat(path).st_size <= LARGEST
    kept = read_care(path)
    assert kept[-1].finding == "last"
    assert {e.act for e in kept if e.finding == "first"} == {"acknowledged", "again"}


def test_a_run_is_told_by_its_place_and_its_directory(tmp_path: Path, run: Path) -> None:
    env = {"LPTUI_HOME": str(tmp_path / "home")}
    first = care_path(env, str(run))
    assert care_path(env, str(run) + "/../train/") == first
    os.rename(run, tmp_path / "old")
    run.mkdir()
    assert care_path(env, str(run)) != first


def test_nothing_is_kept_below_the_run(run: Path) -> None:
    assert care_path({"LPTUI_HOME": str(run / "home")}, str(run)) == ""
    append_care("", ENTRIES)
    assert read_care("") == ()
    assert list(run.iterdir()) == []


def test_a_link_in_its_place_is_refused(path: str, tmp_path: Path) -> None:
    os.makedirs(os.path.dirname(path))
    (tmp_path / "victim").write_text("dear")
    os.symlink(tmp_path / "victim", path)
    with pytest.raises(OSError):
        append_care(path, ENTRIES)
    assert (tmp_path / "victim").read_text() == "dear"


def test_runs_that_were_left_long_ago_make_room(path: str) -> None:
    folder = Path(os.path.dirname(path))
    folder.mkdir(parents=True)
    for i in range(MOST_RUNS):
        (folder / f"{i}.jsonl").write_text("")
        os.utime(folder / f"{i}.jsonl", (i, i))
    append_care(path, ENTRIES)
    names = {p.name for p in folder.iterdir()}
    assert len(names) == MOST_RUNS
    assert "0.jsonl" not in names
