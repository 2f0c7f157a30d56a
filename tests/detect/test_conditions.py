"""Detectors that judge values: each with what raises it, what must not, and how it recovers."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace

import pytest

from lptui.detect import Detector
from lptui.detect.checkpoints import CHECKPOINTS
from lptui.detect.configuration import check_config
from lptui.detect.curriculum import CURRICULUM, LASTING
from lptui.detect.machine import MACHINE
from lptui.detect.nonfinite import NONFINITE
from lptui.engine.core import advance_all
from lptui.model.events import CheckpointsSeen, ConfigSeen, Event, GpuSeen, HostSeen, Points, Samples
from lptui.model.readings import CheckpointReading, GpuDevice, GpuSweep, HostReading
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState

NAN, INF = math.nan, math.inf
LOG = "/r/a.log"
START = RunState(run=RunInfo("r", "/r", logs=(LOG,)), now=1000.0)


def run(detector: Detector, *events: Event, state: RunState = START) -> RunState:
    return advance_all(state, events, (detector,))


def series(key: str, values: list[float], first: float = 0.0) -> Samples:
    steps = array("d", [first + i for i in range(len(values))])
    return Samples(source="wandb", points=(Points(key, steps, array("d", steps), array("d", values)),), order=first)


class TestNonfinite:
    def test_onset_is_named_with_the_value_before_it_and_the_fix_in_the_users_numbers(self) -> None:
        after = run(
            NONFINITE,
            ConfigSeen(path="c", rows=(("trainer.optimizer.learning_rate", "0.01"),)),
            CheckpointsSeen(
                checkpoints=(
                    CheckpointReading("v1", "/r/v1", "policy", 1, 1.0, step=1, verdict="ok"),
                    CheckpointReading("v9", "/r/v9", "policy", 1, 9.0, step=9, verdict="ok"),
                )
            ),
            series("losses/value_loss", [1.0, 2.0, NAN, NAN]),
        )
        finding = after.findings[0]
        assert (finding.cls, finding.severity, finding.step, finding.past) == ("nan-loss", "error", 2, False)
        assert "losses/value_loss is NaN" in finding.title
        assert "2 just before" in finding.evidence[0].text
        assert finding.fix is not None
        assert finding.fix.command == "trainer.optimizer.learning_rate=0.001"
        assert "v1" in finding.fix.what
        assert "v9" not in finding.fix.what

    @pytest.mark.parametrize(
        ("key", "values"),
        [
            ("losses/explained_variance", [0.1, NAN]),  # variance 0 is legitimate
            ("overview/reward", [NAN, NAN]),  # before the first episode ends
            ("rollout/ep_rew_mean", [NAN]),
            ("losses/value_loss", [1.0, 2.0]),
        ],
    )
    def test_legitimate_values_alarm_nobody(self, key: str, values: list[float]) -> None:
        assert run(NONFINITE, series(key, values)).findings == ()

    def test_a_metric_that_is_finite_again_is_past(self) -> None:
        after = run(NONFINITE, series("loss", [1.0, NAN]), series("loss", [3.0], 2))
        assert [f.past for f in after.findings] == [True]

    def test_order_of_batches_does_not_matter(self) -> None:
        batches = [series("loss", [1.0, 1.0]), series("loss", [NAN], 2), series("loss", [INF], 3)]
        titles = {run(NONFINITE, *order).findings[0].title for order in (batches, batches[::-1])}
        assert len(titles) == 1


class TestCurriculum:
    @staticmethod
    def table(probabilities: list[float], points: int = LASTING) -> list[Samples]:
        names = [f"env_curriculum_task_probs//env/arena/task{i}" for i in range(len(probabilities))]
        return [series(name, [p] * points) for name, p in zip(names, probabilities, strict=True)]

    def test_absorbing_zeros_are_starvation(self) -> None:
        after = run(CURRICULUM, *self.table([0.5, 0.5, 0.0, 0.0]))
        assert after.findings[0].severity == "warning"
        assert "2 of 4 tasks have probability 0" in after.findings[0].title
        assert "task2, task3" in after.findings[0].evidence[0].text

    def test_collapse_on_one_task_is_an_error(self) -> None:
        after = run(CURRICULUM, *self.table([1.0, 0.0, 0.0, 0.0]))
        assert after.findings[0].severity == "error"
        assert "collapsed" in after.findings[0].title

    @pytest.mark.parametrize("points", [1, LASTING - 1])
    def test_one_odd_sample_is_no_starvation(self, points: int) -> None:
        assert run(CURRICULUM, *self.table([0.5, 0.5, 0.0, 0.0], points)).findings == ()

    def test_a_healthy_table_alarms_nobody(self) -> None:
        assert run(CURRICULUM, *self.table([0.4, 0.3, 0.2, 0.1])).findings == ()

    def test_starvation_that_ends_is_past(self) -> None:
        revived = [series(f"env_curriculum_task_probs//env/arena/task{i}", [0.25] * LASTING, LASTING) for i in range(4)]
        after = run(CURRICULUM, *self.table([0.5, 0.5, 0.0, 0.0]), *revived)
        assert [f.past for f in after.findings] == [True]


class TestCheckpoints:
    GOOD = CheckpointReading("v1", "/r/v1", "policy", 10, 1.0, step=100, verdict="ok")
    BAD = CheckpointReading("v2", "/r/v2", "policy", 5, 2.0, verdict="truncated", reason="5 of 10 bytes")

    def test_a_torn_newest_checkpoint_names_the_fallback(self) -> None:
        after = run(CHECKPOINTS, CheckpointsSeen(checkpoints=(self.GOOD, self.BAD)))
        finding = after.findings[0]
        assert (finding.cls, finding.severity) == ("checkpoint-corrupt", "error")
        assert finding.fix is not None
        assert "v1 (step 100)" in finding.fix.what

    def test_an_older_one_warns_and_a_rewritten_one_clears(self) -> None:
        old_bad = replace(self.BAD, modified_at=0.5)
        seen = run(CHECKPOINTS, CheckpointsSeen(checkpoints=(old_bad, self.GOOD)))
        assert seen.findings[0].severity == "warning"
        mended = run(CHECKPOINTS, CheckpointsSeen(checkpoints=(replace(old_bad, verdict="ok"),)), state=seen)
        assert mended.findings == ()

    @pytest.mark.parametrize(("framework", "severity"), [("hf", "error"), ("metta", "warning"), ("dcp", "warning")])
    def test_a_folder_that_is_not_complete_matters_to_whom_takes_it(self, framework: str, severity: str) -> None:
        half = replace(self.BAD, verdict="incomplete", reason="trainer_state.json is missing", framework=framework)
        after = run(CHECKPOINTS, CheckpointsSeen(checkpoints=(self.GOOD, half)))
        assert [(f.cls, f.severity) for f in after.findings] == [("checkpoint-corrupt", severity)]
        assert "is not complete" in after.findings[0].title

    def test_leftovers_are_an_interrupted_save(self) -> None:
        after = run(CHECKPOINTS, CheckpointsSeen(checkpoints=(self.GOOD,), leftovers=("/r/tmpx.pt",)))
        assert "tmpx.pt" in after.findings[0].title


class TestMachine:
    HOST = HostReading("h", 5.0, memory_total=100, memory_available=50, disk_total=1 << 40, disk_free=1 << 39)

    def test_a_lost_device_is_loud(self) -> None:
        lost = GpuSweep((GpuDevice(1, "u", "H100", 1.0, lost="GPU is lost"),))
        after = run(MACHINE, GpuSeen(sweep=lost))
        assert (after.findings[0].cls, after.findings[0].severity) == ("gpu-hardware-error", "error")

    def test_memory_alarms_high_and_recovers_low(self) -> None:
        levels = [50, 4, 7, 50]  # percent free: fine, full, still within the hysteresis, fine
        past: list[list[bool]] = []
        state = START
        for free in levels:
            state = run(MACHINE, HostSeen(host=replace(self.HOST, memory_available=free)), state=state)
            past.append([f.past for f in state.findings])
        assert past == [[], [False], [False], [True]]

    def test_a_disk_without_room_for_two_checkpoints_warns(self) -> None:
        big = CheckpointReading("c", "/r/c", "policy", 10 << 30, 1.0)
        state = replace(START, checkpoints=(big,))
        after = run(MACHINE, HostSeen(host=replace(self.HOST, disk_free=15 << 30)), state=state)
        assert "room for 1 more" in after.findings[0].title


class TestConfiguration:
    @pytest.mark.parametrize(
        ("rows", "command"),
        [
            ({"trainer.batch_size": "1000", "trainer.minibatch_size": "2000"}, "trainer.minibatch_size=1000"),
            ({"trainer.batch_size": "524288", "trainer.minibatch_size": "10000"}, "trainer.minibatch_size=8192"),
            (
                {"trainer.batch_size": "524288", "trainer.minibatch_size": "10000", "trainer.bptt_horizon": "64"},
                "trainer.minibatch_size=8192",
            ),
            (
                {
                    "trainer.total_timesteps": "10_000_000",
                    "trainer.batch_size": "524288",
                    "trainer.checkpoint.checkpoint_interval": "50",
                },
                "trainer.checkpoint.checkpoint_interval=4",
            ),
        ],
    )
    def test_the_override_is_one_that_the_trainer_accepts(self, rows: dict[str, str], command: str) -> None:
        fixes = [f.fix for f in check_config(rows, "c.yaml") if f.fix is not None]
        assert command in [f.command for f in fixes]
        key, value = command.split("=")
        assert not [f for f in check_config({**rows, key: value}, "c") if key in f.id]

    def test_good_configurations_and_strange_values_alarm_nobody(self) -> None:
        good = {
            "trainer.batch_size": "524288",
            "trainer.minibatch_size": "16384",
            "trainer.bptt_horizon": "64",
            "x": "abc",
        }
        assert check_config(good, "c") == []
        assert check_config({"trainer.batch_size": "${x}", "trainer.minibatch_size": "many"}, "c") == []
