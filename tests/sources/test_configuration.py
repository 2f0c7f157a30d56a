from __future__ import annotations

import os
from pathlib import Path

from lptui.model.events import ConfigSeen, Event, StatusSeen
from lptui.run import discover
from lptui.sources import Source
from lptui.sources.configuration import ConfigurationSource


def rows(events: list[Event]) -> dict[str, str]:
    return dict(next(e for e in events if isinstance(e, ConfigSeen)).rows)


def status(events: list[Event]) -> tuple[str, str]:
    seen = next(e.status for e in events if isinstance(e, StatusSeen))
    return seen.condition, seen.detail


def test_reads_once_and_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: 1\nwandb_api_key: abc\n")
    source = ConfigurationSource(discover(str(tmp_path)))
    assert isinstance(source, Source)
    first = list(source.poll(1.0))
    assert rows(first) == {"a": "1", "wandb_api_key": "***"}
    assert status(first) == ("ok", "2 values")
    assert list(source.poll(2.0)) == []
    file.write_text("a: 2\n")
    os.utime(file, (5, 5))
    assert rows(list(source.poll(3.0))) == {"a": "2"}
    assert source.watched() == (str(tmp_path),)


def test_a_broken_file_is_told_and_the_next_one_serves(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: [\n")
    source = ConfigurationSource(discover(str(tmp_path)))
    condition, detail = status(list(source.poll(1.0)))
    assert condition == "failed"
    assert "config.yaml: line 2" in detail
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text("b: 3\n")
    source = ConfigurationSource(discover(str(tmp_path)))
    events = list(source.poll(1.0))
    assert rows(events) == {"b": "3"}
    assert status(events)[0] == "partial"


def test_no_file_is_no_failure(tmp_path: Path) -> None:
    source = ConfigurationSource(discover(str(tmp_path)))
    assert status(list(source.poll(1.0)))[0] == "absent"
