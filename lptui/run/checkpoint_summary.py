"""All that is known about the checkpoints of one run, as a value: what a pane shows and detectors judge. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from lptui.model.readings import CheckpointReading, HostReading
from lptui.model.value import frozen
from lptui.run.checkpoint_history import CheckpointHistory, Deletion
from lptui.run.checkpoint_room import Room, forecast
from lptui.run.checkpoint_series import Cadence, SeriesBreak, find_breaks, main_series, measure_cadence
from lptui.run.readiness import Readiness

STALE = 3.0
"""Usual intervals without a save that are too many."""
AT_LEAST = 60.0


@frozen
class CheckpointSeries:
    """What follows from the list alone, worked out when it changes."""

    history: CheckpointHistory = field(default_factory=CheckpointHistory)
    cadence: Cadence = field(default_factory=Cadence)
    breaks: tuple[SeriesBreak, ...] = ()


def understand(checkpoints: Sequence[CheckpointReading], history: CheckpointHistory) -> CheckpointSeries:
    """Pace and breaks of the list as it is now."""
    return CheckpointSeries(history, measure_cadence(checkpoints, history), find_breaks(checkpoints))


@frozen
class RunCheckpoints:
    """The checkpoints of a run at one moment.

    `ordered` is oldest first; `newest` the newest finished save; `age` its age in seconds; `overdue` how many usual
    intervals ago it was, None where no pace is known. Steps and minutes at risk are in `readiness`.
    """

    ordered: tuple[CheckpointReading, ...]
    cadence: Cadence
    breaks: tuple[SeriesBreak, ...]
    deletions: tuple[Deletion, ...]
    room: Room
    readiness: Readiness
    newest: CheckpointReading | None = None
    age: float | None = None
    overdue: float | None = None

    @property
    def restarted(self) -> SeriesBreak | None:
        """The newest break that the run has not made good by now."""
        return next((b for b in reversed(self.breaks) if not b.overtaken), None)


def summarise(
    checkpoints: tuple[CheckpointReading, ...],
    series: CheckpointSeries,
    host: HostReading | None,
    readiness: Readiness,
    now: float | None,
) -> RunCheckpoints:
    """`now` is the time up to which work counts: that of the last sign of life for a run that ended."""
    newest = _newest(checkpoints)
    age = None if newest is None or not now else max(0.0, now - newest.modified_at)
    seconds = series.cadence.seconds
    return RunCheckpoints(
        checkpoints,
        series.cadence,
        series.breaks,
        series.history.deletions,
        forecast(series.cadence, series.history, host),
        readiness,
        newest,
        age,
        age / seconds if age is not None and seconds else None,
    )


def is_stale(known: RunCheckpoints) -> bool:
    """Whether no save came for far longer than usual: three usual intervals, and twice the longest that there was. A
    save in progress has twice as long."""
    if known.age is None or known.overdue is None or known.cadence.saves < 4:
        return False
    saving = any(c.verdict == "being-written" for c in known.ordered)
    patience = max(2 * (known.cadence.longest or 0.0), AT_LEAST) * (2 if saving else 1)
    return known.overdue >= STALE and known.age >= patience


def _newest(checkpoints: Sequence[CheckpointReading]) -> CheckpointReading | None:
    """The newest finished one of the main series, or of all where there is no series."""
    finished = main_series(checkpoints) or [c for c in checkpoints if c.verdict != "being-written"]
    return max(finished, key=lambda c: c.modified_at, default=None)
