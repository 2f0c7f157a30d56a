"""The unit of a metric, told from its name, and the size in which its values read best."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PER_SECOND = re.compile(
    r"(?:^|[/._])(?:(\w+?)_)?per_?s(?:ec|econd)?(?:_avg|_mean)?$|(?:^|[/._])(?:\w+_)?(sps|fps|tps)$"
)
_SHORT = {"sps": "steps/s", "fps": "frames/s", "tps": "tokens/s"}
_MILLISECONDS = re.compile(r"(?:[/._]|^)(?:ms|msecs?|millis|milliseconds)$|_ms[/_]")
_SECONDS = re.compile(
    r"(?:[/._]|^)(?:secs?|seconds|runtime|duration|elapsed)$|(?:^|[/._])(?:\w+_)?time(?:_(?:mean|avg|total))?$"
)
_PERCENT = re.compile(
    r"percent(?:age)?$|[/._]pct$|^(?:system[/.])?gpu\.(?:process\.)?\d+\.(?:gpu|memory|memoryallocated)$"
    r"|^(?:system[/.])?(?:cpu|memory)$"
)
_BYTES = re.compile(r"bytes$")
_LARGE = re.compile(r"(?:^|[/._])(\w+_)?(gib|gb|mib|mb|kb)$")
_OTHER = (
    (re.compile(r"(?:^|[/._])temp(?:erature)?(?:_c|celsius)?$"), "°C"),
    (re.compile(r"watts?$|(?:^|[/._])power(?:_w)?$"), "W"),
)
_SPELT = {"gib": "GiB", "gb": "GB", "mib": "MiB", "mb": "MB", "kb": "kB"}
_SIZES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


@dataclass(frozen=True, slots=True)
class Unit:
    """`word` stands behind a value that was multiplied by `factor`."""

    word: str = ""
    factor: float = 1.0


NONE = Unit()


def unit_of(name: str, size: float) -> Unit:
    """The unit of metric `name` whose values are about as large as `size`."""
    kind = _kind(name[-200:].lower()) if "_vs_" not in name else ""
    if kind == "bytes":
        return next((Unit(word, 1 / step) for step, word in _SIZES if size >= step), Unit("B"))
    if kind == "seconds":
        if size >= 7200:
            return Unit("h", 1 / 3600)
        return Unit("s") if size >= 1 or size == 0 else Unit("ms", 1e3) if size >= 1e-3 else Unit("us", 1e6)
    return Unit(kind) if kind else NONE


@lru_cache(maxsize=4096)
def _kind(name: str) -> str:
    rate = _PER_SECOND.search(name)
    if rate is not None:
        return _SHORT.get(rate[2] or "", "") or (f"{rate[1].rpartition('_')[2]}/s" if rate[1] else "/s")
    if _MILLISECONDS.search(name):
        return "ms"
    if _BYTES.search(name):
        return "bytes"
    if _PERCENT.search(name):
        return "%"
    if _SECONDS.search(name):
        return "seconds"
    large = _LARGE.search(name)
    if large is not None:
        return _SPELT[large[2]]
    return next((word for pattern, word in _OTHER if pattern.search(name)), "")
