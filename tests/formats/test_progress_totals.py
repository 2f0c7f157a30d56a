"""How much is to be done is the end of the progress and no metric; a counter in a name does not make a new metric."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.formats.log_points import collect_points
from lptui.formats.progress import Progress, read_line, scan
from lptui.formats.progress_totals import read_plan, split_totals
from lptui.model.events import DatedFact, Facts
from lptui.model.run import RunInfo
from lptui.state.fold import fold_all
from lptui.state.progress import refresh_eta
from lptui.state.run_state import RunState


def read(line: bytes) -> Progress | None:
    found = scan(line + b"\n")
    fact = found[0].fact if found else None
    assert fact == (read_line(line) if found else None)
    return fact if isinstance(fact, Progress) else None


@pytest.mark.parametrize(
    ("line", "step", "total", "names"),
    [
        (b"step=100 total_steps=1000 loss=0.5 lr=1e-4", 100, 1000, ["loss", "lr"]),
        (b"step 100 loss 0.5 total_steps 1000", 100, 1000, ["loss"]),
        (b"{'loss': 0.5, 'step': 10, 'max_steps': 100}", 10, 100, ["loss"]),
        (b'{"step": 10, "total_timesteps": 100, "loss": 0.5}', 10, 100, ["loss"]),
        (b"iter=3 max_iters=5e3 loss=1", 3, 5000, ["loss"]),
        (b"step=10/20 total_steps=20 loss=1", 10, 20, ["loss"]),
        # Less than what is done is no total, and alone it may be what is done.
        (b"step=5 total_steps=3 loss=1", 5, None, ["total_steps", "loss"]),
        (b"total_timesteps=4096 ep_rew_mean=5.2", None, None, ["total_timesteps", "ep_rew_mean"]),
        (b"step=4 max_grad_norm=1 total_loss=2", 4, None, ["max_grad_norm", "total_loss"]),
        (b"step=4 num_steps=128 loss=2", 4, None, ["num_steps", "loss"]),
    ],
)
def test_a_total_beside_a_step(line: bytes, step: int | None, total: int | None, names: list[str]) -> None:
    found = read(line)
    assert found is not None
    assert (found.step, found.total_steps, [name for name, _ in found.metrics]) == (step, total, names)


@pytest.mark.parametrize(
    ("line", "steps", "epochs"),
    [
        (b"  Total optimization steps = 1,250", 1250, None),
        (b"[INFO|trainer.py:2314] 2026-01-01 00:00:00,123 >>   Num Epochs = 3", None, 3),
        (b"Starting: total_timesteps=1_000_000 lr=3e-4", 1_000_000, None),
        (b"max_steps=-1, num_train_epochs=3.0,", None, 3),
        (b"Namespace(lr=0.1, max_epochs=90, total_steps=500)", 500, 90),
        (b"{'max_steps': 2e3, 'seed': 1}", 2000, None),
        (b"2026-01-01 10:00:00 INFO max_iters = 5e3", 5000, None),
    ],
)
def test_a_line_of_settings(line: bytes, steps: int | None, epochs: int | None) -> None:
    assert read(line) == Progress("plan", total_steps=steps, epochs=epochs)


@pytest.mark.parametrize(
    "line",
    [
        b"      max_steps: 1000",  # deep in a dump of a configuration: an environment's
        b"env.max_steps=10",
        b"game/max_steps: 10",
        b"num_steps=128",
        b"max_steps: 10:30",
        b"total_steps=0",
        b"max_steps=none",
        b"total steps of the plan: few",
    ],
)
def test_no_plan(line: bytes) -> None:
    assert read(line) is None


def state_of(*lines: bytes) -> RunState:
    facts = tuple(
        DatedFact(i, fact, 1000.0 + i) for i, line in enumerate(lines) if (fact := read_line(line)) is not None
    )
    state = fold_all(RunState(run=RunInfo("r", "/r", "plain"), now=1.0), [Facts(seen_at=1.0, file="a", facts=facts)])
    return RunState(run=state.run, now=1.0, reported=state.reported, progress=state.progress)


def test_the_plan_gives_the_run_its_end() -> None:
    told = refresh_eta(state_of(b"Total optimization steps = 375", b"step=75 loss=0.5 sps=10"))
    assert (told.step, told.total, told.eta) == (75, 375, 30.0)


def test_a_plan_that_is_behind_the_step_counts_something_else() -> None:
    assert refresh_eta(state_of(b"max_steps=50", b"step=75 loss=0.5")).total is None


def test_what_a_line_of_progress_says_counts_more_than_the_plan() -> None:
    assert refresh_eta(state_of(b"step=75 total_steps=900 loss=0.5", b"total_steps=500")).total == 900


@pytest.mark.parametrize("start", [b"Epoch %d/9", b"epoch %d", b"Step %d", b"iter %d", b"Episode %d", b"batch %d"])
def test_a_counter_before_a_name_is_no_part_of_it(start: bytes) -> None:
    lines = [start % n + b" loss: 0.5" for n in range(1, 9)]
    facts = tuple(DatedFact(f.offset, f.fact, None) for f in scan(b"\n".join(lines) + b"\n"))
    assert [p.key for p in collect_points(facts)] == ["loss"]


@given(st.binary(max_size=300))
def test_no_bytes_raise(line: bytes) -> None:
    read_plan(line)
    read_plan(b"total_steps=" + line)


@given(st.lists(st.tuples(st.sampled_from(["total_steps", "max_epochs", "loss"]), st.floats())), st.floats())
def test_no_number_raises(pairs: list[tuple[str, float]], step: float) -> None:
    metrics, _, _ = split_totals(tuple(pairs), step, step)
    assert [name for name, _ in metrics].count("loss") == [name for name, _ in pairs].count("loss")
