"""The shapes of progress lines, each read from one message (a line without its prefix).

Every repetition is bounded or starts only at the beginning of a word: no line takes more than linear time.
Sources: Metta's trainer.py (2025-07), metta/rl/utils.py (2025-08), training/progress_logger.py (2026);
tqdm.std; transformers.trainer_callback.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PLAIN = rb"(?:\d{1,3}(?:,\d{3})+|\d{1,40})"
_NUMBER = rb"[-+]?(?:" + _PLAIN + rb"(?:\.\d{0,40})?(?:[eE][-+]?\d{1,4})?|\.\d{1,40}|(?:nan|NaN|inf|Inf|Infinity)\b)"
_END = rb"(?![\w:/-]|\.\d)"
_SHARES = rb"(\d+)% train / (\d+)% rollout / (\d+)% stats"
_SPEED = rb"(\d[\d.]*) ?([kMG]?)"

_METTA_1 = re.compile(rb"Epoch (\d+) - ([\d.]+) steps/sec \(" + _SHARES)
_METTA_2 = re.compile(
    rb"Epoch (\d+) \[([^\]]{0,200})\] / " + _SPEED + rb"sps / ([\d.]+)% of " + _SPEED + rb"steps / \(" + _SHARES
)
_METTA_3 = re.compile(
    rb"(\S{0,200}) _ epoch (\d+) _ ([\d,]+)/([\d,]+) \([\d.]+%\) _ " + _SPEED + rb"sps"
    rb" _ train (\d+)% _ rollout (\d+)% _ stats (\d+)%(.{0,200})"
)
_METTA_3_STAT = re.compile(rb" _ ([a-z][\w.]{0,60}) ([\d.]+) \([-\d.]+/s\)")
_BAR = re.compile(
    rb"(?<![\w.])(\d{1,18}(?:\.\d{1,3})?)([kMGTP]?)/(\d{1,18}(?:\.\d{1,3})?)([kMGTP]?)"
    rb" \[[\d:]{4,12}<[^,\]]{1,16}, *(?:([\d.]{1,16})([kMGTP]?)|\?)(\w{0,12}/s|s/\w{1,12})([^\]]{0,1000})"
)
_PAIR = re.compile(rb"(?<![\w./-])([A-Za-z_][\w./-]{0,79}) ?[=:] {0,2}(" + _NUMBER + rb")" + _END)
_SPOKEN_LOSS = re.compile(
    rb"(?<![\w./-])((?:(?:train|val|valid|eval|test) )?[\w./-]{0,40}?[Ll]oss) {1,3}(" + _NUMBER + rb")" + _END
)
_ITEM = re.compile(rb"'([^']{1,120})': ['\"]?(" + _NUMBER + rb")['\"]?(?=[,}\s])")
_STEP = re.compile(
    rb"(?<![\w./-])(?:global[_ ]?steps?|steps?|iter(?:ation)?s?|updates?) {0,2}[=:#]? {0,2}\[? {0,6}"
    rb"(" + _PLAIN + rb")(?: ?/ ?(" + _PLAIN + rb"))?(?![\w.])",
    re.IGNORECASE,
)
_EPOCH = re.compile(rb"(?<![\w./-])epochs? {0,2}[=:#]? {0,2}\[? {0,6}(\d{1,12}(?:\.\d{1,12})?)(?!\w)", re.IGNORECASE)
_SCALE = {b"": 1.0, b"k": 1e3, b"M": 1e6, b"G": 1e9, b"T": 1e12, b"P": 1e15}
_STEP_KEYS = frozenset(("step", "steps", "global_step", "globalstep", "iter", "iteration", "update", "updates"))
_NO_METRIC = _STEP_KEYS | {"epoch", "epochs", "rank", "pid", "local_rank", "line", "seed"}
_SPEED_KEYS = frozenset(("sps", "it/s", "steps/s", "steps/sec", "steps_per_sec", "steps_per_second"))
_MOST_METRICS = 64

GATE: tuple[bytes, ...] = (
    rb"\b(?:[Gg]lobal[_ ]?[Ss]teps?|[Ss]teps?|STEPS?|[Ii]ter(?:ation)?|ITER(?:ATION)?|[Ee]poch|EPOCH|[Uu]pdates?)"
    rb"[=:# ][=:# \[]*[0-9]",
    rb"[0-9kMGTP] \[[0-9:]+<[0-9?]",
    rb"\{'[\w/. -]+': ['\"]?[-0-9nNiI]",
)
"""Patterns in RE2 syntax, one of which occurs in every line that `read_progress` is to see."""
GATE_WORDS: tuple[bytes, ...] = (b"poch", b"tep", b"iter", b"<", b"{'", b"pdate", b"Iter", b"STEP", b"ITER", b"POCH")
"""Literals, one of which is in whatever a pattern of GATE matches."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run says it is. What a line does not say is None.

    `form`: metta, bar, dict or pairs. `step_resolution`: the step is known to so many steps (Metta of 2025-08
    prints a percentage only). `train`, `rollout`, `stats`: shares of the epoch's time, 0 to 1. `label`: the
    run's name, or what stands before a bar (a bar may count other things than training steps).
    """

    form: str
    epoch: float | None = None
    step: int | None = None
    total_steps: int | None = None
    step_resolution: int = 1
    steps_per_second: float | None = None
    train: float | None = None
    rollout: float | None = None
    stats: float | None = None
    label: str = ""
    metrics: tuple[tuple[str, float], ...] = ()


def read_progress(message: bytes) -> Progress | None:
    """The progress that one message states; None when it states none."""
    if message.startswith(b"Epoch ") and (found := _read_metta_1(message) or _read_metta_2(message)):
        return found
    if (middle := message.find(b" _ epoch ")) >= 0 and (found := _read_metta_3(message, middle)):
        return found
    if b"<" in message and (match := _BAR.search(message)):
        return _read_bar(message, match)
    opening = message.find(b"{'")
    if opening >= 0:
        return _read_items(message[opening:])
    return _read_pairs(message)


def _read_metta_1(message: bytes) -> Progress | None:
    match = _METTA_1.match(message)
    if not match:
        return None
    train, rollout, stats = _to_shares(match, 3)
    return Progress(
        "metta",
        epoch=int(match[1]),
        steps_per_second=_to_float(match[2]),
        train=train,
        rollout=rollout,
        stats=stats,
    )


def _read_metta_2(message: bytes) -> Progress | None:
    match = _METTA_2.match(message)
    if not match:
        return None
    total, percent = _scaled(match[6], match[7]), _to_float(match[5])
    train, rollout, stats = _to_shares(match, 8)
    return Progress(
        "metta",
        epoch=int(match[1]),
        step=None if total is None or percent is None else round(total * percent / 100),
        total_steps=None if total is None else round(total),
        step_resolution=1 if total is None else max(1, round(total / 10_000)),
        steps_per_second=_scaled(match[3], match[4]),
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
    metrics = [(stat[1].decode(), _to_float(stat[2])) for stat in _METTA_3_STAT.finditer(match[10])]
    return Progress(
        "metta",
        epoch=int(match[2]),
        step=_to_int(match[3]),
        total_steps=_to_int(match[4]),
        steps_per_second=_scaled(match[5], match[6]),
        train=train,
        rollout=rollout,
        stats=stats,
        label=match[1].decode(errors="replace"),
        metrics=tuple((name, value) for name, value in metrics if value is not None),
    )


def _read_bar(message: bytes, match: re.Match[bytes]) -> Progress | None:
    if match[7] in (b"B/s", b"iB/s"):
        return None  # a download
    done, total = _scaled(match[1], match[2]), _scaled(match[3], match[4])
    speed = _scaled(match[5], match[6]) if match[5] else None
    if speed is not None and match[7].startswith(b"s/"):
        speed = 1 / speed if speed else None
    label = message[: match.start()].split(b"|", 1)[0].rstrip(b" 0123456789%").rstrip(b": ")
    epoch = _EPOCH.search(label)
    return Progress(
        "bar",
        epoch=_to_float(epoch[1]) if epoch else None,
        step=None if done is None else round(done),
        total_steps=None if total is None else round(total),
        step_resolution=max(1, round(_SCALE[match[2]] / 100)),
        steps_per_second=speed,
        label=label[-80:].decode(errors="replace"),
        metrics=_find_pairs(match[8]),
    )


def _read_items(message: bytes) -> Progress | None:
    pairs: dict[str, float] = {}
    for match in _ITEM.finditer(message):
        value = _to_float(match[2])
        if value is not None and len(pairs) < _MOST_METRICS:
            pairs[match[1].decode(errors="replace")] = value
    metrics = tuple((name, value) for name, value in pairs.items() if name.lower() not in _NO_METRIC)
    steps = [int(value) for name, value in pairs.items() if name.lower() in _STEP_KEYS and value.is_integer()]
    if not metrics or (not steps and "epoch" not in pairs):
        return None
    return Progress("dict", epoch=pairs.get("epoch"), step=steps[0] if steps else None, metrics=metrics)


def _read_pairs(message: bytes) -> Progress | None:
    step = _STEP.search(message)
    epoch = _EPOCH.search(message) if b"poch" in message or b"POCH" in message else None
    if not step and not epoch:
        return None
    metrics = _find_pairs(message)
    if not metrics:
        return None
    speeds = [value for name, value in metrics if name.lower() in _SPEED_KEYS]
    return Progress(
        "pairs",
        epoch=_to_float(epoch[1]) if epoch else None,
        step=_to_int(step[1]) if step else None,
        total_steps=_to_int(step[2]) if step and step[2] else None,
        steps_per_second=speeds[0] if speeds else None,
        metrics=metrics,
    )


def _find_pairs(text: bytes) -> tuple[tuple[str, float], ...]:
    found: dict[str, float] = {}
    for raw, digits in _PAIR.findall(text)[:_MOST_METRICS]:
        value, name = _to_float(digits), _name_metric(raw)
        if name and value is not None:
            found[name] = value
    if b"oss " in text:
        for raw, digits in _SPOKEN_LOSS.findall(text)[:_MOST_METRICS]:
            value, name = _to_float(digits), _name_metric(raw)
            if name and value is not None:
                found.setdefault(name, value)
    return tuple(found.items())


@lru_cache(4096)
def _name_metric(raw: bytes) -> str:
    """A metric's name; empty for the words that count steps and the like."""
    name = raw.decode(errors="replace").replace(" ", "_")
    return "" if name.lower() in _NO_METRIC else name


def _to_shares(match: re.Match[bytes], first: int) -> tuple[float, float, float]:
    return int(match[first]) / 100, int(match[first + 1]) / 100, int(match[first + 2]) / 100


def _to_int(digits: bytes) -> int | None:
    value = digits.replace(b",", b"")
    return int(value) if len(value) <= 19 and value.isdigit() else None


def _to_float(digits: bytes) -> float | None:
    try:
        return float(digits.replace(b",", b"") if b"," in digits else digits)
    except ValueError:
        return None


def _scaled(digits: bytes, unit: bytes) -> float | None:
    value = _to_float(digits)
    return None if value is None else value * _SCALE[unit]
