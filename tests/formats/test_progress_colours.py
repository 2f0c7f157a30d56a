"""Numbers of a coloured log. `data/rich_colours.log` was written by RichHandler and Console of Rich, 160 cells wide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lptui.detect.scanner import load_scanner
from lptui.formats.lifecycle import Lifecycle
from lptui.formats.progress import LogFact, Progress, scan, scan_from
from lptui.formats.progress_epochs import BarPlace

LOG = (Path(__file__).parent / "data" / "rich_colours.log").read_bytes()
SGR = re.compile(rb"\x1b\[[0-9;]*m")


def told(facts: tuple[LogFact, ...]) -> list[str]:
    return [repr(fact.fact) for fact in facts]  # repr: nan is not nan


def test_a_coloured_log_says_what_it_says_without_colours() -> None:
    facts = scan(LOG)
    assert told(facts) == told(scan(SGR.sub(b"", LOG)))
    progress = [f.fact for f in facts if isinstance(f.fact, Progress)]
    assert [p.step for p in progress if p.step] == [*range(1000, 13000, 1000), 12000]
    assert dict(progress[0].metrics) == {"reward": 1.5, "loss": 2.0, "entropy": 1.1}
    assert dict(progress[-2].metrics) == {"loss": 0.25, "grad_norm": 1.5}
    assert dict(progress[-1].metrics) == {"reward": 18.0}  # of `Step 12000/12000 reward: 18.0`
    assert [f.fact.value for f in facts if isinstance(f.fact, Lifecycle) and f.fact.kind == "saved"] == [4, 8, 12]


def test_a_coloured_nan_is_read_however_few_numbers_are() -> None:
    assert any("nan" in fact for fact in told(scan(LOG, 1)))
    scanner = load_scanner()
    if scanner.engine == "re2":
        assert told(scan_from(LOG, BarPlace(), 1, scanner.sift(LOG))[0]) == told(scan(LOG, 1))


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        (b"\x1b[33mreward\x1b[0m=\x1b[1;36m0.5\x1b[0m", {"reward": 0.5}),
        (b"\x1b[1mloss\x1b[0m: \x1b[31m0.5\x1b[0m", {"loss": 0.5}),
        (b"\x1b[1m{\x1b[0m\x1b[32m'loss'\x1b[0m: \x1b[1;36m0.5\x1b[0m\x1b[1m}\x1b[0m", {"loss": 0.5}),
    ],
)
def test_colours_between_a_name_and_its_number(line: bytes, metrics: dict[str, float]) -> None:
    (fact,) = scan(line)
    assert isinstance(fact.fact, Progress)
    assert dict(fact.fact.metrics) == metrics
