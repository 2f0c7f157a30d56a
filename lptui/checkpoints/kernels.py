"""The work on raw bytes that a deep pass does: checksums, and whether numbers are finite, large or all zero.

numpy and isal are optional: without isal zlib sums (a third of the speed), without numpy numbers are not looked at.
This module runs in the verifying process only.
"""

from __future__ import annotations

import importlib
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

CHUNK = 1 << 18
"""Bytes a read: what fits the second-level cache is summed and scanned from there."""
FLOATS = {"float16": "<f2", "float32": "<f4", "float64": "<f8"}
WIDTHS = {**{name: int(code[-1]) for name, code in FLOATS.items()}, "bfloat16": 2}


def load_numpy() -> Any:
    """numpy, or None where it is not installed."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def load_crc32() -> tuple[Callable[[bytes, int], int], str]:
    """The fastest CRC-32 (ISO-HDLC, as zip has it) at hand, and its name."""
    try:
        fast: Any = importlib.import_module("isal.isal_zlib")  # by name: it is no dependency of the development either
    except ImportError:
        return zlib.crc32, "zlib"
    return fast.crc32, "isal"


def to_floats(numpy: Any, raw: bytes | memoryview, dtype: str) -> Any:
    """Bytes of one of WIDTHS as an array that can be reckoned with (single precision at least)."""
    if dtype == "bfloat16":
        return (numpy.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
    values = numpy.frombuffer(raw, FLOATS[dtype])
    return values.astype("<f4") if dtype == "float16" else values


@dataclass(slots=True)
class Tally:
    """What was seen of the numbers of one region so far. `zero_run`: bytes of zeros up to the newest one."""

    count: int = 0
    squares: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    nan: int = 0
    infinite: int = 0
    zero_run: int = 0
    nonzero: bool = False


_TINY = 1e-25
"""A sum of squares below this may have lost terms that single precision cannot hold."""


@dataclass(slots=True)
class Gap:
    """How far two regions of one dtype are apart, chunk by chunk. `dtype` '': only whether they are equal.

    `squares` are the sums of a*a, b*b, a*b and (b-a)*(b-a).
    """

    dtype: str
    same: bool = True
    squares: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    why: str = ""

    def add(self, numpy: Any, one: bytes, two: bytes) -> None:
        """Two chunks that lie at the same place; whole numbers of both."""
        equal = one == two
        self.same = self.same and equal
        if not self.dtype:
            return
        x, y = to_floats(numpy, one, self.dtype), to_floats(numpy, two, self.dtype)
        with numpy.errstate(all="ignore"):
            found = _squares(x, y)
            lost = min(found[0], found[1]) < _TINY or (found[3] < _TINY and not equal)
            if lost or not all(map(math.isfinite, found)):
                found = _squares(x.astype("<f8", copy=False), y.astype("<f8", copy=False))
        aa, bb, ab, dd = self.squares
        self.squares = (aa + found[0], bb + found[1], ab + found[2], dd + found[3])
        if not self.why and not all(map(math.isfinite, self.squares)):
            self.why = "NaN or infinity in it"

    @property
    def distance(self) -> float | None:
        """|b - a|; None where it has no numbers, or some that are not finite."""
        return None if self.why or not self.dtype else math.sqrt(self.squares[3])

    @property
    def norm(self) -> float | None:
        """|a|, None as above."""
        return None if self.why or not self.dtype else math.sqrt(self.squares[0])

    @property
    def relative(self) -> float | None:
        """|b - a| / |a|; also None where a is all zero and b is not."""
        distance, norm = self.distance, self.norm
        if distance is None or norm is None:
            return None
        return distance / norm if norm else (0.0 if not distance else None)

    @property
    def cosine(self) -> float | None:
        """Of the angle between the two; None where one of them is all zero."""
        aa, bb, ab, _ = self.squares
        if self.distance is None or not aa or not bb:
            return None
        return max(-1.0, min(1.0, ab / math.sqrt(aa) / math.sqrt(bb)))


def _squares(x: Any, y: Any) -> tuple[float, float, float, float]:
    gap = y - x
    return float(x @ x), float(y @ y), float(x @ y), float(gap @ gap)


class Scanner:
    """Adds chunks of one dtype to a tally. `carry` keeps the bytes of a number that a chunk cuts in two."""

    def __init__(self, numpy: Any, dtype: str) -> None:
        self.tally = Tally()
        self._np = numpy
        self._dtype = dtype
        self._width = WIDTHS.get(dtype, 1)
        self._carry = b""

    def add(self, chunk: bytes) -> None:
        data = self._carry + chunk if self._carry else chunk
        cut = len(data) - len(data) % self._width
        self._carry = data[cut:]
        if self._np is None or not cut:
            return
        body = memoryview(data)[:cut]
        if self._dtype in WIDTHS:
            self._add_floats(body)
        else:
            self._add_zeros(body, bool(self._np.frombuffer(body, "u1").any()))

    def _add_floats(self, body: memoryview) -> None:
        np, tally = self._np, self.tally
        values = to_floats(np, body, self._dtype)
        tally.count += values.size
        with np.errstate(over="ignore", invalid="ignore"):
            squares = float(np.dot(values, values))
        if not math.isfinite(squares):  # NaN, infinity, or numbers whose square is too large: look exactly
            squares = self._look_exactly(values)
        elif values.size:
            tally.low = min(tally.low, float(values.min()))
            tally.high = max(tally.high, float(values.max()))
        tally.squares += squares
        self._add_zeros(body, squares != 0.0 or bool(np.frombuffer(body, "u1").any()))

    def _look_exactly(self, values: Any) -> float:
        np, tally = self._np, self.tally
        tally.nan += int(np.isnan(values).sum())
        tally.infinite += int(np.isinf(values).sum())
        good = values[np.isfinite(values)].astype("<f8")
        if good.size:
            tally.low, tally.high = min(tally.low, float(good.min())), max(tally.high, float(good.max()))
        scaled = good / 1e150  # squares of the largest doubles would overflow
        total = float(np.dot(scaled, scaled))
        return total * 1e300 if total < 1e8 else math.inf

    def _add_zeros(self, body: memoryview, nonzero: bool) -> None:
        tally = self.tally
        tally.nonzero = tally.nonzero or nonzero
        if not nonzero:
            tally.zero_run += len(body)
            return
        last = self._np.frombuffer(body, "u1").nonzero()[0][-1] if body[-1] == 0 else len(body) - 1
        tally.zero_run = len(body) - 1 - int(last)
