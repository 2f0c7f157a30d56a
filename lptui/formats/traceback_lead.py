"""What stands right above a traceback and belongs to it: which thread or process it is of, what a worker sent."""

from __future__ import annotations

from lptui.formats.log_prefix import strip_escapes, strip_labels
from lptui.text.regex import Regex

_OF_WHAT = Regex(rb"(?:Exception in thread [^\n]{1,200}:|Exception ignored [^\n]{1,300}|Process [^\s:]{1,80}:)\s*$")
_QUOTE = Regex(rb"(?:'''|\"\"\")\s*$")
_SENT = Regex(rb"[A-Za-z_][\w.]{0,200}RemoteTraceback:\s*$")
"""How `multiprocessing`, `concurrent.futures` and joblib head what a worker raised, which follows between quotes."""
_LONGEST_LINE = 1000


def find_lead(data: bytes, start: int) -> int:
    """Where a traceback that begins at `start` begins with the lines above that head it."""
    above, text, label = _line_above(data, start)
    if label != _label_at(data, start):
        return start
    if _OF_WHAT.match(text):
        return above
    if _QUOTE.match(text):
        before, text, of = _line_above(data, above)
        if of == label and _SENT.match(text):
            return before
    return start


def _line_above(data: bytes, at: int) -> tuple[int, bytes, bytes]:
    """(start, text, rank's label) of the line that ends at `at`."""
    start = data.rfind(b"\n", 0, max(0, at - 1)) + 1
    line = data[start:at] if at - start <= _LONGEST_LINE else b""
    label = _label_at(data, start)
    return start, strip_escapes(line)[len(label) :], label


def _label_at(data: bytes, at: int) -> bytes:
    end = data.find(b"\n", at, at + _LONGEST_LINE)
    line = strip_escapes(data[at : at + _LONGEST_LINE if end < 0 else end])
    return line[: len(line) - len(strip_labels(line))]
