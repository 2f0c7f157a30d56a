"""Samples of any content, from any source, in any order: nothing fails, and every view of the series can be drawn."""

from __future__ import annotations

import math
import warnings
from array import array
from random import Random

import pytest

from lptui.detect.registry import load_detectors
from lptui.engine.core import advance
from lptui.model.events import Points, Samples, Tick
from lptui.model.place import Place
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState
from lptui.stores.axes import AXES
from lptui.stores.columns import reach, reduce
from lptui.stores.provenance import tell_sources
from lptui.stores.series import Series

ODD = (0.0, -0.0, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf, 1e16, -1.0)
KEYS = ("loss", "train/loss", "a/b/loss", "epoch", "global_step", "metric/agent_step", "x" * 300, "\x1b[31m", "")
WINDOWS = (None, (0.0, 100.0), (5.0, 5.0), (100.0, 0.0), (-1e308, 1e308))


def number(random: Random) -> float:
    return random.choice(ODD) if random.random() < 0.3 else random.uniform(-10, 10)


def batch(random: Random) -> Samples:
    count = random.choice([1, 1, 2, 5, 30, 300])
    steps = [number(random) if random.random() < 0.2 else random.randrange(50) * 10.0 + i for i in range(count)]
    times = [number(random) if random.random() < 0.3 else 1e9 + i for i in range(count)]
    keys = random.sample(KEYS, random.randrange(4))
    return Samples(
        place=Place(file=random.choice(["a", "b2", "b10"])),
        source=random.choice(["wandb", "log x", "csv"]),
        unit=random.choice(["step", "step", "epoch", "row", "unheard-of"]),
        order=float(random.randrange(100)),
        until=random.choice([None, float(random.randrange(100))]),
        sampled=random.random() < 0.1,
        points=tuple(
            Points(k, array("d", steps), array("d", times), array("d", [number(random) for _ in steps])) for k in keys
        ),
    )


def look_at(series: Series, state: RunState, random: Random) -> None:
    assert len(series.tail(5)) <= 5
    assert sum(share.leads for share in tell_sources(series)) == 1
    for axis in AXES:
        width = random.randrange(40)
        columns = reduce(series, width, axis, random.choice(WINDOWS), state.axes)
        assert len(columns.low) == len(columns.high) == len(columns.mean) == len(columns.broken) == width
        assert all(low is None or low <= (columns.high[i] or 0.0) for i, low in enumerate(columns.low))
        found = reach(series, axis, state.axes)
        assert found is None or found[0] <= found[1]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_a_source_says_breaks_the_store(seed: int) -> None:
    random, detectors = Random(seed), load_detectors()
    state = RunState(run=RunInfo(name="r", path="/r"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy's would be written over the screen
        for turn in range(120):
            state = advance(state, batch(random), detectors)
            if turn % 12 == 0:
                state = advance(state, Tick(now=float(turn)), detectors)
                for key, series in state.series.items():
                    assert series.key == key
                    look_at(series, state, random)
    assert [f.title for f in state.findings if f.cls == "lptui-error"] == []
