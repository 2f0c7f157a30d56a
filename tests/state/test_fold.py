"""fold: each event changes what it speaks of, and nothing else."""

from __future__ import annotations

from array import array
from dataclasses import fields

import pytest

from lptui.formats.progress import Lifecycle, Progress
from lptui.model.events import (
    ConfigSeen,
    DatedFact,
    Event,
    Facts,
    FindingsChanged,
    GpuSeen,
    HeartbeatSeen,
    LaunchSeen,
    LogBlock,
    LogSeen,
    Points,
    ProcessesSeen,
    Samples,
    StatusSeen,
    Tick,
    WitnessSeen,
)
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.model.launch import Launch
from lptui.model.log import LogView
from lptui.model.place import Anchor
from lptui.model.readings import GpuDevice, GpuProcess, GpuSweep, ProcessReading, SourceStatus
from lptui.model.run import RunInfo
from lptui.state.fold import fold, fold_all
from lptui.state.run_state import RunState

LOG = "/r/logs/script.log"
START = RunState(run=RunInfo("r", "/r", logs=(LOG,)), now=1.0)


def samples(key: str, values: list[float], first: float = 0.0, source: str = "wandb", order: float = 0.0) -> Samples:
    steps = array("d", [first + i for i in range(len(values))])
    return Samples(source=source, points=(Points(key, steps, array("d", steps), array("d", values)),), order=order)


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        (LogSeen(view=LogView(LOG)), {"logs"}),
        (LogBlock(file=LOG, start=0, data=b"x\n"), set[str]()),
        (StatusSeen(status=SourceStatus("log", "ok")), {"statuses"}),
        (ConfigSeen(path="c.yaml", rows=(("a", "1"),)), {"config", "config_path"}),
        (HeartbeatSeen(path="h", modified_at=3.0), {"seen"}),
        (GpuSeen(sweep=GpuSweep(reason="none")), {"gpu"}),
        (samples("losses/x", [1.0]), {"series", "cells", "progress", "reported"}),
        (Tick(now=1.0), {"life", "began"}),
    ],
)
def test_untouched_parts_keep_their_identity(event: Event, changed: set[str]) -> None:
    after = fold(START, event)
    different = {f.name for f in fields(RunState) if getattr(after, f.name) is not getattr(START, f.name)}
    assert different <= changed | {"now"}
    assert changed <= different | {"now"}


def test_the_newest_witness_wins_whatever_the_order() -> None:
    old = WitnessSeen(source="W&B", name="exit_code", value="1", at=5.0)
    new = WitnessSeen(source="W&B", name="exit_code", value="0", at=9.0)
    for events in ((old, new), (new, old)):
        assert fold_all(START, events).seen["exit_code"].value == "0"


def test_progress_is_the_newest_line_whatever_the_order_of_blocks() -> None:
    def facts(position: int, epoch: int, at: float) -> Facts:
        line = Progress("metta", epoch=epoch, step=epoch * 100, total_steps=1000, steps_per_second=50.0)
        return Facts(file=LOG, facts=(DatedFact(position, line, at),))

    for events in ((facts(0, 1, 10.0), facts(500, 5, 20.0)), (facts(500, 5, 20.0), facts(0, 1, 10.0))):
        progress = fold(fold_all(START, events), Tick(now=21.0)).progress
        assert (progress.epoch, progress.step, progress.total, progress.eta) == (5, 500, 1000, 10.0)


def test_milestones_are_sorted_by_place_and_not_doubled() -> None:
    def mark(position: int, kind: str) -> Facts:
        return Facts(file=LOG, facts=(DatedFact(position, Lifecycle(kind)),))  # type: ignore[arg-type]

    after = fold_all(START, (mark(90, "completed"), mark(0, "started"), mark(90, "completed")))
    assert [(m.position, m.kind) for m in after.milestones] == [(0, "started"), (90, "completed")]


def test_total_comes_from_the_configuration_when_no_line_says_it() -> None:
    config = ConfigSeen(path="c", rows=(("trainer.total_timesteps", "1_000"),))
    after = fold_all(
        START, (config, samples("metric/agent_step", [100.0]), samples("overview/sps", [9.0]), Tick(now=2))
    )
    assert (after.progress.step, after.progress.total, after.progress.eta) == (100, 1000, 100.0)


EPOCH_BAR = Progress("bar", epoch=4.0, step=117, steps_per_second=3.0, role="training", epoch_steps=27)


@pytest.mark.parametrize(
    ("said", "total"),
    [
        (ConfigSeen(path="hparams.yaml", rows=(("max_epochs", "10"),)), 270),
        (ConfigSeen(path="config.yaml", rows=(("trainer.max_epochs", "10"), ("max_epochs", "99"))), 270),
        (LaunchSeen(launch=Launch(("python", "train.py", "--max-epochs", "10"))), 270),
        (LaunchSeen(launch=Launch(("python", "train.py", "fit", "--trainer.max_epochs=10"))), 270),
        (ConfigSeen(path="c", rows=(("ppo.n_epochs", "10"),)), None),
        (ConfigSeen(path="c", rows=(("max_epochs", "-1"),)), None),
        (ConfigSeen(path="c", rows=(("max_epochs", "4"),)), None),  # it is in its fifth: that is not this run's
    ],
)
def test_a_bar_of_one_epoch_has_its_total_from_the_planned_epochs(said: Event, total: int | None) -> None:
    bar = Facts(file=LOG, facts=(DatedFact(0, EPOCH_BAR, 1.0),))
    progress = fold_all(START, (said, bar, Tick(now=2.0))).progress
    assert (progress.step, progress.total) == (117, total)
    assert progress.eta == (51.0 if total else None)


def test_task_table_joins_the_families_of_one_task() -> None:
    after = fold_all(
        START,
        (
            samples("env_curriculum_task_probs//env/mettagrid/arena/basic", [0.75]),
            samples("env_curriculum_task_probs//env/mettagrid/arena/combat", [0.25]),
            samples("env_task_reward/basic:sample(0)/rewards.mean", [0.4]),
            samples("losses/value_loss", [1.0]),
        ),
    )
    rows = {r.name: r for r in after.curriculum.rows}
    assert (rows["basic"].probability, rows["basic"].reward, rows["combat"].reward) == (0.75, 0.4, None)
    assert after.curriculum.signals is not None
    assert after.curriculum.signals.largest_probability == 0.75


def test_history_behind_the_newest_points_leaves_the_task_table_as_it_is() -> None:
    key = "env_curriculum_task_probs//env/a/b"
    newest = fold(START, samples(key, [0.5], first=9.0, order=9.0))
    older = fold(newest, samples(key, [0.1, 0.2], first=1.0, order=1.0))
    assert older.curriculum is newest.curriculum
    assert older.series[key].count == 3
    assert fold(older, samples(key, [0.75], first=10.0, order=10.0)).curriculum.rows[0].probability == 0.75


def test_a_missing_reading_is_none_never_zero() -> None:
    after = fold(START, samples("env_curriculum_task_probs//env/a/b", [1.0]))
    row = after.curriculum.rows[0]
    assert row.reward is None
    assert row.learning_progress is None


def test_findings_are_sorted_worst_first_and_keep_when_they_were_first_seen() -> None:
    def finding(name: str, severity: str, first: float) -> Finding:
        return Finding(name, "c", severity, name, first_seen=first)  # type: ignore[arg-type]

    raised = FindingsChanged(
        changes=(Change.raised(finding("w", "warning", 1.0)), Change.raised(finding("e", "error", 2.0)))
    )
    after = fold(START, raised)
    assert [f.id for f in after.findings] == ["e", "w"]
    again = fold(after, FindingsChanged(changes=(Change.raised(finding("w", "warning", 9.0)),)))
    assert again.findings[1].first_seen == 1.0
    assert fold(again, FindingsChanged(changes=(Change.cleared("e"),))).findings == again.findings[1:]


def test_an_error_that_comes_of_a_nan_follows_from_its_onset() -> None:
    onset = Finding("nan", "nan-loss", "error", "loss is NaN since step 9", fix=Fix("lower the rate"), first_seen=9.0)
    line = Evidence("ValueError: contains NaN", anchor=Anchor(LOG, 0, 5))
    noticed = Finding("log", "nan-in-model-or-grad", "error", "NaN in a tensor", evidence=(line,), first_seen=1.0)
    for changes in ((onset, noticed), (noticed, onset)):
        after = fold(START, FindingsChanged(changes=tuple(Change.raised(f) for f in changes)))
        assert [(f.id, f.role, f.incident) for f in after.findings] == [
            ("nan", "root", ""),
            ("log", "follow-up", "nan"),
        ]
        assert after.findings[1].fix == onset.fix


def test_gpu_memory_is_ours_only_when_the_process_is() -> None:
    device = GpuDevice(0, "u", "H100", 1.0, processes=(GpuProcess(7, 100, None), GpuProcess(8, 50, None)))
    seen = fold(START, GpuSeen(sweep=GpuSweep((device,))))
    assert [p.ours for p in seen.gpu.devices[0].processes] == [None, None]  # type: ignore[union-attr]
    known = fold(seen, ProcessesSeen(processes=(ProcessReading(7, 1, "python", "train"),)))
    assert [p.ours for p in known.gpu.devices[0].processes] == [True, False]  # type: ignore[union-attr]
    assert known.gpu.devices[0].memory_ours == 100  # type: ignore[union-attr]
