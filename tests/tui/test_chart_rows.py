"""One chart: title, axes, marks, places."""

from __future__ import annotations

import math
from array import array

from lptui.model.events import Points
from lptui.stores.columns import reduce
from lptui.stores.series import Series, extend, overlay
from lptui.text import cell_width
from lptui.tui.widgets.braille import Scale
from lptui.tui.widgets.chart import (
    Look,
    beside,
    chart_rows,
    column_of,
    join_cells,
    plot_width,
    tick_text,
    trend,
    x_text,
    y_ticks,
)
from lptui.tui.widgets.metricorder import filter_names, order_key
from lptui.tui.widgets.seriesplace import nearest, place_of
from lptui.tui.widgets.spans import row_width

NAN = float("nan")


def series(values: list[float], key: str = "losses/loss", *, steps: bool = True, sampled: bool = False) -> Series:
    xs = array("d", [i * 100.0 if steps else NAN for i in range(len(values))])
    times = array("d", [1_000_000.0 + i * 10 for i in range(len(values))])
    points = Points(key, xs, times, array("d", values))
    return overlay(Series(key, "wandb"), points) if sampled else extend(Series(key, "wandb"), points, 0.0)


def text(rows: list) -> list[str]:
    return ["".join(t for t, _ in row) for row in rows]


def drawn(data: Series, width: int = 40, height: int = 8, look: Look = Look()) -> list[str]:  # noqa: B008
    columns = reduce(data, plot_width(width) * 2, look.axis)
    rows = chart_rows(data, columns, width, height, look)
    assert len(rows) == height
    assert all(row_width(row) <= width for row in rows)
    return text(rows)


def test_the_title_keeps_the_end_of_the_name_the_value_and_the_trend() -> None:
    long_name = "curriculum/task_000017/completion_probability"
    rows = drawn(series([1 - i / 100 for i in range(100)], long_name))
    assert "completion_probability"[-16:] in rows[0]
    assert "…" in rows[0]
    assert rows[0].rstrip().endswith("0.01 ↘")


def test_axis_labels_are_the_values_at_the_edges() -> None:
    rows = drawn(series([float(i) for i in range(101)]))
    assert rows[1].startswith("     100│")
    assert rows[6].startswith("       0│")
    assert rows[7].split() == ["0", "10.0k", "steps"]
    assert drawn(series([1.0, 2.0], steps=False))[7].split() == ["0", "1", "points"]


def test_nan_is_marked_where_the_line_breaks_and_in_the_title() -> None:
    rows = drawn(series([0.5] * 50 + [NAN] * 50))
    assert "NaN ✖" in rows[0]
    marked = next(row for row in rows[1:] if "✖" in row)
    assert marked.rstrip().endswith("✖✖✖✖✖✖✖✖")
    assert "⠤" in marked or "⠒" in marked or "⠉" in marked or "⣀" in marked  # the line goes on before it
    only = drawn(series([NAN, math.inf]))
    assert "only NaN or infinite values" in only[1]


def test_an_outlier_is_clipped_and_says_so() -> None:
    rows = drawn(series([0.4 + i % 7 / 10 for i in range(50)] + [1e9] + [0.4 + i % 7 / 10 for i in range(50)]))
    assert "▲" in rows[1]
    assert "e+" not in rows[1]


def test_sampled_series_say_so() -> None:
    assert "~ sampled 9 " in drawn(series([float(i) for i in range(10)], sampled=True), 60)[0]
    assert "~ 9 " in drawn(series([float(i) for i in range(10)], sampled=True), 30)[0]


def test_time_cursor_and_findings_on_the_axis() -> None:
    look = Look(moment=5000.0, marks=((9900.0, "error"),))
    data = series([0.0] * 100)
    rows = chart_rows(data, reduce(data, plot_width(40) * 2), 40, 8, look)
    assert sum("┊" in row for row in text(rows)) >= 4
    assert ("▴", "error") in rows[-2]
    assert all("┊" not in row for row in drawn(data, look=Look(moment=99_999.0)))


def test_ascii_uses_ascii_only() -> None:
    look = Look(plain=True, moment=300.0, marks=((100.0, "warn"),))
    values = [0.1 * i for i in range(20)] + [NAN] + [1e9] + [0.1] * 40
    assert all(row.replace("…", "").isascii() for row in drawn(series(values), look=look))


def test_ticks_tell_neighbours_apart() -> None:
    assert tick_text(0.693152, 0.00002) != tick_text(0.693172, 0.00002)
    assert tick_text(1e-17, 1.0) == "0"
    assert all(
        cell_width(tick_text(v, s)) <= 8 for v in (-1.23456e-300, 1e300, -123456.7, 12.5) for s in (0.0, 1.0, 1e300)
    )
    assert sorted(y_ticks(Scale(0, 1), 20)) == [0, 4, 10, 14, 19] or len(y_ticks(Scale(0, 1), 20)) == 5
    assert y_ticks(Scale(0, 1), 6) == {0: "1", 5: "0"}


def test_small_pieces() -> None:
    assert join_cells([("a", "x"), ("b", "x"), (" ", ""), ("c", "y")]) == (("ab ", "x"), ("c", "y"))
    data = reduce(series([0.0, 1.0]), 10)
    assert column_of(data, 10, 100.0) == 9
    assert column_of(data, 10, 101.0) is None
    assert text(beside([[(("a", ""),)], []], 2, 1)) == ["a   "]
    assert x_text(41_234, 0, "step", False) == "41.2k"
    flat = reduce(series([1.0] * 50), 40)
    assert trend(flat, Scale(0, 2)) == "→"
    assert trend(reduce(series([1.0]), 40), Scale(0, 2)) == ""


def test_order_puts_learning_first_and_machinery_last() -> None:
    names = [
        "system/gpu.0.memory", "_runtime", "curriculum/task_10/x", "curriculum/task_2/x", "zeta", "losses/entropy",
        "losses/value_loss", "overview/reward", "metric/loss", "alpha", "overview/sps",
    ]  # fmt: skip
    assert sorted(names, key=order_key) == [
        "overview/reward", "metric/loss", "losses/value_loss", "losses/entropy", "overview/sps", "alpha", "zeta",
        "curriculum/task_2/x", "curriculum/task_10/x", "_runtime", "system/gpu.0.memory",
    ]  # fmt: skip
    assert order_key("any/reward", per_task=True)[0] == 2


def test_filters() -> None:
    names = ["train/loss", "train/Loss_2", "val/acc"]
    assert filter_names(names, "LOSS") == ["train/loss", "train/Loss_2"]
    assert filter_names(names, "*/loss*") == ["train/loss", "train/Loss_2"]
    assert filter_names(names, "v?l") == ["val/acc"]
    assert filter_names(names, "[") == []
    assert filter_names(names, " ") == names


def test_places_on_either_axis() -> None:
    data = series([float(i) for i in range(50)])
    spot = nearest(data, 1234.0, "step")
    assert spot is not None
    assert (spot.step, spot.value) == (1200.0, 12.0)
    assert place_of(data, 1200.0, None, "time") == 1_000_120.0
    assert place_of(data, None, 1_000_118.0, "step") == 1200.0
    assert place_of(data, None, None, "step") is None
    assert place_of(Series("x", ""), None, 5.0, "step") is None
