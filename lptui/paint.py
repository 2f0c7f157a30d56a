"""The first screen, before Textual is imported: who the run is and its newest log lines, within a few milliseconds.

Owns the terminal until the app does: alternate screen, cbreak, no echo (typed keys wait for the app). It is given back
on every way out: return, exception, signal. Nothing but the standard library and small rooms of ours is imported here.
While the app's libraries are loaded a thread goes on painting the log's newest lines.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import termios
import threading
from types import FrameType, TracebackType
from typing import Any

from lptui.files import FileFailure, stat_file
from lptui.files.generations import is_packed, open_current
from lptui.model.run import RunInfo
from lptui.text.hostile import sanitise
from lptui.text.secrets import mask_text
from lptui.text.width import fit

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J", "\x1b[?25h\x1b[?1049l"
FORGET = "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[<u\x1b[?7h\x1b[m"
"""Takes back what the app asks of a terminal (mouse, focus, paste, keyboard), for an end that it does not see."""
CLEAR = "\x1b[K"
TAIL = 64 * 1024
LOOK = 0.05
"""Seconds between two looks at the log."""
HELD_UP = 0.5
"""Seconds that a way out waits for a look that hangs (a dead mount); it paints nothing any more when it comes back."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def read_last_rows(path: str, count: int) -> list[str]:
    """The newest `count` rows of a log, harmless, oldest first; empty when it cannot be read, or not without work."""
    if is_packed(path):
        return []
    try:
        handle = open_current(path)
    except FileFailure:
        return []
    try:
        size = handle.stat().size
        data = handle.pread(max(0, size - TAIL), TAIL)
    except FileFailure:
        return []
    finally:
        handle.close()
    return show_rows(data, count, whole=size <= TAIL)


def show_rows(data: bytes, count: int, *, whole: bool = True) -> list[str]:
    """The last `count` rows of `data`, harmless; not `whole`: its first line is the rest of one."""
    lines = data.split(b"\n")
    if len(lines) > 1 and not whole:
        lines = lines[1:]
    if lines and not lines[-1]:
        lines.pop()
    return [_to_row(line) for line in lines[-count:]]


def _to_row(line: bytes) -> str:
    """What the last frame of a line shows; a progress bar is one row."""
    frames = [f for f in line[-4096:].split(b"\r") if f.strip()]
    return mask_text(sanitise((frames[-1] if frames else b"").decode("utf-8", "replace")))


def compose(run: RunInfo, width: int, height: int, words: str = "opening", about: str = "") -> list[str]:
    """The first screen as plain rows of exactly `width` cells; `about`: what it is about, if not the log."""
    rows = read_last_rows(run.logs[0], max(1, height - 3)) if run.logs and not about else []
    what = about or (sanitise(run.logs[0].rsplit("/", 1)[-1]) if run.logs else "no log yet")
    head = [f" {sanitise(run.name)}  {words} …", f" {what}"]
    return [fit(row, width) for row in [*head, *rows][: max(1, height - 1)]]


def _look(path: str) -> tuple[int, float, str] | None:
    """What changes whenever a file does; None when it is not there."""
    try:
        stat = stat_file(path)
    except FileFailure as failure:
        if not failure.missing:
            return None
        try:
            handle = open_current(path)  # renamed this very moment: what is written there yet
            stat = handle.stat()
            handle.close()
        except FileFailure:
            return None
    return stat.size, stat.modified_at, stat.identity


class FirstScreen:
    """A context: on entry the terminal shows the run; on exit it is as it was (the app has come and gone)."""

    def __init__(self, run: RunInfo, words: str = "opening", about: str = "") -> None:
        self._run, self._words, self._about = run, words, about
        self.rows: list[str] = []
        """What was painted, top to bottom: the app shows the same until it knows more."""
        self._attributes: list[Any] | None = None
        self._input = self._output = -1
        self._handlers: dict[int, Any] = {}
        self._over = threading.Event()
        self._painter = threading.Thread(target=self._follow, name="lptui paint", daemon=True)

    def __enter__(self) -> FirstScreen:
        # Kept, because the app puts objects without a descriptor in the place of sys.stdout while it runs.
        descriptor, self._output = sys.stdin.fileno(), sys.stdout.fileno()
        self._input = descriptor
        self._attributes = termios.tcgetattr(descriptor)
        changed = termios.tcgetattr(descriptor)
        changed[3] &= ~(termios.ECHO | termios.ICANON)
        # TCSADRAIN, not FLUSH: keys typed ahead are for the app.
        termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)
        for number in _SIGNALS:
            self._handlers[number] = signal.signal(number, self._end)
        self.rows = self._compose()
        self._write(ENTER + "\r\n".join(self.rows))
        if self._run.logs and not self._about:
            self._painter.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()

    def hand_over(self) -> list[str]:
        """Paint no more, the app is about to; what stands on the screen, top to bottom."""
        self._over.set()
        if self._painter.is_alive():
            self._painter.join(HELD_UP)
        return self.rows

    def _compose(self) -> list[str]:
        size = shutil.get_terminal_size()
        return compose(self._run, size.columns, size.lines, self._words, self._about)

    def _follow(self) -> None:
        """Paint the rows that differ whenever the log changed."""
        seen = None
        while not self._over.wait(LOOK):
            now = _look(self._run.logs[0])
            if now is None or now == seen:  # rotated this very moment, say: what it told stays
                continue
            rows, seen = self._compose(), now
            gone = len(self.rows) - len(rows)
            lines = enumerate([*rows, *[""] * gone], 1)
            known = [*self.rows, *[""] * -gone]
            changed = [f"\x1b[{y};1H{row or CLEAR}" for y, row in lines if row != known[y - 1]]
            if self._over.is_set():
                return
            self.rows = rows
            with contextlib.suppress(OSError):  # the terminal is gone: told by a signal
                self._write("".join(changed))

    def restore(self) -> None:
        """Give the terminal back; a second call does nothing."""
        if self._attributes is None:
            return
        self.hand_over()
        attributes, self._attributes = self._attributes, None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        try:
            termios.tcsetattr(self._input, termios.TCSADRAIN, attributes)
            self._write(LEAVE)
        except (OSError, termios.error):
            return  # the terminal is gone

    def _end(self, number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            self._write(FORGET)
        self.restore()
        os._exit(128 + number)

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._output, data) :]
