"""Where the screen is drawn: on stdout, so that `2>FILE` keeps what libraries say and leaves the screen alone."""

from __future__ import annotations

import sys
from typing import Any

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver

_ENTER = "\x1b[?1049h"


class StdoutDriver(LinuxDriver):
    """Textual's driver of a terminal, which writes to stderr of itself."""

    entered = False
    """Whether the alternate screen was entered already, by what was painted: once more would clear it in many
    terminals."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if sys.__stdout__ is not None:
            self._file = sys.__stdout__

    def write(self, data: str) -> None:
        if data == _ENTER and StdoutDriver.entered:
            StdoutDriver.entered = False  # after ctrl+z it must be entered anew
            return
        super().write(data)


def to_stdout(driver: type[Driver]) -> type[Driver]:
    """The driver to take in the place of `driver`: others than Linux's (a browser's, a test's) stay."""
    return StdoutDriver if driver is LinuxDriver else driver
