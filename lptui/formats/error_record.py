"""What torchrun's @record leaves of an exception: TORCHELASTIC_ERROR_FILE, a JSON mapping, as text and time.

torch/distributed/elastic/multiprocessing/errors/error_handler.py; older releases wrote the message as one text.
"""

from __future__ import annotations

import json
import math
from typing import Any, cast

from lptui.model.value import frozen

LONGEST = 64 * 1024


@frozen
class ErrorRecord:
    """`text` is the traceback, or the message where there is none; `at` unix s."""

    text: str
    at: float | None = None


def read_error_record(data: bytes) -> ErrorRecord | None:
    """The record, or None if the bytes are none."""
    try:
        row = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or "message" not in row:
        return None
    table = cast(dict[str, Any], row)
    said: object = table["message"]
    if isinstance(said, str):
        return ErrorRecord(said[:LONGEST], _to_time(table.get("timestamp")))
    if not isinstance(said, dict) or "message" not in said:
        return None
    inner = cast(dict[str, Any], said)
    extra = inner.get("extraInfo")
    extra = cast(dict[str, Any], extra) if isinstance(extra, dict) else {}
    message, stack = str(inner["message"]), extra.get("py_callstack")
    text = stack if isinstance(stack, str) and "Traceback" in stack else message
    return ErrorRecord(text[-LONGEST:], _to_time(extra.get("timestamp")))


def _to_time(value: object) -> float | None:
    try:
        at = float(str(value))
    except ValueError:
        return None
    return at if math.isfinite(at) and 0 < at < 1e11 else None
