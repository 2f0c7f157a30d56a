"""Which of an ordered list of checkpoints is the first whose weights are not finite, found by looking at a few of them.

Halving the list rests on an assumption: that a NaN, once in the weights, stays in them, as it does in any training that
goes on from its own weights. Where the looks contradict it, the answer says so. Nothing is opened here: the caller's
`look` gives the deep pass of a file (`worker.Verifier.verify`, or what is known of it already).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lptui.checkpoints.report import DeepReport

ASSUMPTION = "halving presumes that NaN stays once it is in the weights; only the checkpoints listed were read"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One checkpoint that was read: are its numbers finite (None: that could not be told, `reason` says why)."""

    path: str
    finite: bool | None
    tensors: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FirstNonFinite:
    """`first` is the first checkpoint with NaN or infinity in its weights, None if none was seen; `tensors` of it (at
    most 50); `last_finite` the last one before it that was read and is finite.

    `between` could not be read and lie between those two: any of them may be the true first. `stays` tells whether the
    neighbours that were read besides agree with the assumption (None: there was none to ask). `looked` is in the order
    of the list; `conclusion` one sentence.
    """

    first: str | None
    tensors: tuple[str, ...] = ()
    last_finite: str | None = None
    between: tuple[str, ...] = ()
    stays: bool | None = None
    looked: tuple[Sighting, ...] = ()
    conclusion: str = ""
    assumption: str = ASSUMPTION
    stopped: bool = False


class _StoppedError(Exception):
    """The caller wants no answer any more."""


@dataclass(slots=True)
class _Search:
    paths: Sequence[str]
    look: Callable[[str], DeepReport]
    progress: Callable[[int, int], None]
    stop: Callable[[], bool]
    seen: dict[int, Sighting] = field(default_factory=dict[int, Sighting])

    def finite(self, at: int) -> bool | None:
        if at not in self.seen:
            if self.stop():
                raise _StoppedError
            self.seen[at] = _sighting(self.paths[at], self.look(self.paths[at]))
            if self.stop():  # the look may have been ended, not answered
                del self.seen[at]
                raise _StoppedError
            most = len(self.paths).bit_length() + 3
            self.progress(len(self.seen), max(most, len(self.seen)))
        return self.seen[at].finite

    def nearest(self, places: Sequence[int]) -> int | None:
        """The first of `places` of which it can be told whether it is finite."""
        return next((at for at in places if self.finite(at) is not None), None)


def find_first_nonfinite(
    paths: Sequence[str],
    look: Callable[[str], DeepReport],
    *,
    progress: Callable[[int, int], None] = lambda done, most: None,
    stop: Callable[[], bool] = lambda: False,
) -> FirstNonFinite:
    """Search `paths` (oldest first). `progress` counts checkpoints read, of at most so many; `stop` is asked before
    and after each."""
    search = _Search(paths, look, progress, stop)
    try:
        return _search(search)
    except _StoppedError:
        return FirstNonFinite(None, looked=_looked(search), conclusion="stopped before it was found", stopped=True)


def _search(search: _Search) -> FirstNonFinite:
    count = len(search.paths)
    newest = search.nearest(range(count - 1, -1, -1))
    if newest is None:
        return FirstNonFinite(None, looked=_looked(search), conclusion="none of them could be read")
    if search.finite(newest):
        text = "the newest one that can be read is finite"
        return FirstNonFinite(None, looked=_looked(search), conclusion=text)
    oldest = search.nearest(range(newest))
    if oldest is None:
        return _conclude(search, None, newest)
    if not search.finite(oldest):
        return _conclude(search, None, oldest)
    low, high = oldest, newest
    while (middle := search.nearest(_from_the_middle(low, high))) is not None:
        low, high = (middle, high) if search.finite(middle) else (low, middle)
    return _conclude(search, low, high)


def _from_the_middle(low: int, high: int) -> list[int]:
    """The places strictly between, nearest to the middle first."""
    middle = (low + high) / 2
    return sorted(range(low + 1, high), key=lambda at: abs(at - middle))


def _conclude(search: _Search, low: int | None, high: int) -> FirstNonFinite:
    floor = -1 if low is None else low
    after = search.nearest(range(high + 1, len(search.paths)))
    before = search.nearest(range(floor - 1, -1, -1))
    votes = [search.finite(at) is expected for at, expected in ((after, False), (before, True)) if at is not None]
    paths = search.paths
    between = tuple(paths[at] for at in range(floor + 1, high))
    tensors = search.seen[high].tensors
    stays = all(votes) if votes else None
    return FirstNonFinite(
        paths[high],
        tensors,
        paths[low] if low is not None else None,
        between,
        stays,
        _looked(search),
        _sentence(low, between, stays=stays),
    )


def _sentence(low: int | None, between: Sequence[str], *, stays: bool | None) -> str:
    if stays is False:
        return "NaN comes and goes in this list: an earlier one may be the first, look at each"
    if low is None:
        text = "the oldest one that can be read is not finite already"
    else:
        text = "the one before it that can be read is finite"
    return f"{text}; {len(between)} between could not be read" if between else text


def _looked(search: _Search) -> tuple[Sighting, ...]:
    return tuple(search.seen[at] for at in sorted(search.seen))


def _sighting(path: str, report: DeepReport) -> Sighting:
    if report.nonfinite:
        return Sighting(path, False, report.nonfinite_tensors)
    if not report.numbers_seen:
        return Sighting(path, None, (), f"{report.verdict}: {report.reason}")
    return Sighting(path, True)
