"""Failures that a few printed numbers prove, and what only looks like one. The logs are our own."""

from __future__ import annotations

import itertools
import random

import pytest

from lptui.detect.log_failures import LOG_FAILURES
from lptui.detect.log_numbers import LOG_NUMBERS
from lptui.detect.nonfinite import NONFINITE
from lptui.engine.core import advance_all
from lptui.formats.log_points import collect_points
from lptui.formats.log_time import date_facts
from lptui.formats.progress import scan
from lptui.model.events import Event, Facts, LogBlock, LogSeen, Samples, StatusSeen, Tick
from lptui.model.finding import Finding
from lptui.model.log import LogSegment, LogView
from lptui.model.readings import SourceStatus
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState

LOG = "/r/train.log"
NOW = 1_790_000_000.0


def events(text: str, lines: int = 1) -> list[Event]:
    """What the log source says of a text that comes in blocks of so many lines."""
    rows = [line + "\n" for line in text.strip("\n").split("\n")]
    told: list[Event] = []
    at = 0
    for start in range(0, len(rows), lines):
        block = "".join(rows[start : start + lines]).encode()
        facts = date_facts(block, at, scan(block), NOW)
        told.append(LogSeen(view=LogView(LOG, (LogSegment(0, 0, at + len(block)),))))
        told.append(LogBlock(file=LOG, start=at, data=block))
        if facts:
            told.append(Facts(file=LOG, facts=facts))
        if points := collect_points(facts):
            told.append(Samples(source="log", points=points, order=float(at)))
        at += len(block)
    return told


def judge(told: list[Event]) -> tuple[Finding, ...]:
    read = StatusSeen(status=SourceStatus("log", "ok", "", NOW, None, LOG))
    start = RunState(RunInfo("r", "/r", logs=(LOG,)), now=NOW, began=NOW)
    ticks = [Tick(now=NOW), Tick(now=NOW + 1)]
    return advance_all(start, [*told, read, *ticks], (LOG_FAILURES, NONFINITE, LOG_NUMBERS)).findings


def classes(text: str, lines: int = 1) -> list[str]:
    return [f.cls for f in judge(events(text, lines)) if f.active and f.role != "follow-up"]


def steps(values: list[object], form: str, first: int = 100, stride: int = 100) -> str:
    return "\n".join(form.format(first + i * stride, v) for i, v in enumerate(values))


HF = "{{'loss': {1}, 'grad_norm': 1.1, 'learning_rate': 2e-05, 'epoch': 0.{0}}}"
SB3 = "| rollout/ | |\n|    ep_rew_mean | {1} |\n| time/ | |\n|    total_timesteps | {0} |\n----"
ML = "step: {0}, loss: 1.9, time: {1}"
JUMP: list[object] = [0.31, 0.29, 0.3, 0.28, 6.2, 7.9, 7.7]
POSITIVE = {
    "a loss in dict lines": ("loss-explosion", steps(JUMP, HF)),
    "a loss and its gradient": (
        "loss-explosion",
        "step 10 | loss 1.21 | grad norm: 0.9\nstep 20 | loss 1.18 | grad norm: 1.1\n"
        "step 30 | loss 40.5 | grad norm: 210.0\nstep 40 | loss 96.1 | grad norm: 803.5",
    ),
    "a bar": (
        "loss-explosion",
        "\n".join(f"Epoch 1:  5%|1 | {i}/900 [00:0{i}<09:00, 1.7it/s, loss={v}]" for i, v in enumerate(JUMP, 1)),
    ),
    "a score in tables": ("reward-collapse", steps([110.2, 118.0, 121.5, 119.7, 60.1, 14.2, 8.8], SB3)),
    "a score with its entropy": (
        "reward-collapse",
        "epoch 5 steps 5M SPS 90K score 0.82 entropy 0.9\nepoch 6 steps 6M SPS 91K score 0.83 entropy 0.8\n"
        "epoch 7 steps 7M SPS 90K score 0.2 entropy 0.05\nepoch 8 steps 8M SPS 90K score 0.01 entropy 0.01",
    ),
    "seconds a step": ("throughput-collapse", steps([0.41, 0.4, 0.42, 0.41, 2.2, 2.3, 2.2], ML)),
    "averages of many steps": (
        "throughput-collapse",
        "\n".join(f"--- iter: [{i}500/9000] ---\nmean_iter_time: {t}s" for i, t in enumerate([2.1, 2.11, 2.1, 61.0])),
    ),
    "steps a second": ("throughput-collapse", steps([900, 940, 920, 930, 910, 120, 131, 118, 125], "step {0} sps={1}")),
    "a resume that began anew": (
        "resumed-from-scratch",
        steps([2.0, 1.9, 1.9], "step {0} | loss {1}", 5000) + "\nResuming from checkpoint /out/step_5200.pt\n"
        "step 0 | loss 1.9\nstep 100 | loss 1.9",
    ),
    "a preempted run that began anew": (
        "resumed-from-scratch",
        "Epoch 40: 100%|###| 50/50 [00:09<00:00, 5.3it/s, loss=0.2]\n"
        "slurmstepd: error: *** JOB 77 ON node7 CANCELLED AT 2026-01-01T10:00:00 DUE TO PREEMPTION ***\n"
        "Epoch 0: 100%|###| 50/50 [00:09<00:00, 5.2it/s, loss=0.9]",
    ),
    "a loss that never moves": (
        "loss-plateau",
        "\n".join(f"Epoch {e}/20 loss: {2.3026 + 0.002 * (e % 3):.4f} acc: 0.1" for e in range(1, 13)),
    ),
    "a step that stands still": (
        "hung-no-progress",
        "\n".join(f"2026-03-01 10:{m:02d}:00 INFO step={m} loss=0.5" for m in range(8))
        + "".join(f"\n2026-03-01 {h}:30:00 INFO step=7 loss=0.5" for h in range(11, 15)),
    ),
    "NaN in a bar of Keras": (
        "nan-loss",
        "Epoch 1/9\n8/8 [====] - 1s 3ms/step - loss: 0.9\nEpoch 2/9\n8/8 [====] - 1s 3ms/step - loss: nan",
    ),
    "gradients of Megatron": (
        "nan-in-model-or-grad",
        "\n".join(
            f" iteration {i}/ 90 | lm loss: 2.1E+00 | grad norm: {g} |" for i, g in enumerate([1.2, 1.1, "nan", "nan"])
        ),
    ),
}


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("lines", [1, 1000])
def test_few_numbers_prove(name: str, lines: int) -> None:
    cls, text = POSITIVE[name]
    ends = ["job-preempted"] if "preempted" in name else []
    assert sorted(classes(text, lines)) == sorted([cls, *ends])


FOLD = "Fold {}\n" + "\n".join(f"Epoch {e} loss: {2.3 / (e + 1) ** 2:.4f}" for e in range(12))
NEGATIVE = {
    "folds": "\n".join(FOLD.format(k) for k in range(4)),
    "folds that load the best weights": "\n".join(
        FOLD.format(k) + "\nRestoring model weights from the end of the best epoch: 9." for k in range(4)
    ),
    "a spike that came back": steps([0.31, 0.29, 0.3, 9.1, 0.4, 0.3], HF),
    "one spike as the newest": steps([0.31, 0.29, 0.3, 9.1], HF),
    "a small loss that grows from nothing": steps([0.0, 0.0001, 0.0001, 0.002, 0.01, 0.02], HF),
    "warm-up": steps([9.0, 11.0, 12.0, 8.0, 6.0, 4.0], HF),
    "validation between": "\n".join(
        f"step {i} train loss: 0.{30 - i}\nstep {i} val loss: {4 + i}.1" for i in range(10, 20)
    ),
    "value loss that grows with the returns": steps(
        [0.01, 0.4, 2.0, 9.0, 40.0, 90.0], "step={0} mean_reward={1} value_loss={1}"
    ),
    "scores of single episodes": steps([500, 480, 500, 9, 12], "global_step={0}, episodic_return={1}"),
    "a harder lesson": "\n".join(
        f"Step: {i}000. Lesson: {i // 5}. Mean Reward: {r}." for i, r in enumerate([30, 31, 32, 32, 31, 4, 5, 6])
    ),
    "a noisy score that is not learned yet": steps(
        [0.02, 0.3, 0.11, 0.1, 0.11, 0.4, 0.01, 0.3, 0.6, 0.3, 0.58, 0.57, 0.56, 0.1, 0.12], "step {0} mean_reward={1}"
    ),
    "scores below zero": steps([-200, -190, -180, -400, -900], SB3),
    "evaluation slows single prints": steps([0.4, 0.41, 0.4, 3.1, 0.4, 0.41, 3.0, 0.4], ML),
    "a first step that compiles": steps([31.0, 0.4, 0.41, 0.4, 0.4], ML),
    "time since the start": steps([10, 20, 30, 40, 50, 60, 70, 80], ML),
    "steps of epochs": "\n".join(f"Epoch {e} step {s}/300 loss: 0.4" for e in range(4) for s in (100, 200, 300)),
    "resumed where it was": (
        steps([2.0, 1.9], "step {0} | loss {1}", 5000) + "\nResuming from checkpoint /out/step_5100.pt\n"
        "step 5100 | loss 1.9\nstep 5200 | loss 1.9"
    ),
    "a second stage": (
        steps([2.0, 1.9], "step {0} | loss {1}", 5000) + "\nLoading checkpoint /out/stage1.pt for stage 2\n"
        "step 0 | loss 1.9\nstep 100 | loss 1.9"
    ),
    "a loss that falls slowly": "\n".join(f"Epoch {e}/99 loss: {2.3 - 0.012 * e:.4f}" for e in range(1, 13)),
    "a loss that has converged": "\n".join(f"Epoch {e}/99 loss: 1.80{e % 3}" for e in range(40, 60)),
    "a heartbeat between steps": "\n".join(
        f"2026-03-01 10:{m:02d}:{s:02d} INFO step={m} loss=0.5" for m in range(9) for s in (0, 20, 40)
    ),
    "a scaler that skips": steps([1.0, "inf", 1.2, "nan", 1.1], "step {0} loss=0.5 grad_norm={1}"),
    "the best so far": steps(["inf", "inf", 0.9], "epoch {0} loss=0.5 best_loss={1}"),
    "no episode yet": steps(["nan", "nan", "nan", 3.1], "step {0} loss=0.5 mean_reward={1}"),
}


@pytest.mark.parametrize("name", NEGATIVE)
@pytest.mark.parametrize("lines", [1, 1000])
def test_what_only_looks_like_one(name: str, lines: int) -> None:
    assert classes(NEGATIVE[name], lines) == []


def test_the_finding_tells_numbers_line_and_remedy() -> None:
    (finding,) = judge(events(POSITIVE["a loss in dict lines"][1]))
    assert (
        finding.title == "loss jumped from at most 0.31 to about 7.22 at epoch 0.5, and has not come back in 3 prints"
    )
    assert [e.text for e in finding.evidence[:3]] == [
        "loss = 6.2, the first of them", "loss = 0.28, just before", "loss = 7.7, the newest"
    ]  # fmt: skip
    assert finding.anchor is not None
    assert finding.anchor.offset == POSITIVE["a loss in dict lines"][1].index("{'loss': 6.2")
    assert finding.fix is not None
    assert "learning rate" in finding.fix.what


def test_slow_data_is_named_as_the_cause() -> None:
    rows = [(0.4, 0.01), (0.41, 0.01), (0.4, 0.02), (4.1, 3.6), (4.0, 3.7), (4.2, 3.7)]
    text = "\n".join(f"step: {i}, loss: 1.9, time: {t}, data_time: {d}" for i, (t, d) in enumerate(rows))
    (finding,) = judge(events(text))
    assert (finding.cls, finding.fix is not None and finding.fix.what.startswith("mend the input: data_time")) == (
        "throughput-collapse", True,
    )  # fmt: skip


def test_it_goes_when_the_loss_comes_back_and_when_another_detector_has_it() -> None:
    text = POSITIVE["a loss in dict lines"][1]
    assert classes(text + "\n" + steps([0.3, 0.31], HF, 800)) == []
    said = text + "\nERROR: training diverged, loss 8.1e+06 after 40 steps above threshold"
    assert [f.id for f in judge(events(said)) if f.cls == "loss-explosion"] == ["log:loss-explosion:1"]


def test_a_broken_loss_leads() -> None:
    found = judge(events(steps([*JUMP, "nan"], HF)))
    assert sorted((f.cls, f.role) for f in found) == [("loss-explosion", "follow-up"), ("nan-loss", "root")]


@pytest.mark.parametrize("name", ["a score in tables", "a resume that began anew", "seconds a step"])
def test_history_in_any_order_gives_the_same(name: str) -> None:
    told = events(POSITIVE[name][1], 2)
    seen = [e for e in told if isinstance(e, LogSeen)][-1:]
    rest: list[Event] = [e for e in told if not isinstance(e, LogSeen)]
    expected = judge([*seen, *rest])
    for seed in range(3):
        shuffled = random.Random(seed).sample(rest, len(rest))
        assert judge([*seen, *shuffled]) == expected


def test_a_long_log_is_remembered_by_its_ends() -> None:
    """A loss that explodes after thousands of prints is for the trends; what is kept stays small."""
    lines = (f"step {i} loss={1 + 0.1 * (i % 7)}" for i in itertools.count())
    told = events("\n".join(itertools.islice(lines, 600)), 50)
    start = RunState(RunInfo("r", "/r"), now=NOW)
    state = advance_all(start, told, (LOG_NUMBERS,))
    memory = state.memories["log_numbers"]
    assert len(memory.files[LOG].all) == 160  # type: ignore[attr-defined]
