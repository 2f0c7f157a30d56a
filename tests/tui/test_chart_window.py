"""Which part of x is shown; which charts there are: families, tables, sections; smoothing; units; sparklines."""

from __future__ import annotations

import math
from array import array

import pytest

from lptui.model.events import Points
from lptui.stores.series import Series, extend
from lptui.tui.widgets.chartlines import RunSeries, find_families, run_lines, split_role
from lptui.tui.widgets.chartplan import FAMILY_LIMIT, Band, bands_of, fill, find_shapes, page_of, plan_tiles
from lptui.tui.widgets.chartwindow import Window, clamp, follow_lengths, join, pan, resolve, window_words, zoom
from lptui.tui.widgets.curves import Smooth, curve_of, smoothed
from lptui.tui.widgets.metricfacts import FactBook
from lptui.tui.widgets.metrictable import Entry, family_tile, order_entries, table_page
from lptui.tui.widgets.metricunits import unit_of
from lptui.tui.widgets.sparks import sparkline

NAN = float("nan")


def series(values: list[float], key: str = "x") -> Series:
    steps = array("d", [float(i) for i in range(len(values))])
    return extend(Series(key, "wandb"), Points(key, steps, array("d", steps), array("d", values)), 0.0)


def test_windows() -> None:
    whole = (0.0, 100.0)
    assert zoom(whole, whole, 0.5) == Window((50.0, 100.0))
    assert zoom(whole, whole, 0.5, at=20.0) == Window((10.0, 60.0))
    assert zoom((50.0, 100.0), whole, 2, at=100.0) == Window()
    assert zoom((70.0, 70.0), whole, 0.5) == Window((50.0, 100.0))  # a chart of a single point
    assert zoom((98.0, 100.0), whole, 0.5) == Window((98.0, 100.0))  # never between two steps
    assert zoom((96.0, 97.0), whole, 2) == Window((95.0, 97.0))
    assert pan((50.0, 100.0), whole, -0.5) == Window((25.0, 75.0))
    assert pan((50.0, 100.0), whole, 0.5) == Window((50.0, 100.0))
    assert clamp((-5.0, 30.0), whole) == Window((0.0, 30.0))
    narrow = clamp((7.0, 7.0), whole).span
    assert narrow is not None
    assert narrow[1] > narrow[0]
    assert join([None, (1.0, 2.0, ""), (0.0, 1.5, "")]) == (0.0, 2.0)
    assert join([None]) is None


def test_the_newest_part_follows() -> None:
    assert resolve(Window(), (0.0, 41.0), 41.0, growing=False) == (0.0, 41.0)
    assert resolve(Window(), (0.0, 41.0), 41.0, growing=True) == (0.0, 50.0)
    assert resolve(Window(follow=30.0), (0.0, 41.0), 41.0, growing=False) == (11.0, 41.0)
    one, two = (resolve(Window(follow=30.0), (0.0, t), t, growing=True) for t in (41.1, 41.9))
    assert one == two == (12.0, 42.0)  # nothing moves with less than a thirtieth
    assert follow_lengths("step", 1_000_000) == [50_000, 100_000, 500_000]
    assert follow_lengths("since", 10_000) == [600.0, 3600.0]
    assert follow_lengths("time", 100) == [10.0]
    assert follow_lengths("step", 0) == []
    assert follow_lengths("step", 13_000, 13_000 / 17) == [5000]  # not 500, with no point in it
    assert follow_lengths("step", 76_800, 768) == [5000, 10_000, 50_000]
    assert follow_lengths("time", 7000, 300) == [3600.0]
    assert window_words(Window(follow=100_000), "step") == "last 100k steps"
    assert window_words(Window(follow=600), "time") == "last 10m"
    assert window_words(Window((1, 2)), "step") == "zoomed"


def test_smoothing_is_a_mean_without_the_bias_of_its_start() -> None:
    one = run_lines("x", [RunSeries("r", {"x": series([1.0] * 100)})])[0]
    flat = curve_of(one, 50, "step", (0.0, 99.0), Smooth("weight", 0.997))
    assert flat.smooth is not None
    assert all(v == pytest.approx(1.0) for v in flat.smooth.mean)
    jump = curve_of(
        run_lines("x", [RunSeries("r", {"x": series([0.0] * 50 + [1.0] * 50)})])[0], 100, "step", (0.0, 99.0), Smooth()
    )
    assert jump.smooth is None
    half = smoothed(jump.columns, Smooth("half", 10.0)).mean
    assert half[59] == pytest.approx(0.5, abs=0.05)  # ten later it is half way
    assert smoothed(jump.columns, Smooth("half", 1e-9)).mean == jump.columns.mean


def test_the_arrow_of_a_row_and_of_its_chart_are_one() -> None:
    noisy = [3.0 - i / 100 + 0.2 * (i % 7 == 0) for i in range(200)]
    noisy[-20:] = [value + 0.02 for value in noisy[-20:]]
    for values, told in ((noisy, "↘"), ([float(i) for i in range(100)], "↗"), ([1.0] * 50, "→"), ([1.0], " ")):
        assert FactBook().course(series(values), plain=False)[1] == told


def test_a_course_of_few_points_has_no_holes_but_where_it_broke() -> None:
    assert FactBook().course(series([0.0, 1.0, 0.0]), plain=False)[0] == "▁▂▃▅▆▇█▇▅▄▂▁"
    broken = FactBook().course(series([0.0, NAN, 0.0, 1.0]), plain=False)[0]
    assert broken.count("✖") == 1
    assert " " in broken


def test_train_and_validation_belong_together() -> None:
    assert split_role("train/loss") == ("loss", "train")
    assert split_role("val_loss") == ("loss", "val")
    assert split_role("lr") == ("lr", "")
    assert find_families(["loss", "val_loss", "lr"]) == {"loss": (("loss", "train"), ("val_loss", "val"))}
    assert list(find_families(["val/acc", "test/acc", "train/acc"])) == ["train/acc"]
    assert find_families(["train/loss", "training/loss", "val/loss"]) == {}  # two of one kind: it is something else


def test_families_over_the_limit_are_tables() -> None:
    tasks = [f"env/{word}_{i}/{m}" for i in range(20) for word in ("a",) for m in ("success", "steps")]
    layers = [f"layers.{i}.norm" for i in range(FAMILY_LIMIT)]
    assert {k: len(v) for k, v in find_shapes([*tasks, *layers]).items()} == {"env/*/success": 20, "env/*/steps": 20}
    assert find_shapes([f"loss/{chr(97 + i)}" for i in range(20)]) == {}  # different quantities
    per_task = [f"rewards/{chr(97 + i)}" for i in range(20)]
    assert list(find_shapes(per_task, per_task)) == ["rewards/*"]
    tiles = plan_tiles(["train/loss", "val/loss", *tasks], urgent={"env/a_3/success"})
    assert [(t.name, len(t.members), t.table) for t in tiles] == [
        ("train/loss", 2, False), ("env/*/success", 19, True), ("env/*/steps", 20, True), ("env/a_3/success", 1, False),
    ]  # fmt: skip


def test_sections_have_heads_and_fold() -> None:
    tiles = plan_tiles(["a/x", "b/y", "a/z", "w"], sections=True)
    assert [t.name for t in tiles] == ["a/x", "a/z", "b/y", "w"]
    bands = bands_of(tiles, 2, {"b"}, heads=True)
    assert bands == [Band("a", 0, 2), Band(None, 0, 2), Band("b", 2, 3, True), Band("", 3, 4), Band(None, 3, 4)]
    assert fill(bands, 0, 9, 7) == 3
    assert page_of(bands, 4, 9, 7) == 3
    assert bands_of(tiles, 3, (), heads=False) == [Band(None, 0, 3), Band(None, 3, 4)]


@pytest.mark.parametrize(
    ("name", "size", "word"),
    [
        ("overview/sps", 4e4, "steps/s"), ("time/fps", 100, "frames/s"), ("train/tokens_per_second", 1, "tokens/s"),
        ("timing/step_ms", 12, "ms"), ("timing/train_time", 12.0, "s"), ("timing/train_time", 0.01, "ms"),
        ("metric/total_time", 90_000, "h"), ("gpu.0.memoryAllocatedBytes", 6e10, "GiB"), ("gpu.0.gpu", 93, "%"),
        ("monitor/cpu_percent", 50, "%"), ("monitor/memory_used_mb", 400, "MB"), ("gpu.0.powerWatts", 600, "W"),
        ("losses/policy_loss", 1, ""), ("overview/reward_vs_total_time", 1, ""), ("losses/lr", 1, ""),
    ],
)  # fmt: skip
def test_units(name: str, size: float, word: str) -> None:
    assert unit_of(name, size).word == word


def test_sparklines() -> None:
    assert sparkline([0, 1, None, 7]) == "▁▂ █"
    assert sparkline([1, 1]) == "▄▄"
    assert sparkline([None, 1], [True, False]) == "✖▄"
    assert sparkline([0, 7], [False, True], plain=True) == "_X"


def entries(count: int = 30) -> list[Entry]:
    made = [Entry(series([float(i), float(i * i)], f"env/t{i}/x"), f"t{i}") for i in range(count)]
    return [*made, Entry(series([1.0, NAN], "env/nan/x"), "nan")]


def test_a_table_is_sorted_and_has_its_numbers() -> None:
    book, rows = FactBook(), entries()
    assert order_entries(rows, book, "last", falling=True)[0].label == "t29"
    assert order_entries(rows, book, "last", falling=True)[-1].label == "nan"
    assert order_entries(rows, book, "name", falling=False)[0].label == "t9"
    page = table_page(rows, book, 100, sort="last", falling=True)
    assert len(page.rows) == len(page.keys) == 32
    text = "".join(t for t, _ in page.rows[1])
    assert text.split()[:5] == ["t29", "841", "435", "29", "841"]
    assert all(sum(len(t) for t, _ in page.rows[i]) == 100 for i in range(32))
    narrow = table_page(rows, book, 40, sort="order", falling=True)
    assert "last" in "".join(t for t, _ in narrow.rows[0])


def test_only_what_is_looked_at_is_worked_out() -> None:
    book, rows = FactBook(), entries(5000)
    page = table_page(rows, book, 100, sort="order", falling=True)
    made = [page.rows[i] for i in range(40)]
    assert len(made) == 40
    assert book.worked_out == 39


def test_a_family_in_the_grid_shows_nan_first_then_the_largest() -> None:
    rows = family_tile("env/*/x", entries(), FactBook(), 40, 6, chosen=False, plain=False)
    text = ["".join(t for t, _ in row) for row in rows]
    assert text[0].split() == ["env/*/x", "31", "metrics"]
    assert text[1].split()[0] == "nan"
    assert text[2].split()[0] == "t29"
    assert "27 more" in text[-1]
    assert all(len(line) == 40 for line in text)


def test_runs_keep_their_colours() -> None:
    runs = [RunSeries(name, {"x": series([1.0]), **({"y": series([2.0])} if name == "b" else {})}) for name in "abc"]
    assert [(line.label, line.style, line.letter) for line in run_lines("x", runs)] == [
        ("a", "series-1", "A"), ("b", "series-2", "B"), ("c", "series-3", "C"),
    ]  # fmt: skip
    assert [(line.label, line.style) for line in run_lines("y", runs)] == [("b", "series-2")]
    assert math.isclose(runs[0].series["x"].maximum or 0, 1.0)
