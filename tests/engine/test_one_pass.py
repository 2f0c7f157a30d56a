"""One log is looked through once, for failures and for what its numbers must not miss, with the same verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from lptui.detect.scanner import load_scanner
from lptui.engine import core, reading
from lptui.formats import progress
from lptui.formats.progress_gate import Search, load_gate
from lptui.model.events import Event, Facts, LogBlock
from lptui.run import Missing, discover
from lptui.sources.log import LogSource
from lptui.state.run_state import RunState

PLAIN = "12:00:{:02d} [INFO] rl.vecenv: worker 4 reset env 17\n"
TOLD = (
    "12:00:01 [INFO] trainer: step=100 loss=nan lr=0.1\n",
    "12:00:02 [INFO] trainer: step=101 loss=0.5 grad_norm=inf\n",
    "12:00:03 [INFO] Resuming training from checkpoint 12\n",
    "12:00:03 [INFO] Training complete!\n",
    "12:00:04 [ERROR] RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB\n",
    'Traceback (most recent call last):\n  File "/t/a.py", line 3, in <module>\n    f()\nMyError: what\n',
    "  File \"/t/b.py\", line 3\n    f(\n     ^\nSyntaxError: '(' was never closed\n",
    " 3%|#  | 3/100 [00:01<00:30, 1.0it/s, loss=nan]\r 4%|#  | 4/100 [00:01<00:30, 1.0it/s, loss=0.5]\n",
    "12:00:03 [INFO] step=7 loss=0.25 acc=0.5\n",
    "x" * 9000 + " score: 12\n",
)
"""Lines that must be found in a block of which few numbers are read."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "train.log"
    plain = "".join(PLAIN.format(i % 60) for i in range(2000))
    path.write_text("".join(f"{plain}{TOLD[i % len(TOLD)]}" for i in range(40)))
    return path


def blocks(source: LogSource) -> list[Event]:
    found = list(source.poll(0.0))
    while source.pending:
        found += source.poll(0.0)
    return found


def facts(found: list[Event]) -> list[object]:
    return [(f.position, repr(f.fact)) for event in found if isinstance(event, Facts) for f in event.facts]


@pytest.mark.skipif(load_scanner().engine != "re2", reason="google-re2 is not installed")
def test_the_facts_are_those_of_two_passes(log: Path) -> None:
    alone, shared = LogSource(str(log)), LogSource(str(log))
    core.share_scan([shared], ())
    two, one = blocks(alone), blocks(shared)
    assert facts(one) == facts(two)
    assert len(facts(one)) > 20
    sifted = [e for e in one if isinstance(e, LogBlock) and e.suspects is not None]
    assert len(sifted) >= 3
    assert all(e.suspects is None for e in two if isinstance(e, LogBlock))


@pytest.mark.skipif(load_scanner().engine != "re2", reason="google-re2 is not installed")
def test_no_gate_passes_old_blocks_again(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[int] = []
    real = load_gate(rare=True)

    def load(*, rare: bool = False) -> Search:
        def search(data: bytes, at: int) -> object:
            passed.append(len(data) - at)
            return real(data, at)

        return search if rare else (lambda data, at: None)  # type: ignore[return-value]

    monkeypatch.setattr(progress, "load_gate", load)
    source = LogSource(str(log))
    core.share_scan([source], ())
    blocks(source)
    assert sum(passed) < 0.02 * log.stat().st_size


def read(path: Path) -> RunState:
    found = discover(str(path))
    assert not isinstance(found, Missing)
    return reading.read_run(found, clock=lambda: path.stat().st_mtime + 4000.0, patience=0.0)


def test_the_verdict_is_that_of_two_passes(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = read(log)
    monkeypatch.setattr(reading, "share_scan", lambda sources, rules: None)
    two = read(log)
    assert {f.cls for f in one.findings} >= {"cuda-oom"}
    assert [(f.id, f.title, f.count, f.evidence) for f in one.findings] == [
        (f.id, f.title, f.count, f.evidence) for f in two.findings
    ]
    assert repr(one.milestones) == repr(two.milestones)
    assert repr(one.progress) == repr(two.progress)
