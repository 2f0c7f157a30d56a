"""A block of lines that one row can stand for, and what finding such blocks in a stretch of whole lines takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from lptui.formats.log_prefix import read_prefix, strip_escapes
from lptui.model.value import frozen

Kind = Literal["traceback", "repeated", "banner", "restart", "config", "redrawn"]
LONGEST = 48 * 1024
"""Bytes of one block at most: a longer one stays as it is."""
TITLE = 300
"""Letters of a title at most."""
HEAD = 400
"""Bytes of a line that tell what it is."""
_MOST_LINES = 600


@frozen
class Fold:
    """Bytes [start, end) of whole lines. `title` is what happened, `detail` how often, where and when; `first_rank` is
    the rank that said it first."""

    start: int
    end: int
    kind: Kind
    title: str
    lines: int
    ranks: tuple[int, ...] = ()
    first_rank: int | None = None
    clock: str = ""
    count: int = 1

    @property
    def detail(self) -> str:
        """'x 8 ranks, first rank 3, 12:04:11'."""
        words: list[str] = []
        if len(self.ranks) > 1:
            words += [f"x {len(self.ranks)} ranks", f"first rank {self.first_rank}"]
        elif self.count > 1:
            words.append(f"x {self.count:,}")
        elif self.first_rank is not None:
            words.append(f"rank {self.first_rank}")
        return ", ".join([*words, self.clock] if self.clock else words)


def line_at(data: bytes, at: int) -> bytes:
    """The line at `at`, or as much of it as tells what it is."""
    end = data.find(b"\n", at, at + HEAD)
    return data[at : at + HEAD if end < 0 else end].rstrip(b"\r")


def lines_with(data: bytes, what: bytes) -> Iterator[tuple[int, bytes]]:
    """(start, line) of the lines that hold `what`, each once; finding bytes costs far less than matching lines."""
    at = data.find(what)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        yield start, line_at(data, start)
        end = data.find(b"\n", at)
        at = data.find(what, end + 1) if end >= 0 else -1


def take_lines(data: bytes, at: int, belongs: Callable[[bytes], bool]) -> tuple[int, int]:
    """(end, count) of the lines from `at` on that belong together."""
    count = 0
    while count < _MOST_LINES and 0 < at < len(data):
        line = line_at(data, at)
        if not line or not belongs(line):
            break
        count += 1
        at = data.find(b"\n", at) + 1 or len(data)
    return at, count


def message_text(line: bytes) -> str:
    """What a line says, without escape sequences and prefix."""
    line = strip_escapes(line)
    return line[read_prefix(line).start :][:TITLE].decode("utf-8", "replace").strip()


def clock_near(data: bytes, start: int, end: int) -> str:
    """The clock of the block's first line, of the line before it, or of the one after it, as it is written."""
    before = data.rfind(b"\n", 0, max(0, start - 1)) + 1
    for at in (start, before, end):
        clock = read_prefix(strip_escapes(line_at(data, at))).clock
        if clock is not None:
            seconds = int(clock % 86400)
            return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return ""
