from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats import lifecycle, progress, progress_gate, progress_lines
from lptui.formats.progress import Progress, read_line, scan


def only(block: bytes) -> Progress:
    (fact,) = scan(block)
    assert isinstance(fact.fact, Progress)
    return fact.fact


METTA_1 = Progress("metta", epoch=100, steps_per_second=41234.0, train=0.45, rollout=0.5, stats=0.05)
METTA_2 = Progress(
    "metta",
    epoch=100,
    step=52_400_000,
    total_steps=1_000_000_000,
    step_resolution=100_000,
    steps_per_second=41230.0,
    train=0.45,
    rollout=0.5,
    stats=0.05,
    label="me.run",
)
METTA_3 = Progress(
    "metta",
    epoch=25,
    step=52_428_800,
    total_steps=10_000_000_000,
    steps_per_second=41230.0,
    train=0.45,
    rollout=0.5,
    stats=0.05,
    label="me.run",
    metrics=(("heart.created", 1.5),),
)
LINE_1 = b"Epoch 100 - 41234 steps/sec (45% train / 50% rollout / 5% stats)"
LINE_2 = b"Epoch 100 [me.run] / 41.23 ksps / 5.24% of 1.00 Gsteps / (45% train / 50% rollout / 5% stats)"
LINE_3 = (
    b"me.run _ epoch 25 _ 52,428,800/10,000,000,000 (0.5%) _ 41.23 ksps _ train 45% _ rollout 50% _ stats 5%"
    b" _ 1m 12s _ heart.created 1.500 (0.012/s)"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"[06:32:26.766554] INFO     ", b"      trainer.py:390"),
        (b"[06:32:27.132] INFO     ", b" [trainer.py:390]"),
        (b"[06:32:27.258] [1-1]  INFO     ", b" [progress_logger.py:153]"),
        (b"06:32:27 [INFO] trainer-0-0: ", b""),
        (b"", b""),
    ],
)
@pytest.mark.parametrize(("line", "expected"), [(LINE_1, METTA_1), (LINE_2, METTA_2), (LINE_3, METTA_3)])
def test_metta_in_console_and_file(line: bytes, expected: Progress, before: bytes, after: bytes) -> None:
    assert only(before + line + after + b"\n") == expected


def test_metta_below_a_thousand_and_without_the_last_bracket() -> None:
    slow = only(
        b"Epoch 3 [r] / 812 sps / 0.10% of 20.00 Ksteps / (1% train / 2% rollout / 3% stats)\n".replace(b"K", b"k")
    )
    assert (slow.steps_per_second, slow.step, slow.total_steps, slow.step_resolution) == (812.0, 20, 20_000, 2)
    bare = only(LINE_3.split(b" _ heart")[0])
    assert (bare.step, bare.metrics) == (52_428_800, ())


def test_a_line_that_rich_wrapped_is_joined() -> None:
    block = (
        b"[06:32:26.766554] INFO     Epoch 100 - 41234 steps/sec (45% train / 50%  trainer.py:390\n"
        + b" " * 27
        + b"rollout / 5% stats)\n"
        b"[06:32:27.000000] INFO     Saving checkpoint at epoch 100              trainer.py:400\n"
    )
    facts = scan(block)
    assert facts[0] == progress.LogFact(0, METTA_1)
    assert facts[1].fact == lifecycle.Lifecycle("saved", 100)
    assert block[facts[1].offset :].startswith(b"[06:32:27")


BAR = b"42/500 [00:12<02:15, 3.40it/s, loss=0.69]"


@pytest.mark.parametrize(
    ("line", "step", "total", "speed", "label", "metrics"),
    [
        (BAR, 42, 500, 3.4, "", (("loss", 0.69),)),
        ("Epoch 3:   8%|▊         | ".encode() + BAR, 1542, None, 3.4, "Epoch 3", (("loss", 0.69),)),
        (b" 50%|#####     | 1.50k/3.00k [1:00:12<1:00:12, 2.00s/it]", 1500, 3000, 0.5, "", ()),
        (b"  0%|          | 0/93 [00:00<?, ?it/s]", 0, 93, None, "", ()),
        (b"\x1b[32mtrain\x1b[0m:  50%|5| 1/2 [00:01<00:01, 1.0batch/s, acc=9e-1, v=nan]", 1, 2, 1.0, "train", None),
    ],
)
def test_bars(line: bytes, step: int, total: int | None, speed: float | None, label: str, metrics: object) -> None:
    found = only(line + b"\n")
    assert (found.form, found.step, found.total_steps, found.steps_per_second) == ("bar", step, total, speed)
    assert found.label == label
    if metrics is None:
        assert found.metrics[0] == ("acc", 0.9)
        assert math.isnan(found.metrics[1][1])
    else:
        assert found.metrics == metrics


def test_the_last_frame_of_a_line_counts() -> None:
    frames = b"\r".join(b" %d%%|#| %d/500 [00:12<02:15, 3.40it/s]" % (n, n) for n in range(1, 400))
    assert only(frames + b"\r\n").step == 399
    assert only(frames + b"\r\x1b[K\n").step == 399
    assert only(frames).step == 399
    assert only(b"Epoch 2:   0%|          | 0/500 [00:00<?, ?it/s]\r" + BAR).step == 42


def test_a_download_is_no_progress() -> None:
    assert scan(b"model: 42%|###| 42.0M/500M [00:12<02:15, 3.40MB/s]\n") == ()


def test_dict_lines() -> None:
    found = only(b"{'loss': 0.69, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': 1.2}\n")
    assert (found.form, found.epoch, found.step) == ("dict", 1.2, None)
    assert dict(found.metrics)["learning_rate"] == 5e-05
    assert math.isnan(dict(found.metrics)["grad_norm"])
    quoted = only(b"{'loss': '0.69', 'step': '12', 'epoch': '1.2'}\n")
    assert (quoted.step, quoted.epoch, quoted.metrics) == (12, 1.2, (("loss", 0.69),))
    assert only(b"{'loss': 0.69}\n").metrics == (("loss", 0.69),)
    assert scan(b"{'width': 640, 'height': 480}\n") == ()


@pytest.mark.parametrize(
    ("line", "step", "epoch", "metrics"),
    [
        (b"step=123 loss=0.5", 123, None, {"loss": 0.5}),
        (b"step: 123, loss: 0.5, lr: 1e-4", 123, None, {"loss": 0.5, "lr": 1e-4}),
        (b"Epoch 3/10 - loss: 0.5 - acc: 93.1%", None, 3, {"loss": 0.5, "acc": 93.1}),
        (b"iter 100: loss 2.3456, time 123.45ms, mfu 30%", 100, None, {"loss": 2.3456}),
        (b"step 250: train loss 2.4, val loss 2.5", 250, None, {"train_loss": 2.4, "val_loss": 2.5}),
        (b"global_step=1,024 sps=2834 rank=2", 1024, None, {"sps": 2834.0}),
        (b"Iteration 7 | loss = -inf | t=03:04:05 ip=10.0.0.1 mem=66.9GiB", 7, None, {"loss": -math.inf}),
        (
            b"2026-11-23 00:00:00,449 | INFO | rank=2 step=5 tok/s=2834 mfu=0.433",
            5,
            None,
            {"tok/s": 2834, "mfu": 0.433},
        ),
        (b"Epoch: [3][1001/5005]\tTime  0.4 ( 0.5)\tLoss 6.9 (6.95)", None, 3.2, {"Time": 0.4, "Loss": 6.9}),
    ],
)
def test_pairs(line: bytes, step: int | None, epoch: float | None, metrics: dict[str, float]) -> None:
    found = only(line + b"\n")
    assert (found.form, found.step, found.epoch, dict(found.metrics)) == ("pairs", step, epoch, metrics)


def test_totals_and_speed_of_pairs() -> None:
    found = only(b"step 10/200 sps=55 loss=1\n")
    assert (found.step, found.total_steps, found.steps_per_second) == (10, 200, 55.0)


@pytest.mark.parametrize(
    "line",
    [
        b"uploaded 126 keys at step 57344 in 0.830s",
        b"stepping=4 stones=5",
        b"a footstep=3 height=0.4",
        b"Epoch 3 begins",
        b"at 12:30:45 epoch unknown lr=1",
    ],
)
def test_lines_that_say_nothing(line: bytes) -> None:
    assert scan(line + b"\n") == ()


def test_offsets_and_a_last_line_without_newline() -> None:
    block = b"x\n" + LINE_1 + b"\n\n\n" + b"step=1 a=2"
    facts = scan(block)
    assert [fact.offset for fact in facts] == [2, len(block) - 10]
    assert scan(b"") == scan(b"\n") == ()


LINES = [
    LINE_1, LINE_2, LINE_3, BAR, b"{'loss': 0.69, 'epoch': 1.2}", b"step=1 a=2", b"Training complete!", b"nothing here",
    b"  RESTART_COUNT: 2", b"navigation score: 0.5", b"", b"Iter 3, x: 4", b"EPOCH 4 x=nan", b"{'a b': '1', 'step': 3}",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=30))
def test_both_engines_and_line_by_line_agree(lines: list[bytes]) -> None:
    block = b"".join(line + b"\n" for line in lines)
    expected: list[tuple[int, object]] = []
    at = 0
    for line in lines:
        fact = read_line(line)
        if fact is not None:
            expected.append((at, fact))
        at += len(line) + 1
    assert repr([(fact.offset, fact.fact) for fact in scan(block)]) == repr(expected)  # repr: nan is not nan
    plain = progress_gate._make_plain_gate(
        b"|".join((*progress_lines.GATE, *lifecycle.GATE)), (*progress_lines.GATE_WORDS, *lifecycle.GATE_WORDS)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "load_gate", lambda: plain)
        assert repr([(fact.offset, fact.fact) for fact in scan(block)]) == repr(expected)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from(LINES)), max_size=12))
def test_garbage_never_raises(parts: list[bytes]) -> None:
    block = b"\n".join(parts)
    for fact in scan(block):
        assert 0 <= fact.offset < len(block)
        assert fact.offset == 0 or block[fact.offset - 1 : fact.offset] == b"\n"


HOSTILE = [
    b"step=",
    b"a" * 100 + b"=",
    b"{'a': ",
    b"step 1 " + b"x_",
    b"1/",
    b"[00:",
    b"loss ",
    b"Epoch 1 [",
    b"_ epoch ",
    b"\x1b[",
    b"((pid=",
    b"[rank1]",
    b" 1 [0:0<",
    b"Training x on ",
    b",1",
    b"- x",
    b" score: 1",
    b"\r",
    b"0 _ ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_repetition_costs_no_more_than_its_length(piece: bytes) -> None:
    """Ends at once when linear; a pattern that backtracks over a megabyte would not end."""
    for line in (piece * (1_000_000 // len(piece)), b"Epoch 3 " + piece * (8_000 // len(piece))):
        scan(line)
        read_line(line[:8192])


def test_the_gate_without_re2_crosses_its_windows() -> None:
    plain = progress_gate._make_plain_gate(
        b"|".join((*progress_lines.GATE, *lifecycle.GATE)), (*progress_lines.GATE_WORDS, *lifecycle.GATE_WORDS)
    )
    quiet = b"all is quiet\n" * 5000
    for block in (quiet + LINE_1, LINE_1 + b"\n" + quiet, quiet + b"STEP: 4 a=1\n" + quiet, quiet):
        hit = plain(block, 0)
        best = progress_gate.load_gate()(block, 0)
        assert (hit is None) == (best is None)
        if hit is not None and best is not None:
            assert hit.start() == best.start()


def test_thinned_reading_spreads_lines_and_misses_nothing_that_matters() -> None:
    lines = [b"step=%d loss=0.5\n" % i for i in range(5000)]
    lines[2500] = b"step=2500 loss=nan\n"
    lines[3100] = b"Training complete!\n"
    data = b"".join(lines)
    thinned = progress.scan(data, 50)
    assert 25 <= len(thinned) <= 60
    assert {f.offset for f in thinned} <= {f.offset for f in progress.scan(data)}
    assert any(isinstance(f.fact, progress.Lifecycle) for f in thinned)
    steps = [f.fact.step for f in thinned if isinstance(f.fact, progress.Progress)]
    assert 2500 in steps
    assert steps == sorted(steps)
    assert max(b - a for a, b in pairwise(steps)) < 300
