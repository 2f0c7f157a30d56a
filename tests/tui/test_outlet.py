"""What the driver writes to a terminal that already shows something."""

from __future__ import annotations

import pytest
from textual.drivers.linux_driver import LinuxDriver

from lptui.tui.outlet import StdoutDriver


def test_the_alternate_screen_is_not_entered_a_second_time_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(LinuxDriver, "write", lambda _self, data: written.append(data))
    monkeypatch.setattr(StdoutDriver, "entered", True)
    driver = StdoutDriver.__new__(StdoutDriver)
    for data in ("\x1b[?1049h", "\x1b[?25l", "\x1b[?1049l", "\x1b[?1049h"):
        driver.write(data)
    assert written == ["\x1b[?25l", "\x1b[?1049l", "\x1b[?1049h"], "it would be cleared; but after ctrl+z it is entered"
