"""The numbers that a log printed, as few as they are: remembered by file, read as series of what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from math import isfinite
from typing import Literal

from lptui.formats.progress import Progress
from lptui.model.events import DatedFact
from lptui.model.value import frozen
from lptui.text.regex import Regex
from lptui.trends.roles import find_role

HEAD, TAIL = 40, 120
"""Prints kept of the start and of the end of a log."""
MOST_METRICS = 40
Meaning = Literal["loss", "value_loss", "gradient", "score", "entropy", "speed", "seconds", ""]
_LOSS = Regex(r"(reduced_)?(train(ing)?_)?((total|lm|ce|nll|mlm|avg|mean|running|cur|batch|step)_)?loss(_step|_train)?")
_SCORE = Regex(r"(mean|avg|average|train|rollout)_(ep(isode)?_)?(rewards?|return|score)(_mean)?|score")
_SECONDS = Regex(
    r"((mean|avg|average|train)_)?((iter(ation)?|step|batch)_time|time|time_per_(iter|step)|sec_per_(iter|step)|dt|"
    r"elapsed_time_per_iteration.*|step_timing.*|train_step_timing.*)(_m?s)?"
)
_WAITING = Regex(r"((mean|avg|average)_)?(data|fetch|load(er|ing)?|io|batch_load)_?(time|wait).*|data")
_OTHER = Regex(r"(^|[/_.])(eval\w*|val\w*|test|best|target|old|min|max|std|aux|kl|reg)([/_.]|$)")
_ROLES: dict[str, Meaning] = {
    "loss": "loss", "value_loss": "value_loss", "gradient_norm": "gradient", "score": "score", "success": "score",
    "entropy": "entropy", "throughput": "speed",
}  # fmt: skip


@frozen
class Print:
    """One statement of progress. `step` is None for bars, which may count anything."""

    position: int
    form: str
    step: float | None
    epoch: float | None
    at: float | None
    speed: float | None
    label: str
    metrics: tuple[tuple[str, float], ...]

    @property
    def place(self) -> float | None:
        """The step, else the epoch."""
        return self.step if self.step is not None else self.epoch


@frozen
class Prints:
    """The first and the newest prints of a log. Blocks may come in any order: what is kept comes out the same."""

    first: tuple[Print, ...] = ()
    newest: tuple[Print, ...] = ()
    count: int = 0

    @property
    def all(self) -> tuple[Print, ...]:
        """Those at hand, in the order of the log."""
        table = {p.position: p for p in (*self.first, *self.newest)}
        return tuple(table[at] for at in sorted(table))

    def add(self, found: Sequence[Print]) -> Prints:
        every = sorted({p.position: p for p in (*self.first, *self.newest, *found)}.values(), key=lambda p: p.position)
        return Prints(tuple(every[:HEAD]), tuple(every[-TAIL:]), self.count + len(found))


@frozen
class Row:
    """One number with the print that it stood in."""

    value: float
    of: Print


def take(facts: Iterable[DatedFact]) -> list[Print]:
    """The prints among the facts of a block that say a number or count."""
    return [_to_print(f.position, f.fact, f.at) for f in facts if isinstance(f.fact, Progress)]


def _to_print(position: int, said: Progress, at: float | None) -> Print:
    bar = said.form == "bar"
    label = f"{re.sub(r'[0-9]+', '', said.label)} {said.total_steps}" if bar else ""
    step = None if bar or said.step is None else float(said.step)
    return Print(position, said.form, step, said.epoch, at, said.steps_per_second, label, said.metrics[:MOST_METRICS])


def split(prints: Sequence[Print]) -> list[list[Print]]:
    """Stretches in which nothing that counts goes back: a new fold, model or start begins another one."""
    stretches: list[list[Print]] = []
    steps = epoch = float("-inf")
    for one in _carry(prints):
        back = (one.step is not None and one.step < steps) or (one.epoch is not None and int(one.epoch) < int_of(epoch))
        if back or not stretches:
            stretches.append([])
            steps = epoch = float("-inf")
        stretches[-1].append(one)
        steps = steps if one.step is None else one.step
        epoch = epoch if one.epoch is None else one.epoch
    return stretches


def _carry(prints: Iterable[Print]) -> Iterator[Print]:
    """A line that counts nothing belongs to the step and epoch of the heading before it."""
    heading: Print | None = None
    for one in prints:
        if one.place is not None:
            heading = None if one.metrics else one
        elif heading is not None and one.form != "bar":
            one = replace(one, step=heading.step, epoch=heading.epoch)
        yield one


def int_of(epoch: float) -> float:
    """A whole number of epochs."""
    return int(epoch) if isfinite(epoch) else epoch


@lru_cache(4096)
def find_meaning(key: str) -> Meaning:
    """What a printed name means; '' for what is not judged."""
    name = re.sub(r"[\s-]+", "_", key.strip()).lower().rstrip(":")
    leaf = name.rpartition("/")[2]
    if _OTHER.search(name):
        return ""
    if _SECONDS.fullmatch(leaf):
        return "seconds"
    if _LOSS.fullmatch(leaf):
        return "loss"
    if _SCORE.fullmatch(leaf):
        return "score"
    role = find_role(name) or find_role(name.replace("mean_", "", 1))
    return _ROLES.get(role or "", "")


def is_waiting(key: str) -> bool:
    """Whether a time is that of waiting for data."""
    return _WAITING.fullmatch(re.sub(r"[\s-]+", "_", key.strip()).lower().rpartition("/")[2]) is not None


def collect(prints: Sequence[Print]) -> dict[str, list[Row]]:
    """The finite numbers by name, in order; a broken one ends what came before it as far as it is judged here."""
    table: dict[str, list[Row]] = {}
    for one in prints:
        for key, value in one.metrics:
            if isfinite(value):
                table.setdefault(key, []).append(Row(value, one))
        if one.speed is not None and isfinite(one.speed) and one.speed > 0:
            table.setdefault(f"bar {one.label}" if one.form == "bar" else "steps/s", []).append(Row(one.speed, one))
    return table
