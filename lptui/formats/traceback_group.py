"""What stands below an exception group: its exceptions, numbered, behind a margin, groups within groups.

+ Exception Group Traceback (most recent call last):
| ExceptionGroup: workers failed (2 sub-exceptions)
+-+---------------- 1 ----------------
  | ValueError: a
  +---------------- 2 ----------------
  | ValueError: b
  +------------------------------------
"""

from __future__ import annotations

from lptui.formats.log_prefix import strip_escapes
from lptui.text.regex import Regex

TITLE = b"+ Exception Group "
_FIRST = Regex(rb"\+-\+-{4,} 1 -{4,}\s*$")
_CLOSED = Regex(rb"  \+-{20,}\s*$")
_MARGIN = Regex(rb"  +[|+]")
_MOST_LINES = 4000
_MOST_FOREIGN = 128
_LONGEST_LINE = 4096


def skip_parts(data: bytes, lead: bytes, at: int) -> int:
    """Behind the exceptions of a group whose title stood behind `lead` (a rank's label and blanks) and whose own lines
    end at `at`; of a group that is cut, behind the last of its lines."""
    label = lead.rstrip(b" ")
    end, foreign, opened = at, 0, False
    for _ in range(_MOST_LINES):
        stop = data.find(b"\n", at) + 1 or len(data)
        line = data[at : min(stop, at + _LONGEST_LINE)]
        if stop == at:
            break
        at = stop
        if label and not line.startswith(label):
            foreign += 1
            if foreign > _MOST_FOREIGN:
                break
            continue
        text, foreign = strip_escapes(line[len(lead) :]), 0
        if not opened and not _FIRST.match(text):
            return end
        opened = True
        if _CLOSED.match(text):
            return stop
        if _MARGIN.match(text):  # the interpreter itself puts no margin before the further lines of a message
            end = stop
    return end
