"""No moment of the opening may show a state, or an "all is well", that turns out to be wrong."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from screen import Terminal

STATE = re.compile(r"[●▲✖■○?] (running|stalled|crashed|finished|waiting|unknown)")


@pytest.mark.parametrize(("name", "state"), [("nan", "crashed"), ("healthy", "finished")])
def test_the_header_is_true_from_the_first_frame(name: str, state: str, recorded: Callable[[str], Path]) -> None:
    shown: list[str] = []

    def look(text: str) -> bool:
        head = "\n".join(text.split("\n")[:2])
        if not shown or shown[-1] != head:
            shown.append(head)
        return state in head

    with Terminal([sys.executable, "-m", "lptui", "attach", str(recorded(name))], 80, 24) as terminal:
        terminal.wait_for(look)
    wrong = [head for head in shown if (m := STATE.search(head)) and m[1] not in (state, "unknown")]
    assert wrong == []
    if state == "crashed":
        assert not any("nothing found wrong" in head for head in shown)
