"""The names under which older generations of a log lie beside it, and which file holds a text that was read before."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from lptui.files.parts import Mark
from lptui.files.seam import Entry, FileFailure, Handle, list_folder, open_file
from lptui.text.regex import Regex

_DATE = r"\d{4}-?\d\d-?\d\d(?:[_T-]?\d\d(?:[-:]?\d\d(?:[-:]?\d\d(?:[_.]\d{1,9})?)?)?)?"
_PACKED = r"(?:\.gz|\.zst)?"
_DATE_WITHIN = Regex(rf"(?<=.)[.-]{_DATE}(?=\.[^.]+\Z)")
_BEHIND = Regex(rf"(?<=.)[.-](?:\d{{1,4}}|{_DATE})\Z")
_LOOKED_AT = 12
"""Newest generations that are compared with a text."""


def name_pattern(name: str) -> re.Pattern[str]:
    """Names that a log called `name` is rotated to: `.1`, `.2026-03-01`, `-20260301.gz`; also a date before its ending,
    as loguru and logrotate's `extension` put it. A bare number there (`train.1.log`) is rather a rank."""
    stem, dot, ending = name.rpartition(".")
    behind = rf"{re.escape(name)}[.-](?:\d{{1,4}}|{_DATE})"
    if not stem:
        return re.compile(rf"(?:{behind}){_PACKED}\Z")
    before = rf"{re.escape(stem)}[.-]{_DATE}{re.escape(dot + ending)}"
    return re.compile(rf"(?:{behind}|{before}){_PACKED}\Z")


def current_name(name: str) -> str:
    """The name of the log that `name` is an older generation of, if it has a date before its ending; else `name`."""
    return _DATE_WITHIN.sub("", name, count=1)


def original_name(name: str) -> str:
    """The name of the log that `name` was rotated from, by a number or a date behind it; "" if it was not, or if it is
    packed: nothing writes to that any more."""
    match = _BEHIND.search(name)
    return "" if match is None else name[: match.start()]


def find_older(path: str) -> list[Entry]:
    """Files beside `path` that it was rotated to, newest first. Raises FileFailure."""
    folder, _, name = path.rpartition("/")
    pattern = name_pattern(name)
    entries = [e for e in list_folder(folder or "/") if e.stat.is_file and e.stat.size and pattern.match(e.name)]
    return sorted(entries, key=lambda e: (-e.stat.modified_at, _number(e.name, name)))


def is_packed(path: str) -> bool:
    """Whether it must be unpacked to be read."""
    return path.endswith((".gz", ".zst"))


def open_current(path: str) -> Handle:
    """The log itself; while nothing has its name, what it was rotated to last: a trainer may still write there. Raises
    FileFailure."""
    try:
        return open_file(path)
    except FileFailure as failure:
        handles = _open_some(path, lambda _: True) if failure.missing else []
        for handle in handles[1:]:
            handle.close()
        if not handles:
            raise
        return handles[0]


def find_latest(path: str) -> Entry | None:
    """What `path` was rotated to last, by a name behind its own, as far as it is not packed."""
    name = path.rpartition("/")[2]
    try:
        return next((e for e in find_older(path) if original_name(e.name) == name), None)
    except FileFailure:
        return None


def find_text(path: str, mark: Mark) -> Handle | None:
    """An older generation beside `path` that begins with the text of `mark`: what `copytruncate` left, or `cp`."""
    found: Handle | None = None
    for handle in _open_some(path, lambda entry: entry.stat.size >= mark.size > 0):
        with suppress(FileFailure):
            if found is None and mark.begins(handle):
                found = handle
                continue
        handle.close()
    return found


def find_between(path: str, since: float, is_known: Callable[[Handle], bool]) -> list[Handle]:
    """Generations that came and were rotated away while nobody looked: written to since unix time `since`, not known
    yet, oldest first."""
    found: list[Handle] = []
    for handle in _open_some(path, lambda entry: entry.stat.modified_at >= since):
        if is_known(handle):
            handle.close()
        else:
            found.append(handle)
    return found[::-1]


def _open_some(path: str, wanted: Callable[[Entry], bool]) -> list[Handle]:
    """Open plain older generations, newest first."""
    handles: list[Handle] = []
    with suppress(FileFailure):
        for entry in [e for e in find_older(path) if not is_packed(e.name) and wanted(e)][:_LOOKED_AT]:
            with suppress(FileFailure):
                handles.append(open_file(entry.path))
    return handles


def _number(name: str, of: str) -> int:
    match = re.match(r"[.-](\d+)", name[len(of) :]) if name.startswith(of) else None
    return int(match[1]) if match else 0
