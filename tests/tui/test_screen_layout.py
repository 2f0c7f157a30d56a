"""Boxes of panes: pure arithmetic, at any window size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lptui.tui.layout import Box, classify, is_visitor, plan
from lptui.tui.panes import PANES

IDS = [pane_id for pane_id, _, _ in PANES]


def test_the_four_sizes_of_the_design() -> None:
    assert classify(200, 50) == "wide"
    assert classify(120, 40) == "medium"
    assert classify(80, 24) == "narrow"
    assert classify(60, 15) == "tiny"
    assert classify(20, 4) == "sentence"


def test_wide_shows_the_overview_at_once_and_a_visitor_shares_the_log_column() -> None:
    boxes = plan("wide", 200, 46, IDS).boxes
    assert set(boxes) == {"log", "findings", "metrics", "learning", "machine", "checkpoints"}
    with_config = plan("wide", 200, 46, ["config", *IDS], visitor="config").boxes
    assert set(with_config) == {*boxes, "config"}
    assert with_config["config"][0] == with_config["log"][0]


def test_medium_keeps_the_log_and_shows_the_two_panes_chosen_last() -> None:
    assert set(plan("medium", 120, 35, ["log"]).boxes) == {"log", "findings", "metrics"}
    recent = ["machine", "learning", "log", "findings"]
    assert set(plan("medium", 120, 35, recent).boxes) == {"log", "machine", "learning"}


def test_narrow_and_zoomed_show_one_pane() -> None:
    assert plan("narrow", 80, 20, ["metrics", "log"]).boxes == {"metrics": (0, 0, 80, 20)}
    assert plan("wide", 200, 46, ["learning"], zoomed=True).boxes == {"learning": (0, 0, 200, 46)}


def _overlap(one: Box, two: Box) -> bool:
    return (
        one[0] < two[0] + two[2] and two[0] < one[0] + one[2] and one[1] < two[1] + two[3] and two[1] < one[1] + one[3]
    )


@given(st.integers(36, 400), st.integers(10, 150), st.permutations(IDS))
def test_boxes_never_overlap_and_fill_the_stage(width: int, height: int, recent: list[str]) -> None:
    size = classify(width, height)
    visitor = recent[0] if is_visitor(recent[0]) else ""
    stage = height - 3
    boxes = list(plan(size, width, stage, recent, visitor=visitor).boxes.values())
    assert all(x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= width and y + h <= stage for x, y, w, h in boxes)
    assert not any(_overlap(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert sum(w * h for _, _, w, h in boxes) == width * stage
