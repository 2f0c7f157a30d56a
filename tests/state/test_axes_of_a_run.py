"""The fold finds which series tell how the counts of a run relate."""

from __future__ import annotations

import math
from array import array

from lptui.model.events import Points, Samples, Tick
from lptui.model.run import RunInfo
from lptui.state.fold import fold_all
from lptui.state.run_state import RunState
from lptui.stores.columns import reduce


def points(key: str, steps: list[float], times: list[float], values: list[float]) -> Points:
    return Points(key, array("d", steps), array("d", times), array("d", values))


def test_axes_are_found_at_a_tick_and_kept_while_nothing_changes() -> None:
    state = RunState(run=RunInfo(path="/r", name="r"))
    nan = math.nan
    state = fold_all(
        state,
        [
            Samples(
                source="wandb",
                points=(
                    points("loss", [100, 200], [10, 20], [2, 1]),
                    points("metric/epoch", [100, 200], [10, 20], [1, 2]),
                    points("system/cpu", [nan, nan], [5, 25], [50, 60]),
                ),
            ),
            Samples(source="csv x", unit="row", points=(points("global_step", [0, 1], [nan, nan], [0, 100]),)),
            Tick(now=1.0),
        ],
    )
    axes = state.axes
    assert axes.start == 5
    assert axes.clock is not None
    assert axes.clock.key == "metric/epoch"
    assert axes.epochs is state.series["metric/epoch"]
    assert axes.counts[("csv x", "row")] is state.series["global_step"]
    assert fold_all(state, [Tick(now=2.0)]).axes is axes


def test_the_clock_may_be_a_source_that_does_not_lead() -> None:
    nan = math.nan
    steps = [float(s) for s in range(0, 200, 2)]
    record = Samples(source="csv x", points=(points("loss", steps, [nan] * 100, [1 / (1 + s) for s in steps]),))
    text = Samples(source="log x", points=(points("loss", [0, 100], [1000, 1100], [1, 0.0099]),))
    state = fold_all(RunState(run=RunInfo(path="/r", name="r")), [record, text, Tick(now=1.0)])
    assert state.series["loss"].source == "csv x"
    columns = reduce(state.series["loss"], 5, "since", axes=state.axes)
    assert (columns.own, columns.start, columns.end) == ("", 0.0, 198.0)
