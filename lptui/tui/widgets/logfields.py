"""A JSON line of a log: its fields in columns, or one a row. No Textual here."""

from __future__ import annotations

import json
import re
import time
from typing import Any, cast

from lptui.formats.log_prefix import read_prefix
from lptui.text import Span, cell_width, sanitise
from lptui.text.secrets import mask_secrets, mask_text
from lptui.tui.widgets.logtext import MORE, crop
from lptui.tui.widgets.spans import Row

MOST_FIELDS = 200
_LONGEST_JSON = 64 * 1024
_LONGEST_VALUE = 2000
_HEADS = ("time", "timestamp", "ts", "asctime", "@timestamp")
_LEVELS = ("level", "levelname", "severity", "lvl")
_MESSAGES = ("message", "msg", "event", "text")
_WIDEST = 24
"""Cells of a field beyond which nothing is lined up with it."""
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")


class Number(float):
    """A number as it is written: what is searched for is what is shown."""

    text: str

    def __new__(cls, text: str) -> Number:
        """`text` is JSON's."""
        number = super().__new__(cls, text)
        number.text = text
        return number


class Columns:
    """How wide the fields of the lines that were drawn are, so that equal ones stand below each other. `grown` says
    that one was wider than all before: rows made earlier do not fit any more."""

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}
        self.grown = 0

    def fit(self, name: str, text: str) -> str:
        """`text` filled up to the width of the column `name`, with a blank behind it."""
        size = cell_width(text)
        width = self._widths.get(name, 0)
        if width < size <= _WIDEST:
            if len(self._widths) > MOST_FIELDS:
                self._widths.clear()
            self._widths[name] = width = size
            self.grown += 1
        return f"{text}{' ' * max(0, width - size)} "


def read_fields(line: bytes) -> dict[str, Any] | None:
    """The fields of a line that is one JSON object; None for any other line."""
    text = line.strip()
    if b"\x1b[" in text[:_LONGEST_JSON]:  # within JSON's own strings a colour is written as \u001b
        text = _COLOUR.sub(b"", text).strip()
    if not text.startswith(b"{") or not text.endswith(b"}") or len(text) > _LONGEST_JSON:
        return None
    try:
        value = json.loads(text, parse_float=Number)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) and value else None


def fields_row(fields: dict[str, Any], columns: Columns) -> Row:
    """A JSON line as time, level and message, then its other fields by name."""
    rest = _unpack_record(fields)
    head = [sanitise(_show_time(rest.pop(name))) for name in _first(rest, _HEADS)]
    level = [sanitise(_show(rest.pop(name))).upper() for name in _first(rest, _LEVELS)]
    message = [mask_text(sanitise(_show(rest.pop(name)))) for name in _first(rest, _MESSAGES)]
    look = {"ERROR": "error", "CRITICAL": "error", "FATAL": "error", "WARNING": "warn", "WARN": "warn", "DEBUG": "dim"}
    row: list[tuple[str, str]] = [(columns.fit("", text), "dim") for text in head]
    row += [(f"{text:7} ", look.get(text, "")) for text in level]
    row += [(f"{columns.fit(' ', text)} ", look.get("".join(level), "")) for text in message]
    for name, value in list(rest.items())[:MOST_FIELDS]:
        shown = sanitise(mask_secrets(name, _show(value)))
        row += [(f"{sanitise(name)}=", "dim"), (columns.fit(name, shown), "")]
    return tuple(row)


def window_row(row: Row, left: int, width: int) -> Row:
    """Cells [left, left + width) of `row`, marked where it goes on with more than blanks."""
    spans = [Span(text, style) for text, style in row]
    while spans and not spans[-1].text.strip(" "):
        spans.pop()
    if spans:
        spans[-1] = Span(spans[-1].text.rstrip(" "), spans[-1].style)
    shown = crop(spans, left, width + 1)
    if sum(cell_width(span.text) for span in shown) <= width:
        return tuple((span.text, span.style) for span in shown)
    return (*((span.text, span.style) for span in crop(shown, 0, width - 1)), (MORE, "dim"))


def _unpack_record(fields: dict[str, Any]) -> dict[str, Any]:
    """What counts of loguru's `serialize`, whose "text" is the whole line once more; a copy of any other fields."""
    record: Any = fields.get("record")
    if not isinstance(record, dict) or "message" not in record:
        return dict(fields)
    known = cast("dict[str, Any]", record)
    told = {name: known[name] for name in ("time", "level", "message") if name in known}
    for name, inner in (("time", "repr"), ("level", "name")):
        value: Any = told.get(name)
        if isinstance(value, dict) and inner in value:
            told[name] = cast("dict[str, Any]", value)[inner]
    extra: Any = known.get("extra")
    return {**told, **(cast("dict[str, Any]", extra) if isinstance(extra, dict) else {})}


def field_rows(fields: dict[str, Any]) -> list[Row]:
    """All fields of a JSON line, one a row, nested ones indented."""
    rows: list[Row] = []
    _add_fields(rows, fields, 1)
    if len(rows) > MOST_FIELDS:
        rows = [*rows[:MOST_FIELDS], (("  … more fields", "dim"),)]
    return rows


def _add_fields(rows: list[Row], value: Any, depth: int, key: str = "") -> None:
    entries: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        entries = [(str(k), v) for k, v in cast("dict[Any, Any]", value).items()]
    elif isinstance(value, list):
        entries = [(f"[{n}]", v) for n, v in enumerate(cast("list[Any]", value))]
    for name, item in entries:
        if len(rows) > MOST_FIELDS or depth > 8:
            return
        lead = (f"{'  ' * depth}{sanitise(name)}: ", "key")
        if isinstance(item, dict | list) and item:
            rows.append((lead,))
            _add_fields(rows, item, depth + 1, name)
        else:
            rows.append((lead, (sanitise(mask_secrets(name if name[0:1] != "[" else key, _show(item))), "value")))


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in fields][:1]


def _show_time(value: Any) -> str:
    """The time of day, to the millisecond where it says so: a date with a zone, or seconds and finer since 1970, as the
    local one, all else as it is written. The date is among the fields that open."""
    written = value.text if isinstance(value, Number) else json.dumps(value)
    prefix = read_prefix(b'{"ts": %s}' % written.encode())
    if prefix.clock is None:
        return _show(value)
    whole, thousandths = divmod(round(prefix.clock * 1000), 1000)
    at = time.localtime(whole) if prefix.has_zone else time.gmtime(whole)
    return time.strftime("%H:%M:%S", at) + (f".{thousandths:03d}" if thousandths or "." in str(value) else "")


def _show(value: Any) -> str:
    if isinstance(value, Number):
        return value.text[:_LONGEST_VALUE]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_LONGEST_VALUE]
