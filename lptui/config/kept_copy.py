"""Parsed YAML kept as JSON in the user's cache, because reading it again costs a start-up what YAML costs.

A copy is named by the paths, sizes and modification times of its files and the version of lptui; it is only ever read
as JSON, and any trouble with it means that the YAML is read.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Sequence
from typing import Any

from lptui import __version__
from lptui.config.folders import state_folder

LARGEST = 64 * 1024 * 1024
KEPT = 8
"""Copies of one kind that are kept: several versions, projects with entries of their own, lists of other folders. The
catalogue's has 0.4 MB and is read in 0.02 s of a processor, its YAML in 0.17 s."""


def find_copy(kind: str, files: Sequence[str], shape: object = (), folder: str | None = None) -> str:
    """Where the copy of `files` is kept ('' for nowhere); `shape` is whatever else makes a copy another one.

    `folder` '' keeps none; None takes the user's cache.
    """
    folder = _find_folder() if folder is None else folder
    return os.path.join(folder, f"{kind}-{_stamp(files, shape)}.json") if folder else ""


def read_copy(path: str) -> Any:
    """What was kept at `path`, or None."""
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return json.loads(file.read(LARGEST))
    except (OSError, ValueError, RecursionError):
        return None


def write_copy(path: str, data: object) -> None:
    """Keep `data` at `path`; a full or read-only home folder is no reason to fail."""
    if not path:
        return
    folder, name = os.path.split(path)
    draft = f"{path}.{os.getpid()}"
    try:
        text = json.dumps(data)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(draft, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
        kind = name.rpartition("-")[0] + "-"
        same = (os.path.join(folder, n) for n in os.listdir(folder) if n.startswith(kind) and n.endswith(".json"))
        for old in sorted(same, key=os.path.getmtime)[:-KEPT]:
            os.remove(old)
    except (OSError, TypeError, ValueError, RecursionError):
        with contextlib.suppress(OSError):
            os.remove(draft)


def _stamp(files: Sequence[str], shape: object) -> str:
    parts: list[object] = [__version__, shape]
    for file in files:
        try:
            stat = os.stat(file)
            parts.append((file, stat.st_size, stat.st_mtime_ns))
        except OSError:
            parts.append((file, -1))
    text = repr(parts).encode()
    return f"{zlib.crc32(text):08x}{zlib.adler32(text):08x}"  # a name for a cache, not a proof; hashlib costs 20 ms


def _find_folder() -> str:
    if os.environ.get("LPTUI_NO_CACHE"):
        return ""
    return os.path.join(state_folder(os.environ), "cache")
