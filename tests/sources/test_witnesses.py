from __future__ import annotations

import json
import os
from pathlib import Path

from lptui.model.events import Event, HeartbeatSeen, StatusSeen, WitnessSeen
from lptui.run import discover
from lptui.sources import Source
from lptui.sources.witnesses import WitnessSource


def make(tmp_path: Path) -> tuple[Path, Path]:
    run = tmp_path / "train_dir" / "exp"
    metadata = tmp_path / "train_dir" / ".job_metadata" / "exp"
    run.mkdir(parents=True)
    (run / "config.yaml").write_text("a: 1")
    return run, metadata


def said(events: list[Event]) -> dict[str, str]:
    return {e.name: e.value for e in events if isinstance(e, WitnessSeen)}


def test_job_metadata_heartbeat_and_wandb(tmp_path: Path) -> None:
    run, metadata = make(tmp_path)
    metadata.mkdir(parents=True)
    (metadata / "restart_count").write_text("3\n")
    (metadata / "termination_reason").write_text("heartbeat_timeout\nmore\n")
    os.utime(metadata / "termination_reason", (50, 50))
    (metadata / "heartbeat_file").touch()
    os.utime(metadata / "heartbeat_file", (100, 100))
    ipc = {"run_id": "exp", "project": "metta", "entity": "team", "name": "exp"}
    (metadata / "wandb_ipc.json").write_text(json.dumps(ipc))
    source = WitnessSource(discover(str(run)))
    assert isinstance(source, Source)
    events = list(source.poll(1.0))
    assert said(events) == {
        "restart_count": "3",
        "termination_reason": "heartbeat_timeout",
        "wandb_run": "team/metta/exp",
        "wandb_address": "team/metta/exp",
    }
    reason = next(e for e in events if isinstance(e, WitnessSeen) and e.name == "termination_reason")
    assert (reason.at, reason.source) == (50.0, ".job_metadata")
    assert [e.modified_at for e in events if isinstance(e, HeartbeatSeen)] == [100.0]
    assert list(source.poll(2.0)) == []
    os.utime(metadata / "heartbeat_file", (130, 130))
    assert [e.modified_at for e in source.poll(3.0) if isinstance(e, HeartbeatSeen)] == [130.0]
    (metadata / "restart_count").write_text("4 \n")
    assert said(list(source.poll(4.0))) == {"restart_count": "4"}


def test_files_that_come_later_are_found(tmp_path: Path) -> None:
    run, metadata = make(tmp_path)
    source = WitnessSource(discover(str(run)))
    first = list(source.poll(0.0))
    assert [e.status.condition for e in first if isinstance(e, StatusSeen)] == ["absent"]
    metadata.mkdir(parents=True)
    (metadata / "heartbeat_file").touch()
    assert list(source.poll(5.0)) == []
    later = list(source.poll(11.0))
    assert [type(e).__name__ for e in later] == ["HeartbeatSeen", "StatusSeen"]
    assert source.watched() == (str(metadata),)


def test_what_the_files_say_is_made_harmless(tmp_path: Path) -> None:
    run, metadata = make(tmp_path)
    metadata.mkdir(parents=True)
    (metadata / "termination_reason").write_bytes(
        b"\x1b]0;gone\x07 token=ghp_abcdefghijklmnopqrstuvwxyz012345" + b"x" * 9000
    )
    (metadata / "wandb_ipc.json").write_text('{"run_id": ["a"')
    os.mkfifo(metadata / "restart_count")
    found = said(list(WitnessSource(discover(str(run))).poll(1.0)))
    assert set(found) == {"termination_reason"}
    assert "\x1b" not in found["termination_reason"]
    assert "ghp_" not in found["termination_reason"]
    assert len(found["termination_reason"]) < 300
