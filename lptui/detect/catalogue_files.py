"""Where the catalogue's rows come from: the packaged YAML, the user's, and a JSON copy of both that loads 50x faster.

The copy lies in the user's cache folder, named after the names, sizes and modification times of all YAML files and the
version of lptui; it is only ever read as JSON, and any trouble with it means that the YAML is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from importlib import resources
from typing import Any, cast

from lptui import __version__
from lptui.detect.catalogue import Broken

LARGEST_FILE = 4 * 1024 * 1024
_CACHE_KEPT = 3

Rows = list[tuple[str, object]]


def read_rows(extra: tuple[str, ...] = (), cache_dir: str | None = None) -> tuple[Rows, list[Broken]]:
    """All rows as (file, row) in order, and the files that cannot be read. `cache_dir` '' reads YAML every time."""
    files = [*find_packaged(), *(file for path in extra for file in _expand(path))]
    folder = _find_cache_dir() if cache_dir is None else cache_dir
    copy = os.path.join(folder, f"failures-{_stamp(files)}.json") if folder else ""
    rows = _read_copy(copy)
    if rows is not None:
        return rows, []
    rows, broken = _read_yaml(files)
    if not broken:
        _write_copy(copy, rows)
    return rows, broken


def find_packaged() -> list[str]:
    """The YAML files that ship with lptui."""
    folder = resources.files("lptui").joinpath("knowledge", "failures")
    return sorted(str(item) for item in folder.iterdir() if item.name.endswith(".yaml"))


def _expand(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    with contextlib.suppress(OSError):
        return sorted(os.path.join(path, n) for n in os.listdir(path) if n.endswith((".yaml", ".yml")))
    return [path]


def _stamp(files: list[str]) -> str:
    parts: list[object] = [__version__, 1]
    for file in files:
        try:
            stat = os.stat(file)
            parts.append((file, stat.st_size, stat.st_mtime_ns))
        except OSError:
            parts.append((file, -1))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _find_cache_dir() -> str:
    if os.environ.get("LPTUI_NO_CACHE"):
        return ""
    from platformdirs import user_cache_dir

    return user_cache_dir("lptui")


def _read_copy(copy: str) -> Rows | None:
    if not copy:
        return None
    try:
        with open(copy, "rb") as file:
            data = json.loads(file.read(16 * LARGEST_FILE))
        return [(str(name), row) for name, row in data]
    except (OSError, ValueError, TypeError):
        return None


def _write_copy(copy: str, rows: Rows) -> None:
    """Keep the rows for the next start; a full or read-only home folder is no reason to fail."""
    if not copy:
        return
    folder = os.path.dirname(copy)
    draft = f"{copy}.{os.getpid()}"
    try:
        text = json.dumps(rows)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(draft, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, copy)
        copies = sorted(
            (os.path.join(folder, n) for n in os.listdir(folder) if n.startswith("failures-") and n.endswith(".json")),
            key=os.path.getmtime,
        )
        for old in copies[:-_CACHE_KEPT]:
            os.remove(old)
    except (OSError, TypeError, ValueError):
        with contextlib.suppress(OSError):
            os.remove(draft)


def _read_yaml(files: list[str]) -> tuple[Rows, list[Broken]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows: Rows = []
    broken: list[Broken] = []
    for path in files:
        try:
            if os.path.getsize(path) > LARGEST_FILE:
                raise ValueError(f"larger than {LARGEST_FILE:,} bytes")
            with open(path, "rb") as file:
                data: Any = yaml.load(file.read(), Loader=loader)
        except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
            broken.append(Broken(path, "", " ".join(str(error).split())))
            continue
        if isinstance(data, list):
            rows.extend((path, row) for row in cast(list[object], data))
        elif data is not None:
            broken.append(Broken(path, "", "has to be a list of entries"))
    return rows, broken
