"""One chart: title, axes, marks, places, legend."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.model.events import Points
from lptui.stores.axes import AXES, Axes, Axis
from lptui.stores.columns import reach
from lptui.stores.series import Series, extend, overlay
from lptui.tui.widgets.braille import Scale
from lptui.tui.widgets.chart import Look, Pose, beside, body_rows, dot_columns, head_rows, join_cells
from lptui.tui.widgets.chartfacts import facts_row, probe_row
from lptui.tui.widgets.chartlines import Line, line_of
from lptui.tui.widgets.chartplot import Mark, column_of
from lptui.tui.widgets.charttitle import distance_text, short_key, tell_apart, trend
from lptui.tui.widgets.curves import Smooth, curve_of
from lptui.tui.widgets.metricorder import filter_names, order_key
from lptui.tui.widgets.seriesplace import place_of, read, value_at
from lptui.tui.widgets.spans import row_width

NAN = float("nan")


def series(values: list[float], key: str = "losses/loss", *, steps: bool = True, sampled: bool = False) -> Series:
    xs = array("d", [i * 100.0 if steps else NAN for i in range(len(values))])
    times = array("d", [1_000_000.0 + i * 10 for i in range(len(values))])
    points = Points(key, xs, times, array("d", values))
    return overlay(Series(key, "wandb"), points) if sampled else extend(Series(key, "wandb"), points, 0.0)


def line(data: Series, place: int = 0, count: int = 1, label: str = "") -> Line:
    return line_of(label or data.key, data, place, count, Axes(1_000_000.0, data))


def text(rows: list) -> list[str]:
    return ["".join(t for t, _ in row) for row in rows]


def rows_of(lines: list[Line], width: int = 40, height: int = 8, look: Look = Look(), **pose: Any) -> list:  # noqa: B008
    spans = [found for one in lines if (found := reach(one.series, look.axis, one.axes)) is not None]
    shown = (min(s[0] for s in spans), max(s[1] for s in spans))
    curves = [curve_of(one, dot_columns(width), look.axis, shown, look.smooth) for one in lines]
    told = Pose(lines[0].series.key, **pose)
    head = head_rows(curves, width, height, look, told)
    rows = [*head, *body_rows(curves, width, height - len(head), look, told)][:height]
    assert len(rows) == height
    assert all(row_width(row) <= width for row in rows)
    return rows


def drawn(data: Series, width: int = 40, height: int = 8, look: Look = Look(), **pose: Any) -> list[str]:  # noqa: B008
    return text(rows_of([line(data)], width, height, look, **pose))


STRANGE = [0.0, -1.0, 5e-324, 1e-300, -1e300, 1e300, 1.79e308, -1.79e308, 2.0**60, 1e9, NAN, math.inf, -math.inf]
SPANS = [None, (0.0, 1.0), (1.0, 1.0), (-1e308, 1e308), (1e-300, 1e300)]


@pytest.mark.filterwarnings("error")
@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(*[st.sampled_from(STRANGE) | st.floats()] * 3), min_size=1, max_size=30),
    st.sampled_from(AXES),
    st.booleans(),
    st.sampled_from(SPANS),
    st.integers(8, 100),
    st.integers(1, 20),
)
def test_numbers_of_any_size_are_drawn_without_failing_or_warning(
    points: list[tuple[float, float, float]], axis: Axis, log: bool, span: Any, width: int, height: int
) -> None:
    xs, times, values = (array("d", column) for column in zip(*points, strict=True))
    data = extend(Series("loss", "wandb"), Points("loss", xs, times, values), 0.0)
    one = Line("loss", "series-1", data)
    found = reach(data, axis)
    shown = found[:2] if found is not None else (0.0, 1.0)
    for hair in (None, *shown):
        look = Look(axis, log=log, smooth=Smooth("half", 10.0), details=True)
        curves = [curve_of(one, dot_columns(width), axis, shown, look.smooth)]
        told = () if hair is None else (value_at(one, hair, axis),)
        pose = Pose("loss", None, hair, read=told, span=span)
        rows = [*head_rows(curves, width, height, look, pose), *body_rows(curves, width, height, look, pose)]
        assert all(row_width(row) <= width for row in rows)
        probe_row(one, read(one, hair or 0.0, axis), axis)


def test_the_title_keeps_the_end_of_the_name_the_value_and_the_trend() -> None:
    long_name = "curriculum/task_000017/completion_probability"
    rows = drawn(series([1 - i / 100 for i in range(100)], long_name))
    assert "completion_probability"[-16:] in rows[0]
    assert "…" in rows[0]
    assert rows[0].rstrip().endswith("0.01 ↘")
    assert short_key("curriculum/task_017/weight", 16) == "…task_017/weight"
    assert len(short_key("a/" + "x" * 30, 10)) == 10


def test_distances_are_short() -> None:
    assert [distance_text(v) for v in (0.0153, -0.435, 126_000.0, -58_080.0)] == [
        "+0.0153",
        "-0.435",
        "+126k",
        "-58.1k",
    ]


def test_names_that_are_shortened_to_the_same_text_are_told_apart() -> None:
    names = [f"curriculum/{task}/success_rate" for task in ("easy", "hard")]
    assert {short_key(name, 15) for name in names} == {"…/success_rate"}
    assert [tell_apart(name, 15, names) for name in names] == ["…easy…cess_rate", "…hard…cess_rate"]
    rates = ["hyperparameters/learning_rate", "parameters/learning_rate"]
    assert [tell_apart(name, 16, rates) for name in rates] == ["hyperpar…ng_rate", "parameters…_rate"]
    assert tell_apart(names[0], 15, names[:1]) == "…/success_rate"
    assert tell_apart(names[0], 50, names) == names[0]
    assert all(len(tell_apart(name, width, names)) <= width for name in names for width in range(1, 40))


def test_axis_labels_are_round_and_where_they_lie() -> None:
    rows = drawn(series([float(i) for i in range(101)]))
    assert rows[1].startswith("     100│")
    assert rows[6].startswith("       0│")
    assert rows[7].split() == ["0", "5000", "10k", "steps"][: len(rows[7].split())]
    assert drawn(series([1.0, 2.0], steps=False))[7].split() == ["0", "1"]


def test_units_are_told_from_the_name() -> None:
    assert "41 steps/s" in drawn(series([41.0] * 30, "performance/sps"))[0]
    memory = drawn(series([(60 + i / 40) * 2.0**30 for i in range(40)], "gpu.0.memoryAllocatedBytes"), 60)
    assert "60.975 GiB" in memory[0]
    assert memory[1].startswith("    61.0")
    assert "12.3 ms" in drawn(series([0.0123] * 30, "timing/forward_time"))[0]


def test_nan_is_marked_where_the_line_breaks_and_in_the_title() -> None:
    rows = drawn(series([0.5] * 50 + [NAN] * 50))
    assert "NaN ✖" in rows[0]
    marked = next(row for row in rows[1:] if "✖" in row)
    assert marked.rstrip().endswith("✖✖✖✖✖✖✖✖")
    assert "⠤" in marked or "⠒" in marked or "⠉" in marked or "⣀" in marked  # the line goes on before it
    only = drawn(series([NAN, math.inf]))
    assert "only NaN or infinite values" in only[1]


def test_an_outlier_is_clipped_and_says_so_or_is_shown() -> None:
    data = series([0.4 + i % 7 / 10 for i in range(50)] + [1e9] + [0.4 + i % 7 / 10 for i in range(50)])
    rows = drawn(data)
    assert "▲" in rows[1]
    assert "G" not in rows[1]
    whole = drawn(data, look=Look(clip=False))
    assert "▲" not in whole[1]
    assert whole[1].startswith("    1.0G")


def test_of_several_runs_the_one_in_front_is_followed_and_of_one_run_every_line() -> None:
    calm, end = [0.4 + i % 7 / 10 for i in range(95)], [10.0**i for i in range(1, 6)]
    good, bad = series([*calm, *calm[:5]]), series([*calm, *end])
    behind, front = text(rows_of([line(good), line(bad)])), text(rows_of([line(bad), line(good)]))
    assert "k" not in behind[2]
    assert "▲" in behind[2]
    assert front[2].startswith("    100k")
    smooth = text(rows_of([line(bad, 0, 2), line(good, 1, 2)], look=Look(smooth=Smooth("weight", 0.99))))
    assert smooth[2].rstrip().endswith("A")  # the line goes there, smooth as it is
    other = replace(bad, key="val_loss")
    assert text(rows_of([line(good), line(other)]))[2].startswith("    100k")


def test_sampled_series_say_so() -> None:
    assert "~ sampled 9 " in drawn(series([float(i) for i in range(10)], sampled=True), 60)[0]
    assert "~ 9 " in drawn(series([float(i) for i in range(10)], sampled=True), 30)[0]


def test_time_cursor_crosshair_and_marks() -> None:
    mark = Mark(9900.0, "error")
    rows = rows_of([line(series([0.0] * 100))], look=Look(marks=(mark,)), moment=5000.0)
    assert sum("┊" in row for row in text(rows)) >= 4
    assert ("▴", "error") in rows[-2]
    assert all("┊" not in row for row in drawn(series([0.0] * 100), moment=99_999.0))
    read = drawn(series([float(i) for i in range(100)]), hair=5000.0, read=(50.0,))
    assert "50 @" in read[0]
    assert sum("│" in row[10:] for row in read) >= 4


def test_checkpoints_are_few_faint_marks_that_leave_the_line_alone() -> None:
    saved = tuple(Mark(at * 100.0, "faint", "◆", "o", "checkpoint", str(at)) for at in range(0, 100, 2))
    found = Mark(9000.0, "error")
    line_only = drawn(series([1.0] * 60 + [0.0] * 40))[-2]
    rows = rows_of([line(series([1.0] * 60 + [0.0] * 40))], look=Look(marks=(found, *saved)))
    bottom = text(rows)[-2]
    places = [x for x, char in enumerate(bottom) if char == "◆"]
    assert 2 <= len(places) <= 4
    assert all(after - before >= 8 for before, after in pairwise(places))
    assert all(style == "faint" for span, style in rows[-2] if "◆" in span)
    assert "▴" in bottom
    assert all(new == old for new, old in zip(bottom, line_only, strict=True) if old not in " " and new != "▴")
    flat = drawn(series([0.5] * 100), look=Look(marks=saved))[-2]
    newest = drawn(series([0.5] * 100), look=Look(marks=saved[-1:]))[-2]
    assert flat.rindex("◆") == newest.index("◆")


def test_ascii_uses_ascii_only() -> None:
    look = Look(plain=True, marks=(Mark(100.0, "warn"),), smooth=Smooth("weight", 0.97))
    values = [0.1 * i for i in range(20)] + [NAN] + [1e9] + [0.1] * 40
    pose: dict[str, Any] = {"moment": 300.0, "hair": 900.0, "read": (1.0,)}
    assert all(row.replace("…", "").isascii() for row in drawn(series(values), look=look, **pose))
    two = [line(series(values), 0, 2, "a"), line(series(values[::-1]), 1, 2, "b")]
    assert all(row.replace("…", "").isascii() for row in text(rows_of(two, look=look)))


def test_several_lines_have_a_legend_letters_and_deltas() -> None:
    one, two = series([1 - i / 100 for i in range(100)]), series([0.5 + i / 200 for i in range(100)])
    rows = rows_of([line(one, 0, 2, "arena_a"), line(two, 1, 2, "arena_b")], 80, 10, best=0)
    legend = text(rows)[1]
    assert "A arena_a 0.01 ↘ best" in legend
    assert "B arena_b 0.995 ↗ (+0.985)" in legend
    plotted = "".join(text(rows)[2:])
    assert "A" in plotted
    assert "B" in plotted
    styles = {style for row in rows for _, style in row}
    assert {"series-1", "series-2"} <= styles
    narrow = text(rows_of([line(one, 0, 2, "arena_a"), line(two, 1, 2, "arena_b")], 26, 8))
    assert "A 0.01 ↘ B 0.995 ↗" in narrow[1]  # no scraps of names
    assert "B" in narrow[1]


def test_a_narrow_legend_keeps_all_values_and_names_all_lines_or_none() -> None:
    acc = [line(series([0.5, 0.997]), 0, 2, "train"), line(series([0.4, 0.897]), 1, 2, "val")]
    assert text(rows_of(acc, 28))[1].rstrip() == " A train 0.997 B val 0.897"
    values = (("healthy", -0.000422), ("starved", -0.000207), ("nan", -0.000133))
    three = [line(series([0.0, v]), i, 3, label) for i, (label, v) in enumerate(values)]
    assert text(rows_of(three, 28))[1].rstrip() == " A -4e-4 B -2e-4 C -1e-4"
    assert text(rows_of(three, 34))[1].rstrip() == " A -4.2e-4 B -2.1e-4 C -1.3e-4"


def test_a_restart_is_seen_beside_the_finding_that_tells_of_it() -> None:
    data = series([float(i % 3) for i in range(100)])
    found, again = Mark(5000.0, "warn"), Mark(5000.0, "warn", "↻", "r", "restart")
    row = text(rows_of([line(data)], 60, 8, Look(marks=(found, again))))[-2]
    assert "▴↻" in row or "↻▴" in row
    assert row.count("↻") == 1


def test_the_only_place_of_a_single_point_is_a_whole_step() -> None:
    one = extend(Series("x", "wandb"), Points("x", array("d", [555.385]), array("d", [1.0]), array("d", [2.0])), 0.0)
    assert drawn(one)[-1].split()[0] == "555"


def test_without_colours_lines_are_dashed() -> None:
    flat = [line(series([1.0] * 100), 0, 2, "a"), line(series([2.0] * 100), 1, 2, "b")]
    coloured, mono = text(rows_of(flat)), text(rows_of(flat, look=Look(mono=True)))
    assert sum(row.count("⠒") + row.count("⠤") + row.count("⠉") for row in coloured) != sum(
        row.count("⠒") + row.count("⠤") + row.count("⠉") for row in mono
    )


def test_smoothing_leaves_what_was_read_faint_behind() -> None:
    noisy = line(series([float(i % 2) for i in range(4000)]))
    rows = rows_of([noisy], look=Look(smooth=Smooth("weight", 0.997)))
    styles = {style for row in rows[1:-1] for text, style in row if text.strip()}
    assert {"faint", "series-1"} <= styles


def test_a_detail_that_has_no_room_is_left_out_whole() -> None:
    rows = drawn(series([1.0, 3.0, 2.0]), 28, look=Look(details=True))
    assert rows[1].split() == ["min", "1", "max", "3", "change", "+1"][: len(rows[1].split())]
    assert len(rows[1].split()) % 2 == 0
    assert drawn(series([1.0, 3.0, 2.0]), 22, look=Look(details=True))[1].split() == ["min", "1", "max", "3"]


def test_details_are_minimum_maximum_and_change() -> None:
    rows = drawn(series([1.0, 3.0, 2.0]), look=Look(details=True))
    assert rows[1].split() == ["min", "1", "max", "3", "change", "+1"]


def test_small_pieces() -> None:
    assert join_cells([("a", "x"), ("b", "x"), (" ", ""), ("c", "y")]) == (("ab ", "x"), ("c", "y"))
    data = curve_of(line(series([0.0, 1.0])), 10, "step", (0.0, 100.0), Smooth()).columns
    assert column_of(data, 10, 100.0) == 9
    assert column_of(data, 10, 101.0) is None
    assert text(beside([[(("a", ""),)], []], 2, 1)) == ["a   "]
    flat = curve_of(line(series([1.0] * 50)), 40, "step", (0.0, 4900.0), Smooth()).columns
    assert trend(flat, Scale(0, 2)) == "→"
    assert trend(curve_of(line(series([1.0])), 40, "step", (0.0, 1.0), Smooth()).columns, Scale(0, 2)) == ""


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
    assert filter_names(names, "/loss$/") == ["train/loss"]
    assert filter_names(names, "/^(val|train).LOSS") == ["train/loss", "train/Loss_2"]
    assert filter_names(names, "/") == names
    assert filter_names(names, "/(") == []
    assert filter_names(names, " ") == names


def test_places_on_either_axis() -> None:
    data = series([float(i) for i in range(50)])
    spot = read(line(data), 1234.0, "step")
    assert spot is not None
    assert (spot.step, spot.time, spot.value) == (1200.0, 1_000_120.0, 12.0)
    assert value_at(line(data), 119.0, "since") == 12.0
    places: list[tuple[float | None, float | None, Axis, float | None]] = [
        (1200.0, None, "time", 1_000_120.0),
        (1200.0, None, "since", 120.0),
        (None, 1_000_118.0, "step", 1180.0),
        (None, None, "step", None),
    ]
    for step, at, axis, place in places:
        assert place_of(line(data), step, at, axis) == place
    assert place_of(line(Series("x", "")), None, 5.0, "step") is None


def test_a_crosshair_behind_the_end_of_a_line_reads_nothing_of_it() -> None:
    """Of several runs the shorter one has no value there; one that is logged seldom still has its newest."""
    often, seldom = line(series([float(i) for i in range(101)])), line(series([0.0, 1.0, 2.0]))
    places = 10_090.0, 15_000.0, -5_000.0
    assert [value_at(often, at, "step") for at in places] == [100.0, None, None]
    assert value_at(seldom, 350.0, "step") == 2.0
    legend = text(rows_of([often, line(series([1.0]), 1, 2, "b")], read=(None, 1.0)))
    assert "losses/loss -  B b 1 @" in legend[1]


def test_where_a_step_was_written_again_the_crosshair_reads_what_the_line_shows() -> None:
    steps = [*range(600), *range(400, 1000)]
    values = [1.0] * 600 + [2.0] * 600
    xs, times = array("d", map(float, steps)), array("d", [1e6 + i for i in range(1200)])
    again = line(extend(Series("x", "wandb"), Points("x", xs, times, array("d", values)), 0.0))
    for at, told in ((100.0, 1.0), (450.0, 2.0), (599.0, 2.0), (900.0, 2.0)):
        assert value_at(again, at, "step") == told
        spot = read(again, at, "step")
        assert spot is not None
        assert (spot.step, spot.value) == (at, told)
    twice = Points("x", array("d", [5.0, 5.0]), array("d", [1.0, 2.0]), array("d", [3.0, 4.0]))
    assert value_at(line(extend(Series("x", "wandb"), twice, 0.0)), 5.0, "step") == 4.0


def test_a_window_between_points_shows_the_line_that_runs_through_it() -> None:
    one = line(series([0.0, 10.0, 0.0]))  # at 0, 100 and 200
    curve = curve_of(one, dot_columns(40), "step", (25.0, 75.0), Smooth())
    rows = text(body_rows([curve], 40, 8, Look(), Pose("x")))
    assert "no points here" not in "".join(rows)
    assert rows[0].rstrip()[-1] != " "
    assert all(any(ord(char) > 0x2800 for char in row) for row in rows[:-1])  # a diagonal from edge to edge
    crossing = dict(curve.columns.through)
    assert [round(v, 6) for v in crossing.values()] == [2.5, 7.5]
    broken = line(series([0.0, NAN, 0.0]))
    assert curve_of(broken, 40, "step", (25.0, 75.0), Smooth()).columns.through == ()
    assert curve_of(one, 40, "step", (250.0, 300.0), Smooth()).columns.through == ()  # behind its end


def test_other_sources_of_a_quantity_are_named() -> None:
    same, other = series([1.0, 2.0, 3.0]), series([9.0, 9.0, 9.0])
    lead = replace(
        series([1.0, 2.0, 3.0]), others=(replace(same, source="log"), replace(other, source="csv", agrees=False))
    )
    told = "".join(text for text, _ in facts_row(lead, []))
    assert "from wandb, also log, csv says otherwise" in told
