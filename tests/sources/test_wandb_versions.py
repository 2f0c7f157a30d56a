"""What SDKs from 0.17 to the current one wrote: the same program, the same facts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from lptui.engine.reading import read_run
from lptui.model.events import AlertSeen, ConfigSeen, Event, Samples, StatusSeen, WitnessSeen
from lptui.run import discover
from lptui.sources.wandb import WandbSource
from lptui.sources.wandb_console import ConsoleText

RECORDED = Path(__file__).parents[1] / "formats" / "recorded" / "wandb"
VERSIONS = ["0.17.9", "0.20.1", "0.25.1", "0.31.0"]


def read(path: Path, **options: bool) -> list[Event]:
    source = WandbSource(str(path), **options)
    events: list[Event] = []
    more = True
    while more:
        events += source.poll(2e9)
        more = source.pending
    source.close()
    return events


def table(events: list[Event]) -> dict[str, str]:
    """The values of each series of rows, as text (NaN is not equal to itself)."""
    found: dict[str, list[float]] = {}
    for points in (p for e in events if isinstance(e, Samples) for p in e.points):
        if not points.key.startswith("system"):
            found.setdefault(points.key, []).extend(points.values)
    return {key: str(values) for key, values in found.items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_program_by_every_sdk(version: str) -> None:
    events = read(RECORDED / f"{version}.wandb")
    assert table(events) == {
        "train.loss": "[1.0, 0.5, nan, inf, -inf, 0.16666666666666666]",
        "train.deep.er": "[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]",
        "train/score": "[0.0, 2.5, 5.0, 7.5, 10.0, 12.5]",
        "summary/best.accuracy": "[0.75]",  # no row has these
        "summary/params": "[1234.0]",
    }
    configs = [dict(e.rows) for e in events if isinstance(e, ConfigSeen)]
    assert configs[-1]["lr"] == "0.01"  # it was 0.1 at the start
    assert configs[-1]["net"].replace(" ", "") == '{"width":8}'
    (alert,) = [e for e in events if isinstance(e, AlertSeen)]
    assert (alert.title, alert.text, alert.level, alert.step) == ("Loss is infinite", "at step 3", "ERROR", 3)
    assert alert.at is not None
    facts = {e.name: e.value for e in events if isinstance(e, WitnessSeen)}
    assert (facts["exit_code"], facts["wandb_run"], facts["host"]) == ("1", "team/demo/fixture", "trainer")
    assert [e.status.condition for e in events if isinstance(e, StatusSeen)][-1] == "ok"


@pytest.mark.parametrize("version", VERSIONS)
def test_growing_byte_by_byte_it_says_the_same(version: str, tmp_path: Path) -> None:
    data = (RECORDED / f"{version}.wandb").read_bytes()
    path = tmp_path / "run-x.wandb"
    path.write_bytes(b"")
    source, events = WandbSource(str(path)), []
    for end in range(0, len(data) + 1, 53):
        path.write_bytes(data[:end])
        events += source.poll(2e9)
    path.write_bytes(data)
    events += source.poll(2e9)
    assert table(events) == table(read(RECORDED / f"{version}.wandb"))
    assert len([e for e in events if isinstance(e, AlertSeen)]) == 1


@pytest.mark.parametrize("version", ["0.17.9", "0.31.0"])  # the others ended before their first reading
def test_system_readings(version: str) -> None:
    events = read(RECORDED / f"{version}.wandb")
    keys = {p.key for e in events if isinstance(e, Samples) for p in e.points}
    assert {"system/network.sent", "system/network.recv"} <= keys


@pytest.mark.parametrize("version", VERSIONS)
def test_the_console_is_the_log_of_a_run_without_one(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    folder = tmp_path / "wandb" / "offline-run-20260101_000000-x"
    folder.mkdir(parents=True)
    path = folder / "run-x.wandb"
    shutil.copy(RECORDED / f"{version}.wandb", path)
    state = read_run(discover(str(tmp_path)), patience=0.0)
    (shown,) = state.logs
    assert shown == f"{path} (console)"
    (failure,) = [f for f in state.findings if "KeyError" in f.title or "lr" in f.title]
    assert failure.anchor is not None
    assert failure.anchor.file == shown
    assert not list((tmp_path / "temporary").iterdir())


def test_the_console_is_put_together_from_pieces(tmp_path: Path) -> None:
    data = (RECORDED / "0.25.1.wandb").read_bytes()
    path = tmp_path / "run-x.wandb"
    path.write_bytes(data[:1500])
    text = ConsoleText(str(path))
    text.fill()
    path.write_bytes(data)
    assert text.fill() is False
    written = Path(text.path)
    assert written.read_text().startswith("first line\na line in pieces\nTraceback")
    assert written.parent.stat().st_mode & 0o077 == 0
    assert written.stat().st_mtime == pytest.approx(path.stat().st_mtime)
    text.close()
    assert not written.parent.exists()
    path.write_bytes(b"no such file")
    assert ConsoleText(str(path)).fill() is False


def test_settings_are_left_to_a_configuration_file() -> None:
    events = read(RECORDED / "0.31.0.wandb", use_config=False)
    assert not [e for e in events if isinstance(e, ConfigSeen)]
