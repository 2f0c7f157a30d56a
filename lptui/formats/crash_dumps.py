"""What stands around tracebacks, or in their place: stacks that `faulthandler` dumps, frames of C++ that torch adds,
the report of torchrun below its ChildFailedError."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lptui.formats.log_prefix import strip_escapes, strip_labels

_HEADS = (b"Fatal Python error: ", b"hread 0x")
_BEGINS = re.compile(
    rb"Fatal Python error: (.{1,200})|(?:Current thread|Thread) 0x[0-9a-f]{1,16}.{0,80} \(most recent call first\):"
)
_BELONGS = re.compile(
    rb'  File "|(?:Current thread|Thread) 0x|  <(?:no Python frame|invalid frame)|  \.\.\.|Python runtime state: |'
    rb"Extension modules: |Current thread's C stack|  Binary file \"|  <truncated|<Cannot show"
)
_FRAME = re.compile(rb'  File "([^"\n]{1,1024})", line (\d{1,9}) in (.{1,200})')
_NATIVE = re.compile(
    rb"#\d{1,4} |frame #\d{1,4}: |Exception raised from |C\+\+ CapturedTraceback|<omitting python frames>"
    rb"|For debugging consider passing|Compile with `?TORCH_USE_CUDA_DSA|CUDA kernel errors might be"
)
_LIBRARY = re.compile(rb"site-packages|dist-packages|/lib/python\d|^<")
_RULE = re.compile(rb"={20,200}\s*$")
_FAILED = re.compile(rb"\S.{0,200} FAILED\s*$")
_CAUSE = re.compile(
    rb"Root Cause[^\n]{0,60}\n(?:[^\n]{0,400}\n){1,6}?[^\n]{0,40}rank {1,8}: (\d{1,6})[^\n]{0,60}\n"
    rb"[^\n]{0,40}exitcode {1,8}: (-?\d{1,4})([^\n]{0,60})\n"
)
_MOST_LINES = 600
_LONGEST_LINE = 2000


def find_dumps(data: bytes) -> Iterator[tuple[int, int, str]]:
    """(start, end, title) of the stacks that faulthandler dumped; one that the end of `data` cuts is left out."""
    done = 0
    for start in sorted({data.rfind(b"\n", 0, at) + 1 for head in _HEADS for at in _places(data, head)}):
        if start < done:
            continue
        begun = _BEGINS.match(_line(data, start)[0])
        if begun is None:
            continue
        end, place, threads = _read_stacks(data, start)
        done = end
        if threads and end < len(data):
            what = begun[0] if begun[1] else b"Stacks of %d thread%s" % (threads, b"s" if threads > 1 else b"")
            yield start, end, (what + (b"  " + place if place else b"")).decode("utf-8", "replace")


def _places(data: bytes, what: bytes) -> Iterator[int]:
    at = data.find(what)
    while at >= 0:
        yield at
        at = data.find(what, at + len(what))


def _read_stacks(data: bytes, start: int) -> tuple[int, bytes, int]:
    """(end, the newest place in a user's code, stacks) of the dump that begins at `start`."""
    place, threads, at = b"", 0, start
    end = start
    for _ in range(_MOST_LINES):
        line, stop = _line(data, at)
        if stop == at or not (at == start or not line.strip() or _BELONGS.match(line)):
            break
        threads += b" (most recent call first)" in line and b"hread 0x" in line
        frame = None if place else _FRAME.match(line)
        if frame is not None and not _LIBRARY.search(frame[1]):
            place = b"%s:%s in %s" % (frame[1].rpartition(b"/")[2], frame[2], frame[3].rstrip())
        if line.strip():
            end = stop
        at = stop
    return end, place, threads


def skip_native(data: bytes, end: int) -> int:
    """Where the frames of C++ end that follow a traceback which ends at `end`."""
    at = end
    for _ in range(_MOST_LINES):
        line, stop = _line(data, at)
        if stop == at or (line.strip() and _NATIVE.match(line) is None):
            break
        at = stop
        end = stop if line.strip() else end
    return end


def read_report(data: bytes, end: int) -> tuple[int, str]:
    """(end, title) of torchrun's report that begins at `end`; (`end`, '') where there is none."""
    rule, at = _line(data, end)
    name, _ = _line(data, at)
    if not _RULE.match(rule) or not _FAILED.match(name):
        return end, ""
    start = at
    for _ in range(_MOST_LINES):
        line, stop = _line(data, at)
        if stop == at:
            return end, ""
        at = stop
        if _RULE.match(line):
            break
    else:
        return end, ""
    cause = _CAUSE.search(data, start, at)
    told = name.strip()
    if cause is not None:
        told += b": rank %s ended first, with exit code %s" % (cause[1], cause[2])
    return at, told.decode("utf-8", "replace")


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    """(a line without labels and colours, where the next one begins)."""
    stop = data.find(b"\n", at) + 1 or len(data)
    return strip_labels(strip_escapes(data[at : min(stop, at + _LONGEST_LINE)])).rstrip(b"\r\n"), stop
