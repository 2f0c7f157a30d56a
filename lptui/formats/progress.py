"""What a training log says of progress: a gate over the raw bytes, then a look at the lines it lets by.

Known: Metta's progress lines (three eras, console and file), tqdm bars (the last frame of a line counts), the
dict lines of transformers, `step=123 loss=0.5` and relatives, tables of many rows, and life-cycle lines
(lptui.formats.lifecycle).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lptui.formats import progress_tables
from lptui.formats.bar_end import find_behind
from lptui.formats.lifecycle import Lifecycle, read_lifecycle
from lptui.formats.log_prefix import find_message, level, parse_clock, strip_escapes, strip_prefix
from lptui.formats.progress_epochs import BarPlace, place_bar
from lptui.formats.progress_gate import Search, load_bounds, load_gate, search_among
from lptui.formats.progress_lines import read_progress
from lptui.formats.progress_tables import close_table, read_opening
from lptui.formats.progress_values import Progress
from lptui.formats.table_lead import find_rows_before, find_section
from lptui.model.log import Suspect
from lptui.model.value import frozen

__all__ = [
    "FactReader",
    "Lifecycle",
    "LogFact",
    "Progress",
    "level",
    "parse_clock",
    "read_line",
    "scan",
    "strip_prefix",
]

_LONGEST_FRAME = 8192
_RICH_CLOCK = re.compile(rb"\[\d\d:\d\d:\d\d\.\d{6}\] ")
_INDENT = b" " * 27  # where Rich continues a wrapped message
_LOCATION = re.compile(rb" +\[?[\w.-]{1,100}\.py:\d{1,6}\]? *$")
_LOCATION_REACH = 120
_LONGEST_WRAP = 6


@frozen
class LogFact:
    """One statement of a log; `offset` is where its line begins in the block that was scanned."""

    offset: int
    fact: Progress | Lifecycle


def scan(data: bytes, most: int | None = None) -> tuple[LogFact, ...]:
    """The facts in a block of whole lines (the last may lack its newline), in order. Linear in its size.

    With `most`, about that many progress lines are read, evenly spread; life-cycle lines and lines that hold a NaN or
    an infinity are all read even so.
    """
    return scan_from(data, BarPlace(), most)[0]


def scan_from(
    data: bytes, place: BarPlace, most: int | None = None, suspects: Sequence[Suspect] | None = None
) -> tuple[tuple[LogFact, ...], BarPlace]:
    """As `scan`, of a block before which the training's bars stood at `place`; and where they stand after it.
    `suspects`: the only lines that may hold anything of RARE, if they are known."""
    if most is None:
        found = _find_facts(data, load_gate(), 0)
    else:
        thinned = _find_facts(data, load_gate(), len(data) // most)
        rare = load_gate(rare=True)
        search = rare if suspects is None else search_among(suspects, rare)
        kept = {fact.offset: fact for fact in (*thinned, *_find_facts(data, search, 0))}
        found = [kept[offset] for offset in sorted(kept)]
    place = replace(place)
    placed: list[LogFact] = []
    for one in found:
        fact = one.fact
        if isinstance(fact, Progress):
            if fact.form in ("bar", "table"):
                fact = place_bar(fact, place)
                one = one if fact is one.fact else LogFact(one.offset, fact)
        elif fact.kind == "started":
            place = BarPlace()
        placed.append(one)
    return tuple(placed), place


def scan_thinly(data: bytes, most: int) -> tuple[LogFact, ...]:
    """About `most` progress lines, evenly spread, and every line that tells how an attempt began or ended."""
    thinned = _find_facts(data, load_gate(), len(data) // most)
    kept = {fact.offset: fact for fact in (*thinned, *scan_bounds(data))}
    return tuple(kept[offset] for offset in sorted(kept))


def scan_bounds(data: bytes) -> tuple[LogFact, ...]:
    """Every line that tells how an attempt began or ended."""
    return tuple(_find_facts(data, load_bounds(), 0))


class FactReader:
    """Reads the blocks of one log, the newest lines in order, and knows where its bars stood when they come."""

    def __init__(self) -> None:
        self._place: BarPlace | None = None

    def read(
        self, data: bytes, most: int | None, suspects: Sequence[Suspect] | None = None, *, backfill: bool
    ) -> tuple[LogFact, ...]:
        """As `scan_from`. The first block of history that is read is the newest one."""
        start = BarPlace() if backfill or self._place is None else self._place
        facts, after = scan_from(data, start, most, suspects)
        if not backfill or self._place is None:
            self._place = after
        return facts


def _find_facts(data: bytes, search: Search, stride: int) -> list[LogFact]:
    """The facts of lines that `search` lets through, at least `stride` bytes apart."""
    facts: list[LogFact] = []
    at, size = 0, len(data)
    while at < size and (hit := search(data, at)) is not None:
        start = data.rfind(b"\n", at, hit.start()) + 1 or at
        end = data.find(b"\n", hit.end())
        end = size if end < 0 else end
        line = _last_frame(data[start:end])
        if line and _RICH_CLOCK.match(line):
            line, end = _join_wrapped(data, line, end)
        fact = read_line(line) if line else None
        if line and (fact is None or (isinstance(fact, Progress) and fact.form == "table")):
            fact, end = _join_table(data, start, end, line)
        if fact is not None:
            facts.append(LogFact(start, fact))
        if line and isinstance(fact, Progress) and fact.form == "bar" and (behind := _read_behind(line)) is not None:
            facts.append(LogFact(start + 1, behind))
        if fact is not None and start + stride > end:
            end = data.find(b"\n", start + stride)
            end = size if end < 0 else end
        at = end + 1
    return facts


def read_line(line: bytes) -> Progress | Lifecycle | None:
    """What one line says, its prefix included."""
    line = strip_escapes(line)
    message = _strip_location(line[find_message(line) :])
    return read_lifecycle(message) or read_progress(message)


def _read_behind(line: bytes) -> Progress | Lifecycle | None:
    """What a message says that was printed right behind a bar."""
    cut = find_behind(line, 0, len(line))
    return read_line(line[cut:]) if cut < len(line) else None


def _join_table(data: bytes, start: int, end: int, line: bytes) -> tuple[Progress | None, int]:
    """The table that a line opens, with the rows after it, and where its last row ends."""
    line = strip_escapes(line)
    table = read_opening(line[find_message(line) :].strip())
    if table is None:
        return None, end
    if section := find_section(data, start):
        table.values = {f"{section}/{name}": value for name, value in table.values.items()}
        table.seen = {f"{section}/{name}" for name in table.seen}
        table.enter(section)
    for row in find_rows_before(data, start):
        if not any(table.name(name) in table.seen for name, _ in row):
            table.add(row)
    end = progress_tables.join_rows(data, end, table)
    return close_table(table), end


def _last_frame(line: bytes) -> bytes:
    """What a terminal shows last of a line that carriage returns overwrite; empty when that is too long."""
    if b"\r" in line:
        for frame in reversed(line[-_LONGEST_FRAME:].split(b"\r")):
            if strip_escapes(frame).strip():
                line = frame
                break
    return line if len(line) <= _LONGEST_FRAME else b""


def _strip_location(message: bytes) -> bytes:
    if b".py:" not in message[-_LOCATION_REACH:]:
        return message
    tail = max(0, len(message) - _LOCATION_REACH)
    match = _LOCATION.search(message.rstrip(), tail)
    return message[: match.start()] if match else message


def _join_wrapped(data: bytes, line: bytes, end: int) -> tuple[bytes, int]:
    """A message that Rich wrapped at the console's width, as one line, and where its last line ends."""
    for _ in range(_LONGEST_WRAP):
        if not data.startswith(_INDENT, end + 1):
            break
        stop = data.find(b"\n", end + 1)
        stop = len(data) if stop < 0 else stop
        if stop - end > _LONGEST_FRAME:
            break
        line = _strip_location(line).rstrip() + b" " + data[end + 1 : stop].strip()
        end = stop
    return line, end
