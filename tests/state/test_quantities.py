"""One quantity from several sources: the same series whatever order they arrive in."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.curriculum.keys import TaskCell, classify
from lptui.engine.reading import read_run
from lptui.model.events import Points, Samples, Tick
from lptui.model.place import Place
from lptui.model.run import RunInfo
from lptui.run import discover
from lptui.state.fold import fold_all
from lptui.state.run_state import RunState
from lptui.stores.columns import reduce
from lptui.stores.provenance import members, tell_sources
from lptui.stores.series import Series

RECORDED = Path(__file__).parents[1] / "formats" / "recorded"
NAN = math.nan


def samples(
    source: str,
    key: str,
    rows: Sequence[tuple[float, float]],
    order: float = 0.0,
    unit: str = "step",
    file: str = "",
    at: float = NAN,
) -> Samples:
    steps, values = array("d", [s for s, _ in rows]), array("d", [v for _, v in rows])
    times = array("d", [at + s for s, _ in rows])
    place = Place(file=file or source)
    return Samples(place=place, source=source, order=order, unit=unit, points=(Points(key, steps, times, values),))


def after(*events: Samples) -> RunState:
    start = RunState(run=RunInfo(name="r", path="/r"))
    return fold_all(start, [*events, Tick(now=1.0), Tick(now=2.0)])


def essence(series: Series) -> list[tuple[object, ...]]:
    return [
        (m.source, m.unit, m.name, m.agrees, m.count, [v for s in m.segments for v in s.values])
        for m in members(series)
    ]


def curve(steps: Sequence[float]) -> list[tuple[float, float]]:
    return [(s, 1 / (1 + s)) for s in steps]


def test_the_finest_record_leads_and_fresher_text_fills_its_end() -> None:
    text = [samples("log x", "loss", [(s, round(v, 3)) for s, v in curve([s])], order=s) for s in range(0, 130, 10)]
    state = after(samples("wandb", "loss", curve(range(100))), *text)
    series = state.series["loss"]
    assert (series.source, [o.source for o in series.others]) == ("wandb", ["log x"])
    assert series.others[0].agrees is True
    last = series.last()
    assert last is not None
    assert (last.step, last.value) == (120, round(1 / 121, 3))
    columns = reduce(series, 13)
    assert columns.end == 120
    assert columns.last == (120, last.value)
    lead, log = tell_sources(series)
    assert (lead.leads, lead.count, log.common, log.differing, log.used) == (True, 100, 10, 0, True)


def test_a_source_that_says_something_else_fills_nothing_and_is_told() -> None:
    state = after(
        samples("wandb", "loss", curve(range(50))), samples("log rank1", "loss", [(s, 9.0) for s in range(60)])
    )
    series = state.series["loss"]
    last = series.last()
    assert last is not None
    assert last.step == 49
    assert reduce(series, 10).end == 49
    assert (tell_sources(series)[1].differing, tell_sources(series)[1].used) == (50, False)


def test_a_source_fills_holes_of_the_lead() -> None:
    held = [*range(40), *range(80, 120)]
    state = after(samples("wandb", "loss", curve(held)), samples("events", "loss", curve(range(0, 120, 10))))
    assert state.series["loss"].source == "wandb"
    assert None not in reduce(state.series["loss"], 12).low


@pytest.mark.parametrize(
    ("one", "two", "joined"),
    [
        ("losses/value_loss", "loss/value_loss", True),
        ("Losses.Value_Loss", "value_loss", True),
        ("train/value_loss", "val/value_loss", False),
    ],
)
def test_names_spelt_alike_are_joined_when_their_values_are_the_same(one: str, two: str, joined: bool) -> None:
    state = after(samples("wandb", one, curve(range(50))), samples("events", two, curve(range(0, 50, 2))))
    assert sorted(state.series) == ([one] if joined else sorted([one, two]))


def test_a_few_points_of_the_log_are_found_among_many_of_a_record() -> None:
    text = samples("log x", "loss", [(s, round(v, 5)) for s, v in curve(range(0, 5000, 100))])
    state = after(text, samples("wandb", "train/loss", curve(range(5000))))
    assert list(state.series) == ["train/loss"]
    assert state.series["train/loss"].source == "wandb"


def test_names_are_not_joined_for_constants_or_other_values_or_within_one_source() -> None:
    constant = after(
        samples("wandb", "a/zero", [(s, 0.0) for s in range(50)]),
        samples("events", "zero", [(s, 0.0) for s in range(50)]),
    )
    assert len(constant.series) == 2
    other = after(samples("wandb", "a/x", curve(range(50))), samples("events", "x", [(s, s) for s in range(50)]))
    assert len(other.series) == 2
    own = after(samples("wandb", "a/x", curve(range(50))), samples("wandb", "x", curve(range(50)), order=1))
    assert len(own.series) == 2


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("overview/sps", "log/steps_per_second"),
        ("hyperparameters/learning_rate", "lr"),
        ("eval/loss", "eval_loss"),
        ("train_loss_step", "train_loss"),
    ],
)
def test_names_that_loggers_write_differently_are_joined_by_their_values_alone(one: str, two: str) -> None:
    same = after(samples("wandb", one, curve(range(50))), samples("log x", two, curve(range(0, 50, 5))))
    assert [(m.source, m.name or m.key) for m in members(same.series[one])] == [("wandb", one), ("log x", two)]
    other = after(
        samples("wandb", one, curve(range(50))), samples("log x", two, [(s, 2 * v) for s, v in curve(range(0, 50, 5))])
    )
    assert sorted(other.series) == sorted((one, two))


def test_one_source_that_tells_a_quantity_twice_tells_it_once_while_both_are_just_the_same() -> None:
    names = ("hyperparameters/learning_rate", "parameters/learning_rate")
    start = after(*(samples("wandb", name, curve(range(50))) for name in names))
    assert list(start.series) == [names[0]]
    more = [samples("wandb", name, [(s, 0.5 / s) for s in range(50, 90)], order=1) for name in names]
    state = fold_all(start, [*more, Tick(now=3.0)])
    assert [m.count for m in members(state.series[names[0]])] == [90, 90]
    parted = [samples("wandb", names[i], [(s, 0.1 + i / 1e6) for s in range(90, 400)], order=2) for i in (0, 1)]
    assert sorted(fold_all(state, [*parted, Tick(now=4.0), Tick(now=5.0)]).series) == sorted(names)


def test_a_run_that_went_back_is_compared_with_what_was_written_last() -> None:
    steps = [*range(1, 9), *range(1, 9), *range(1, 9)]
    rows = [(float(s), 100.0 + i) for i, s in enumerate(steps)]
    state = after(samples("wandb", "overview/sps", rows), samples("log x", "log/steps_per_second", rows))
    assert list(state.series) == ["overview/sps"]


def test_sources_that_count_different_things_are_compared_in_their_order() -> None:
    steps = [samples("tensorboard", "validation/epoch_loss", curve(range(40)))]
    epochs = [samples("csv", "val_loss", [(s / 4, float(f"{v:.4g}")) for s, v in curve(range(3, 43))], unit="epoch")]
    state = after(*steps, *epochs)
    assert [(m.source, m.agrees) for m in members(state.series["validation/epoch_loss"])][1:] == [("csv", True)]
    falling = samples("csv", "val_loss", [(s, 3 - v) for s, v in curve(range(40))], unit="epoch")
    assert len(after(*steps, falling).series) == 2


def test_what_a_trainer_tells_three_times_is_one_series_each() -> None:
    state = read_run(discover(str(RECORDED / "tables" / "together")), patience=0.0)
    told = {"tensorboard", "trainer_state.json", "log train.log"}
    for key in ("train/loss", "train/grad_norm", "train/learning_rate", "eval/loss"):
        assert {m.source for m in members(state.series[key])} == told
        assert all(m.agrees is True for m in state.series[key].others)
    assert not {"loss", "eval_loss", "grad_norm"} & state.series.keys()
    assert {j.profile for j in (row.judgement for row in state.judged.values())} == {"llm-finetune"}


def test_names_that_were_joined_part_when_their_values_do() -> None:
    start = after(samples("wandb", "losses/x", curve(range(50))), samples("events", "x", curve(range(40))))
    assert list(start.series) == ["losses/x"]
    later = [samples("wandb", "losses/x", [(s, 1.0) for s in range(50, 400)], order=1)]
    later += [samples("events", "x", [(s, 7.0) for s in range(50, 400)], order=1)]
    state = fold_all(start, [*later, Tick(now=3.0), Tick(now=4.0)])
    assert sorted(state.series) == ["losses/x", "x"]
    assert state.series["x"].count == 390
    assert state.series["x"].key == "x"
    again = fold_all(state, [samples("events", "x", [(400, 7.0)], order=2), Tick(now=5.0)])
    assert again.series["x"].count == 391


def test_units_of_one_source_are_apart_and_files_of_one_follow_each_other() -> None:
    state = after(
        samples("csv", "loss", curve(range(9)), file="version_10/metrics.csv"),
        samples("csv", "loss", [(s, 5.0) for s in range(3)], file="version_9/metrics.csv"),
        samples("csv", "loss", [(0, 1.0)], unit="epoch"),
    )
    series = state.series["loss"]
    assert [m.unit for m in members(series)] == ["step", "epoch"]
    assert [v for s in series.segments for v in s.values][:3] == [5.0, 5.0, 5.0]
    assert [b.resumed for b in reduce(series, 9).breaks] == [0.0]


@given(
    st.lists(
        st.tuples(st.sampled_from(["wandb", "events", "log x"]), st.sampled_from(["loss", "train/loss"])),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 1000),
)
def test_sources_in_any_order_give_the_same_series(batches: list[tuple[str, str]], seed: int) -> None:
    events = [samples(s, k, curve(range(i * 7, i * 7 + 12)), order=i) for i, (s, k) in enumerate(batches)]
    shuffled = Random(seed).sample(events, len(events))
    one, two = after(*events), after(*shuffled)
    assert sorted(one.series) == sorted(two.series)
    for key, series in one.series.items():
        assert essence(series) == essence(two.series[key])
        assert series.last() == two.series[key].last()
        assert repr(reduce(series, 8)) == repr(reduce(two.series[key], 8))


def test_nothing_is_looked_at_again_while_no_series_changed() -> None:
    state = after(samples("wandb", "loss", curve(range(20))), samples("log x", "loss", curve(range(9))))
    again = fold_all(state, [Tick(now=3.0)])
    assert again.series is state.series
    assert again.quantities is state.quantities
    assert again.axes is state.axes


def test_a_task_whose_two_names_are_joined_stays_in_the_table() -> None:
    names = ("env_task_reward/easy/rewards.mean", "env_task_reward.easy.rewards.mean")
    assert all(isinstance(classify(name), TaskCell) for name in names[:1])
    state = after(samples("wandb", names[0], curve(range(30))), samples("events", names[1], curve(range(20))))
    assert list(state.series) == [names[0]]
    later = fold_all(state, [samples("wandb", names[0], [(30, 0.5)], order=1), Tick(now=3.0)])
    assert [row.reward for row in later.curriculum.rows] == [0.5]


def test_a_metric_that_only_a_sample_showed_goes_when_all_is_read() -> None:
    seen = Samples(source="wandb", sampled=True, points=samples("wandb", "lp/gone", curve(range(3))).points)
    state = after(seen, samples("wandb", "loss", curve(range(5))))
    assert sorted(state.series) == ["loss", "lp/gone"]
    done = fold_all(state, [Samples(source="wandb", sampled=True, points=()), Tick(now=3.0)])
    assert list(done.series) == ["loss"]
    assert fold_all(done, [samples("wandb", "lp/score", [(1, 1.0)]), Tick(now=4.0)]).series.keys() == {
        "loss",
        "lp/score",
    }
