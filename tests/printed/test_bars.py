"""Progress bars of the real libraries (recorded by record.py): which rows are left of them, and what they tell."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from printed_rows import LOGS, draw, load, points, read

from lptui.formats.progress import Progress, scan
from lptui.model.events import DatedFact, Facts
from lptui.model.run import RunInfo
from lptui.sources.registry import SOURCES
from lptui.state.progress import add_facts, refresh_eta
from lptui.state.run_state import RunState

BAR = re.compile(r"\d+/(?:\d|\?)|\d+it \[|%\|| of \d+\)|━")
FILE = "/r/train.log"


@pytest.fixture(autouse=True)
def no_kernel_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's log of this machine knows nothing of where these were recorded."""
    monkeypatch.setattr("lptui.engine.reading.SOURCES", tuple(s for s in SOURCES if s.kind != "kernel"))


@pytest.mark.parametrize(
    ("name", "step", "total", "epoch", "rated"),
    [
        ("tqdm-nested-file", 120, 120, 3, True),
        ("tqdm-nested-tty", 118, 120, 3, True),  # what was drawn last of the inner bar
        ("tqdm-unknown-file", 60, None, None, True),
        ("tqdm-messages-file", 60, 60, None, True),
        ("tqdm-messages-tty", 60, 60, None, True),
        ("tqdm-crash-file", 33, 60, None, True),
        ("tqdm-crash-tty", 33, 60, None, True),
        ("tqdm-ascii-file", 40, 40, None, True),
        ("tqdm-units-file", 2_000_000, 2_000_000, 4, True),  # neither the download nor the bar of epochs
        ("tqdm-positions-tty", 40, 40, None, True),
        ("tqdm-ranks-file", 30, 30, None, True),
        ("tqdm-torchrun", 30, 30, None, True),
        ("rich-columns-tty", 120, 120, None, False),
        ("rich-tasks-tty", 120, 120, 3, False),
        ("rich-unknown-tty", 40, None, None, False),
        ("rich-messages-tty", 60, 60, None, False),  # a line that says `step 40` once does not end a bar that goes on
        ("rich-track-file", None, None, None, False),  # a share and a time, and nothing that counts
        ("lightning-tqdm-file", 90, None, 2, True),
        ("lightning-tqdm-tty", 90, None, 2, True),
        ("lightning-rich-tty", 90, 90, 2, True),
        ("lightning-steps-file", 80, None, 2, True),  # a last epoch that is shorter than the others
        ("lightning-crash-file", 45, None, 1, True),
        ("transformers-file", 80, 80, 2, True),  # not the 20 batches of the evaluation
        ("transformers-tty", 80, 80, 2, True),
        ("transformers-crash-tty", 40, 80, 1, True),
        ("keras-bar-file", 72, 72, 3, True),
        ("keras-bar-tty", 72, 72, 3, True),
        ("keras-lines-file", 72, 72, 3, True),
        ("keras-crash-tty", 17, 72, 1, True),
        ("alive-tty", 80, 80, None, True),
        ("progressbar2-tty", 80, 80, None, False),
        ("click-tty", 80, 80, None, False),
        ("ignite-file", 120, 120, 3, False),
        ("sb3-tty", 2048, 2000, None, True),
    ],
)
def test_the_bar_of_the_training_tells_how_far_it_is(
    name: str, step: int | None, total: int | None, epoch: int | None, rated: bool, tmp_path: Path
) -> None:
    progress = read(name, tmp_path).progress
    assert (progress.step, progress.total, progress.epoch) == (step, total, epoch)
    assert (progress.steps_per_second is not None) == rated


@pytest.mark.parametrize("name", sorted(p.stem for p in LOGS.glob("*.log") if "crash" not in p.stem))
def test_nothing_that_went_well_raises_an_alarm(name: str, tmp_path: Path) -> None:
    if name.startswith("richhandler") or not name.startswith(
        ("tqdm", "rich", "lightning", "transformers", "keras", "alive", "progressbar2", "click", "sb3")
    ):
        pytest.skip("not a training that went well")
    assert [f.title for f in read(name, tmp_path).findings if f.active and f.severity != "info"] == []


@pytest.mark.parametrize(
    ("name", "key", "first", "last"),
    [
        ("tqdm-nested-file", "loss", (0, 7.92), (120, 9.1e-11)),
        ("lightning-tqdm-file", "train_loss", (30, 0.0232), (90, 1.23e-7)),
        ("lightning-tqdm-file", "val_loss", (60, 0.0182), (90, 1.06e-7)),
        ("lightning-steps-file", "train_loss", (30, 0.0232), (80, 1.09e-6)),
        ("keras-bar-file", "val_loss", (24, 1.1534), (72, 0.2279)),
        ("ignite-file", "loss", (40, 0.00307), (120, 9.1e-11)),
        ("rich-columns-tty", "loss", (120, 0.0), (120, 0.0)),
        ("tqdm-unknown-file", "loss", (60, 0.0), (60, 0.0)),
        ("alive-tty", "log/steps_per_second", (80, 43.95), (80, 43.95)),
    ],
)
def test_numbers_stand_on_the_steps_of_the_whole_training(
    name: str, key: str, first: tuple[float, float], last: tuple[float, float], tmp_path: Path
) -> None:
    rows = points(read(name, tmp_path), key)
    assert rows[0] == pytest.approx(first)
    assert rows[-1] == pytest.approx(last)
    assert all(one[0] <= two[0] for one, two in pairwise(rows))


@pytest.mark.parametrize("name", ["tqdm-nested-file", "keras-bar-tty", "lightning-tqdm-tty", "lightning-rich-tty"])
def test_every_frame_alone_tells_a_step_that_does_not_go_back(name: str) -> None:
    """As a live log is read, in which each frame is seen as it comes."""
    facts = [fact.fact for fact in scan(load(name).replace(b"\r", b"\n"))]
    steps = [f.step for f in facts if isinstance(f, Progress) and f.role in ("", "training") and f.step is not None]
    assert len(steps) > 20
    assert steps == sorted(steps)


@pytest.mark.parametrize(
    ("name", "most", "shown"),
    [
        ("tqdm-nested-file", 1, ["Epochs: 100%"]),
        ("tqdm-nested-tty", 1, ["Epochs: 100%"]),
        ("tqdm-positions-tty", 1, ["train: 100%"]),
        ("tqdm-ranks-file", 4, ["rank 0: 100%", "rank 1: 100%", "rank 2: 100%", "rank 3: 100%"]),
        ("tqdm-torchrun", 2, ["[default0]:rank 0: 100%", "[default1]:rank 1: 100%"]),
        ("rich-tasks-tty", 1, ["Epochs ━━━"]),
        ("rich-columns-tty", 1, ["Training ━━━"]),
        ("lightning-tqdm-file", 3, ["Epoch 2: 100%", "`Trainer.fit` stopped: `max_epochs=3` reached."]),
        ("lightning-rich-tty", 3, ["Epoch 2/2", "`Trainer.fit` stopped: `max_epochs=3` reached."]),
        ("keras-bar-file", 3, ["Epoch 3/3", "24/24 ━━━"]),
        ("transformers-file", 1, ["80/80 [00:01<00:00, 46.96it/s]"]),
        ("progressbar2-tty", 2, ["saved checkpoint at step 40"]),
        ("alive-tty", 1, ["80/80 [100%] in 1.8s (43.95/s)", "saved checkpoint at step 40"]),
    ],
)
def test_a_bar_is_one_row_in_its_last_state(name: str, most: int, shown: list[str]) -> None:
    rows = [text for kind, text in draw(load(name)) if kind != "redrawn"]
    bars = [
        row for row in rows if BAR.search(row) and row != "Epoch 1/3" and not row.startswith(("{", "|", "┏", "┡", "└"))
    ]
    assert len([row for row in bars if not re.fullmatch(r"Epoch \d/\d", row)]) <= most
    for text in shown:
        assert any(text in row for row in rows), rows


@pytest.mark.parametrize("name", ["tqdm-messages-file", "tqdm-messages-tty", "rich-messages-tty"])
def test_a_message_in_the_middle_of_a_bar_has_its_own_row(name: str) -> None:
    rows = [text for _, text in draw(load(name))]
    assert "saved checkpoint at step 20" in rows
    assert any(re.match(r"\S+ \S+ (?:- )?WARNING (?:- )? ?gradient norm 12.5", row) for row in rows)
    assert len([row for row in rows if row.startswith("Training")]) <= 3


@pytest.mark.parametrize(
    "name", ["tqdm-crash-file", "tqdm-crash-tty", "lightning-crash-file", "transformers-crash-tty", "keras-crash-tty"]
)
def test_an_exception_in_the_middle_of_a_bar_is_one_row(name: str, tmp_path: Path) -> None:
    rows = draw(load(name))
    blocks = [text for kind, text in rows if kind == "traceback" and text.startswith("▸")]
    assert len(blocks) == 1
    assert any(BAR.search(text) for _, text in rows)  # also where it is in the line in which the traceback begins
    assert re.match(r"▸ RuntimeError: .*  bars_\w+.py:\d+ in \w+", blocks[0])
    assert [f for f in read(name, tmp_path).findings if f.active and f.severity == "error"]


@pytest.mark.parametrize("said", ["", "loss went up ", "loss went up"])
def test_what_is_said_between_a_bar_and_a_traceback_stays_in_view(said: str) -> None:
    bar = " 50%|#####     | 30/60 [00:01<00:01, 5.00it/s, loss=0.5]"
    trace = 'Traceback (most recent call last):\n  File "/a/b.py", line 3, in f\nValueError: x\n'
    rows = [text for _, text in draw(f"start\n\r{bar}{said}{trace}more\n".encode())]
    assert rows == ["start", (bar + said).strip(), "▸ ValueError: x  b.py:3 in f  3 lines", "more"]


def _live(state: RunState, text: str, at: float, position: int) -> RunState:
    facts = tuple(DatedFact(position + f.offset, f.fact) for f in scan(text.encode()))
    return add_facts(state, Facts(seen_at=at, file=FILE, facts=facts))


def test_a_bar_without_a_rate_tells_the_time_that_is_left_while_it_is_watched() -> None:
    state = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0)
    for number in range(5):
        text = f"Training {'━' * 20} {100 + 20 * number}/1000 0:00:{number:02d} -:--:--\n"
        state = _live(state, text, 100.0 + 10.0 * number, 200 * number)
    assert state.progress.steps_per_second == pytest.approx(2.0)
    assert refresh_eta(state).eta == pytest.approx((1000 - 180) / 2.0)


@pytest.mark.parametrize("label", ["Training", "Working..."])
def test_a_bar_that_tells_a_share_alone_tells_the_time_that_is_left(label: str) -> None:
    state = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0)
    for number in range(5):
        text = f"{label} {'━' * 20} {10 + 5 * number:>3}% 0:00:{number:02d}\n"
        state = _live(state, text, 100.0 + 10.0 * number, 200 * number)
    progress = refresh_eta(state)
    assert (progress.step, progress.total, progress.share) == (None, None, 0.3)
    assert progress.eta == pytest.approx(0.7 / 0.005)
    state = _live(state, "step 5 loss 0.5\n", 150.0, 2000)
    assert (state.progress.step, state.progress.share) == (5, None)


def test_a_recorded_bar_of_track_tells_its_share(tmp_path: Path) -> None:
    assert read("rich-track-file", tmp_path).progress.share == 1.0
    state = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0)
    state = _live(state, f"Downloading {'━' * 20}  28% 0:00:01\n", 100.0, 0)
    assert state.progress.share is None


def test_bars_of_other_things_are_no_progress() -> None:
    state = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0)
    bar = "{}: 50%|#####     | 5/10 [00:01<00:01, 5.00it/s, loss=0.5]\n"
    for number, label in enumerate(
        ("Map", "Loading checkpoint shards", "Validating", "Test", "Tokenizing", "Fetching 4 files")
    ):
        state = _live(state, bar.format(label), 100.0, 100 * number)
    assert (state.progress.step, state.progress.total, state.progress.steps_per_second) == (None, None, None)
    (fact,) = scan(bar.format("Validating").encode())
    assert isinstance(fact.fact, Progress)
    assert fact.fact.metrics == (("validation/loss", 0.5),)


def test_a_bar_that_counts_its_own_units_lends_no_total_to_the_steps_of_lines() -> None:
    state = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0)
    state = _live(state, "step 52,428,800 loss 0.5\n", 100.0, 0)
    state = _live(state, "minibatches:  50%|#####     | 5/10 [00:01<00:01, 5.00it/s]\n", 101.0, 100)
    assert (state.progress.step, state.progress.total, state.progress.steps_per_second) == (52_428_800, None, None)


def test_a_bar_over_all_epochs_is_not_counted_again_for_each() -> None:
    frames = "".join(f"Epoch {n // 20}:  50%|#####     | {n}/60 [00:01<00:01, 5.00it/s]\n" for n in range(0, 60, 5))
    steps = [f.fact.step for f in scan(frames.encode()) if isinstance(f.fact, Progress)]
    assert steps == list(range(0, 60, 5))


def test_endless_labels_are_forgotten() -> None:
    state = RunState(RunInfo("r", "/r", logs=(FILE,)), 100.0)
    for number in range(300):
        label = "".join(chr(97 + int(d)) for d in str(number))
        state = _live(state, f"{label}:  50%|#| 5/10 [00:01<00:01, 5.00it/s]\n", 100.0, 100 * number)
    assert len(state.reported) < 60


@pytest.mark.parametrize(
    "piece",
    ["━ 1/2 ", "1/2 [", "━ 0:00:00 ", "1it [00:01, ", "[#] 1/2", "% (1 of 2) |", "]: [1/2] 1%|", "1/2 [1%] in 1s ("],
)
def test_repeated_beginnings_of_bars_cost_no_more_than_their_length(piece: str) -> None:
    for line in (piece * (8_000 // len(piece)), (piece * 40 + "\n") * 500, piece * (1_000_000 // len(piece))):
        scan(line.encode())
        draw(line.encode()[:60_000])
