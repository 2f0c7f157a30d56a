"""A line that only mentions a step, among the bars and lines of real libraries (recorded by record.py)."""

from __future__ import annotations

import os
import re
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from printed_rows import ENDED, load

from lptui.engine.reading import read_run
from lptui.formats.progress import scan
from lptui.model.events import DatedFact, Facts
from lptui.model.run import RunInfo
from lptui.run import discover
from lptui.sources.registry import SOURCES
from lptui.state.progress import add_facts
from lptui.state.run_state import Progress, RunState

FILE = "/r/train.log"
MENTIONS = (
    b"RuntimeError: nan at step 48211\n",
    b"2026-09-21 12:04:05,123 ERROR loss=nan at step 48211\n",
    b"loss=nan at step 48211\nloss=nan at step 48211\n",
)
BARS = (
    "tqdm-nested-file",
    "tqdm-nested-tty",
    "tqdm-messages-file",
    "tqdm-messages-tty",
    "tqdm-ascii-file",
    "tqdm-ranks-file",
    "tqdm-torchrun",
    "rich-columns-tty",
    "rich-tasks-tty",
    "lightning-tqdm-file",
    "lightning-rich-tty",
    "lightning-steps-file",
    "transformers-tty",
    "keras-bar-file",
    "keras-lines-file",
    "alive-tty",
    "progressbar2-tty",
    "click-tty",
    "ignite-file",
)


@pytest.fixture(autouse=True)
def no_kernel_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's log of this machine knows nothing of where these were recorded."""
    monkeypatch.setattr("lptui.engine.reading.SOURCES", tuple(s for s in SOURCES if s.kind != "kernel"))


def _read(data: bytes, folder: Path) -> Progress:
    copy = folder / "train.log"
    copy.write_bytes(data)
    os.utime(copy, (ENDED, ENDED))
    return read_run(discover(str(copy)), clock=lambda: ENDED + 2.0, patience=0).progress


def _live(*pieces: bytes) -> Progress:
    """Pieces of a log as they come."""
    state, at = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0), 0
    for number, piece in enumerate(pieces):
        facts = tuple(DatedFact(at + f.offset, f.fact) for f in scan(piece))
        state, at = add_facts(state, Facts(seen_at=100.0 + number, file=FILE, facts=facts)), at + len(piece)
    return state.progress


@pytest.mark.parametrize("mention", MENTIONS)
@pytest.mark.parametrize("name", BARS)
def test_one_mention_of_a_step_does_not_silence_a_bar(name: str, mention: bytes, tmp_path: Path) -> None:
    data = load(name)
    ends = [match.end() for match in re.finditer(rb"[\r\n]+", data)]
    cut = ends[len(ends) // 3]
    told, alone = _read(data[:cut] + b"\n" + mention + data[cut:], tmp_path), _read(data, tmp_path)
    assert (told.step, told.total, told.epoch) == (alone.step, alone.total, alone.epoch)
    pieces = [data[a:b] for a, b in pairwise([*ends[:-1:7], len(data)])]
    before = len(pieces) // 3
    told, alone = _live(*pieces[:before], mention, *pieces[before:]), _live(*pieces)
    assert (told.step, told.total, told.epoch) == (alone.step, alone.total, alone.epoch)


BAR = b"%4d%%|#####     | %d/5000 [00:01<00:01, 5.00it/s]\r"


def test_the_bar_of_epochs_goes_on_behind_a_nan() -> None:
    frames = [BAR % (n // 50, n) for n in range(2900, 2991, 10)]
    assert _live(*frames[:5], b"RuntimeError: nan at step 48211\n").step == 48211  # the newest word there is
    assert _live(*frames[:5], b"RuntimeError: nan at step 48211\n", *frames[5:]).step == 2990


def test_epochs_go_on_behind_a_step_that_was_mentioned() -> None:
    epochs = [b"Epoch %d loss=0.5\n" % n for n in range(2985, 2991)]
    progress = _live(*epochs[:2], b"RuntimeError: nan at step 48211\n", *epochs[2:])
    assert (progress.step, progress.epoch) == (None, 2990)


def test_lines_that_tell_the_step_in_their_rhythm_are_heard_before_a_bar_of_other_units() -> None:
    bars = b"".join(b"minibatches:  50%%|#####     | %d/10 [00:01<00:01, 5.00it/s]\n" % n for n in range(10))
    report = b"step=%d loss=0.5\nstep=%d lr=0.1\n"
    pieces = [piece for n in range(1, 6) for piece in (report % (n * 1_000_000, n * 1_000_000), bars)]
    assert _live(*pieces).step == 5_000_000
    assert _live(*pieces[:2]).step == 1_000_000  # also behind the first of them
    assert _live(*pieces, *[bars] * 20).step == 9  # they fell silent


def test_a_mention_is_told_from_a_rhythm_in_whatever_order_blocks_come() -> None:
    lines = [b"step=100 loss=1\n", b"step=200 loss=1\n", b"step=200 lr=1\n", b"step=300 loss=1\n", BAR % (1, 70)]
    seen = set[tuple[float | None, ...]]()
    for order in permutations(range(5)):
        state = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0)
        for n in order:
            facts = tuple(DatedFact(1000 * n + f.offset, f.fact) for f in scan(lines[n]))
            state = add_facts(state, Facts(seen_at=100.0, file=FILE, facts=facts))
        seen.add((state.progress.step, *(said.earlier for (name, _), said in state.reported.items() if name == "step")))
    assert {(row[0], frozenset(row[1:])) for row in seen} == {(300, frozenset({None, 2000.0}))}
