"""The profiles of expectations: the user's own first, then those that ship, the special before the general."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import Any, cast

from lptui.config.folders import config_folder
from lptui.config.kept_copy import find_copy, read_copy, write_copy
from lptui.files import FileFailure, open_file

LARGEST_FILE = 256 * 1024
MOST_FILES = 64
_ORDER = ("metta-seed", "metta-head", "ppo", "llm-finetune", "supervised")


def find_profile_files(env: Mapping[str, str]) -> list[str]:
    """YAML files in the order of their say."""
    own = _list(os.path.join(config_folder(env), "profiles"))
    # Beside our own package, and not through importlib.resources, which costs a start-up 50 ms.
    shipped = _list(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "knowledge", "profiles"))
    return [*own[:MOST_FILES], *sorted(shipped, key=_place)]


def read_profile_files(files: list[str]) -> tuple[list[tuple[str, Any]], tuple[str, ...]]:
    """(path, its plain data) of each file that can be read, and 'path: reason' of the others."""
    copy = find_copy("profiles", files)
    kept = read_copy(copy)
    if isinstance(kept, list):
        with contextlib.suppress(TypeError, ValueError):
            return [(str(path), data) for path, data in cast(list[Any], kept)], ()
    read: list[tuple[str, Any]] = []
    broken: list[str] = []
    for path in files:
        data, reason = _parse(path)
        if reason:
            broken.append(f"{path}: {reason}")
        else:
            read.append((path, data))
    if not broken:
        write_copy(copy, read)
    return read, tuple(broken)


def _list(folder: str) -> list[str]:
    try:
        return sorted(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith((".yaml", ".yml")))
    except OSError:
        return []


def _place(path: str) -> tuple[int, str]:
    name = os.path.basename(path).partition(".")[0]
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _parse(path: str) -> tuple[Any, str]:
    import yaml

    try:
        handle = open_file(path)
    except FileFailure as failure:
        return None, failure.cause
    try:
        raw = handle.pread(0, LARGEST_FILE + 1)
    except FileFailure as failure:
        return None, failure.cause
    finally:
        handle.close()
    if len(raw) > LARGEST_FILE:
        return None, f"larger than {LARGEST_FILE:,} bytes"
    try:
        return yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), ""
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return None, " ".join(str(error).split())[:300]
