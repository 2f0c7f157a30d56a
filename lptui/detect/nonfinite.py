"""NaN or infinity in any metric: where it began, and whether it is still so.

Gradients that are not finite while the loss still is are a class of their own, and only when they stay so: a loss
scaler of fp16 skips a step now and then, and several at the start, which is how it works.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from lptui.detect import Detector
from lptui.formats.progress import Progress
from lptui.model.events import CheckpointsSeen, ConfigSeen, Event, Facts, Points, Samples
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.model.value import frozen
from lptui.state.run_state import RunState
from lptui.stores.series import Series
from lptui.text import format_value, plural, sanitise, short_number
from lptui.text.regex import Regex

KEYS_LIMIT = 2000
_MAY_BE_NAN = Regex(r"explained_variance|std_dev$|/std$|_std$|grad_?scale|perplexity_max", re.IGNORECASE)
"""Undefined by definition at times: a variance of 0, a spread of one sample."""
_LATE = Regex(r"reward|score|return|success|ep_|episode|eval|win_?rate|best|val", re.IGNORECASE)
"""Has no value before the first episode or evaluation ends; NaN until then is no failure."""
_LOSS = Regex(r"loss|grad|gnorm|entropy|logprob|ratio|kl", re.IGNORECASE)
_INSIDE = Regex(r"grad|gnorm|param(eter)?s?[_ /]?norm|weights?[_ /]|logits?|activations?|hidden", re.IGNORECASE)
"""Gradients and what is in the model, as opposed to what it is trained for."""
_PLACEHOLDER = Regex(
    r"(^|[\W_])(best|min|max|lowest|highest|target|threshold|limit|bound|patience|eta|init|initial|time_?out)([\W_]|$)",
    re.IGNORECASE,
)
"""Starts at infinity, or is a setting: says nothing until it has been finite."""
_LASTS, _LASTS_INFINITE, _LASTS_AT_START = 2, 3, 4
"""Newest points in a row that make gradients broken: NaN, only infinite, never finite yet."""


@frozen
class Onset:
    """The first point of a series that is not finite."""

    step: float
    time: float
    value: float


@frozen
class Memory:
    """Onset by metric."""

    onsets: Mapping[str, Onset] = field(default_factory=dict[str, Onset])
    raised: str = ""
    lines: Mapping[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """The log and the position in it of the first line that printed it."""


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """One finding for all metrics that are, or were, not finite; the earliest one leads."""
    if isinstance(event, Facts):
        return _note_lines(memory, event), ()
    onsets = dict(memory.onsets)
    # What the fix says rests on the configuration and the checkpoints, which may be read later.
    names = state.quantities.names
    touched = _note_points(onsets, event, names) if isinstance(event, Samples) else bool(onsets)
    if not touched:
        return memory, ()
    finding = _judge(onsets, memory.lines, state)
    new = finding.id if finding else ""
    gone = (Change.cleared(memory.raised),) if memory.raised not in ("", new) else ()
    return Memory(onsets, new, memory.lines), (*gone, Change.raised(finding)) if finding else gone


def _note_points(onsets: dict[str, Onset], event: Samples, names: Mapping[tuple[str, str], str]) -> bool:
    """The earliest onset of each metric noted; whether any metric that has one was touched."""
    touched = False
    for points in event.points:
        key = names.get((event.source, points.key), points.key) if names else points.key
        found, known = _find_onset(points), onsets.get(key)
        touched = touched or known is not None
        if found is not None and not _MAY_BE_NAN.search(key) and len(onsets) < KEYS_LIMIT:
            touched = True
            if known is None or _order(found) < _order(known):
                onsets[key] = found
    return touched


def _note_lines(memory: Memory, event: Facts) -> Memory:
    lines = dict(memory.lines)
    for fact in event.facts:
        if isinstance(fact.fact, Progress) and not math.isfinite(sum(v for _, v in fact.fact.metrics)):
            for key in (k for k, v in fact.fact.metrics if not math.isfinite(v)):
                here = (event.file, fact.position)
                if key in lines or len(lines) < KEYS_LIMIT:
                    lines[key] = min(here, lines.get(key, here))
    return memory if lines == memory.lines else replace(memory, lines=lines)


def _find_onset(points: Points) -> Onset | None:
    values = points.values
    # A sum is finite when all its terms are, but for overflow, which the exact look below then clears.
    if math.isfinite(sum(values)):
        return None
    for index, value in enumerate(values):
        # At step 0 an infinity is what a program has set a running minimum to.
        if not math.isfinite(value) and not (math.isinf(value) and points.steps[index] == 0):
            return Onset(points.steps[index], points.times[index], value)
    return None


def _order(onset: Onset) -> float:
    return onset.step if onset.step == onset.step else onset.time if onset.time == onset.time else 0.0


def _counts(key: str, series: Series | None) -> bool:
    """Whether a series' NaN means something: it had been finite, or is of a kind that always is."""
    if series is None:
        return False
    if series.count == series.nonfinite and (_PLACEHOLDER.search(key) or (_LATE.search(key) and not _LOSS.search(key))):
        return False
    return _lasts(series) if _INSIDE.search(key) and "loss" not in key.lower() else True


def _lasts(series: Series) -> bool:
    """Whether the newest values are not finite for so long that no loss scaler explains it."""
    newest = series.tail(_LASTS_AT_START)
    broken = [v for v in newest if not math.isfinite(v)]
    if len(broken) == len(newest) == _LASTS_AT_START:
        return True
    need = _LASTS if any(math.isnan(v) for v in newest[-_LASTS:]) else _LASTS_INFINITE
    row = newest[-need:]
    return series.minimum is not None and len(row) == need and not any(math.isfinite(v) for v in row)


def _judge(onsets: Mapping[str, Onset], lines: Mapping[str, tuple[str, int]], state: RunState) -> Finding | None:
    bad = {k: o for k, o in onsets.items() if _counts(k, state.series.get(k))}
    if not bad:
        return None
    inside = all(_INSIDE.search(k) and "loss" not in k.lower() for k in bad)
    cls = "nan-in-model-or-grad" if inside else "nan-loss"
    now_bad = [k for k in bad if (s := state.series[k].last()) is not None and not math.isfinite(s.value)]
    keys = sorted(now_bad or bad, key=lambda k: (_order(bad[k]), not _LOSS.search(k), k))
    first = bad[keys[0]]
    word = "NaN" if math.isnan(first.value) else "infinite"
    others = f" and {plural(len(keys) - 1, 'more metric')}" if len(keys) > 1 else ""
    count = "step" if first.step != first.step or first.step.is_integer() else "epoch"
    past = not now_bad
    where = f" {'from' if past else 'since'} {count} {short_number(first.step)}" if first.step == first.step else ""
    return Finding(
        id=f"{cls}:{state.life.attempts}",
        cls=cls,
        severity="warning" if past or not any(_LOSS.search(k) for k in keys) else "error",
        title=f"{sanitise(keys[0])} {'was' if past else 'is'} {word}{where}{others}",
        attempt=state.life.attempts,
        evidence=tuple(_evidence(k, bad[k], lines.get(k), state) for k in keys[:8]),
        fix=_fix(first, state),
        first_seen=first.time if first.time == first.time else None,
        step=int(first.step) if math.isfinite(first.step) else None,
        count=len(keys),
        metrics=tuple(keys),
        past=past,
        past_reason="all of them are finite again" if past else "",
    )


def _evidence(key: str, onset: Onset, line: tuple[str, int] | None, state: RunState) -> Evidence:
    series = state.series[key]
    view = state.logs.get(line[0]) if line is not None else None
    before = _last_finite(series, onset)
    text = f"{sanitise(key)} = {format_value(onset.value)}"
    if before is not None:
        text += f", {format_value(before)} just before"
    return Evidence(
        text,
        kind="metric",
        file=view.file if view is not None else "",
        anchor=view.anchor(line[1]) if view is not None and line is not None else None,
        step=onset.step if onset.step == onset.step else None,
        at=onset.time if onset.time == onset.time else None,
    )


def _last_finite(series: Series, onset: Onset) -> float | None:
    last = None
    for segment in series.segments:
        for at, value in zip(segment.points.steps, segment.points.values, strict=True):
            finite = math.isfinite(value)
            if (not finite and not at < onset.step) or at > onset.step:
                return last
            if finite:
                last = value
    return last


def _fix(onset: Onset, state: RunState) -> Fix:
    rate = next(((k, v) for k, v in state.config if k.endswith(("learning_rate", ".lr")) and _number(v)), None)
    saved = [c for c in state.checkpoints if c.step is not None and c.step < onset.step and c.verdict != "truncated"]
    what, why = "lower the learning rate and clip gradients", "values grew until they were no longer numbers"
    command = ""
    if rate is not None:
        key, value = rate
        lower = format_value(float(value) / 10)
        what = f"set {sanitise(key)} from {sanitise(value)} to {lower}"
        command = f"{key}={lower}" if key.replace(".", "").replace("_", "").isalnum() else ""
    if saved:
        name = sanitise(saved[-1].name)
        what += f"; resume from {name} (step {short_number(saved[-1].step)}), the last one before the onset"
    elif state.checkpoints:
        what += "; every checkpoint with a known step is from after the onset, so start anew"
    return Fix(what, why, command, "the metrics stay finite well past the step of the onset")


def _number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and float(text) > 0
    except ValueError:
        return False


NONFINITE = Detector("nonfinite", Memory(), step, (Facts, Samples, ConfigSeen, CheckpointsSeen))
