from __future__ import annotations

import pytest

from lptui.detect.log_block import Block


@pytest.mark.parametrize(
    ("text", "count", "lines"),
    [
        (b"a\nb\nc\n", 2, ["b", "c"]),
        (b"a\r\nb\r\nc\r\n", 2, ["b", "c"]),
        (b"a\r\n\r\nc\r\n", 3, ["a", "", "c"]),
        (b"1/3\r2/3\r3/3\r\nc\r\n", 3, ["2/3", "3/3", "c"]),
        (b"\r\n", 2, [""]),
        (b"", 2, []),
    ],
)
def test_the_lines_before(text: bytes, count: int, lines: list[str]) -> None:
    """A line that a terminal ends with CR LF is one line."""
    assert Block(text + b"here\n", 0, 0).before(len(text), count) == lines
