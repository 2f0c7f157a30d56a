"""The shapes of progress lines, each read from one message (a line without its prefix).

Every repetition is bounded or starts only at the beginning of a word: no line takes more than linear time.
Bars: lptui.formats.progress_bars; headings, boxes and rows: lptui.formats.progress_tables. Sources: Metta's trainer.py
(2025-07), metta/rl/utils.py (2025-08), training/progress_logger.py (2026); transformers.trainer_callback.
"""

from __future__ import annotations

import re

from lptui.formats import progress_bars, progress_bars_other, progress_rich, progress_tables, progress_totals
from lptui.formats.progress_bars import read_bar, read_keras, scaled
from lptui.formats.progress_bars_other import read_other
from lptui.formats.progress_labels import EPOCH, find_epoch, find_epochs
from lptui.formats.progress_pairs import (
    NO_METRIC,
    PLAIN,
    STEP_KEYS,
    find_items,
    find_pairs,
    find_spoken,
    speaks,
    to_float,
    to_int,
)
from lptui.formats.progress_rich import read_rich
from lptui.formats.progress_tables import close_table, read_opening
from lptui.formats.progress_totals import read_plan, split_totals
from lptui.formats.progress_values import Progress
from lptui.text.regex import Regex

_SHARES = rb"(\d+)% train / (\d+)% rollout / (\d+)% stats"
_SPEED = rb"(\d[\d.]*) ?([kMG]?)"

_METTA_1 = Regex(rb"Epoch (\d+) - ([\d.]+) steps/sec \(" + _SHARES)
_METTA_2 = Regex(
    rb"Epoch (\d+) \[([^\]]{0,200})\] / " + _SPEED + rb"sps / ([\d.]+)% of " + _SPEED + rb"steps / \(" + _SHARES
)
_METTA_3 = Regex(
    rb"(\S{0,200}) _ epoch (\d+) _ ([\d,]+)/([\d,]+) \([\d.]+%\) _ " + _SPEED + rb"sps"
    rb" _ train (\d+)% _ rollout (\d+)% _ stats (\d+)%(.{0,200})"
)
_METTA_3_STAT = Regex(rb" _ ([a-z][\w.]{0,60}) ([\d.]+) \([-\d.]+/s\)")
_STEP = Regex(
    rb"(?<![\w./-])(?:global[_ ]?steps?|steps?|iter(?:ation)?s?|(?:num_)?updates?) {0,2}[=:#]? {0,2}\[? {0,6}"
    rb"(" + PLAIN + rb")(?: {0,8}/ {0,8}(" + PLAIN + rb"))?(?!\w|\.\d)",
    re.IGNORECASE,
)
_DRAWN = frozenset((b"=", b"-", b"*", b"#", b"|", b"\xe2", b" "))
_CLU = Regex(rb"\[(\d{1,15})\] (?=[\w/]{1,80}=)")
_SPEED_KEYS = frozenset(("sps", "it/s", "steps/s", "steps/sec", "steps_per_sec", "steps_per_second"))

_SGR = rb"(?:\x1b\[[0-9;]*m)*"  # Rich colours names, signs and numbers each by itself
GATE: tuple[bytes, ...] = (
    rb"(?:\b|\x1b\[[0-9;]*m)"
    rb"(?:[Gg]lobal[_ ]?[Ss]teps?|[Ss]teps?|STEPS?|[Ii]ter(?:ation)?|ITER(?:ATION)?|[Ee]poch|EPOCH|[Uu]pdates?)"
    rb"(?:\([a-z]+\))?[\"']?" + _SGR + rb"[=:# ](?:[=:# \[\"']|\x1b\[[0-9;]*m)*[0-9]",
    *progress_bars.GATE,
    progress_rich.GATE,
    *progress_bars_other.GATE,
    rb"\{" + _SGR + rb"['\"][\w/. -]+['\"]" + _SGR + rb": ?" + _SGR + rb"['\"]?[-0-9nNiI]",
    rb"(?:[Ll]oss|LOSS|[Rr]eward|[Rr]eturn|[Ss]core|[Gg]rad[_ ][Nn]orm|(?:iter|step|batch)_time)"
    rb"$[=:] ?$\[?$[-0-9nNiI]".replace(b"$", _SGR),
    *progress_tables.GATE,
    progress_totals.GATE,
)
"""Patterns in RE2 syntax, one of which occurs in every line that `read_progress` is to see."""
GATE_WORDS: tuple[bytes, ...] = (
    b"poch", b"tep", b"iter", b"/s", b"{'", b"{\"", b"pdate", b"Iter", b"STEP", b"ITER", b"POCH", b"oss", b"LOSS",
    b"eward", b"eturn", b"core", b"orm", b"_time", b"\xe2\x94", b"\xe2\x95",
    *progress_bars_other.GATE_WORDS, *progress_tables.GATE_WORDS,
)  # fmt: skip
"""Literals, one of which is in whatever a pattern of GATE matches."""


def read_progress(message: bytes) -> Progress | None:
    """The progress that one message states; None when it states none."""
    if message.startswith(b"Epoch ") and (found := _read_metta_1(message) or _read_metta_2(message)):
        return found
    if (middle := message.find(b" _ epoch ")) >= 0 and (found := _read_metta_3(message, middle)):
        return found
    if found := _read_any_bar(message):
        return found
    opening = message.find(b"{'")
    opening = message.find(b'{"') if opening < 0 else opening
    if opening >= 0:
        return _read_items(message[opening:]) or read_plan(message)
    table = read_opening(message) if b"=" not in message or message[:1] in _DRAWN else None
    found = close_table(table) if table is not None else _read_pairs(message)
    return found or read_plan(message)


def _read_any_bar(message: bytes) -> Progress | None:
    if (b"<" in message or b"/s" in message) and (found := read_bar(message)):
        return found
    if (b"[=" in message or b"/step" in message or b"[>" in message) and (found := read_keras(message)):
        return found
    if b"\xe2" in message and (b"/" in message or b"% " in message) and (found := read_rich(message)):
        return found
    if (b"/" in message and b"]" in message) or b" of " in message:
        return read_other(message)
    return None


def _read_metta_1(message: bytes) -> Progress | None:
    match = _METTA_1.match(message)
    if not match:
        return None
    train, rollout, stats = _to_shares(match, 3)
    return Progress(
        "metta",
        epoch=int(match[1]),
        steps_per_second=to_float(match[2]),
        train=train,
        rollout=rollout,
        stats=stats,
    )


def _read_metta_2(message: bytes) -> Progress | None:
    match = _METTA_2.match(message)
    if not match:
        return None
    total, percent = scaled(match[6], match[7]), to_float(match[5])
    train, rollout, stats = _to_shares(match, 8)
    return Progress(
        "metta",
        epoch=int(match[1]),
        step=None if total is None or percent is None else round(total * percent / 100),
        total_steps=None if total is None else round(total),
        step_resolution=1 if total is None else max(1, round(total / 10_000)),
        steps_per_second=scaled(match[3], match[4]),
        train=train,
        rollout=rollout,
        stats=stats,
        label=match[2].decode(errors="replace"),
    )


def _read_metta_3(message: bytes, middle: int) -> Progress | None:
    match = _METTA_3.match(message, message.rfind(b" ", 0, middle) + 1)
    if not match:
        return None
    train, rollout, stats = _to_shares(match, 7)
    metrics = [(stat[1].decode(), to_float(stat[2])) for stat in _METTA_3_STAT.finditer(match[10])]
    return Progress(
        "metta",
        epoch=int(match[2]),
        step=to_int(match[3]),
        total_steps=to_int(match[4]),
        steps_per_second=scaled(match[5], match[6]),
        train=train,
        rollout=rollout,
        stats=stats,
        label=match[1].decode(errors="replace"),
        metrics=tuple((name, value) for name, value in metrics if value is not None),
    )


def _read_items(message: bytes) -> Progress | None:
    pairs = find_items(message)
    metrics = tuple((name, value) for name, value in pairs.items() if name.lower() not in NO_METRIC)
    steps = [int(value) for name, value in pairs.items() if name.lower() in STEP_KEYS and value.is_integer()]
    if not metrics or (not steps and "epoch" not in pairs and not any(speaks(name) for name, _ in metrics)):
        return None
    epoch, step = pairs.get("epoch"), steps[0] if steps else None
    metrics, total, epochs = split_totals(metrics, step, epoch)
    return Progress("dict", epoch=epoch, step=step, total_steps=total, metrics=metrics, epochs=epochs)


def _read_pairs(message: bytes) -> Progress | None:
    step = _STEP.search(message) or _CLU.match(message)
    epoch = EPOCH.search(message) if b"poch" in message or b"POCH" in message else None
    metrics = find_pairs(message)
    if (step or epoch) and len(metrics) < 2 and (spoken := find_spoken(message)):
        return _read_spoken(dict(spoken))
    if not metrics or not (step or epoch or any(speaks(name) for name, _ in metrics)):
        return None
    speeds = [value for name, value in metrics if name.lower() in _SPEED_KEYS]
    done, number = to_int(step[1]) if step else None, find_epoch(epoch) if epoch else None
    metrics, total, epochs = split_totals(metrics, done, number)
    return Progress(
        "pairs",
        epoch=number,
        epochs=(find_epochs(message, epoch) if epoch else None) or epochs,
        step=done,
        total_steps=(to_int(step[2]) if step and step.re is _STEP.compiled and step[2] else None) or total,
        steps_per_second=speeds[0] if speeds else None,
        metrics=metrics,
    )


def _read_spoken(pairs: dict[str, float]) -> Progress:
    steps = [v for name, v in pairs.items() if name.lower() in STEP_KEYS and v == v and abs(v) < 1e18]
    speeds = [v for name, v in pairs.items() if name.lower() in _SPEED_KEYS]
    step = int(steps[0]) if steps else None
    epoch = next((v for name, v in pairs.items() if name.lower() in ("epoch", "epochs")), None)
    metrics = tuple((name, v) for name, v in pairs.items() if name.lower() not in NO_METRIC)
    metrics, total, epochs = split_totals(metrics, step, epoch)
    return Progress(
        "pairs",
        epoch=epoch,
        step=step,
        total_steps=total,
        steps_per_second=speeds[0] if speeds else None,
        metrics=metrics,
        epochs=epochs,
    )


def _to_shares(match: re.Match[bytes], first: int) -> tuple[float, float, float]:
    return int(match[first]) / 100, int(match[first + 1]) / 100, int(match[first + 2]) / 100
