from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from lptui.formats.progress_values import Progress
from lptui.model.events import Event, Facts, Samples, StatusSeen, WitnessSeen
from lptui.run.listing import Listing
from lptui.run.metric_files import newest_trainer_state
from lptui.sources import Source
from lptui.sources.event_files import EventFileSource
from lptui.sources.metric_files import MetricFileSource

RECORDED = Path(__file__).parents[1] / "formats" / "recorded"
NOW = 2e9
Table = dict[str, list[tuple[float, float]]]


def drain(source: Source, now: float = NOW) -> list[Event]:
    """What a source says until it has read all there is; a file that is being rewritten is looked at again."""
    events: list[Event] = []
    for _ in range(12):
        events += source.poll(now)
    return events


def table(events: Iterable[Event]) -> Table:
    found: Table = {}
    samples = sorted((e for e in events if isinstance(e, Samples)), key=lambda e: e.order)
    for points in (p for event in samples for p in event.points):
        found.setdefault(points.key, []).extend(zip(points.steps, points.values, strict=True))
    return found


def last_status(events: Iterable[Event]) -> tuple[str, str]:
    status = [e.status for e in events if isinstance(e, StatusSeen)][-1]
    return status.condition, status.detail


def write(path: Path, text: str, at: float = 1.9e9) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def append(path: Path, text: str, at: float = 1.9e9 + 5) -> None:
    with path.open("a") as file:
        file.write(text)
    os.utime(path, (at, at))


def test_rows_are_followed_and_a_torn_one_waits(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    write(path, "step,loss\n0,1.0\n10,0.5\n20,0.")
    source = MetricFileSource(str(path), "metrics.csv")
    first = drain(source)
    assert table(first) == {"loss": [(0, 1.0), (10, 0.5)]}
    assert {(e.unit, e.backfill) for e in first if isinstance(e, Samples)} == {("step", True)}
    assert last_status(first) == ("ok", "")
    append(path, "25\n")
    second = drain(source)
    assert table(second) == {"loss": [(20, 0.25)]}
    samples = next(e for e in second if isinstance(e, Samples))
    assert not samples.backfill
    assert samples.points[0].times[0] == 1.9e9 + 5  # written about when the file changed
    assert [e.at for e in second if isinstance(e, WitnessSeen)] == [1.9e9 + 5]
    assert drain(source) == []


def test_lightning_writes_the_file_anew_when_a_column_appears(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    write(path, "epoch,step,train_loss\n0,0,1.0\n0,1,0.5\n")
    source = MetricFileSource(str(path), "metrics.csv")
    drain(source)
    write(path, "epoch,step,train_loss,val_loss\n0,0,1.0,\n0,1,0.5,\n0,1,,0.7\n", 1.9e9 + 9)
    again = drain(source)
    assert table(again) == {"val_loss": [(1, 0.7)], "epoch": [(1, 0)]}
    assert last_status(drain(MetricFileSource(str(path), "m"))) == ("ok", "")


def test_a_file_replaced_by_a_longer_one_is_read_once(tmp_path: Path) -> None:
    path, other = tmp_path / "m.csv", tmp_path / "m.tmp"
    write(path, "step,loss\n0,1.0\n")
    source = MetricFileSource(str(path), "m.csv")
    drain(source)
    write(other, "step,loss\n0,1.0\n1,0.9\n")
    other.rename(path)
    assert table(drain(source)) == {"loss": [(1, 0.9)]}


def test_another_attempt_that_writes_the_file_anew(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    write(path, "step,loss\n0,1.0\n1,0.5\n")
    source = MetricFileSource(str(path), "m.csv")
    events = drain(source)
    write(path, "step,loss\n0,3.0\n", 1.9e9 + 9)
    events += drain(source)
    assert table(events) == {"loss": [(0, 1.0), (1, 0.5), (0, 3.0)]}  # the second attempt comes after the first


def test_garbage_is_said(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    write(path, "step,loss\n0,1.0\n1,2,3,4\n\x00\x01\n2,0.5\n")
    events = drain(MetricFileSource(str(path), "m.csv"))
    assert table(events) == {"loss": [(0, 1.0), (2, 0.5)]}
    assert last_status(events) == ("partial", "2 lines that are no row of it skipped")
    missing = drain(MetricFileSource(str(tmp_path / "none.csv"), "none.csv"))
    assert last_status(missing)[0] == "waiting"
    (tmp_path / "empty.csv").touch()
    assert last_status(drain(MetricFileSource(str(tmp_path / "empty.csv"), "e"))) == ("waiting", "no numbers in it yet")


def summaries(events: list[Event]) -> list[str]:
    return [e.value for e in events if isinstance(e, WitnessSeen) and e.name == "training_summary"]


def test_huggingface_goes_on_in_the_next_checkpoint(tmp_path: Path) -> None:
    recorded = RECORDED / "tables" / "huggingface"
    for name in ("checkpoint-4", "checkpoint-8"):
        (tmp_path / name).mkdir()
    shutil.copy(recorded / "checkpoint-4/trainer_state.json", tmp_path / "checkpoint-4")
    folder = str(tmp_path)
    source = MetricFileSource(
        f"{folder}/trainer_state.json", "state", locate=lambda: newest_trainer_state(Listing(), folder)
    )
    early = drain(source)
    assert [step for step, _ in table(early)["loss"]] == [2, 4]
    shutil.copy(recorded / "checkpoint-8/trainer_state.json", tmp_path / "checkpoint-8")
    late = drain(source)
    assert [step for step, _ in table(late)["loss"]] == [6, 8]
    assert [f.facts[0].fact for f in late if isinstance(f, Facts)] == [Progress("record", total_steps=8)]
    assert summaries(late) == [""]
    assert "train_runtime" not in table(late)
    shutil.copy(recorded / "trainer_state.json", tmp_path)
    ended = drain(source)
    assert table(ended).keys() >= {"train_runtime", "train_loss"}
    assert summaries(ended) == ["completed"]


def test_a_document_that_is_being_written_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    text = json.dumps([{"step": n, "loss": 1 / (n + 1)} for n in range(9)], indent=1)
    write(path, text[:40])
    source = MetricFileSource(str(path), "history.json")
    assert last_status(drain(source)) == ("partial", "no JSON document, or one that is being written")
    write(path, text, 1.9e9 + 1)
    events = drain(source)
    assert len(table(events)["loss"]) == 9
    assert last_status(events) == ("ok", "")


@pytest.mark.parametrize("name", ["sb3/json/progress.json", "ray/result.json", "timm/summary.csv"])
def test_however_the_file_grows_the_rows_are_the_same(tmp_path: Path, name: str) -> None:
    data = (RECORDED / "tables" / name).read_bytes()
    path = tmp_path / Path(name).name
    whole = table(drain(MetricFileSource(str(RECORDED / "tables" / name), name)))
    path.write_bytes(b"")
    source = MetricFileSource(str(path), name)
    events: list[Event] = []
    for start in range(0, len(data), 97):
        with path.open("ab") as file:
            file.write(data[start : start + 97])
        os.utime(path, (1.9e9 + start, 1.9e9 + start))
        events += source.poll(NOW)
    assert repr(table(events)) == repr(whole)


def test_event_files_of_a_restart_in_order(tmp_path: Path) -> None:
    recorded = sorted((RECORDED / "events" / "torch").glob("events.*"))
    source = EventFileSource(str(tmp_path))
    assert last_status(drain(source)) == ("waiting", "no event file there yet")
    events: list[Event] = []
    for path in recorded:  # the second comes late
        shutil.copy(path, tmp_path)
        os.utime(tmp_path, (NOW, NOW))
        events += drain(source)
    steps = [step for step, _ in table(events)["train/loss"]]
    assert steps == [*range(0, 200, 10), *range(150, 250, 10)]
    assert last_status(events) == ("ok", "")
    assert {e.source for e in events if isinstance(e, Samples)} == {"tensorboard"}
    backfill = EventFileSource(str(tmp_path))
    assert table(drain(backfill))["train/loss"] == table(events)["train/loss"]
    source.close()


def test_a_damaged_event_file_is_partial_and_goes_on(tmp_path: Path) -> None:
    (recorded,) = (RECORDED / "events" / "tensorboardx").glob("events.*")
    data = bytearray(recorded.read_bytes())
    data[300] ^= 1
    path = tmp_path / recorded.name
    path.write_bytes(data[:800])
    source = EventFileSource(str(tmp_path), prefix="val/")
    events = drain(source)
    assert last_status(events) == ("partial", "1 damaged record skipped")
    with path.open("ab") as file:
        file.write(data[800:])
    events += drain(source)
    assert sum(map(len, table(events).values())) == 19
    assert table(events).keys() == {"val/train/loss", "val/eval/return"}
