"""While a file is being read nobody is told a record of history as the run's last sign of life."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest

from lptui.formats.crc32c import masked_crc
from lptui.formats.leveldb import BLOCK, MAGIC
from lptui.model.events import Event, Samples, StatusSeen, Tick, WitnessSeen
from lptui.model.place import Place
from lptui.model.run import RunInfo
from lptui.sources import Source
from lptui.sources.event_files import EventFileSource
from lptui.sources.metric_files import MetricFileSource
from lptui.sources.mlflow_files import MlflowFileSource
from lptui.sources.newest_record import NewestRecord
from lptui.sources.wandb import WandbSource
from lptui.state.fold import fold, fold_all
from lptui.state.run_state import RunState

BEGAN, STEP, ROWS = 1_800_000_000.0, 10.0, 1_080
NOW = BEGAN + ROWS * STEP
"""Three hours of a run that goes on."""
WIDE = [f"curriculum/task_{i:03d}/learning_progress" for i in range(400)]


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def text(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def record(kind: int, step: int) -> bytes:
    """A row, or the summary that repeats it."""
    values = {"_timestamp": BEGAN + step * STEP, "_step": step, **dict.fromkeys(WIDE, 0.5)}
    items = [text(1, text(2, k.encode()) + text(16, repr(v).encode())) for k, v in values.items()]
    return text(kind, b"".join(items))


def write_wandb(path: Path) -> str:
    out = bytearray(MAGIC)
    for rest in (record(kind, step) for step in range(ROWS) for kind in (2, 3)):
        first = True
        while first or rest:
            room = BLOCK - len(out) % BLOCK
            if room < 7:
                out += bytes(room)
                room = BLOCK
            piece, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if first else 4) if not rest else (2 if first else 3)
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            first = False
    path.write_bytes(out)
    return str(path)


def write_events(folder: Path) -> str:
    folder.mkdir()
    out = bytearray()
    for step in range(ROWS):
        value = text(1, b"loss") + b"\x15" + struct.pack("<f", 0.5)
        event = b"\x09" + struct.pack("<d", BEGAN + step * STEP) + b"\x10" + varint(step) + text(5, text(1, value))
        length = struct.pack("<Q", len(event))
        out += length + struct.pack("<I", masked_crc(length)) + event + struct.pack("<I", masked_crc(event))
    (folder / f"events.out.tfevents.{int(BEGAN)}.host").write_bytes(out)
    return str(folder)


def write_lines(path: Path) -> str:
    path.write_text(
        "".join(json.dumps({"step": s, "loss": 0.5, "_timestamp": BEGAN + s * STEP}) + "\n" for s in range(ROWS))
    )
    return str(path)


def write_mlflow(folder: Path) -> str:
    (folder / "metrics").mkdir(parents=True)
    lines = (f"{int((BEGAN + s * STEP) * 1000)} 0.5 {s}\n" for s in range(ROWS))
    (folder / "metrics" / "loss").write_text("".join(lines))
    return str(folder)


def make(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """A source whose file takes many looks."""
    turn = 32 * BLOCK if kind == "wandb" else 4096
    module = {"wandb": "wandb", "tensorboard": "event_files", "jsonl": "metric_files", "mlflow": "mlflow_files"}[kind]
    monkeypatch.setattr(f"lptui.sources.{module}.TURN", turn)
    if kind == "wandb":
        return WandbSource(write_wandb(folder / "run-x.wandb"))
    if kind == "tensorboard":
        return EventFileSource(write_events(folder / "tb"))
    if kind == "jsonl":
        return MetricFileSource(write_lines(folder / "metrics.jsonl"), "jsonl")
    return MlflowFileSource(write_mlflow(folder / "mlrun"))


@pytest.mark.parametrize("kind", ["wandb", "tensorboard", "jsonl", "mlflow"])
def test_the_last_sign_is_never_one_of_history(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make(kind, tmp_path, monkeypatch)
    state = RunState(run=RunInfo("r", str(tmp_path), "plain"), now=NOW, began=NOW)
    signs: list[float | None] = []
    looks = 0
    while looks == 0 or source.pending:
        events: list[Event] = list(source.poll(NOW))
        told = {e.at for e in events if isinstance(e, WitnessSeen) and e.name.endswith("_record")}
        assert told <= {NOW - STEP}
        for event in events:  # a tick may come between any two of them
            state = fold_all(state, (event, Tick(now=NOW)))
            signs.append(state.life.last_sign)
        looks += 1
    source.close()
    assert looks > 3
    assert set(signs) <= {None, NOW - STEP}
    assert fold(state, Tick(now=NOW)).life.last_sign == NOW - STEP


def test_of_a_wide_run_the_newest_row_is_known_before_any_other_is_read(tmp_path: Path) -> None:
    """Its last 96 KiB hold one summary and no row."""
    events = list(WandbSource(write_wandb(tmp_path / "run-x.wandb")).poll(NOW))
    first = next(e for e in events if isinstance(e, WitnessSeen | Samples | StatusSeen))
    assert isinstance(first, WitnessSeen)
    assert (first.name, first.at) == ("wandb_record", NOW - STEP)


def test_a_time_that_is_none_is_no_sign_of_life() -> None:
    newest = NewestRecord("MLflow", Place("run"))
    newest.note([float("nan"), float("-inf"), float("inf")], "/r")
    assert list(newest.tell(NOW, pending=False)) == []
