"""The trend detector: in the order of the series, whatever order points come in; recovery, consequences, remedies."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from lptui.detect.nonfinite import NONFINITE
from lptui.detect.trends import TRENDS
from lptui.engine.core import advance, advance_all
from lptui.model.events import CheckpointsSeen, ConfigSeen, Event, Points, Samples, StatusSeen, Tick
from lptui.model.finding import Finding
from lptui.model.readings import CheckpointReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState

COUNT, AT = 240, 150
START = RunState(RunInfo("run", "/run"))


def loss(i: int) -> float:
    """A loss that explodes at entry 150."""
    return math.exp(random.Random(i).gauss(0, 0.1)) * (40.0 if i >= AT else 1.0)


def points(key: str, first: int, values: Sequence[float]) -> Points:
    steps = array("d", [100.0 * (first + i) for i in range(len(values))])
    times = array("d", [1e9 + 10.0 * (first + i) for i in range(len(values))])
    return Points(key, steps, times, array("d", values))


def batch(first: int, last: int, key: str = "train/loss") -> Samples:
    values = [loss(i) for i in range(first, last)]
    return Samples(source="wandb", points=(points(key, first, values),), order=float(first), seen_at=1e9)


def tick(now: float = 2e9) -> Tick:
    return Tick(now=now, seen_at=now)


def run(*events: Event, start: RunState = START) -> RunState:
    return advance_all(start, events, (TRENDS,))


def essence(state: RunState) -> list[tuple[object, ...]]:
    return [(f.id, f.cls, f.title, f.role, f.past, f.step, f.evidence) for f in state.findings]


def only(state: RunState) -> Finding:
    assert len(state.findings) == 1
    return state.findings[0]


def test_the_finding_speaks_in_the_numbers_of_the_run() -> None:
    finding = only(run(batch(0, COUNT), tick()))
    assert (finding.id, finding.cls, finding.severity) == ("loss-explosion:1", "loss-explosion", "error")
    assert finding.title == "train/loss rose 38x in 10 entries from step 15.0k"
    assert finding.step == 100 * AT
    assert finding.first_seen == 1e9 + 10 * AT
    assert finding.evidence[0].kind == "metric"
    assert finding.active


def test_history_in_any_order_and_live_points_give_the_same_findings() -> None:
    whole = run(batch(0, COUNT), tick())
    blocks = [batch(i, i + 20) for i in range(0, COUNT, 20)]
    for seed in (1, 2, 3):
        mixed = random.Random(seed).sample(blocks, len(blocks))
        assert essence(run(*mixed, tick())) == essence(whole)
        assert essence(run(tick(), *mixed, tick())) == essence(whole)
    live = run(tick(), *(e for i in range(COUNT) for e in (batch(i, i + 1), tick(1e9 + 10 * i))))
    assert essence(live) == essence(whole)


def test_nothing_is_judged_before_history_is_read() -> None:
    reading = replace(START, run=replace(START.run, wandb=("/run/x.wandb",)))
    before = run(batch(0, COUNT), tick(), start=reading)
    assert before.findings == ()
    status = SourceStatus("wandb", "ok", path="/run/x.wandb")
    assert [f.cls for f in run(StatusSeen(status=status), start=before).findings] == ["loss-explosion"]


def test_a_sampled_overview_and_a_second_source_are_not_taken_for_points() -> None:
    overview = replace(batch(0, COUNT), sampled=True)
    other = replace(batch(AT, COUNT), source="log train.log", order=0.0)
    assert run(overview, tick()).findings == ()
    assert run(batch(0, AT), tick(), other, tick()).findings == ()


def test_it_is_past_once_the_metric_is_back() -> None:
    state = run(batch(0, AT + 30), tick())
    assert only(state).active
    calm = points("train/loss", AT + 30, [1.0 + 0.01 * (i % 7) for i in range(40)])
    state = run(Samples(source="wandb", points=(calm,), order=1e4), tick(), start=state)
    finding = only(state)
    assert finding.past
    assert finding.past_reason == "the metric is back where it was"
    again = points("train/loss", AT + 70, [50.0] * 20)
    assert only(run(Samples(source="wandb", points=(again,), order=2e4), tick(), start=state)).active


def score(i: int) -> float:
    return min(i, AT) / 10 * (0.1 if i >= AT + 5 else 1.0) + random.Random(-i).gauss(0, 0.1)


def test_what_follows_from_another_failure_is_filed_under_it() -> None:
    scores = points("rollout/ep_rew_mean", 0, [score(i) for i in range(COUNT)])
    both = Samples(source="wandb", points=(*batch(0, COUNT).points, scores), order=0.0)
    found = {f.cls: f for f in run(both, tick()).findings}
    assert found["loss-explosion"].role == "root"
    assert found["reward-collapse"].role == "follow-up"
    assert found["reward-collapse"].incident == found["loss-explosion"].id
    alone = only(run(Samples(source="wandb", points=(scores,), order=0.0), tick()))
    assert (alone.cls, alone.role) == ("reward-collapse", "root")


def checkpoint(step: int, verdict: str = "ok") -> CheckpointReading:
    return CheckpointReading(f"model_{step}.pt", f"/run/model_{step}.pt", "model", 9, 0.0, step=step, verdict=verdict)


def test_the_remedy_names_the_users_key_and_the_checkpoint_before_the_onset() -> None:
    config = ConfigSeen(path="config.yaml", rows=(("trainer.optimizer.learning_rate", "0.003"),))
    saved = CheckpointsSeen(checkpoints=(checkpoint(9_000), checkpoint(14_000, "truncated"), checkpoint(20_000)))
    fix = only(run(config, batch(0, COUNT), tick(), saved)).fix
    assert fix is not None
    assert "set trainer.optimizer.learning_rate from 0.003 to 0.001" in fix.what
    assert "resume from model_9000.pt (step 9" in fix.what
    assert fix.command == "trainer.optimizer.learning_rate=0.001"
    hostile = ConfigSeen(path="config.yaml", rows=(("x; rm -rf ~.lr", "0.003"),))
    fix = only(run(hostile, batch(0, COUNT), tick())).fix
    assert fix is not None
    assert fix.command == ""


def test_a_hostile_name_is_shown_harmless() -> None:
    key = "a\x1b[31m\u202e/train_loss"
    finding = only(run(batch(0, COUNT, key), tick()))
    assert "\x1b" not in finding.title + finding.evidence[0].text
    assert "\u202e" not in finding.title + finding.evidence[0].text


def test_a_metric_that_appears_later_is_watched_from_its_start() -> None:
    state = run(tick(), *(batch(i, i + 1, "overview/sps") for i in range(30)), tick())
    values = [loss(i) for i in range(COUNT)]
    state = run(Samples(source="wandb", points=(points("train/loss", 30, values),), order=40.0), tick(), start=state)
    assert [f.cls for f in state.findings] == ["loss-explosion"]


def test_a_plan_that_is_read_later_counts() -> None:
    rate = points(
        "train/learning_rate", 0, [1e-3 * (1 - i / 400) if i < AT else 1e-3 * (1 - AT / 400) for i in range(COUNT)]
    )
    state = run(Samples(source="wandb", points=(rate,), order=0.0), tick())
    assert state.findings == ()
    rows = (("lr", "1e-3"), ("lr_scheduler_type", "linear"), ("max_steps", "40000"))
    finding = only(run(ConfigSeen(path="c", rows=rows), tick(), start=state))
    assert finding.cls == "lr-off-schedule"
    assert "is stuck at 0.00062" in finding.title


def test_memory_says_when_it_will_be_full() -> None:
    key = "monitor/gpu0_memory_used_gib"
    used = [40.0 + max(0, i - 100) * 0.2 for i in range(COUNT)]
    rows = (("memory_limit_gib", "80"),)
    memory = Samples(source="wandb", points=(points(key, 0, used),), order=0.0)
    title = only(run(ConfigSeen(path="c", rows=rows), memory, tick())).title
    assert "grows by 1.2 GiB a minute" in title
    assert "full at step 30" in title
    assert run(memory, tick()).findings == ()


def test_a_long_history_is_judged_in_bounded_work() -> None:
    values = [loss(i) if i >= AT else 1.0 for i in range(AT)] * 400 + [50.0] * 2000
    state = run(Samples(source="wandb", points=(points("train/loss", 0, values),), order=0.0), tick())
    assert only(state).cls == "loss-explosion"
    memory = cast(Any, state.memories["trends"])
    assert memory.watches["train/loss"].entries <= 2001


def test_numbers_that_break_after_the_rate_had_jumped_follow_from_it() -> None:
    rate = points("train/learning_rate", 0, [1e-3 if i < AT else 0.5 for i in range(COUNT)])
    broken = points("train/loss", 0, [loss(0) if i < AT + 20 else math.nan for i in range(COUNT)])
    both = Samples(source="wandb", points=(rate, broken), order=0.0)
    found = {f.cls: f for f in advance_all(START, (both, tick()), (NONFINITE, TRENDS)).findings}
    assert found["lr-off-schedule"].role == "root"
    assert found["lr-off-schedule"].title == "train/learning_rate jumped from 0.001 to 0.5 at step 15.0k"
    assert (found["nan-loss"].role, found["nan-loss"].incident) == ("follow-up", found["lr-off-schedule"].id)
    later = points("train/learning_rate", COUNT, [1e-3] * 30)
    finite = points("train/loss", COUNT, [math.nan] * 30)
    back = Samples(source="wandb", points=(later, finite), order=1e4)
    state = advance_all(START, (both, tick(), back, tick()), (NONFINITE, TRENDS))
    assert [(f.cls, f.role) for f in state.findings if f.active] == [("nan-loss", "root")]


def test_a_detector_of_nan_is_a_cause_too() -> None:
    nan = Finding("nan-loss:1", "nan-loss", "error", "NaN", step=100)
    scores = points("rollout/ep_rew_mean", 0, [score(i) for i in range(COUNT)])
    state = advance(START, tick(), ())
    state = replace(state, findings=(nan,))
    found = {f.cls: f for f in run(Samples(source="wandb", points=(scores,), order=0.0), tick(), start=state).findings}
    assert found["reward-collapse"].incident == "nan-loss:1"
