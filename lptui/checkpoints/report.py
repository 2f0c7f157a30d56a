"""What a deep pass over a checkpoint found, as a frozen value that survives a JSON round trip."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, cast

from lptui.model.value import frozen

MOST_TENSORS = 20_000
STOPPED = "stopped"
"""The reason of a pass or a comparison that its reader ended."""


@frozen
class TensorStats:
    """The numbers of one stretch of bytes: L2 norm, extremes, how many are not finite, bytes of zeros at its end.

    None: it holds no floating-point numbers, or numpy is not installed where it was read.
    """

    name: str
    dtype: str
    nbytes: int
    norm: float | None = None
    low: float | None = None
    high: float | None = None
    nan: int = 0
    infinite: int = 0
    zero_run: int = 0
    crc: int | None = None
    """The checksum of the bytes as they are (that of the file may differ)."""


@frozen
class DeepReport:
    """`verdict` is ok-verified, ok (all was read; the format has no checksum), or what is wrong.

    `checked` says what the verdict rests on; `read` is in bytes.
    """

    path: str
    verdict: str
    reason: str
    next_step: str
    key: tuple[int, ...] = ()
    read: int = 0
    checksums: int = 0
    checked: str = ""
    tensors: tuple[TensorStats, ...] = ()
    culprits: tuple[str, ...] = ()
    """Names of the tensors or records that are damaged or not finite, at most 50."""
    numbers_seen: bool = False
    """Every floating-point number of the model and its optimizer was looked at."""
    nonfinite: int = 0
    nonfinite_tensors: tuple[str, ...] = ()
    """Tensors of the model or its optimizer that hold NaN or infinity: how many, and at most 50 names."""
    step: int | None = None
    """Where the training was, as far as the checkpoint itself tells."""

    @property
    def good(self) -> bool:
        """Nothing was found wrong by reading every byte."""
        return self.verdict in ("ok-verified", "ok")


def report_to_json(report: DeepReport) -> str:
    """One line of JSON."""
    return json.dumps(asdict(report), separators=(",", ":"))


def report_from_record(raw: object) -> DeepReport:
    """The value behind `report_to_json`; ValueError if the record is anything else."""
    if not isinstance(raw, dict):
        raise ValueError("a report is a JSON object")
    row = cast("dict[str, Any]", raw)
    try:
        row["tensors"] = tuple(TensorStats(**one) for one in row["tensors"][:MOST_TENSORS])
        row["key"] = tuple(int(n) for n in row["key"])
        row["culprits"] = tuple(str(name) for name in row["culprits"])
        row["nonfinite_tensors"] = tuple(str(name) for name in row["nonfinite_tensors"])
        report = DeepReport(**row)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"malformed report: {error}") from error
    texts = (report.path, report.verdict, report.reason, report.next_step, report.checked)
    if any(not isinstance(text, str) for text in cast("tuple[object, ...]", texts)):
        raise ValueError("a text was expected")
    return report
