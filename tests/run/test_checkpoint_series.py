"""Pace, breaks and memory of a run's checkpoints."""

from __future__ import annotations

from lptui.model.readings import CheckpointReading, HostReading
from lptui.run.checkpoint_history import CheckpointHistory, remember
from lptui.run.checkpoint_room import forecast, simulate_retention
from lptui.run.checkpoint_series import find_breaks, main_series, measure_cadence

HOUR = 3600.0
NOTHING = CheckpointHistory()


def row(name: str, at: float, step: int | None = None, size: int = 1000, **more: object) -> CheckpointReading:
    role, verdict = str(more.pop("role", "full")), str(more.pop("verdict", "ok"))
    return CheckpointReading(name, f"/r/{name}", role, size, at, step=step, verdict=verdict, **more)  # pyright: ignore


def series(*steps: int, name: str = "epoch={}-step={}.ckpt", every: float = HOUR) -> list[CheckpointReading]:
    return [row(name.format(step // 10, step), 1e9 + i * every, step) for i, step in enumerate(steps)]


def test_pace_and_size_of_a_series() -> None:
    pace = measure_cadence(series(100, 200, 300, 400), NOTHING)
    assert (pace.seconds, pace.steps, pace.counts, pace.size, pace.saves) == (HOUR, 100, "step", 1000, 4)
    assert pace.bytes_per_hour == 1000


def test_files_that_come_with_each_save_count_and_one_that_is_overwritten_does_not() -> None:
    rows = series(100, 200, 300)
    rows += [row(f"optim_{n}.pt", 1e9 + n, n, size=500, role="optimizer") for n in (100, 200, 300)]
    rows.append(row("trainer_state.pt", 1e9 + 1, size=10**9, role="trainer_state"))
    assert measure_cadence(rows, NOTHING).size == 1500


def test_epochs_stand_in_for_steps() -> None:
    rows = [row(f"r:v{e}", 1e9 + e * 60.0, role="policy", epoch=e) for e in (10, 20, 30)]
    assert (measure_cadence(rows, NOTHING).steps, measure_cadence(rows, NOTHING).counts) == (10, "epoch")


def test_a_second_series_near_the_beginning_is_a_restart() -> None:
    rows = [*series(20000, 40000, 60071), row("epoch=27-step=308.ckpt", 1e9 + 5 * HOUR, 308)]
    (found,) = find_breaks(rows)
    assert (found.kind, found.before.step, found.after.step, found.overtaken) == ("restarted", 60071, 308, False)


def test_a_series_that_caught_up_is_told_as_such() -> None:
    again = [row(f"epoch={s // 10}-step={s}.ckpt", 1e9 + 10 * HOUR + s, s) for s in (90, 190, 290, 390)]
    (found,) = find_breaks([*series(100, 200, 300), *again])
    assert found.overtaken


def test_a_rollback_is_no_restart() -> None:
    rows = [*series(*range(1000, 11000, 1000)), row("epoch=500-step=5500.ckpt", 1e9 + 20 * HOUR, 5500)]
    (found,) = find_breaks(rows)
    assert found.kind == "went-back"


def test_going_back_by_one_save_is_what_a_resume_does() -> None:
    rows = [*series(100, 200, 300), row("epoch=20-step=205.ckpt", 1e9 + 4 * HOUR, 205)]
    assert find_breaks(rows) == ()


def test_a_copy_says_nothing_of_time() -> None:
    names = ["checkpoint-1000", "checkpoint-1500", "checkpoint-500"]  # the order in which cp takes them
    rows = [row(name, 1e9 + 3 * i, int(name[11:])) for i, name in enumerate(names)]
    assert find_breaks(rows) == ()
    mixed = [row(f"m_{s}.pt", 1e9 + i * HOUR, s) for i, s in enumerate((500, 100, 400, 50, 300, 20))]
    assert find_breaks(mixed) == ()
    assert find_breaks([row("a_1.pt", 1e9, 1), row("a_9.pt", 1e9, 9)]) == ()


def test_other_names_are_other_series() -> None:
    rows = [*series(100, 200, 300), row("actor_5.pt", 2e9, 5), row("actor_6.pt", 3e9, 6)]
    assert find_breaks(rows) == ()
    assert [c.step for c in main_series(rows)] == [100, 200, 300]


def test_history_keeps_overwritten_saves_and_deletions() -> None:
    state = row("trainer_state.pt", 10, 100, role="trainer_state")
    later = row("trainer_state.pt", 70, 200, role="trainer_state", save_seconds=2.0)
    gone = row("model_1.pt", 5, 1)
    first = remember(NOTHING, (), (gone, state), 11.0)
    second = remember(first, (gone, state), (later,), 71.0)
    assert [d.path for d in second.deletions] == ["/r/model_1.pt"]
    assert [(s.at, s.step) for s in second.saves if s.role == "trainer_state"] == [(10, 100), (70, 200)]
    pace = measure_cadence((later,), second)
    assert (pace.seconds, pace.steps, pace.save_seconds) == (60.0, 100, 2.0)


def test_a_trainer_state_that_falls_below_itself_is_remembered_until_it_has_caught_up() -> None:
    def state(at: float, step: int) -> tuple[CheckpointReading, ...]:
        return (row("trainer_state.pt", at, step, role="trainer_state"),)

    high = remember(NOTHING, (), state(10, 5000), 10)
    low = remember(high, state(10, 5000), state(20, 100), 20)
    assert [(f.before, f.after) for f in low.falls] == [(5000, 100)]
    still = remember(low, state(20, 100), state(30, 200), 30)
    assert [(f.before, f.after) for f in still.falls] == [(5000, 100)]
    assert remember(still, state(30, 200), state(40, 5001), 40).falls == ()


HOST = HostReading("h", 1.0, disk_total=10**6, disk_free=9500, inodes_total=1000, inodes_free=500)


def test_the_disk_is_full_in_so_many_hours() -> None:
    pace = measure_cadence(series(100, 200, 300), NOTHING)
    room = forecast(pace, NOTHING, HOST)
    assert (room.limited_by, room.saves, room.seconds, room.net_per_hour) == ("disk", 9, 9 * HOUR, 1000)
    assert forecast(pace, NOTHING, None).reason
    assert forecast(measure_cadence(series(100), NOTHING), NOTHING, HOST).seconds is None


def test_a_quota_or_inodes_may_run_out_first() -> None:
    from dataclasses import replace

    pace = measure_cadence(series(100, 200, 300), NOTHING)
    assert forecast(pace, NOTHING, replace(HOST, quota_free=2500)).limited_by == "quota"
    assert forecast(pace, NOTHING, replace(HOST, inodes_free=3)).limited_by == "inodes"
    assert forecast(pace, NOTHING, replace(HOST, inodes_total=0, inodes_free=0)).limited_by == "disk", "btrfs has none"


def test_a_trainer_that_deletes_one_for_each_save_never_fills_the_disk() -> None:
    rows = series(100, 200, 300, 400, 500, 600)
    history = remember(NOTHING, (), rows[:3], rows[2].modified_at + 1)
    for i in range(3):
        history = remember(history, rows[i : i + 3], rows[i + 1 : i + 4], rows[i + 3].modified_at + 1)
    room = forecast(measure_cadence(rows[3:], history), history, HOST)
    assert (room.seconds, room.net_per_hour) == (None, 0.0)
    assert room.reason


def test_retention_keeps_what_is_needed() -> None:
    rows = [*series(*range(100, 1100, 100)), row("trainer_state.pt", 2e9, role="trainer_state")]
    rows[-2] = row("epoch=100-step=1000.ckpt", rows[-2].modified_at, 1000, verdict="truncated")
    told = simulate_retention(rows, last=2, every=500, needed=("/r/epoch=20-step=200.ckpt",))
    assert [c.step for c in told.keep] == [200, 500, 800, 900, None], "the torn one is not among the newest"
    assert told.freed == 6000
    assert [c.step for c in told.drop] == [100, 300, 400, 600, 700, 1000]
