"""The clocks of many lines at once, where they stand in columns: numpy looks at one column of all lines in the time in
which Python looks at one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from lptui.formats.log_clock import Shape

_LEAST = 64
"""Lines, below which one after another is as fast."""
_MOST_SHAPES = 8


def line_starts(data: bytes) -> np.ndarray[Any, Any]:
    """Where each line of `data` begins; the last one may lack its line feed."""
    import numpy as np

    feeds = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    starts = np.concatenate((np.zeros(1, np.int64), feeds))
    return starts[: np.searchsorted(starts, len(data))]


def read_columns(
    data: bytes, shapes: Iterable[tuple[bytes, Shape]], convert: Callable[[bytes], float]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """(times, offsets of the lines) of `data`: NaN where a line is of none of `shapes`. `convert` reads what is said of
    whole seconds. A line that is of two of them is of the first."""
    import numpy as np

    starts = line_starts(data)
    times = np.full(len(starts), np.nan)
    known = list(shapes)
    if len(starts) < _LEAST or len(known) > _MOST_SHAPES:
        return times, starts
    sizes = np.diff(starts, append=len(data))
    left = np.arange(len(starts))
    for key, shape in known:
        fits = left[sizes[left] > len(key)]
        if not len(fits):
            continue
        columns = _cut_columns(data, starts[fits], len(key))
        alike = _is_alike(columns, key)
        if not alike.all():
            fits, columns = fits[alike], columns[:, alike]
        if len(fits):
            times[fits] = _read_alike(columns, shape, convert)
            left = left[np.isnan(times[left])]
    return times, starts


def _cut_columns(data: bytes, starts: np.ndarray[Any, Any], width: int) -> np.ndarray[Any, Any]:
    """The first `width` bytes of each line: a column of them is a row here, one byte of each line."""
    import numpy as np

    windows = np.ndarray((len(data) - width + 1,), np.dtype((np.void, width)), data, 0, (1,))
    return np.ascontiguousarray(windows[starts].view(np.uint8).reshape(len(starts), width).T)


def _is_alike(columns: np.ndarray[Any, Any], key: bytes) -> np.ndarray[Any, Any]:
    """Which lines have the shape `key`, in which each digit is 0."""
    import numpy as np

    shape = np.frombuffer(key, np.uint8)[:, None]
    span = np.where(shape == ord("0"), np.uint8(9), np.uint8(0))
    return np.logical_and.reduce(columns - shape <= span, axis=0)  # below a 0 the difference of bytes goes round


def _read_alike(columns: np.ndarray[Any, Any], shape: Shape, convert: Callable[[bytes], float]) -> np.ndarray[Any, Any]:
    import numpy as np

    words = columns[shape.start : shape.stop]
    if shape.zone >= 0:
        words = np.concatenate((words, columns[shape.zone : shape.end]))
    changes = np.flatnonzero((words[:, 1:] != words[:, :-1]).any(axis=0)) + 1
    firsts = np.concatenate((np.zeros(1, np.int64), changes))
    seconds = np.array([convert(word.tobytes()) for word in words[:, firsts].T])
    times = np.repeat(seconds, np.diff(firsts, append=columns.shape[1]))
    if not shape.scale:
        return times
    parts = np.zeros(columns.shape[1], np.int64)
    for digits in columns[shape.point : shape.fraction]:
        parts = parts * 10 + (digits - ord("0"))
    return times + parts * shape.scale
