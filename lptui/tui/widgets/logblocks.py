"""What opens in place in a log: a folded block as one row, a JSON line as its fields. No Textual here."""

from __future__ import annotations

import json
import re
import time
from typing import Any, cast

from lptui.formats.fold import Fold
from lptui.formats.log_prefix import read_prefix
from lptui.text import plural, sanitise
from lptui.text.secrets import mask_secrets, mask_text
from lptui.tui.widgets.spans import Row

MOST_FIELDS = 200
_LONGEST_JSON = 64 * 1024
_LONGEST_VALUE = 2000
_FRAME = re.compile(rb'\s*(?:[|>]\s*)?File "([^"\n]{1,1024})", line (\d{1,9})')
_BOX_FRAME = re.compile(r"[│|]\s*(?:❱\s*)?(\S[^\n]{0,1000}?):(\d{1,9}) in \S")
_HEADS = ("time", "timestamp", "ts", "asctime", "@timestamp")
_LEVELS = ("level", "levelname", "severity", "lvl")
_MESSAGES = ("message", "msg", "event", "text")
_STYLES = {"traceback": "error", "repeated": "", "banner": "info", "restart": "warn", "config": "dim", "redrawn": "dim"}


def fold_row(fold: Fold, plain: bool) -> Row:
    """A block as one row."""
    sign = "> " if plain else "▸ "
    detail = f" ({fold.detail})" if fold.detail else ""
    size = "" if fold.kind in ("repeated", "redrawn") else f"  {plural(fold.lines, 'line')}"
    return ((sign, "dim"), (mask_text(sanitise(fold.title)), _STYLES[fold.kind]), (detail, "title"), (size, "dim"))


def frame_place(line: bytes) -> str:
    """`path:line` that a traceback's line names; nothing for another line."""
    match = _FRAME.search(line[:2048])
    if match is not None:
        return f"{match[1].decode('utf-8', 'replace')}:{int(match[2])}"
    box = _BOX_FRAME.search(line[:2048].decode("utf-8", "replace"))
    return f"{box[1]}:{box[2]}" if box is not None else ""


def read_fields(line: bytes) -> dict[str, Any] | None:
    """The fields of a line that is one JSON object; None for any other line."""
    text = line.strip()
    if not text.startswith(b"{") or not text.endswith(b"}") or len(text) > _LONGEST_JSON:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) and value else None


def fields_row(fields: dict[str, Any]) -> Row:
    """A JSON line as time, level and message, then its other fields by name."""
    rest = _unpack_record(fields)
    head = [sanitise(_show_time(rest.pop(name))) for name in _first(rest, _HEADS)]
    level = [sanitise(_show(rest.pop(name))).upper() for name in _first(rest, _LEVELS)]
    message = [mask_text(sanitise(_show(rest.pop(name)))) for name in _first(rest, _MESSAGES)]
    look = {"ERROR": "error", "CRITICAL": "error", "FATAL": "error", "WARNING": "warn", "WARN": "warn", "DEBUG": "dim"}
    row: list[tuple[str, str]] = [(f"{text} ", "dim") for text in head]
    row += [(f"{text:7} ", look.get(text, "")) for text in level]
    row += [(f"{text}  ", look.get("".join(level), "")) for text in message]
    for name, value in list(rest.items())[:MOST_FIELDS]:
        row += [(f"{sanitise(name)}=", "dim"), (f"{sanitise(mask_secrets(name, _show(value)))} ", "")]
    return tuple(row)


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
    prefix = read_prefix(b'{"ts": %s}' % json.dumps(value).encode())
    if prefix.clock is None:
        return _show(value)
    whole, thousandths = divmod(round(prefix.clock * 1000), 1000)
    at = time.localtime(whole) if prefix.has_zone else time.gmtime(whole)
    return time.strftime("%H:%M:%S", at) + (f".{thousandths:03d}" if thousandths or "." in str(value) else "")


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_LONGEST_VALUE]
