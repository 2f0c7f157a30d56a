"""The W&B source on a file that the real SDK wrote: live, torn, damaged, rewritten, no W&B file at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lptui.formats.wandb import StatsRow
from lptui.formats.wandb_ranges import Piece
from lptui.model.events import Event, Samples, StatusSeen, WitnessSeen
from lptui.sources.wandb import WandbSource

FIXTURE = Path(__file__).parents[1] / "formats" / "data" / "sdk.wandb"


def drain(source: WandbSource, now: float = 1.0) -> list[Event]:
    events = list(source.poll(now))
    while source.pending:
        events += source.poll(now)
    return events


def values(events: list[Event]) -> dict[str, list[float]]:
    table: dict[str, list[float]] = {}
    for event in events:
        if isinstance(event, Samples):
            for points in event.points:
                table.setdefault(points.key, []).extend(points.values)
    return table


def shape(events: list[Event]) -> dict[str, list[str]]:
    return {key: [repr(v) for v in column] for key, column in values(events).items()}


@pytest.fixture
def whole() -> dict[str, list[str]]:
    return shape(drain(WandbSource(str(FIXTURE))))


def test_a_finished_file_is_read_in_full(whole: dict[str, list[str]]) -> None:
    assert whole
    events = drain(WandbSource(str(FIXTURE)))
    status = [e.status for e in events if isinstance(e, StatusSeen)][-1]
    assert (status.condition, status.complete) == ("ok", True)
    assert "exit_code" in {e.name for e in events if isinstance(e, WitnessSeen)}


def test_a_growing_file_gives_the_same_points_as_a_whole_one(tmp_path: Path, whole: dict[str, list[str]]) -> None:
    data = FIXTURE.read_bytes()
    path = tmp_path / "run-x.wandb"
    path.write_bytes(b"")
    source, events = WandbSource(str(path)), []
    for end in [*range(0, len(data), 997), len(data)]:
        path.write_bytes(data[:end])
        events += drain(source)
    assert shape(events) == whole


def test_damage_is_counted_skipped_and_makes_the_reading_partial(tmp_path: Path, whole: dict[str, list[str]]) -> None:
    data = bytearray(FIXTURE.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path = tmp_path / "run-x.wandb"
    path.write_bytes(data)
    events = drain(WandbSource(str(path)))
    status = [e.status for e in events if isinstance(e, StatusSeen)][-1]
    assert (status.condition, status.complete) == ("partial", False)
    assert "damaged" in status.detail


def test_what_is_no_wandb_file_is_said_so_once(tmp_path: Path) -> None:
    path = tmp_path / "run-x.wandb"
    path.write_bytes(b"hello, this is text")
    source = WandbSource(str(path))
    statuses = [e.status for e in [*source.poll(1.0), *source.poll(2.0)] if isinstance(e, StatusSeen)]
    assert [s.condition for s in statuses] == ["failed"]
    assert "not a W&B" in statuses[0].detail


def test_a_missing_file_waits(tmp_path: Path) -> None:
    statuses = [e.status for e in WandbSource(str(tmp_path / "no.wandb")).poll(1.0) if isinstance(e, StatusSeen)]
    assert [s.condition for s in statuses] == ["waiting"]


def test_how_it_ended_is_known_before_the_whole_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lptui.sources.wandb.TURN", 1024)
    source = WandbSource(str(FIXTURE))
    first = list(source.poll(1.0))
    assert source.pending
    assert "exit_code" in {e.name for e in first if isinstance(e, WitnessSeen)}


def test_an_overview_of_a_big_file_comes_first_and_is_marked(
    monkeypatch: pytest.MonkeyPatch, whole: dict[str, list[str]]
) -> None:
    monkeypatch.setattr("lptui.sources.wandb.SAMPLE_FROM", 1024)
    events = drain(WandbSource(str(FIXTURE)))
    first, *_, done = [e for e in events if isinstance(e, Samples) and e.sampled]
    assert first.points
    assert not done.points
    assert isinstance(events[0], Samples | WitnessSeen)
    assert shape([e for e in events if not (isinstance(e, Samples) and e.sampled)]) == whole


def test_a_reader_who_sees_nothing_before_the_end_gets_no_overview(
    monkeypatch: pytest.MonkeyPatch, whole: dict[str, list[str]]
) -> None:
    monkeypatch.setattr("lptui.sources.wandb.SAMPLE_FROM", 1024)
    source = WandbSource(str(FIXTURE))
    source.sampling = False
    events = drain(source)
    assert not any(isinstance(e, Samples) and e.sampled for e in events)
    assert shape(events) == whole


def test_system_readings_are_no_sign_of_life() -> None:
    """W&B's own process goes on with them when the training hangs."""
    source = WandbSource(str(FIXTURE))
    stats = [StatsRow(9e9, (("cpu", 1.0),))]
    piece = Piece([], 0, 0, history=False)
    names = [e.name for e in source._tell_records(list(stats), piece, 1.0) if isinstance(e, WitnessSeen)]
    assert "wandb_record" not in names
