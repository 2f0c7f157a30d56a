"""A block of a log as its reader walks it: lines before and after, and what was confirmed in it."""

from __future__ import annotations

from lptui.detect.log_lines import LONGEST, Line, read_line, read_text
from lptui.model.value import frozen

UNCAUGHT = "uncaught-exception"
LOGGED = ("logged", "yes")
"""The group of an exception that a logger told: that it ended the program is not said."""
RECOVERY = "~recovery"
GROUP_TEXT = 200
"""Longest text that a group hands on."""


@frozen
class Hit:
    """One confirmed line, which begins at `position` in the log. `key` tells a series (`need` > 1) from single hits."""

    key: str
    position: int
    text: str
    groups: tuple[tuple[str, str], ...] = ()
    need: int = 1
    later: bool = False
    confidence: float = 1.0
    rank: int | None = None
    at: float | None = None
    frame: str = ""
    count: int = 1

    @property
    def cls(self) -> str:
        return self.key.split("~")[0]


@frozen
class Block:
    """Lead and data as one text; hits count from `head` on. `base` is the position of its first byte."""

    buffer: bytes
    head: int
    base: int

    def line_at(self, start: int, end: int) -> Line:
        return read_line(self.buffer[start:end])

    def before(self, start: int, count: int) -> list[str]:
        """Up to `count` lines right before `start`, as shown, oldest first."""
        lines: list[str] = []
        while start > 0 and len(lines) < count:
            # CR LF ends one line, not two
            end = start - 2 if self.buffer.startswith(b"\r\n", start - 2) and start > 1 else start - 1
            low = max(0, end - LONGEST)
            head = max(self.buffer.rfind(b"\n", low, end), self.buffer.rfind(b"\r", low, end)) + 1
            if head == 0 and low > 0:
                break
            lines.append(read_text(self.buffer[head:end]))
            start = head
        return lines[::-1]

    def after(self, end: int) -> str:
        """The line behind `end`, as shown; empty at the end of the block."""
        newline = self.buffer.find(b"\n", end, end + 2)
        if newline < 0:
            return ""
        stop = self.buffer.find(b"\n", newline + 1, newline + 1 + LONGEST)
        return self.line_at(newline + 1, stop if stop >= 0 else min(len(self.buffer), newline + 1 + LONGEST)).message
