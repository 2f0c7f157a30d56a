"""The columns of the table of runs share the width: a long name hides none that tells how a run does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.model.summary import RunSummary
from lptui.text.width import cell_width
from lptui.tui.widgets.runcolumns import fit_columns
from lptui.tui.widgets.runtable import Choice, RunRows


@given(st.integers(30, 400), st.integers(1, 5000))
def test_the_width_is_never_exceeded_and_order_and_titles_hold(width: int, longest: int) -> None:
    columns = fit_columns(width, longest)
    assert sum(column.size + 1 for column in columns) - 1 <= width
    assert [column.title for column in columns][:4] == ["", "run", "!", "state"]
    assert all(column.size > 0 for column in columns)


@pytest.mark.parametrize("longest", [5, 20, 87, 300])
@pytest.mark.parametrize(
    ("width", "titles"),
    [(80, {"state", "age", "step", "metric", "finding"}), (60, {"state", "age", "step", "finding"})],
)
def test_a_wide_name_leaves_what_tells_how_a_run_does(width: int, titles: set[str], longest: int) -> None:
    assert titles <= {column.title for column in fit_columns(width, longest)}


@given(st.integers(30, 399), st.integers(1, 300))
def test_a_wider_table_never_says_less(width: int, longest: int) -> None:
    assert {c.title for c in fit_columns(width, longest)} <= {c.title for c in fit_columns(width + 1, longest)}


def test_short_names_leave_their_room_to_findings() -> None:
    sizes = [{c.title: c.size for c in fit_columns(160, longest)}["finding"] for longest in (8, 300)]
    assert sizes[0] > sizes[1]


def test_a_metric_keeps_its_value_and_a_wide_name_both_of_its_ends() -> None:
    run = RunSummary("名前" * 40 + "end7", "/r", metric="overview/a_long_reward_name", value=-0.019042, looked="quick")
    row = RunRows(Choice((run,)), 0.0, 80, plain=False)[1]
    text = "".join(span for span, _ in row)
    assert "-0.019042" in text
    assert "名" in text
    assert "end7" in text
    assert cell_width(text) <= 80
