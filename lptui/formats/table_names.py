"""Which files hold metrics, by their names and first bytes."""

from __future__ import annotations

import re

from lptui.formats.axes import counts
from lptui.formats.progress_pairs import speaks

HEAD = 16 * 1024
"""First bytes that are enough to tell."""
KNOWN = frozenset(
    (
        "metrics.csv",  # Lightning
        "progress.csv",  # Stable-Baselines3, RLlib, rllab
        "progress.json",
        "progress.txt",  # Spinning Up
        "monitor.csv",  # gym
        "results.csv",  # Ultralytics
        "summary.csv",  # timm
        "result.json",  # RLlib
        "trainer_state.json",  # Hugging Face
        "metrics.jsonl",
        "scalars.json",  # mmengine
    )
)
_KEY = re.compile(rb'"([^"\\]{1,100})" {0,2}: {0,2}(-?[0-9NI.]|"|\{|\[|true|false|null)')
_LISTS = re.compile(rb'\{\s{0,80}"[^"]{0,200}"\s{0,80}:\s{0,80}\[')
_FOREIGN = (
    (b"\xff\xfe", "its text is UTF-16, and UTF-8 is read: write it anew as that"),
    (b"\xfe\xff", "its text is UTF-16, and UTF-8 is read: write it anew as that"),
    (b"\x1f\x8b", "it is compressed (gzip): unpack it to have it read"),
    (b"PK\x03\x04", "it is a ZIP archive and no table"),
)
_NO_TEXT = tuple(bytes((n,)) for n in range(32) if n not in b"\t\n\v\f\r\x1b")
_START = 512
_SEPARATORS = (",", "\t", ";")


def is_one_document(head: bytes) -> bool:
    """Whether JSON begins that is one document, not an object a line: it goes on over lines, or is one of lists."""
    first, _, more = head.lstrip().partition(b"\n")
    if not first.startswith(b"{"):
        return first.startswith(b"[")
    return not first.rstrip().endswith(b"}") or (_LISTS.match(first) is not None and not more.strip())


def tell_foreign(head: bytes) -> str:
    """What begins with `head`, if it is no text that is read; '' for text, and for nothing."""
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            return what
    first = head[:_START].lstrip().partition(b"\n")[0]  # further on a crash may have left a hole
    return "it holds no text" if any(byte in first for byte in _NO_TEXT) else ""


def holds_metrics(name: str, head: bytes) -> bool:
    """Whether what begins with `head` holds metrics of a training rather than data, by the names of its columns."""
    name = name.lower()
    if name == "trainer_state.json":
        return b'"log_history"' in head or b'"best_metric"' in head
    if tell_foreign(head):
        return name in KNOWN and name != "progress.txt"  # so that its reader is told
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if not text:
        return name in KNOWN and name != "progress.txt"
    if text.startswith((b"{", b"[")):
        return _json_holds(name, text)
    return not name.endswith((".json", ".jsonl", ".ndjson")) and _table_holds(name, text)


def _json_holds(name: str, text: bytes) -> bool:
    pairs = _KEY.findall(text if is_one_document(text) else text.split(b"\n", 1)[0])
    names = {key.decode(errors="replace") for key, value in pairs if value not in (b'"', b"true", b"false", b"null")}
    if name in KNOWN:
        return bool(names)
    if name.endswith((".log", ".txt")) and any(value == b'"' for _, value in pairs):
        return False  # a log whose lines are JSON
    return any(speaks(n) for n in names) and (is_one_document(text) or any(counts(n) for n in names))


def _table_holds(name: str, text: bytes) -> bool:
    lines = [line for line in text.decode(errors="replace").splitlines()[:3] if line]
    if lines and lines[0].startswith("#{"):
        return '"t_start"' in lines[0]
    header = lines[0].lstrip("# ") if lines else ""
    separator = max(_SEPARATORS, key=header.count)
    names = [part.strip().strip('"') for part in header.split(separator)]
    if len(names) < 2 or any(_is_number(n) for n in names):
        return False
    counted = any(counts(n) for n in names)
    if name in KNOWN and name != "progress.txt":
        return counted or any(speaks(n) for n in names) or name == "metrics.csv"
    return counted and any(speaks(n) for n in names)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
