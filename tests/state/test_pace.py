"""The run's own pace and its pauses, and what silence they make suspicious."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import pytest

from lptui.model.events import Points, Samples
from lptui.model.readings import CheckpointReading, GpuDevice, GpuProcess, GpuSweep, ProcessReading
from lptui.model.run import RunInfo
from lptui.state.activity import learn_power, read_activity
from lptui.state.fold import fold
from lptui.state.pace import Pace, learn_pace, name_phase, set_patience
from lptui.state.run_state import Milestone, RunState

NAN = float("nan")


def recorded(times: Sequence[float], key: str = "my/own_loss", source: str = "wandb", **more: object) -> RunState:
    state = RunState(RunInfo("r", "/r"), **more)  # type: ignore[arg-type]
    return add(state, times, key, source)


def add(state: RunState, times: Sequence[float], key: str, source: str = "wandb") -> RunState:
    points = Points(key, array("d", range(len(times))), array("d", times), array("d", [1.0] * len(times)))
    return fold(state, Samples(source=source, points=(points,)))


def every(seconds: float, count: int, start: float = 1000.0) -> list[float]:
    return [start + seconds * i for i in range(count)]


def patience(state: RunState) -> float:
    return set_patience(learn_pace(state, Pace()), "")


@pytest.mark.parametrize(
    ("expected", "times"),
    [
        (300.0, []),
        (300.0, every(4.0, 5)),  # four intervals prove nothing
        (6000.0, every(600.0, 3)),  # but that it is slow
        (45.0, every(1.0, 50)),
        (5.0, every(0.2, 300)),  # a steady rhythm, proven
        (40.0, every(4.0, 300)),
        (100.0, [*every(1.0, 50), *every(1.0, 50, 1099.0)]),  # twice the longest pause
        (600.0, every(60.0, 20)),
        (7200.0, every(1800.0, 20)),  # ten intervals, but not days
        (28800.0, every(14400.0, 20)),  # twice the longest
    ],
)
def test_patience_comes_from_the_record_times_of_any_series(expected: float, times: list[float]) -> None:
    assert patience(recorded(times)) == pytest.approx(expected)


def test_the_fastest_series_sets_the_pace_and_wandbs_own_readings_do_not() -> None:
    state = recorded(every(4.0, 300))
    state = add(state, every(60.0, 20), "eval/score")
    state = add(state, every(0.5, 2400), "system/gpu.0.gpu")
    pace = learn_pace(state, Pace())
    assert (pace.usual, pace.recorded) == (4.0, 1000.0 + 4.0 * 299)


def test_a_pause_is_named_by_what_happened_in_it_and_a_restart_is_none() -> None:
    times = [*every(1.0, 100), *every(1.0, 100, 1150.0), *every(1.0, 100, 5000.0)]
    marks = (Milestone("l", 1, "evaluating", "", 1101.0), Milestone("l", 2, "started", "m", 4000.0))
    saved = (CheckpointReading("c", "/c", "policy", 1, 1050.5),)
    pace = learn_pace(recorded(times, milestones=marks, checkpoints=saved), Pace())
    assert (pace.usual, pace.longest, pace.evaluation, pace.saving, pace.start_up) == (1.0, 51.0, 51.0, None, 1000.0)
    assert pace.tell() == "usually every 1s, longest evaluation 51s"


def test_the_phase_that_the_log_names_gives_time() -> None:
    pace = Pace(1.0, 2.0, evaluation=400.0, start_up=200.0, intervals=50, recorded=100.0)
    evaluating = [Milestone("l", 0, "started", "m", 1.0), Milestone("l", 9, "evaluating", "", 101.0)]
    assert name_phase(pace, evaluating) == "evaluating"
    assert name_phase(pace, [*evaluating[:1], Milestone("l", 9, "evaluating", "", 99.0)]) == ""
    assert name_phase(Pace(), evaluating[:1]) == "starting"
    waits = [set_patience(pace, phase) for phase in ("", "evaluating", "starting")]
    assert waits == [45.0, 800.0, 400.0]
    assert set_patience(pace, "", "busy") == 300.0
    assert [set_patience(Pace(), "", says) for says in ("idle", "unknown")] == [300.0, 1800.0]


def test_a_log_without_clocks_is_paced_by_its_growth() -> None:
    state = recorded([NAN] * 50, source="log a.log")
    assert not learn_pace(state, Pace(), (3.0,) * 10).known
    assert learn_pace(state, Pace(), (3.0,) * 30).usual == 3.0


def test_the_same_state_is_not_looked_at_twice() -> None:
    state = recorded(every(1.0, 50))
    pace = learn_pace(state, Pace())
    assert learn_pace(state, pace) is pace


def process(pid: int = 7, cpu: float | None = 0.0, status: str = "sleeping", name: str = "python") -> ProcessReading:
    return ProcessReading(pid, 1, name, name, cpu_percent=cpu, status=status)


def gpu(busy: float | None, power: float | None = None) -> GpuSweep:
    ours = (GpuProcess(7, 1, True),)
    return GpuSweep((GpuDevice(0, "u", "H100", 1.0, utilization=busy, power=power, processes=ours),))


@pytest.mark.parametrize(
    ("says", "text", "processes", "sweep", "usual"),
    [
        ("unknown", "", (process(cpu=None),), None, None),
        ("idle", "pid 7 uses no CPU", (process(),), None, None),
        ("idle", "GPU 0 idle", (process(),), gpu(0.0), None),
        ("busy", "CPU busy", (process(cpu=99.0),), None, None),
        ("busy", "GPU 0 busy", (process(),), gpu(97.0, 300.0), 310.0),
        ("unknown", "far less than the usual 310 W", (process(),), gpu(100.0, 95.0), 310.0),
        ("unknown", "hardly any CPU", (process(cpu=8.0),), None, None),
        ("busy", "pid 7 waits for a disk", (process(cpu=None, status="disk-sleep"),), None, None),
        ("stopped", "pid 7 stopped by a signal", (process(status="stopped"), process(8)), gpu(0.0), None),
        ("idle", "2 processes use no CPU", (process(), process(8)), None, None),
        # What a service of the run burns says nothing of the run; a debugger that looks stops nobody for long.
        ("idle", "pid 7 uses no CPU", (process(), process(9, 80.0, name="wandb-core")), None, None),
        ("idle", "pid 7 uses no CPU", (process(status="tracing-stop"),), None, None),
    ],
)
def test_activity(
    says: str, text: str, processes: tuple[ProcessReading, ...], sweep: GpuSweep | None, usual: float | None
) -> None:
    activity = read_activity(processes, sweep, usual)
    assert activity.says == says
    assert text in "; ".join(activity.texts)


def test_usual_power_is_that_of_the_runs_own_devices() -> None:
    assert learn_power(None, gpu(50.0, 300.0)) == 300.0
    assert learn_power(300.0, gpu(50.0, 200.0)) == pytest.approx(295.0)
    assert learn_power(300.0, None) == 300.0
    assert learn_power(300.0, gpu(50.0, None)) == 300.0
