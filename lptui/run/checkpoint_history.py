"""What happened to a run's checkpoints while someone watched: saves, also overwritten ones, and deletions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from lptui.model.readings import CheckpointReading
from lptui.model.value import frozen

KEPT = 300
"""Saves and deletions that are remembered, the newest."""
_UNFINISHED = ("being-written", "temporary")


@frozen
class Save:
    """One checkpoint that was written: at its mtime, `seconds` long where the save was watched."""

    path: str
    at: float
    size: int
    role: str
    step: int | None = None
    epoch: int | None = None
    seconds: float | None = None
    optimizer_step: int | None = None


@frozen
class Deletion:
    """A checkpoint that was there at one look and gone at `at`, the next."""

    path: str
    at: float
    size: int
    step: int | None = None


@frozen
class Fall:
    """A file that is overwritten at each save (a trainer state) had step `before` and now has `after`."""

    path: str
    before: int
    after: int
    at: float


@frozen
class CheckpointHistory:
    """Bounded memory. `began` is when the first look was made: what came after it came before our eyes."""

    began: float | None = None
    saves: tuple[Save, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    falls: tuple[Fall, ...] = ()
    peaks: Mapping[str, int] = field(default_factory=dict[str, int])
    """The highest step that each trainer state had."""


def remember(
    history: CheckpointHistory, before: Sequence[CheckpointReading], after: Sequence[CheckpointReading], now: float
) -> CheckpointHistory:
    """`history` after the list went from `before` to `after`."""
    saves = {(s.path, s.at): s for s in history.saves}
    for one in after:
        if one.verdict not in _UNFINISHED and one.role != "temporary":
            saves[one.path, one.modified_at] = _to_save(one, saves.get((one.path, one.modified_at)))
    here = {c.path for c in after}
    gone = [Deletion(c.path, now, c.size, c.step) for c in before if c.path not in here and c.role != "temporary"]
    peaks, falls = _look_for_falls(history, after)
    newest = sorted(saves.values(), key=lambda s: (s.at, s.path))[-KEPT:]
    return CheckpointHistory(
        now if history.began is None else history.began,
        tuple(newest),
        (*history.deletions, *gone)[-KEPT:],
        falls,
        peaks,
    )


def _to_save(one: CheckpointReading, known: Save | None) -> Save:
    seconds = one.save_seconds if one.save_seconds is not None or known is None else known.seconds
    return Save(one.path, one.modified_at, one.size, one.role, one.step, one.epoch, seconds, one.optimizer_step)


def _look_for_falls(
    history: CheckpointHistory, after: Sequence[CheckpointReading]
) -> tuple[Mapping[str, int], tuple[Fall, ...]]:
    peaks, falls = dict(history.peaks), {f.path: f for f in history.falls}
    for one in after:
        if one.role != "trainer_state" or one.step is None or one.verdict == "being-written":
            continue
        peak = peaks.get(one.path)
        if peak is not None and one.step < peak:
            falls.setdefault(one.path, Fall(one.path, peak, one.step, one.modified_at))
        elif peak is None or one.step > peak:
            peaks[one.path] = one.step
            falls.pop(one.path, None)  # it has come further than before: nothing is lost any more
    return peaks, tuple(falls.values())[-KEPT:]
