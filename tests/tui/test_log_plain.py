"""Lines of printable ASCII take a shorter way to the screen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lptui.tui.widgets.logtext import visible_spans


@given(st.text("ab =/:.\t\x1bé漢", max_size=30), st.integers(0, 12), st.integers(1, 20))
def test_a_plain_line_is_what_any_other_is(text: str, left: int, width: int) -> None:
    data = text.encode()
    shown = "".join(span.text for span in visible_spans(data, 0, len(data), left, width))
    with_colour = b"\x1b[31m" + data  # takes the long way
    assert "".join(s.text for s in visible_spans(with_colour, 0, len(with_colour), left, width)) == shown


def test_a_plain_line_shows_no_secret() -> None:
    line = b"12:00:01 export WANDB_API_KEY=" + b"4f" * 20
    assert "4f4f" not in "".join(span.text for span in visible_spans(line, 0, len(line), 0, 120))
