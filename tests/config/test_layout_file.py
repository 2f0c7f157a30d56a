"""How charts are arranged: kept per project, private, replaced as a whole; a broken file is told of and left alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from lptui.config.layout_file import LARGEST, layout_path, read_layout, write_layout
from lptui.model.chart_layout import MOST_NAMES, ChartLayout


def place(tmp_path: Path, run: str = "train_dir/a") -> str:
    (tmp_path / run).mkdir(parents=True, exist_ok=True)
    return layout_path({"XDG_STATE_HOME": str(tmp_path / "state")}, str(tmp_path / run))


LAYOUT = ChartLayout(
    3, "since", log=True, smooth=60.0, sections=True, favourites=("losses/x", "é"), folded=("system",), sort="last"
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = place(tmp_path)
    assert read_layout(path) == (None, "")
    write_layout(path, LAYOUT)
    assert read_layout(path) == (LAYOUT, "")
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert [p.name for p in Path(path).parent.iterdir()] == [Path(path).name]


def test_runs_of_one_project_share_it_and_others_do_not(tmp_path: Path) -> None:
    assert place(tmp_path, "train_dir/a") == place(tmp_path, "train_dir/b")
    assert place(tmp_path, "train_dir/a") != place(tmp_path, "other/a")


def test_nothing_is_kept_below_the_run(tmp_path: Path) -> None:
    assert layout_path({"XDG_STATE_HOME": str(tmp_path / "run" / "state")}, str(tmp_path / "run")) == ""
    write_layout("", LAYOUT)
    assert read_layout("") == (None, "")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"\xff\xfe", b"nul\0l", b"[" * 100_000, b'"' + b"x" * LARGEST + b'"', b"NaN"]
)
def test_a_broken_file_is_told_of(tmp_path: Path, raw: bytes) -> None:
    path = Path(place(tmp_path))
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)
    layout, note = read_layout(str(path))
    assert layout is None
    assert str(path) in note


def test_strange_fields_are_as_without_a_file(tmp_path: Path) -> None:
    path = Path(place(tmp_path))
    path.parent.mkdir(parents=True)
    found = {"columns": 1e9, "axis": "moon", "log": 3, "smooth": 1e99, "favourites": ["x", 3, "y" * 1000], "new": 1}
    path.write_text(json.dumps(found))
    assert read_layout(str(path)) == (ChartLayout(favourites=("x",)), "")


def test_it_stays_small(tmp_path: Path) -> None:
    path = place(tmp_path)
    write_layout(path, ChartLayout(favourites=tuple(f"metric/{i}" for i in range(10 * MOST_NAMES))))
    layout, _ = read_layout(path)
    assert layout is not None
    assert len(layout.favourites) == MOST_NAMES


def test_a_folder_in_its_place_is_no_traceback(tmp_path: Path) -> None:
    path = Path(place(tmp_path))
    path.mkdir(parents=True)
    assert str(path) in read_layout(str(path))[1]
    with pytest.raises(OSError, match=r"."):
        write_layout(str(path), LAYOUT)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
