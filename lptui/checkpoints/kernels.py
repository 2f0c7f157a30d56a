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
