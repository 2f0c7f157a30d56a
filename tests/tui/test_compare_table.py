"""Several runs in one table."""

from __future__ import annotations

import math
from array import array

import pytest

from lptui.model.events import Points
from lptui.stores.series import Series, extend
from lptui.tui.widgets.comparetable import RunHead, compare_page, compare_tile_rows
from lptui.tui.widgets.metricfacts import FactBook, Facts, find_best
from lptui.tui.widgets.metrictable import Entry
from lptui.tui.widgets.spans import row_width

HEADS = tuple(RunHead(letter, f"run-{letter}", f"series-{i + 1}") for i, letter in enumerate("ABCDEF"))


def series(values: list[float], key: str) -> Series:
    steps = array("d", [float(i) for i in range(len(values))])
    return extend(Series(key, "wandb"), Points(key, steps, array("d", steps), array("d", values)), 0.0)


def entry(key: str, *values: float | None) -> Entry:
    runs = tuple(None if v is None else series([v] * 30, key) for v in values)
    return Entry(next(one for one in runs if one is not None), key, None, runs)


def texts(width: int, *entries: Entry, sort: str = "order", heads: int = 3) -> list[str]:
    page = compare_page(entries, HEADS[:heads], FactBook(), width, sort=sort, falling=True)
    rows = [page.rows[i] for i in range(len(page.rows))]
    assert all(row_width(row) <= width for row in rows)
    return ["".join(text for text, _ in row) for row in rows]


def test_runs_that_do_not_fit_are_counted_and_distances_go_first() -> None:
    row = entry("losses/loss", 0.5, 0.25, 0.5)
    assert texts(100, row)[1].split() == ["losses/loss", "0.5", "0.25✓", "-0.25", "0.5", "="]
    assert texts(60, row)[1].split() == ["losses/loss", "0.5", "0.25✓", "0.5"]
    assert "(+1 runs: wider)" in texts(50, row)[0]
    assert len(texts(20, row)) == 2


def test_what_differs_most_is_first_when_sorted_by_change() -> None:
    rows = [entry("a/same", 1.0, 1.0), entry("a/near", 1.0, 1.1), entry("a/far", 1.0, 9.0), entry("a/one", 1.0, None)]
    told = texts(80, *rows, sort="change", heads=2)
    assert [line.split()[0] for line in told[1:]] == ["a/far", "a/near", "a/same", "a/one"]


def test_a_tile_shows_each_run_in_its_colour() -> None:
    rows = compare_tile_rows([entry("eval/score", 0.5, math.nan, 0.75)], HEADS[:3], FactBook(), 60, plain=True)
    assert [style for text, style in rows[0] if "0.75" in text] == ["series-3"]
    assert [style for text, style in rows[0] if "NaN" in text] == ["error bold"]
    assert "".join(text for text, _ in rows[0]).split() == ["eval/score", "0.5", "NaN", "0.75+"]


@pytest.mark.parametrize(
    ("key", "best"),
    [("eval/loss", 0), ("val_loss", 0), ("overview/reward", 1), ("val_acc", 1), ("metrics/mAP50(B)", 1), ("lr", None)],
)
def test_whether_high_or_low_is_good_follows_from_the_name(key: str, best: int | None) -> None:
    assert find_best(key, [Facts(1.0, 1.0, 1.0, 1.0, None), Facts(2.0, 2.0, 2.0, 2.0, None)]) == best
