from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lptui.checkpoints.info import CheckpointInfo, Reading
from lptui.model.events import CheckpointsSeen, Event, StatusSeen
from lptui.model.readings import CheckpointReading
from lptui.run import discover
from lptui.run.checkpoint_readings import find_policy
from lptui.run.checkpoint_series import find_breaks
from lptui.sources import Source
from lptui.sources.checkpoints import LEFT_OVER, CheckpointSource

DATA = Path(__file__).parents[1] / "checkpoints" / "data"
NOW = 1_000_000.0


class Inspecting:
    """Answers what a test says; counts what it was asked."""

    def __init__(self, verdict: str = "ok-unverified") -> None:
        self.asked: list[str] = []
        self.verdicts: dict[str, str] = {}
        self.usual = verdict
        self.closed = False

    def inspect(self, path: str, timeout_s: float = 10.0) -> CheckpointInfo:
        name = os.path.basename(path)
        self.asked.append(name)
        verdict = self.verdicts.get(name, self.usual)
        return CheckpointInfo(
            path, verdict, "why", "what next", "torch-zip", epoch=Reading("epoch", 7, "scalar: epoch")
        )

    def close(self) -> None:
        self.closed = True


def save(path: Path, size: int = 10, age: float = 100.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW - age, NOW - age))
    return path


def listed(events: list[Event]) -> dict[str, CheckpointReading]:
    seen = [e for e in events if isinstance(e, CheckpointsSeen)]
    return {c.name: c for c in seen[-1].checkpoints} if seen else {}


def drain(source: CheckpointSource, now: float = NOW) -> dict[str, CheckpointReading]:
    found = listed(list(source.poll(now)))
    while source.pending:
        found = listed(list(source.poll(now))) or found
    return found


@pytest.fixture
def run(tmp_path: Path) -> Path:
    save(tmp_path / "trainer_state.pt", age=90)
    save(tmp_path / "checkpoints" / "model_0050.pt", age=200)
    save(tmp_path / "checkpoints" / "model_0100.pt", age=100)
    return tmp_path


def test_one_file_a_poll_newest_first(run: Path) -> None:
    reader = Inspecting()
    source = CheckpointSource(discover(str(run)), reader)
    assert isinstance(source, Source)
    events = list(source.poll(NOW))
    assert source.pending
    assert reader.asked == ["trainer_state.pt"]
    found = listed(events)
    assert list(found) == ["model_0050.pt", "model_0100.pt", "trainer_state.pt"], "oldest first"
    assert (found["model_0100.pt"].verdict, found["model_0100.pt"].epoch) == ("unread", 100)
    assert [e.status.backfilling for e in events if isinstance(e, StatusSeen)] == [True]
    found = drain(source)
    assert reader.asked == ["trainer_state.pt", "model_0100.pt", "model_0050.pt"]
    assert {c.verdict for c in found.values()} == {"ok"}
    assert found["model_0100.pt"].epoch == 7, "the number in the file goes before the one in its name"
    assert list(source.poll(NOW + 2)) == []
    assert len(reader.asked) == 3
    source.close()
    assert reader.closed


def test_only_what_changed_is_read_again(run: Path) -> None:
    reader = Inspecting()
    source = CheckpointSource(discover(str(run)), reader)
    drain(source)
    save(run / "trainer_state.pt", size=20, age=-10)
    found = listed(list(source.poll(NOW + 11)))
    assert found["trainer_state.pt"].verdict == "being-written"
    assert not found["trainer_state.pt"].complete
    assert len(reader.asked) == 3
    found = listed(list(source.poll(NOW + 20)))
    assert found["trainer_state.pt"].verdict == "ok"
    assert reader.asked[3:] == ["trainer_state.pt"]


def test_a_file_that_grows_is_being_written_whatever_its_clock_says(run: Path) -> None:
    source = CheckpointSource(discover(str(run)), Inspecting())
    drain(source)
    save(run / "checkpoints" / "model_0100.pt", size=99, age=100)
    assert listed(list(source.poll(NOW + 2)))["model_0100.pt"].verdict == "being-written"
    assert listed(list(source.poll(NOW + 4)))["model_0100.pt"].verdict == "ok"


def test_a_request_reads_again(run: Path) -> None:
    reader = Inspecting()
    source = CheckpointSource(discover(str(run)), reader)
    drain(source)
    reader.verdicts["model_0050.pt"] = "truncated"
    source.request(str(run / "checkpoints" / "model_0050.pt"))
    found = listed(list(source.poll(NOW + 0.1)))
    assert reader.asked[3:] == ["model_0050.pt"]
    assert (found["model_0050.pt"].verdict, found["model_0050.pt"].next_step) == ("truncated", "what next")


def test_temporary_files_are_first_a_save_and_then_a_leftover(run: Path) -> None:
    save(run / "tmpabc123.pt", age=5)
    save(run / "checkpoints" / "model_0150.pt.tmp", age=500)
    source = CheckpointSource(discover(str(run)), Inspecting())
    events = list(source.poll(NOW))
    assert listed(events)["tmpabc123.pt"].verdict == "being-written"
    assert next(e.leftovers for e in events if isinstance(e, CheckpointsSeen)) == (
        str(run / "checkpoints" / "model_0150.pt.tmp"),
    )
    drain(source)
    events = list(source.poll(NOW + LEFT_OVER + 1))
    assert "tmpabc123.pt" not in listed(events)
    assert len(next(e.leftovers for e in events if isinstance(e, CheckpointsSeen))) == 2


def test_bundles_are_one_row_and_tell_what_is_missing(tmp_path: Path) -> None:
    run = tmp_path / "r"
    save(run / "checkpoints" / "r:v5" / "weights.safetensors")
    save(run / "checkpoints" / "r:v5" / "policy_spec.json")
    save(run / "checkpoints" / "r:v6" / "weights.safetensors")
    reader = Inspecting()
    found = drain(CheckpointSource(discover(str(run)), reader))
    assert (found["r:v5"].verdict, found["r:v5"].files) == ("ok", 2)
    assert (found["r:v6"].verdict, found["r:v6"].complete) == ("incomplete", False)
    assert "policy_spec.json is missing" in found["r:v6"].reason
    assert reader.asked == ["r:v6", "r:v5"], "a folder is looked at as a whole: its files belong together"


def test_what_is_said_of_the_folder_decides(tmp_path: Path) -> None:
    for name in ("model.safetensors", "optimizer.pt", "trainer_state.json"):
        save(tmp_path / "checkpoint-10" / name)
    reader = Inspecting()
    reader.verdicts["checkpoint-10"] = "truncated"
    found = drain(CheckpointSource(discover(str(tmp_path)), reader))
    assert found["checkpoint-10"].verdict == "truncated"
    assert found["checkpoint-10"].step == 10


def test_folders_that_come_later_are_found(tmp_path: Path) -> None:
    source = CheckpointSource(discover(str(tmp_path)), Inspecting())
    events = list(source.poll(NOW))
    assert [e.status.condition for e in events if isinstance(e, StatusSeen)] == ["absent"]
    save(tmp_path / "checkpoints" / "model_0000.pt")
    assert set(drain(source, NOW + 2)) == {"model_0000.pt"}
    empty = tmp_path / "other"
    empty.mkdir()
    source = CheckpointSource(discover(str(empty)), Inspecting())
    list(source.poll(NOW))
    save(empty / "lightning_logs" / "version_0" / "checkpoints" / "epoch=1-step=5.ckpt")
    assert drain(source, NOW + 2) == {}
    assert drain(source, NOW + 40)["epoch=1-step=5.ckpt"].step == 5


def test_a_reader_that_fails_is_asked_once_more(run: Path) -> None:
    reader = Inspecting("reader-failed")
    source = CheckpointSource(discover(str(run)), reader)
    drain(source)
    for turn in range(5):
        list(source.poll(NOW + 10 * turn + 1))
    assert sorted(reader.asked) == sorted(["trainer_state.pt", "model_0050.pt", "model_0100.pt"] * 2)


def test_files_beside_a_single_log_are_none_of_its_business(run: Path) -> None:
    log = run / "some.log"
    log.write_text("x")
    assert drain(CheckpointSource(discover(str(log)), Inspecting())) == {}


def test_a_policy_that_is_gone_is_told(run: Path) -> None:
    policy = run / "checkpoints" / "model_0100.pt"

    def absolute(path: str) -> str:
        return f"{run}/{path}"

    def find(uri: str, state: str = "trainer_state.pt") -> str:
        return find_policy(uri, state, absolute)

    assert find(f"file://{policy}") == "exists"
    assert find("checkpoints/model_0100.pt") == "exists"
    assert find("model_0100.pt", "checkpoints/trainer_state.pt") == "exists", "PufferLib names a file beside it"
    assert find("file:///old/place/model_0100.pt") == "moved"
    assert find("file:///old/place/model_0200.pt") == "missing"
    assert find("wandb://run/x") == "elsewhere"


def test_real_files_through_the_real_reader(tmp_path: Path) -> None:
    shutil.copy(DATA / "metta_s2_trainer_state.pt", tmp_path / "trainer_state.pt")
    (tmp_path / "checkpoints").mkdir()
    whole = (DATA / "metta_model_0050.pt").read_bytes()
    (tmp_path / "checkpoints" / "model_0050.pt").write_bytes(whole)
    (tmp_path / "checkpoints" / "model_0100.pt").write_bytes(whole[: len(whole) // 2])
    for path in tmp_path.rglob("*.pt"):
        os.utime(path, (NOW - 50, NOW - 50))
    source = CheckpointSource(discover(str(tmp_path)))
    try:
        found = drain(source)
    finally:
        source.close()
    state = found["trainer_state.pt"]
    assert (state.verdict, state.step, state.epoch, state.role) == ("ok", 52_428_800, 100, "trainer_state")
    facts = dict(state.facts)
    assert (state.policy_file, state.framework) == ("moved", "metta")
    assert "checkpoints/" in facts["policy file"]
    assert facts["learning rate"]
    assert found["model_0100.pt"].verdict == "truncated"
    assert found["model_0050.pt"].verdict in ("ok", "custom-pickle")


class Counting(Inspecting):
    """Every file holds the step that its name says, and an epoch a hundred times smaller."""

    def inspect(self, path: str, timeout_s: float = 10.0) -> CheckpointInfo:
        found = super().inspect(path, timeout_s)
        step = int(path.rpartition("_")[2].removesuffix(".pt"))
        return replace(found, step=Reading("step", step, "scalar"), epoch=Reading("epoch", step // 100, "scalar"))


def test_a_long_series_named_by_step_does_not_fall_back_where_it_was_not_looked_into(tmp_path: Path) -> None:
    for i in range(1, 71):
        save(tmp_path / "checkpoints" / f"model_{100 * i:06d}.pt", age=100.0 * (100 - i))
    found = drain(CheckpointSource(discover(str(tmp_path)), Counting()))
    assert [c.verdict for c in found.values()].count("unread") == 20
    assert [(c.step, c.epoch) for c in found.values()][:1] == [(100, None)]
    assert [c.step for c in found.values()] == [100 * i for i in range(1, 71)]
    assert find_breaks(tuple(found.values())) == ()
