"""A run of the server as events, and what becomes of them; the server is a script."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lptui.cloud.client import CloudFailure
from lptui.detect.cloud import CLOUD
from lptui.engine.answers import Answers
from lptui.engine.cloud_list import CloudList
from lptui.engine.core import advance, advance_all
from lptui.model.events import ConfigSeen, Event, ProcessesSeen, RunSeen, Samples, StatusSeen, Tick, WitnessSeen
from lptui.model.readings import ProcessReading
from lptui.model.run import RunInfo
from lptui.model.summary import RunBoard
from lptui.sources.cloud import CONSOLE, CONSOLE_EVERY, EVERY, SLOWEST, CloudSource
from lptui.sources.log import LogSource
from lptui.sources.registry import SOURCES, sources_of
from lptui.state.cloud_word import find_address, why_unread
from lptui.state.run_state import RunState
from lptui.tui.widgets.logplaces import why_empty

NOW = 1795860100.0
REMOTE = RunInfo("r1", "wandb://lab/arena/r1", "generic", cloud="lab/arena/r1")
LOCAL = RunInfo("r", "/data/r", cloud="lab/arena/r1")
SECRET = "0123456789abcdef" * 2


class Script:
    """Answers as a server would whose run grows; counts what it is asked."""

    def __init__(self, rows: int = 2500) -> None:
        self.rows = [{"_step": float(i), "_timestamp": 1.79e9 + i, "loss": 1 / (i + 1)} for i in range(rows)]
        self.state, self.failure, self.closed = "running", None, False
        self.printed, self.again = b"", False
        self.asked: list[tuple[str, dict[str, object]]] = []

    def ask(self, what: str, path: str, **more: Any) -> Mapping[str, Any] | CloudFailure:
        self.asked.append((what, more))
        if self.failure is not None:
            return self.failure
        if what == "run":
            config = [["lr", "0.1"], ["api_key", SECRET]]
            known = {"heartbeat": "2026-11-28T10:00:00Z", "config": config, "tags": ["a"], "name": "glowing\x1b[2J-7"}
            return {"state": self.state, "server": "api.example.com", **known}
        if what == "console":
            again, self.again = self.again, False
            start = 0 if again else more["start"]
            piece = self.printed[start : start + 10]
            left = start + len(piece) < len(self.printed)
            return {"piece": base64.b64encode(piece).decode(), "more": left, "again": again}
        if what == "overview":
            rows = [{"_timestamp": 1.79e9, "cpu": 3.0}] if more.get("stream") == "system" else self.rows[::250]
            return {"rows": rows}
        if what == "runs":
            run = {"id": "r1", "name": "x\x1b[2J", "state": self.state, "heartbeat": "2026-11-28T10:00:00Z", "tags": []}
            return {
                "runs": [{**run, "summary": {"_step": 7.0, "train/loss": 0.5, "eval/reward_mean": 2.0}}],
                "more": False,
            }
        low, limit = more["min_step"], more["limit"]
        found = [row for row in self.rows if row["_step"] >= low][:limit]
        return {"rows": found, "more": len(found) == limit}

    def close(self) -> None:
        self.closed = True


def turn(source: CloudSource, now: float) -> list[Event]:
    """One poll that asks, once its answer is there, and the one that takes it."""
    events = list(source.poll(now))
    while source._question.waiting(now) is not None:
        threading.Event().wait(0.001)
    return [*events, *source.poll(now)]


def only(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def remote_state() -> RunState:
    return RunState(run=REMOTE, now=NOW)


def test_an_overview_comes_first_and_then_the_history_page_by_page() -> None:
    script = Script()
    source = CloudSource(REMOTE, client=script)
    events, now = [], NOW
    for _ in range(4):
        events += turn(source, now)
        now += EVERY
    samples = only(Samples, events)
    assert samples[0].sampled
    assert [what for what, _ in script.asked].count("history") == 4
    assert [more["min_step"] for what, more in script.asked if what == "history"] == [0, 1000, 2000, 2500]
    state = advance_all(remote_state(), [*events, Tick(now=NOW)], ())
    assert state.series["loss"].count == 2500
    assert not state.series["loss"].sampled  # all has been read
    assert state.series["loss"].source == "wandb cloud"
    assert state.series["system/cpu"].count == 1  # the same reading again is no new point
    assert state.progress.step == 2499
    assert state.life.condition == "running"
    assert "W&B server says running" in state.life.reason
    assert state.complete
    source.close()
    assert script.closed


def test_its_name_on_the_server_is_its_name_here_and_the_status_says_which_server() -> None:
    events = turn(CloudSource(REMOTE, client=Script(3)), NOW)
    state = advance_all(remote_state(), events, ())
    assert state.run.name.startswith("glowing")
    assert "\x1b" not in state.run.name
    assert state.run.path == REMOTE.path
    assert "at api.example.com: running" in state.statuses["wandb cloud"].detail
    local = advance_all(RunState(run=LOCAL, now=NOW), turn(CloudSource(LOCAL, client=Script(3)), NOW), ())
    assert local.run.name == "r"  # the name that its files have


def test_what_it_printed_is_a_log_that_comes_piece_by_piece() -> None:
    (cloud,) = [kind for kind in SOURCES if kind.kind == "cloud"]
    (source,) = cloud.make(REMOTE).values()
    assert isinstance(source, CloudSource)
    script = Script(3)
    source._client, script.printed = script, b"epoch 1\nepoch 2\n"
    events, now = [], NOW
    for _ in range(3):
        events += turn(source, now)
        now += EVERY
    state = advance_all(remote_state(), [*events, Tick(now=now)], ())
    log = state.primary_log
    assert log is not None
    assert (log.file, log.end) == (CONSOLE, 16)
    assert log.modified_at == 1795860000.0  # as old as the server's last word
    assert state.complete
    assert isinstance(source.console, LogSource)
    assert source.console.read(0, 100).data == script.printed
    answers = Answers(lambda kind: {"x": source} if kind == "cloud" else {}, "")
    assert answers._log(CONSOLE) is source.console
    assert [more["fetch"] for what, more in script.asked if what == "console"] == [True, False]
    script.printed, script.again = b"another\n", True  # a progress bar was drawn again, or the run began anew
    turn(source, now + CONSOLE_EVERY)
    assert source._text is not None
    assert Path(source._text.path).read_bytes() == b"another\n"
    answers.stop()
    source.close()
    assert not Path(source._text.path).exists()


def test_secrets_of_the_configuration_are_masked() -> None:
    source = CloudSource(REMOTE, client=Script(3))
    (config, *_) = only(ConfigSeen, turn(source, NOW))
    assert dict(config.rows)["lr"] == "0.1"
    assert SECRET not in str(config.rows)


def test_a_run_with_files_of_its_own_keeps_its_configuration() -> None:
    source = CloudSource(replace(LOCAL, configs=("/data/r/config.yaml",)), client=Script(3))
    events = turn(source, NOW)
    assert only(ConfigSeen, events) == []
    assert only(ProcessesSeen, events) == []


def test_it_asks_no_more_often_than_it_may_and_less_after_failures() -> None:
    script = Script(3)
    source = CloudSource(LOCAL, client=script)
    turn(source, NOW)
    asked = len(script.asked)
    assert list(source.poll(NOW + EVERY - 1)) == []
    assert len(script.asked) == asked
    script.failure = CloudFailure("slow", "the server asks to wait")
    waits, now = [], NOW + EVERY
    for _ in range(8):
        (status,) = only(StatusSeen, turn(source, now)) or [None]
        if status is not None:
            assert status.status.condition == "failed"
            assert "asks to wait" in status.status.detail
        waits.append(source._next - now)
        now = source._next
    assert waits[:3] == [2 * EVERY, 4 * EVERY, 8 * EVERY]
    assert max(waits) == SLOWEST
    script.failure = None
    turn(source, now)
    assert source._next == now + EVERY


def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    script = Script(3)
    source = CloudSource(LOCAL, client=script)
    turn(source, NOW)
    script.failure = CloudFailure("throttled", "wants a pause of 90 s (HTTP 429)", 90.0)
    (status,) = only(StatusSeen, turn(source, NOW + EVERY))
    assert status.status.next_try == NOW + EVERY + 90.0


def test_a_run_that_is_over_is_asked_for_rarely() -> None:
    script = Script(3)
    script.state = "finished"
    source = CloudSource(REMOTE, client=script)
    turn(source, NOW)
    assert source._next == NOW + SLOWEST


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ("finished", "finished"),
        ("crashed", "crashed"),
        ("killed", "crashed"),
        ("failed", "crashed"),
        ("pending", "waiting"),
    ],
)
def test_what_the_server_says_is_what_a_run_without_files_is(said: str, condition: str) -> None:
    witness = WitnessSeen(source="W&B server", name="cloud_state", value=said, at=NOW)
    state = advance(advance(remote_state(), witness, ()), Tick(now=NOW), ())
    assert state.life.condition == condition
    assert said in state.life.reason


def test_before_the_first_answer_it_is_said_why_nothing_is_known() -> None:
    script = Script()
    script.failure = CloudFailure("no-key", "no API key for api.wandb.ai")
    source = CloudSource(REMOTE, client=script)
    state = advance_all(remote_state(), [*turn(source, NOW), Tick(now=NOW)], ())
    assert state.life.condition == "unknown"
    assert "no API key" in state.life.reason
    assert why_unread(state) == "nothing from the W&B server: no API key for api.wandb.ai"
    assert "no API key" in why_empty(state)
    first = list(CloudSource(REMOTE, client=Script()).poll(NOW))
    assert "asking the W&B server" in why_unread(advance_all(remote_state(), first, ()))
    assert why_unread(replace(state, run=LOCAL)) == ""


def local_state(said: str, *, alive: bool, code: int = 1) -> RunState:
    process = ProcessReading(812, 1, "python", "python train.py", cpu_percent=90.0)
    events: list[Event] = [
        WitnessSeen(source="W&B server", name="cloud_state", value=said, at=NOW),
        ProcessesSeen(processes=(process,) if alive else (), reason="none"),
        WitnessSeen(source="W&B", name="wandb_record", value="x", at=NOW - 5 if alive else NOW - 9000),
        *([] if alive else [WitnessSeen(source="W&B", name="exit_code", value=str(code), at=NOW - 9000)]),
    ]
    state = RunState(run=LOCAL, now=NOW)
    return advance_all(state, [*events, Tick(now=NOW)], (CLOUD,))


def test_the_cloud_says_crashed_while_the_process_lives() -> None:
    state = local_state("crashed", alive=True)
    assert state.life.condition == "running"  # the process is the better witness
    assert any(w.name == "W&B server" and w.says == "dead" for w in state.life.witnesses)
    (finding,) = state.findings
    assert "W&B says crashed, but the training lives (pid 812)" in finding.title
    assert finding.severity == "warning"
    again = advance(state, Tick(now=NOW + 1), (CLOUD,))
    assert again.findings is state.findings
    well = advance(again, WitnessSeen(source="W&B server", name="cloud_state", value="running", at=NOW + 9), (CLOUD,))
    assert [f.past for f in advance(well, Tick(now=NOW + 10), (CLOUD,)).findings] == [True]


def test_once_it_is_not_asked_any_more_its_word_does_not_count() -> None:
    state = advance(local_state("crashed", alive=True), RunSeen(run=replace(LOCAL, cloud="")), ())
    assert not any(name.startswith("cloud_") for name in state.seen)
    state = advance(state, Tick(now=NOW + 1), (CLOUD,))
    assert [(f.past, f.past_reason) for f in state.findings] == [(True, "the server is not asked any more")]
    assert not any(w.name == "W&B server" for w in state.life.witnesses)


def test_the_address_of_its_record_is_known_from_its_files() -> None:
    state = RunState(run=replace(LOCAL, cloud=""), now=NOW)
    assert find_address(state) == ""
    state = advance(state, WitnessSeen(source="W&B", name="wandb_address", value="a/b/c"), ())
    assert find_address(state) == "a/b/c"


def test_the_cloud_says_running_after_the_end_and_agreement_is_no_finding() -> None:
    (finding,) = local_state("running", alive=False).findings
    assert finding.severity == "info"
    (unsent,) = local_state("crashed", alive=False, code=0).findings
    assert "finished here: its end was not sent" in unsent.title
    assert local_state("running", alive=True).findings == ()
    assert local_state("crashed", alive=False).findings == ()


def test_a_run_of_the_server_has_no_sources_of_this_machine() -> None:
    remote = remote_state().run
    assert {kind.kind for kind in sources_of(remote, SOURCES)} == {"profiles", "cloud"}
    local = RunInfo("r", "/data/r")
    assert sources_of(local, SOURCES) == SOURCES
    cloud = next(kind for kind in SOURCES if kind.kind == "cloud")
    assert cloud.make(local) == {}  # nothing goes over the network unasked
    made = cloud.make(replace(local, cloud="a/b/c"))
    assert list(made) == ["a/b/c"]


def test_the_list_of_a_project() -> None:
    script = Script()
    board = CloudList("lab/arena", lambda: NOW, script).read()
    assert isinstance(board, RunBoard)
    (row,) = board.rows
    assert row.path == "wandb://lab/arena/r1"
    assert (row.condition, row.looked, row.step) == ("running", "server", 7)
    assert (row.metric, row.value) == ("train/loss", 0.5)
    assert "\x1b" not in row.name
    table = CloudList("lab/arena", lambda: NOW, script).compare([row.path, row.path])
    assert table.rows == ()
    assert table.same == 2
    script.failure = CloudFailure("no-access", "the server refuses")
    assert CloudList("lab/arena", lambda: NOW, script).read() == script.failure
    assert "refuses" in CloudList("lab/arena", lambda: NOW, script).compare(["wandb://a/b/c"]).notes[0]


def test_the_servers_record_of_a_run_with_files_here_says_nothing_of_its_progress() -> None:
    source = CloudSource(LOCAL, client=Script(300))
    local = RunState(run=LOCAL, now=NOW)
    state = advance_all(local, [*turn(source, NOW), Tick(now=NOW)], ())
    assert state.series["loss"].count == 300
    assert state.progress.step is None
