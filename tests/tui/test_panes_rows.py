"""What panes say, from values: no missing reading is a zero, nothing is called well that was not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fake_monitor import NOW, checkpoints, curriculum, device, empty, failing, finding, healthy, host

from lptui.model.readings import GpuSweep, SourceStatus
from lptui.model.run import RunInfo
from lptui.run.checkpoint_history import CheckpointHistory
from lptui.run.checkpoint_summary import understand
from lptui.state.run_state import Curriculum, RunState, TaskRow, Witness
from lptui.state.saving import run_checkpoints
from lptui.tui.conditions import describe, describe_sources
from lptui.tui.moments import nearest_checkpoint, order_findings
from lptui.tui.panes.checkpoints import none_yet
from lptui.tui.panes.config import matching
from lptui.tui.panes.findings import finding_row, fix_rows, nothing_found
from lptui.tui.panes.learning import signal_items, signal_rows, sort_tasks, task_row
from lptui.tui.panes.machine import gpu_rows, host_rows, process_rows
from lptui.tui.panes.runinfo import life_rows
from lptui.tui.verdicts import verdict_word
from lptui.tui.widgets.checkpointrows import Table, summary_rows
from lptui.tui.widgets.spans import Row
from lptui.tui.workspace import Cursor


def text(rows: Row | Sequence[Row]) -> str:
    if rows and isinstance(rows[0][0], str):
        rows = [rows]  # type: ignore[list-item]
    return "\n".join("".join(part for part, _ in row) for row in rows)  # type: ignore[misc]


def gpus(*devices: object) -> RunState:
    return replace(healthy(), gpu=GpuSweep(devices))  # type: ignore[arg-type]


def test_followers_are_listed_under_the_root_of_their_incident_and_past_ones_last() -> None:
    ordered = [(f.id, indented) for f, indented in order_findings(failing().findings)]
    assert ordered == [("oom:1", False), ("nccl:1", True), ("ckpt:1", False), ("note:1", False), ("nan:1", False)]


def test_a_follower_whose_root_is_gone_stands_alone() -> None:
    alone = finding(2, id="b", role="follow-up", incident="other")
    assert order_findings((finding(1), alone))[1] == (alone, False)


def test_a_finding_row_drops_where_and_when_before_its_title() -> None:
    wide, slim = (text(finding_row(finding(), w, indented=False, plain=False)) for w in (100, 40))
    assert "script.log:5" in wide
    assert "step 6.68M" in wide
    assert "step" not in slim
    assert slim.startswith("✖ error   CUDA out of memory")


def test_a_fix_without_a_command_offers_none() -> None:
    bare = finding()
    assert bare.fix is not None
    assert "y copies" in text(fix_rows(bare, 80))
    assert "y copies" not in text(fix_rows(replace(bare, fix=replace(bare.fix, command="")), 80))


def test_nothing_found_names_what_is_still_being_read() -> None:
    shown = text(nothing_found(empty(), 200, plain=False))
    assert "so far" in shown
    assert "wandb (20 %)" in shown
    assert "so far" not in text(nothing_found(healthy(), 80, plain=False))
    assert "nothing has been read yet" in text(nothing_found(replace(empty(), statuses={}), 80, plain=False))


def test_a_missing_reading_is_its_reason_and_never_zero() -> None:
    why = (("utilization", "not supported"), ("memory_used", "no permission"))
    blind = device(utilization=None, power=None, memory_used=None, temperature=None, reasons=why, processes=())
    shown = text(gpu_rows(gpus(blind), 80, compact=False, plain=False))
    assert "busy: not supported" in shown
    assert "no permission" in shown
    assert " 0 %" not in shown
    nothing = host(
        cpu_percent=None,
        memory_limit=None,
        memory_total=None,
        disk_total=None,
        reasons=(("disk", "not mounted"),),
        disk_path="",
    )
    shown = text(host_rows(nothing, 80, plain=False))
    assert shown.count("not known") >= 2
    assert "not mounted" in shown or "disk" in shown


def test_whose_memory_it_is() -> None:
    shown = text(gpu_rows(gpus(device()), 100, compact=False, plain=True))
    assert "ours 52.0 GiB" in shown
    assert "others 6.0 GiB" in shown
    assert "unattributed 3.0 GiB" in shown


def test_a_lost_an_old_and_a_slowed_device_are_loud() -> None:
    rows = gpu_rows(
        gpus(device(0, lost="GPU is lost"), device(1, read_at=NOW - 40), device(2, throttle=("heat",))),
        80,
        compact=False,
        plain=False,
    )
    shown = text(rows)
    assert "GPU 0 LOST" in shown
    assert "no answer for 40s" in shown
    assert "slowed down: heat" in shown
    compact = text(
        gpu_rows(gpus(device(1, read_at=NOW - 40), device(2, throttle=("heat",))), 90, compact=True, plain=False)
    )
    assert "40s old" in compact
    assert "slowed" in compact


def test_no_gpu_is_one_line_with_its_reason() -> None:
    state = replace(healthy(), gpu=GpuSweep((), "no NVIDIA driver on this machine"))
    assert text(gpu_rows(state, 80, compact=False, plain=False)) == "GPU   no NVIDIA driver on this machine"


def test_unknown_processes_are_not_called_gone() -> None:
    away = replace(healthy(), processes=None, processes_reason="the run is on another machine")
    assert "another machine" in text(process_rows(away, 80))
    assert "none on this machine" in text(process_rows(replace(healthy(), processes=()), 80))


def test_the_limit_of_the_cgroup_is_the_one_that_counts() -> None:
    assert "45.0 GiB / 64.0 GiB" in text(host_rows(host(), 100, plain=False))
    free = host(memory_limit=None)
    assert "212 GiB / 512 GiB" in text(host_rows(free, 100, plain=False))


def test_signals_say_ok_or_watch() -> None:
    signals = curriculum().signals
    assert signals is not None
    levels = {name: level for level, name, _ in signal_items(signals)}
    assert levels["never sampled"] == "watch"
    assert levels["effective tasks"] == "ok"
    collapsed = replace(signals, largest_probability=0.97, effective_tasks=1.1, all_progress_zero=True)
    levels = {name: level for level, name, _ in signal_items(collapsed)}
    assert levels["largest p"] == levels["effective tasks"] == levels["progress"] == "watch"


def test_signals_that_say_nothing_by_construction_are_named() -> None:
    assert "no signal: num_active_tasks, mean_sample_prob" in text(signal_rows(curriculum(), 100, plain=False))


def test_tasks_without_a_value_come_last_and_show_a_dash() -> None:
    rows = (TaskRow("a", "a"), TaskRow("b", "b", 0.2), TaskRow("c", "c", float("nan")), TaskRow("d", "d", 0.8))
    assert [r.name for r in sort_tasks(rows, "probability")] == ["d", "b", "a", "c"]
    assert " - " in text(task_row(rows[0], Curriculum(rows), 80, plain=False))


def test_checkpoints_of_an_ended_run_show_when_not_how_long_ago() -> None:
    mark = checkpoints()[0]
    assert text(Table(80, NOW).row(mark)) != text(Table(80, NOW + 3600).row(mark))
    assert "written" in text(Table(80, None).rows_head())
    assert "age" in text(Table(80, NOW).rows_head())


def test_columns_go_before_the_name_does() -> None:
    mark = checkpoints()[8]
    for width in (20, 38, 58, 78, 118, 198):
        row = Table(width, NOW, {mark.path: 700.0}, mark.path, mark.path, True).row(mark)
        assert len(text(row)) == width
        assert "ok" in text(row)
    wide = text(Table(118, NOW, {mark.path: 700.0}, mark.path, mark.path).row(mark))
    for part in ("arena_lp_0009.pt", "resumes", "marked", "11m", "48.0 MiB", "5.90M"):
        assert part in wide
    assert "arena_lp_0009.pt" in text(Table(58, NOW).row(mark))


def test_a_save_under_way_is_a_part_of_its_usual_size() -> None:
    one = replace(checkpoints()[0], verdict="being-written", size=12 << 20, usual_size=48 << 20)
    assert "12.0 MiB of usually 48.0 MiB" in text(Table(100, NOW).row(one))
    assert "writing" in text(Table(60, NOW).row(one))
    assert "25% done" in text(Table(60, NOW).row(one))


def summary(state: RunState, width: int = 110, room: int = 9, running: bool = True) -> list[str]:
    state = replace(state, saving=understand(state.checkpoints, CheckpointHistory()))
    rows = summary_rows(run_checkpoints(state), None, width, room, running=running, plain=False)
    assert all(len(text(row)) == width for row in rows)
    return [text(row).rstrip() for row in rows]


def test_a_full_disk_is_counted_in_checkpoints() -> None:
    told = summary(replace(healthy(), host=host(disk_free=100 << 20)))
    assert any("room for 2 more, full in 23m 20s at this pace" in line for line in told)
    assert not any("disk" in line for line in summary(replace(healthy(), host=None)))


def test_the_summary_says_whether_the_run_can_resume_and_what_is_at_risk() -> None:
    told = summary(healthy())
    assert any("can resume: no" in line for line in told)  # no trainer state
    assert told[0].startswith("9 checkpoints, 432 MiB, one every 11m 40s (655k steps)")
    assert len(summary(healthy(), room=1)) == 1
    assert "can resume" in summary(healthy(), room=1)[0]  # what matters most stays


def test_saving_that_stopped_while_training_goes_on_is_the_first_line() -> None:
    late = replace(healthy(), now=NOW + 9000)
    assert "▲ none for 2h 30m" in summary(late)[0] or "▲ none for 2h 31m" in summary(late)[0]
    assert "none for" not in summary(late, running=False)[0]


def test_a_series_that_began_anew_is_said() -> None:
    rows = checkpoints()
    folder, name = "/data/arena_lp/checkpoints", "arena_lp_0000.pt"
    again = replace(rows[0], name=name, path=f"{folder}/{name}", step=0, epoch=0, modified_at=NOW + 100)
    told = summary(replace(healthy(), checkpoints=(*rows, again)))
    assert any(f"the series began anew: {name} was written after arena_lp_0009.pt" in line for line in told)


def test_a_verdict_is_never_better_than_what_was_read() -> None:
    assert verdict_word("unread") == ("unknown", "not read")
    assert verdict_word("ok", complete=False) == ("watch", "in part")
    assert verdict_word("a-new-verdict")[0] == "unknown"


def test_no_checkpoints_says_where_one_would_be() -> None:
    assert "/data/arena_lp/checkpoints" in none_yet(replace(healthy(), checkpoints=()))
    assert none_yet(replace(healthy(), run=RunInfo("x", "/x"))) == "No checkpoints were found."


def test_the_nearest_checkpoint_of_a_moment() -> None:
    known = checkpoints()
    assert nearest_checkpoint(known, Cursor(step=2_000_000.0)) == known[2].path
    assert nearest_checkpoint(known, Cursor(at=NOW)) == known[-1].path
    assert nearest_checkpoint(known, Cursor()) is None


def test_a_witness_that_disagrees_is_marked() -> None:
    state = healthy()
    gone = Witness("process", "dead", "no process of this run on this machine")
    state = replace(state, life=replace(state.life, condition="running", witnesses=(gone, *state.life.witnesses[1:])))
    rows = [text([row]) for row in life_rows(state, 100, plain=False)]
    assert any("process" in row and "disagrees" in row for row in rows)
    assert not any("heartbeat" in row and "disagrees" in row for row in rows)


def test_files_that_rest_after_the_end_disagree_with_nothing() -> None:
    over = replace(failing(), life=replace(failing().life, condition="finished"))
    assert not any("disagrees" in text([row]) for row in life_rows(over, 100, plain=False))


def test_config_matches_all_words_in_key_or_value() -> None:
    rows = (("trainer.batch_size", "524288"), ("trainer.lr", "0.1"))
    assert matching(rows, "TRAINER 524") == [rows[0]]
    assert matching(rows, "") == list(rows)


def test_conditions_in_words() -> None:
    failed = SourceStatus("gpu", "failed", "driver gone", next_try=NOW + 25)
    assert describe(failed, NOW) == "cannot be read: driver gone, next try in 20s"
    reading = SourceStatus("wandb", "ok", read=417, of=1000, backfilling=True)
    assert describe(reading, NOW) == "reading 40 %"
    state = replace(healthy(), statuses={"wandb": reading, "gpu": failed})
    assert describe_sources(state, ("gpu", "wandb")).startswith("cannot be read")
    assert describe_sources(state, ("log",)) == ""
    assert describe_sources(healthy(), ("log", "gpu")) == ""
