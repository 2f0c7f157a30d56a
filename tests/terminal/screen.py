"""A real pseudo-terminal with an emulator behind it: what a program shows there, and what it leaves behind.

The emulator is pyte with what it lacks: an alternate screen of its own, and string controls and private sequences that
it would print as text. The terminal's attributes stay readable after the program has left.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

DEADLINE = 90.0
"""Seconds until a condition counts as missed: far beyond what it takes, since the machine may be busy."""
_SWITCH = re.compile(r"\x1b\[\?1049([hl])")
_MODE = re.compile(r"\x1b\[\?([0-9;]+)([hl])")
_KEYBOARD = re.compile(r"\x1b\[([<>])[0-9;]*u")
_FOREIGN = {1, 1000, 1002, 1003, 1004, 1006, 1015, 2004, 2026}
"""Modes that a shell does not expect: cursor keys, mouse, focus, paste, synchronised output."""
_STRANGE = re.compile(
    r"\x1b[\]PX^_].*?(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC
    r"|\x1b\[[<=>][0-9;:]*[ -/]*[@-~]"
    r"|\x1b\[\??[0-9;:]*[ -/]+[@-~]"
    r"|\x1b\[\?[0-9;]*[unm]",
    re.DOTALL,
)
_CUT_OFF = re.compile(r"\x1b(?:[\]PX^_](?:(?!\x07|\x1b\\).)*|\[[0-9;:<=>?]*[ -/]*)?\Z", re.DOTALL)


class Emulator:
    """Bytes in, rows of text out."""

    def __init__(self, columns: int, rows: int) -> None:
        self.main, self.other = pyte.Screen(columns, rows), pyte.Screen(columns, rows)
        self._streams = {id(s): pyte.Stream(s) for s in (self.main, self.other)}
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self.alternate = False
        self.modes: set[int] = set()
        """Private modes that are on: 1000-1015 mouse, 1004 focus, 2004 paste."""
        self.keyboards = 0
        """Keyboard protocols that were pushed and not popped."""

    @property
    def screen(self) -> pyte.Screen:
        """The screen that is shown."""
        return self.other if self.alternate else self.main

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def cursor_visible(self) -> bool:
        return not self.screen.cursor.hidden

    def feed(self, data: bytes) -> None:
        text = self._rest + self._decoder.decode(data)
        cut = _CUT_OFF.search(text)
        self._rest = text[cut.start() :] if cut else ""
        text = text[: cut.start()] if cut else text
        for numbers, way in _MODE.findall(text):
            mine = {int(number) for number in numbers.split(";") if number}
            self.modes = self.modes | mine if way == "h" else self.modes - mine
        for way in _KEYBOARD.findall(text):
            self.keyboards = max(0, self.keyboards + (1 if way == ">" else -1))
        text = _STRANGE.sub("", text)
        for index, piece in enumerate(_SWITCH.split(text)):
            if index % 2:
                self._switch(piece == "h")
            else:
                self._streams[id(self.screen)].feed(piece)

    def resize(self, columns: int, rows: int) -> None:
        for screen in (self.main, self.other):
            screen.resize(rows, columns)

    def _switch(self, alternate: bool) -> None:
        hidden = self.screen.cursor.hidden  # the cursor's visibility belongs to the terminal, not to a screen
        if alternate and not self.alternate:
            self.other.reset()
        self.alternate = alternate
        self.screen.cursor.hidden = hidden


def _take_terminal(slave: int) -> None:
    """In the new process, as a shell starts one: the terminal is its own, and signals do what they do (tests that run
    in the background would hand on deaf ones)."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """A command in a terminal of `columns` x `rows`; a context that leaves no process behind."""

    def __init__(
        self,
        command: Sequence[str],
        columns: int,
        rows: int,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.emulator = Emulator(columns, rows)
        self.bytes = 0
        self.raw = bytearray()
        """All that the program has written."""
        self._fd, self._slave = pty.openpty()
        self._set_size(columns, rows)
        slave = self._slave
        self.attributes = termios.tcgetattr(slave)
        """As they were before the program came."""
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: _take_terminal(slave),
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for descriptor in (self._fd, self._slave):
            if descriptor >= 0:
                os.close(descriptor)

    @property
    def text(self) -> str:
        return self.emulator.text

    @property
    def rows(self) -> list[str]:
        return self.emulator.rows

    @property
    def left_behind(self) -> list[str]:
        """What is not as it was before: line settings, screen, cursor, mouse, paste and keyboard modes."""
        shown = self.emulator
        left = [] if termios.tcgetattr(self._slave) == self.attributes else ["line settings"]
        left += ["alternate screen"] if shown.alternate else []
        left += [] if shown.cursor_visible else ["hidden cursor"]
        left += [
            f"mode {mode}" for mode in sorted(shown.modes & {1, 47, 1000, 1002, 1003, 1004, 1006, 1015, 2004, 2026})
        ]
        return left + (["keyboard protocol"] if shown.keyboards else [])

    @property
    def echoes(self) -> bool:
        """Whether the terminal echoes what is typed, as a shell wants it."""
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        self.pump()
        self.emulator.resize(columns, rows)
        self._set_size(columns, rows)
        os.killpg(self.process.pid, signal.SIGWINCH)  # the kernel tells only when the size differs

    def pump(self, seconds: float = 0.0) -> None:
        """Show what the program has written, waiting up to `seconds` for the first of it."""
        waiting = select.poll()
        waiting.register(self._fd, select.POLLIN)
        while waiting.poll(1000 * seconds):
            data = os.read(self._fd, 65536)
            self.bytes += len(data)
            self.raw += data
            self.emulator.feed(data)
            seconds = 0.0

    def wait_for(self, what: str | Callable[[str], bool]) -> None:
        """Until the screen shows a text, or fulfils a condition."""
        fulfilled = (lambda text: what in text) if isinstance(what, str) else what
        end = time.monotonic() + DEADLINE
        while not fulfilled(self.text):
            if time.monotonic() > end:
                raise AssertionError(f"waited for {what!r}, but the screen shows:\n{self.text}")
            self.pump(0.2)

    def wait_for_end(self) -> int:
        """Until the program has left; its exit code (negative: signal)."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"it did not leave; the screen shows:\n{self.text}")
            self.pump(0.1)
        self.pump()
        return self.process.returncode

    def silence(self, seconds: float) -> bool:
        """Whether nothing comes within `seconds`; what does come is shown."""
        before = self.bytes
        self.pump(seconds)
        return self.bytes == before

    def hang_up(self) -> None:
        """Take the terminal away, as a closed window or a lost connection does."""
        self.pump()
        os.close(self._fd)
        os.close(self._slave)
        self._fd = self._slave = -1

    def wait_for_exit(self) -> int:
        """Until the program has left a terminal that is gone; its exit code (negative: signal)."""
        return self.process.wait(DEADLINE)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def wait_until(fulfilled: Callable[[], bool], told: Callable[[], str]) -> None:
    """Poll a condition that has no terminal of ours."""
    end = time.monotonic() + DEADLINE
    while not fulfilled():
        if time.monotonic() > end:
            raise AssertionError(told())
        time.sleep(0.1)
