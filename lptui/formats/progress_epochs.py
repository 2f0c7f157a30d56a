"""Bars that begin anew every epoch, counted through the whole training.

A bar of an epoch says `26/40` again and again; which epoch it is stands in its label, in a heading (`Epoch 2/3`) or in
an outer bar that counts epochs. Its step becomes that of the training, so that its numbers have one axis and the end of
the epoch is not taken for the end of the run. A bar of an evaluation, or of anything else, counts no step of it at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lptui.formats.progress_values import Progress

_MOST_EPOCHS = 1_000_000_000
_ELSEWHERE = ("validation", "test", "other")


@dataclass(slots=True)
class BarPlace:
    """Where a training stands, by what its bars and headings said last; it changes while lines are read.

    `before`: epochs that came before this one, of `epochs`; `offset`: their steps, None where nothing said so.
    `outer`: what an outer bar counted; `base`: the number of the first epoch. `total` and `step` are those of the last
    bar of the training. `renewed`: an epoch began since that bar; `whole`: that bar goes on over the epochs.
    `longest`: (total, step) of the longest bar without a label.
    """

    before: int | None = None
    epochs: int | None = None
    offset: int | None = None
    outer: int | None = None
    base: int | None = None
    total: int | None = None
    step: int | None = None
    renewed: bool = False
    whole: bool = False
    longest: tuple[int, int] = (0, 0)

    @property
    def reached(self) -> int | None:
        """The step of the whole training; None where no bar counts."""
        if self.step is None:
            return None
        return self.step if self.whole or self.before is None else (self.offset or 0) + self.step


def place_bar(fact: Progress, place: BarPlace) -> Progress:
    """A statement as one of the whole training; `place` is the one after it."""
    if fact.form != "bar":
        if fact.form == "table" and fact.step is None and fact.epochs is not None and not fact.metrics:
            _enter(place, int(fact.epoch or 0) - 1, fact.epochs)
            place.base = 1
        return fact
    if _is_emptied(fact, place):
        fact = replace(fact, step=fact.total_steps)
    if _is_within(fact, place):
        return replace(fact, steps_per_second=None)
    _advance(place, fact)
    return _count_through(fact, place)


def _is_within(fact: Progress, place: BarPlace) -> bool:
    """Whether a bar without label and numbers runs within a longer one that is not full: an evaluation (transformers),
    whose pace is not that of the training."""
    if fact.label.strip() or fact.role or fact.step is None or fact.total_steps is None:
        return False
    total, step = place.longest
    if fact.total_steps < total and step < total and not fact.metrics:
        return True
    place.longest = (fact.total_steps, fact.step)
    return False


def _is_emptied(fact: Progress, place: BarPlace) -> bool:
    """Whether a bar is set back under the old epoch's name, a moment before it gets the next one's (Lightning)."""
    if fact.step != 0 or fact.epoch is None or place.step is None:
        return False
    full = place.step == place.total == fact.total_steps
    return full and int(fact.epoch) - (place.base or 0) == place.before


def _advance(place: BarPlace, fact: Progress) -> None:
    """Bring the place up to date with a bar."""
    if fact.role == "epochs":
        if fact.step is not None:
            _enter(place, fact.step, fact.total_steps)
            place.outer = fact.step
        return
    if fact.role in _ELSEWHERE:
        return
    if fact.epoch is not None:
        _enter_named(place, fact)
    if fact.step is None or fact.total_steps is None:
        return
    if place.renewed and place.total == fact.total_steps and place.step is not None:
        # The epoch is another one: a bar that went on nevertheless counts them all.
        place.whole = 0 < place.step < fact.step and place.step < fact.total_steps
    elif place.total != fact.total_steps:
        place.whole = False
    if place.before is not None and place.offset is None:
        place.offset = place.before * fact.total_steps
    place.total, place.step, place.renewed = fact.total_steps, fact.step, False


def _enter_named(place: BarPlace, fact: Progress) -> None:
    """Go to the epoch that a bar's label names; whether names begin at 0 or 1 an outer bar tells."""
    epoch, base = int(fact.epoch or 0), fact.first_epoch if fact.first_epoch is not None else place.base
    if base is None and place.outer is not None and epoch - place.outer in (0, 1):
        place.base = base = epoch - place.outer
    _enter(place, epoch - (base or 0), fact.epochs or place.epochs)


def _enter(place: BarPlace, before: int, epochs: int | None) -> None:
    """Go to an epoch that `before` others precede."""
    before = max(0, before)
    if before > _MOST_EPOCHS:
        return
    place.epochs = epochs
    if before == place.before:
        return
    after_last = place.before is not None and before == place.before + 1 and place.total is not None
    place.offset = (place.offset or 0) + (place.total or 0) if after_last else None
    place.before, place.renewed = before, True


def _count_through(fact: Progress, place: BarPlace) -> Progress:
    """A bar's statement with the step and the total of the whole training."""
    if fact.role == "epochs":
        epoch = None if fact.step is None else float(fact.step)
        return replace(fact, epoch=epoch, epochs=fact.total_steps, step=None, total_steps=None, steps_per_second=None)
    if fact.role in _ELSEWHERE:
        metrics = tuple((_name(fact.role, name), value) for name, value in fact.metrics)
        return replace(fact, step=place.reached, total_steps=None, steps_per_second=None, metrics=metrics)
    if place.whole or place.before is None or fact.step is None or fact.total_steps is None:
        return fact
    offset = place.offset or 0
    total = None if place.epochs is None else offset + max(1, place.epochs - place.before) * fact.total_steps
    each = fact.total_steps if total is None else None
    epoch = fact.epoch if fact.epoch is not None else float(place.before + (place.base or 0))
    return replace(fact, step=offset + fact.step, total_steps=total, epoch=epoch, epoch_steps=each)


def _name(role: str, name: str) -> str:
    """A number of an evaluation under a name that training's numbers do not have."""
    lower = name.lower()
    return name if lower.startswith(("val", "eval", "test", "dev")) else f"{role}/{name}"
