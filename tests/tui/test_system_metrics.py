"""Metrics of the machine: which ones they are, their order, devices in one chart; the key that shows them."""

from __future__ import annotations

from test_metrics_pane import Harness, points, workspace

from lptui.model.chart_layout import ChartLayout
from lptui.model.request import KeepLayout
from lptui.stores.series import Series, extend
from lptui.tui.widgets.chartlayout import lay_out
from lptui.tui.widgets.systemmetrics import choose_system, find_devices, is_system, system_section

NAMES = [
    "train/loss", "system/network.sent", "system/gpu.1.temp", "system/gpu.0.temp", "system/cpu", "system/disk.in",
    "system/proc.memory.rssMB", "memory_len", "gpu0_util",
]  # fmt: skip


def test_what_tells_of_the_machine_by_section() -> None:
    assert choose_system(NAMES) == [
        "system/gpu.1.temp", "system/gpu.0.temp", "gpu0_util", "system/cpu", "system/proc.memory.rssMB",
        "system/disk.in", "system/network.sent",
    ]  # fmt: skip
    assert not is_system("train/gpu_hours_loss")
    assert [system_section(n) for n in ("monitor/x", "system/cpu.3.cpu_percent")] == ["other", "CPU"]


def test_one_quantity_on_several_devices_is_one_chart_by_number() -> None:
    names = [f"system/gpu.{i}.temp" for i in (10, 2, 0)] + ["system/gpu.process.0.memory", "monitor/gpu1_mb"]
    assert find_devices(names) == {
        "system/gpu.*.temp": (
            ("system/gpu.0.temp", "gpu0"), ("system/gpu.2.temp", "gpu2"), ("system/gpu.10.temp", "gpu10"),
        ),
    }  # fmt: skip
    assert find_devices(f"gpu.{i}.temp" for i in range(13)) == {}  # those read better as a table


def test_rows_and_columns_are_what_was_asked_for_where_there_is_room() -> None:
    assert (lay_out(118, 38, 57, 2, 3).columns, lay_out(118, 38, 57, 2, 3).rows) == (2, 3)
    assert lay_out(118, 38, 57, 2, 99).rows == 38 // 5
    assert lay_out(118, 38, 4, 2, 3).rows == 2
    assert lay_out(118, 3, 4, 2, 3).rows == 1


def made(names: list[str]) -> dict[str, Series]:
    return {name: extend(Series(name, "wandb"), points(name, 0, 50), 0.0) for name in names}


async def test_a_key_shows_the_machine_and_going_back_the_rest_again() -> None:
    app = Harness()
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(made(NAMES))
        await pilot.press("U")
        await pilot.pause()
        assert [tile.name for tile in app.pane.grid.tiles][:2] == ["gpu0_util", "system/gpu.*.temp"]
        assert "gpu0" in app.shown
        assert "loss" not in app.shown
        assert "of the machine" in app.pane.note(workspace({}).run)
        assert app.pane.close()
        await pilot.pause()
        assert "loss" in app.shown


async def test_without_such_metrics_the_key_changes_nothing() -> None:
    app = Harness()
    async with app.run_test(size=(80, 24)) as pilot:
        app.pane.workspace = workspace(made(["train/loss"]))
        await pilot.press("U")
        await pilot.pause()
        assert "loss" in app.shown
        assert not app.pane.choice.wishes.system


async def test_rows_are_set_by_hand_kept_and_given_back_past_the_most() -> None:
    app = Harness(ChartLayout(columns=2, rows=3))
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.workspace = workspace(made([f"a/{c}" for c in "abcdefghijklmnopqrst"]))
        await pilot.pause()
        assert (app.pane.grid._layout.columns, app.pane.grid._layout.rows) == (2, 3)
        await pilot.press("less_than_sign")
        await pilot.pause()
        assert app.pane.grid._layout.rows == 2
        assert [r.layout.rows for r in app.asked if isinstance(r, KeepLayout)][-1] == 2
        await pilot.press(*["greater_than_sign"] * 6)
        await pilot.pause()
        assert app.pane.grid.wanted == (2, None)
