"""What stands above the row that opened a table: its section, and rows that do not look like rows by themselves."""

from __future__ import annotations

from lptui.formats.log_prefix import strip_escapes
from lptui.formats.progress_tables import Row, is_drawn, read_row, read_section

_LOOK_BACK = 400
_ROWS_BEFORE = 8


def find_rows_before(data: bytes, start: int) -> list[Row]:
    """The rows of a drawn box right above position `start`: of tables side by side the first lines may not look like
    rows."""
    rows: list[Row] = []
    for _ in range(_ROWS_BEFORE):
        before = data.rfind(b"\n", max(0, start - _LOOK_BACK), max(0, start - 1)) + 1
        line = strip_escapes(data[before : start - 1]) if 0 < before < start else b""
        if not is_drawn(line):
            break
        if row := read_row(line):
            rows.append(row)
        start = before
    return rows[::-1]


def find_section(data: bytes, start: int) -> str:
    """The section that the line before position `start` opens, if it opens one."""
    if start <= 0:
        return ""
    before = data.rfind(b"\n", max(0, start - _LOOK_BACK), start - 1) + 1
    return read_section(strip_escapes(data[before : start - 1]))
