"""How charts are arranged, kept between watches: one small JSON file a project in the user's state folder.

A project is the folder in which its runs lie. The file is private (0600), bounded, replaced as a whole, and never below
the run. One that cannot be read or holds something else is left alone and told of in one sentence.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, cast

from lptui.config.folders import state_folder
from lptui.files import FileFailure, open_file
from lptui.model.chart_layout import MOST_NAMES, ChartLayout

LARGEST = 128 * 1024
_LONGEST = 300
_AXES = ("step", "epoch", "time", "since")
_PLAIN = ChartLayout()


def layout_path(env: Mapping[str, str], run: str) -> str:
    """The file for the project of `run`; '' where nothing may be kept."""
    real = os.path.realpath(run)
    folder = os.path.join(os.path.realpath(state_folder(env)), "charts")
    if (folder + "/").startswith(real.rstrip("/") + "/"):
        return ""
    key = os.path.dirname(real).encode("utf-8", "surrogateescape")
    return os.path.join(folder, f"{zlib.crc32(key):08x}{zlib.adler32(key):08x}.json")


def read_layout(path: str) -> tuple[ChartLayout | None, str]:
    """(the layout, ''), (None, '') where there is none, or (None, why it cannot be used)."""
    if not path or not os.path.lexists(path):
        return None, ""
    try:
        handle = open_file(path)
        try:
            raw = handle.pread(0, LARGEST + 1)
        finally:
            handle.close()
    except FileFailure as error:
        return None, f"the layout of the charts cannot be read ({error}); {path} is left as it is"
    try:
        if len(raw) > LARGEST:
            raise ValueError("it is too large")
        found: Any = json.loads(raw)
        if not isinstance(found, dict):
            raise TypeError("it is no object")
        return _layout_of(cast(dict[str, Any], found)), ""
    except (ValueError, TypeError, RecursionError) as error:
        return None, f"the layout of the charts is not understood ({str(error)[:100]}); delete {path} to begin anew"


def write_layout(path: str, layout: ChartLayout) -> None:
    """Replace the file as a whole. Raises OSError."""
    if not path:
        return
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    draft = f"{path}.{os.getpid()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            os.write(handle, json.dumps(asdict(_bounded(layout))).encode())
        finally:
            os.close(handle)
        os.replace(draft, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


def _bounded(layout: ChartLayout) -> ChartLayout:
    return _layout_of(asdict(layout))


def _layout_of(found: Mapping[str, Any]) -> ChartLayout:
    """The known fields of the right kind; what is missing or strange is as it is without a file."""
    values: dict[str, Any] = {}
    for field in fields(ChartLayout):
        value, usual = found.get(field.name), getattr(_PLAIN, field.name)
        if isinstance(usual, bool):
            values[field.name] = value if isinstance(value, bool) else usual
        elif isinstance(usual, tuple):
            names = cast(list[Any], value) if isinstance(value, list | tuple) else []
            values[field.name] = tuple(n for n in names if isinstance(n, str) and len(n) <= _LONGEST)[:MOST_NAMES]
        elif isinstance(usual, str):
            values[field.name] = value if isinstance(value, str) and len(value) < 20 else usual
    smooth = found.get("smooth")
    for name in ("columns", "rows"):
        count = found.get(name)
        values[name] = count if type(count) is int and 1 <= count <= 24 else None
    number = isinstance(smooth, int | float) and not isinstance(smooth, bool) and math.isfinite(smooth)
    values["smooth"] = float(smooth) if number and smooth is not None and 0 <= smooth < 1e6 else 0.0
    values["axis"] = values["axis"] if values["axis"] in _AXES else "step"
    return ChartLayout(**values)
