"""Where the steps of one source fall back: a run that resumed from an earlier step wrote that part twice (numpy, late).

Entries a little out of order (an evaluation that ends late) are none, nor are counters that begin anew all the time
(a step within its epoch).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 64
"""More falls than this are no restarts: the count begins anew every epoch or so."""
_JITTER = 2.0
"""A fall of this many usual distances between entries is a rewind, whatever follows it."""


def find_rewinds(steps: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Indices of the first points after each rewind, in the order in which `steps` were written (NaN: unknown); None
    when there are so many that these steps do not count the run."""
    import numpy as np

    none = np.empty(0, dtype=np.int64)
    known = np.flatnonzero(np.isfinite(steps))
    if len(known) == len(steps):
        change = np.diff(steps)
    else:
        steps = steps[known]
        change = np.diff(steps)
    falls = np.flatnonzero(change < 0) + 1
    if not len(falls):
        return none
    rising = change[change > 0]
    usual = middle_of(rising) if len(rising) else 0.0
    before = np.maximum.accumulate(steps)
    sizes = before[falls - 1] - steps[falls]
    after = np.minimum(falls + 1, len(steps) - 1)
    retraces = (after > falls) & (steps[after] <= before[falls - 1]) & (steps[after] > steps[falls])
    real = falls[(sizes > _JITTER * usual) | retraces]
    return None if len(real) > MOST else known[real]


def middle_of(values: NDArray[np.float64]) -> float:
    """The median of at least one finite value. Numpy's own loads its masked arrays first, and would do so while a chart
    is drawn."""
    import numpy as np

    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    parts = np.partition(values, (half - 1, half))
    return float(parts[half - 1] / 2 + parts[half] / 2)


def find_superseded(steps: NDArray[np.float64], rewinds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which points a later branch wrote again: those before a rewind, at or past the step to which it went back."""
    import numpy as np

    older = np.zeros(len(steps), dtype=bool)
    until = np.inf
    edges = [0, *rewinds.tolist(), len(steps)]
    for start, stop in zip(edges[-2::-1], edges[:0:-1], strict=True):
        if until < np.inf:
            older[start:stop] = steps[start:stop] >= until
        until = min(until, float(steps[start])) if start else until
    return older
