"""The run's own pace: how often it records something, and how long its pauses are (evaluation, saving, start-up).

Learned from the record times of its fastest series, whatever that is called; where no series has a clock, from how
often its files grew while we watched. Patience is the silence that this pace makes suspicious.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from heapq import nlargest
from math import isfinite
from operator import sub
from typing import TYPE_CHECKING

from lptui.model.middle import median
from lptui.model.value import frozen
from lptui.text import short_duration

if TYPE_CHECKING:
    from lptui.state.run_state import Milestone, RunState
    from lptui.stores.series import Series

FLOOR, PROVEN_FLOOR = 45.0, 5.0
"""Seconds of silence that are never suspicious; the second when PROVEN intervals showed how steady the run is."""
PROVEN = 200
FEW = 5
"""So many intervals make a pace."""
UNKNOWN, IN_THE_DARK = 300.0, 1800.0
"""Patience with a run whose pace is not known; the second when it is not known either what its processes do."""
USUAL, LONGEST = 10.0, 2.0
"""So many usual intervals, and so many times the longest pause seen, make a silence suspicious."""
CEILING = 7200.0
"""Ten usual intervals count up to this; twice the longest pause counts beyond it."""
BUSY, BUSY_FLOOR = 3.0, 300.0
"""Processes that work get more time: they may evaluate, save or compile."""
START_UP = 300.0
SERIES_LOOKED_AT = 2000
_CANDIDATES = 3
_POINTS, _RECENT = 4000, 200
_ABSURD = 7 * 86400.0
_PAUSE = 2.0
"""An interval this many times the usual one is a pause, which has a reason."""


@frozen
class Pace:
    """Seconds between records: `usual` (median), and the longest pauses by what happened in them; None: not known."""

    usual: float | None = None
    longest: float | None = None
    evaluation: float | None = None
    saving: float | None = None
    start_up: float | None = None
    intervals: int = 0
    recorded: float | None = None
    """Unix time of the newest record of the series that sets the pace, a log's included."""
    basis: tuple[object, ...] = field(default=(), compare=False, repr=False)

    @property
    def known(self) -> bool:
        return self.usual is not None

    def tell(self) -> str:
        """'usually every 4s, longest evaluation 50s'; empty when nothing is known."""
        if self.usual is None:
            return ""
        words = [f"usually every {_tell_interval(self.usual)}"]
        phases = (("evaluation", self.evaluation), ("save", self.saving))
        words += [f"longest {name} {short_duration(s)}" for name, s in phases if s is not None]
        if len(words) == 1 and self.longest is not None and self.longest > _PAUSE * self.usual:
            words.append(f"longest pause {_tell_interval(self.longest)}")
        return ", ".join(words)


def _tell_interval(seconds: float) -> str:
    return short_duration(seconds) if seconds >= 1 else f"{seconds:.1g}s"


def learn_pace(state: RunState, before: Pace, grown: Sequence[float] = ()) -> Pace:
    """The pace at this instant. `grown`: seconds between the run's signs of life, as far as we watched."""
    basis = (state.series, state.milestones, state.checkpoints, grown)
    if len(basis) == len(before.basis) and all(a is b for a, b in zip(basis, before.basis, strict=True)):
        return before
    chosen = nlargest(_CANDIDATES, _candidates(state), key=lambda s: (s.count, s.key))
    best: list[float] = []
    usual: float | None = None
    for series in chosen:
        times = _recent_times(series)
        recent = times[-_RECENT - 1 :]
        gaps = [g for g in map(sub, recent[1:], recent) if g > 0]
        if len(gaps) >= FEW and (usual is None or median(gaps) < usual):
            best, usual = times, median(gaps)
    if usual is None:
        few = max((g for s in chosen for g in map(sub, *_shifted(_recent_times(s)))), default=None)
        return _from_growth(grown, Pace(longest=few, basis=basis))
    return _with_phases(state, best, usual, basis)


def _candidates(state: RunState) -> Iterable[Series]:
    """Series that the training itself records; W&B's own process reads the system on while the training hangs."""
    for number, (key, series) in enumerate(state.series.items()):
        if number >= SERIES_LOOKED_AT:
            return
        if series.count and not key.startswith("system"):
            yield series


def _recent_times(series: Series, count: int = _POINTS) -> list[float]:
    """The newest record times of a series in order, oldest first; what has none is left out."""
    times: list[float] = []
    for segment in reversed(series.segments):
        times[:0] = segment.points.times[-(count - len(times)) :]
        if len(times) >= count:
            break
    finite = [t for t in times if t == t]
    finite.sort()
    return finite


def _shifted(times: list[float]) -> tuple[list[float], list[float]]:
    return times[1:], times[:-1]


def _from_growth(grown: Sequence[float], few: Pace) -> Pace:
    """`few`: what is known from too few records."""
    if len(grown) < 4 * FEW:
        return few
    return replace(few, usual=median(grown), longest=max(*grown, few.longest or 0.0), intervals=len(grown))


def _with_phases(state: RunState, times: list[float], usual: float, basis: tuple[object, ...]) -> Pace:
    """The pauses in `times` by what the log or the checkpoints say of them; a restart is no pause."""
    starts = [m.at for m in state.milestones if m.kind in ("started", "resumed") and m.at is not None]
    evaluations = [m.at for m in state.milestones if m.kind in ("evaluating", "evaluated") and m.at is not None]
    saves = [m.at for m in state.milestones if m.kind == "saved" and m.at is not None]
    saves += [c.modified_at for c in state.checkpoints]
    pauses: dict[str, float] = {}
    limit = max(_PAUSE * usual, 1.0)
    gaps = [*map(sub, times[1:], times)]
    sane = [gap for gap in gaps if 0 < gap < _ABSURD]
    count = len(sane)
    for place in {bisect_left(times, at) for at in starts}:
        if 0 < place < len(times) and limit < gaps[place - 1] < _ABSURD:
            sane.remove(gaps[place - 1])
    if sane:
        pauses["any"] = max(sane)
    for kind, marks in (("evaluation", evaluations), ("saving", saves)):
        longest = max((_pause_around(times, at) for at in marks[-100:]), default=0.0)
        if limit < longest < _ABSURD:
            pauses[kind] = longest
    return Pace(
        usual,
        pauses.get("any", usual),
        pauses.get("evaluation"),
        pauses.get("saving"),
        _longest_start(starts, times),
        count,
        times[-1],
        basis,
    )


def _pause_around(times: list[float], at: float) -> float:
    """The interval between records in which `at` lies; 0 when it lies before or after them."""
    place = bisect_right(times, at)
    return times[place] - times[place - 1] if 0 < place < len(times) else 0.0


def _longest_start(starts: list[float], times: list[float]) -> float | None:
    """From the start of an attempt to its first record, the longest time."""
    waits = [times[i] - at for at in starts if 0 < (i := bisect_right(times, at)) < len(times)]
    waits += [times[0] - at for at in starts if at < times[0]]
    return max((w for w in waits if 0 <= w < _ABSURD), default=None)


def name_phase(pace: Pace, milestones: Sequence[Milestone]) -> str:
    """'starting' or 'evaluating' when the newest lines of this attempt's log say so, else ''."""
    for milestone in reversed(milestones):
        at = milestone.at
        if pace.recorded is not None and (at is None or at <= pace.recorded):
            return ""
        if milestone.kind in ("evaluating", "evaluated"):  # one score of several: others may follow
            return "evaluating"
        if milestone.kind in ("started", "resumed", "from_scratch"):
            return "starting"
        if milestone.kind in ("completed", "failed", "exit_code"):
            return ""
    return ""


def set_patience(pace: Pace, phase: str, says: str = "idle") -> float:
    """Seconds of silence that are suspicious of processes that are `idle` or `busy` (`unknown`: nobody can tell)."""
    if pace.usual is None or pace.longest is None:
        patience = max(IN_THE_DARK if says == "unknown" else UNKNOWN, USUAL * (pace.longest or 0.0))
    else:
        floor = PROVEN_FLOOR if pace.intervals >= PROVEN else FLOOR
        patience = max(floor, min(CEILING, USUAL * pace.usual), LONGEST * pace.longest)
    if phase == "starting":
        patience = max(patience, START_UP, 2 * (pace.start_up or 0.0))
    elif phase == "evaluating":
        patience = max(patience, UNKNOWN, 2 * (pace.evaluation or 0.0))
    return max(BUSY * patience, BUSY_FLOOR) if says == "busy" else patience


def is_sane(seconds: float) -> bool:
    """Whether a time between two signs can be one of a running training."""
    return isfinite(seconds) and 0 < seconds < _ABSURD
