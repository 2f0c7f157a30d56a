"""Lines that begin as logfmt, syslog, `date`, dates without separators or seconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.formats.clock_forms import read_form
from lptui.formats.log_clock import NEVER, LineClock
from lptui.formats.log_prefix import read_prefix
from lptui.formats.log_shape import level_gate, line_level
from lptui.formats.log_time import line_time

NOON = datetime(2026, 11, 28, 12, 4, 5, tzinfo=UTC).timestamp()
DAY = 12 * 3600 + 4 * 60 + 5.0

LINES: list[tuple[bytes, float | None, str | None, bytes]] = [
    # logfmt: logrus, go-kit, slog, Grafana, Python's logfmter
    (b'time="2026-11-28T12:04:05Z" level=warning msg="step 5 is late"', NOON, "warning", b'step 5 is late"'),
    (b"time=2026-11-28T12:04:05.250Z level=INFO msg=started step=5", NOON + 0.25, "info", b"started step=5"),
    (b"time=2026-11-28T12:04:05.250Z level=INFO source=a.go:3 msg=x", NOON + 0.25, "info", b"x"),
    (b"level=error ts=2026-11-28T12:04:05.25Z caller=m.go:12 msg=x", NOON + 0.25, "error", b"x"),
    (b"ts=1795867445.5 caller=a.go:3 level=warn component=x msg=y", NOON + 0.5, "warning", b"y"),
    (b"logger=tsdb t=2026-11-28T12:04:05+0000 level=debug msg=x", NOON, "debug", b"x"),
    (b"level=panic msg=x", None, "critical", b"x"),
    (b'at=INFO msg="x"', None, "info", b'x"'),
    (b'[rank3]: time="2026-11-28T12:04:05Z" level=err msg=x', NOON, "error", b"x"),
    # syslog, the program `date`
    (b"Nov 28 12:04:05 node1 train[123]: step 5", DAY, None, b"step 5"),
    (b"Nov  8 12:04:05 node1 train[123]: [ERROR] lost", DAY, "error", b"lost"),
    (b"Nov 28 12:04:05.250 node1 kernel: WARNING: slow", DAY + 0.25, "warning", b"slow"),
    (b"<34>1 2026-11-28T12:04:05.250Z node1 app 12 ID47 - step 5", NOON + 0.25, None, b"step 5"),
    (b"Sat Nov 28 12:04:05 UTC 2026: job 3 starts", DAY, None, b"job 3 starts"),
    (b"Sat Nov 28 12:04:05 2026", DAY, None, b""),
    # dates without separators
    (b"20261128T120405 INFO step 5", NOON, "info", b"step 5"),
    (b"20261128T120405.250Z step 5", NOON + 0.25, None, b"step 5"),
    (b"20261128-12:04:05 step 5", NOON, None, b"step 5"),
    (b"[20261128-12:04:05] [ERROR] lost", NOON, "error", b"lost"),
    (b"20261128_120405 step 5", NOON, None, b"step 5"),
    (b"20261128 12:04:05,250 - a.b - WARNING - slow", NOON + 0.25, "warning", b"slow"),
    # seconds since 1970
    (b"1795867445 step 5", NOON, None, b"step 5"),
    (b"1795867445.25 step 5", NOON + 0.25, None, b"step 5"),
    (b"1795867445250 ERROR: lost", NOON + 0.25, "error", b"lost"),
    (b"[1795867445.250000] step 5", NOON + 0.25, None, b"step 5"),
    # what only looks like one
    (b"1000000000 steps", None, None, b"1000000000 steps"),
    (b"17958674451 bytes", None, None, b"17958674451 bytes"),
    (b"1795867445, 3", None, None, b"1795867445, 3"),
    (b"20261128 120405 3.5", None, None, b"20261128 120405 3.5"),
    (b"20261328T120405 x", None, None, b"20261328T120405 x"),
    (b"time=0.31 step=3", None, None, b"time=0.31 step=3"),
    (b"level=7 step=3", None, None, b"level=7 step=3"),
    (b"Monday 12:04:05 x", None, None, b"Monday 12:04:05 x"),
    (b"May 2 batches", None, None, b"May 2 batches"),
]


@pytest.mark.parametrize(("line", "clock", "level", "message"), LINES)
def test_what_a_line_begins_with(line: bytes, clock: float | None, level: str | None, message: bytes) -> None:
    found = read_prefix(line)
    assert found.clock == (None if clock is None else pytest.approx(clock, abs=1e-5))
    if clock is not None:
        assert found.has_date == (clock > 1e6)
    assert line_level(line) == level
    assert line[found.start :] == message


@pytest.mark.parametrize("line", [line for line, *_ in LINES])
def test_many_times_at_once_are_those_of_single_lines(line: bytes) -> None:
    """The second line of a kind is read by the shape of the first."""
    later = line.replace(b"04:05", b"04:06").replace(b"0405", b"0406").replace(b"1795867445", b"1795867446")
    limit = NOON + 3600
    assert LineClock().times([line, later], limit) == [
        pytest.approx(at) if (at := line_time(each, 0, limit)) is not None else NEVER for each in (line, later)
    ]


@pytest.mark.parametrize("line", [line for line, _, level, _ in LINES if level])
def test_the_filter_by_level_finds_the_line(line: bytes) -> None:
    level = line_level(line)
    assert level is not None
    assert re.search(level_gate([level]).replace(b"(?m:", b"(?:"), line)


@pytest.mark.parametrize(
    "piece", [b"name=a ", b'name="', b"level=info ", b"[20261128T120405] ", b"1795867445 ", b"<1>1 "]
)
def test_repeated_beginnings_cost_no_more_than_their_length(piece: bytes) -> None:
    read_prefix(piece * 10_000)


@given(st.text(alphabet='time=level"-:.TZ0123456789 [<]NovSat@', max_size=120))
def test_garbage_never_raises(text: str) -> None:
    line = text.encode()
    read_form(line, 0, len(line))
    prefix = read_prefix(line)
    assert 0 <= prefix.start <= len(line)


@pytest.mark.parametrize("name", ["caller", "source", "logger", "module", "host", "app", "service", "component", "pid"])
def test_any_field_of_a_logger_may_stand_first(name: str) -> None:
    assert read_prefix(f"{name}=x level=warn t=1795867445.5 msg=y".encode()).level == "warning"


@pytest.mark.parametrize("name", ["time", "ts", "timestamp", "@timestamp", "datetime", "asctime", "t"])
def test_any_name_of_a_clock_may_stand_first(name: str) -> None:
    assert read_prefix(f"{name}=1795867445.5 msg=y".encode()).clock == NOON + 0.5


@pytest.mark.parametrize("line", [b"step=5 loss=0.5", b"loss=0.5 step=5", b"train/loss=1", b"lr=0.1", b"acc=0.5"])
def test_numbers_of_a_training_are_not_looked_at_for_a_clock(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lptui.formats.clock_forms._read_logfmt", lambda *_: pytest.fail("looked at"))
    assert read_form(line, 0, 400) is None
