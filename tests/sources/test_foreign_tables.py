"""Tables that are none: what they are is said, and one that is written anew as text is read."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from lptui.engine.reading import read_run
from lptui.formats.table_names import tell_foreign
from lptui.model.events import Event, Samples, StatusSeen
from lptui.run import discover
from lptui.sources.metric_files import MetricFileSource

ROWS = "step,loss\n1,0.5\n2,0.4\n3,0.3\n"
FOREIGN = {
    "UTF-16": ROWS.encode("utf-16"),
    "gzip": gzip.compress(ROWS.encode()),
    "ZIP": b"PK\x03\x04" + bytes(300),
    "no text": random.Random(7).randbytes(5000),
}


def last(events: list[Event]) -> tuple[str, str]:
    status = [e.status for e in events if isinstance(e, StatusSeen)][-1]
    return status.condition, status.detail


@pytest.mark.parametrize("what", FOREIGN)
def test_what_it_is_is_said_and_what_takes_its_place_is_read(what: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(FOREIGN[what])
    (file,) = discover(str(tmp_path)).metric_files
    source = MetricFileSource(file.path, "metrics.csv")
    condition, detail = last(list(source.poll(1.0)))
    assert condition == "failed"
    assert what in detail
    state = read_run(discover(str(tmp_path)), clock=lambda: 2e9, patience=0.0)
    assert what in state.life.reason
    path.write_text(ROWS)
    events = [event for now in range(2, 8) for event in source.poll(float(now))]
    assert [list(e.points[0].values) for e in events if isinstance(e, Samples)] == [[0.5, 0.4, 0.3]]
    assert last(events) == ("ok", "")


def test_text_is_not_foreign() -> None:
    texts = (
        b"",
        ROWS.encode(),
        b"\xef\xbb\xbf" + ROWS.encode(),
        "Schritt\tVerlust\u00e4\n".encode(),
        b"\x1b[1mstep\x1b[0m",
    )
    assert [tell_foreign(text) for text in (*texts, ROWS.encode() * 50 + bytes(4096))] == [""] * 6
