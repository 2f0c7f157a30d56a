"""Where the catalogue comes from: the packaged YAML, a JSON copy of it that loads ten times faster, and users' rules.

The copy lies in the user's cache folder, named after the names, sizes and modification times of the YAML files and the
version of lptui; it is only ever read as JSON, and any trouble with it means that the YAML is read.
"""

from __future__ import annotations

import os
from dataclasses import astuple, fields, replace
from typing import Any, cast

from lptui.config.kept_copy import find_copy, read_copy, write_copy
from lptui.config.rules import RuleFile
from lptui.detect.catalogue import Added, Broken, Catalogue, Entry, FixRule, Pattern, make_entry

LARGEST_FILE = 4 * 1024 * 1024
_SHAPE = (2, *(f.name for kind in (Entry, Pattern, FixRule) for f in fields(kind)))
"""What a copy holds; another shape makes another name."""
_SETS = ("yields_to", "follows")


def read_catalogue(extra: tuple[RuleFile | str, ...] = (), cache_dir: str | None = None) -> Catalogue:
    """All entries and what could not be read. `cache_dir` '' reads YAML every time; None takes the user's."""
    entries, broken = _read_packaged(cache_dir)
    if not extra:
        return _sort_out(entries, broken)
    from lptui.detect.catalogue_rules import read_rules

    rules = read_rules(extra, entries)
    merged = {**entries, **{entry.id: entry for entry in rules.entries}}
    return _sort_out(merged, (*broken, *rules.broken), rules.added)


def _sort_out(entries: dict[str, Entry], broken: tuple[Broken, ...], added: tuple[Added, ...] = ()) -> Catalogue:
    observed = {name: entry for name, entry in entries.items() if entry.seen_by and not entry.patterns}
    lines = {name: entry for name, entry in entries.items() if name not in observed}
    return Catalogue(lines, broken, observed, added)


def _read_packaged(cache_dir: str | None) -> tuple[dict[str, Entry], tuple[Broken, ...]]:
    files = find_packaged()
    copy = find_copy("failures", files, _SHAPE, cache_dir)
    kept = _restore_all(read_copy(copy))
    if kept is not None:
        return kept, ()
    entries, broken = _read_yaml(files)
    if not broken:
        write_copy(copy, [_flatten(entry) for entry in entries.values()])
    return entries, tuple(broken)


def find_packaged() -> list[str]:
    """The YAML files that ship with lptui."""
    # Beside our own package, and not through importlib.resources, which costs a start-up 50 ms.
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "knowledge", "failures")
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".yaml"))


def _restore_all(rows: Any) -> dict[str, Entry] | None:
    """The entries of a copy, or None where it holds something else."""
    if not isinstance(rows, list):
        return None
    names = [f.name for f in fields(Entry)]
    try:
        entries = [_restore(names, row) for row in cast(list[list[Any]], rows)]
    except (ValueError, TypeError, IndexError):
        return None
    return {entry.id: entry for entry in entries} or None


def _restore(names: list[str], row: list[Any]) -> Entry:
    values = [tuple(v) if isinstance(v, list) else v for v in cast(list[object], row)]
    given: dict[str, Any] = dict(zip(names, values, strict=True))
    given["patterns"] = tuple(Pattern(*p) for p in given["patterns"])
    given["fixes"] = tuple(FixRule(*f) for f in given["fixes"])
    for key in _SETS:
        given[key] = frozenset(given[key])
    return Entry(**given)


def _flatten(entry: Entry) -> list[Any]:
    row: list[Any] = list(astuple(entry))
    return [sorted(cast("frozenset[str]", v)) if isinstance(v, frozenset) else v for v in row]


def _read_yaml(files: list[str]) -> tuple[dict[str, Entry], list[Broken]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries: dict[str, Entry] = {}
    broken: list[Broken] = []
    lent: dict[str, str] = {}
    for path in files:
        try:
            with open(path, "rb") as file:
                data: Any = yaml.load(file.read(LARGEST_FILE), Loader=loader)
        except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
            broken.append(Broken(path, "", " ".join(str(error).split())))
            continue
        for row in cast(list[object], data or []):
            if isinstance(row, dict) and set(cast(dict[str, str], row)) == {"id", "seen_by"}:
                lent[row["id"]] = row["seen_by"]
                continue
            made = make_entry(row, path)
            if isinstance(made, Broken):
                broken.append(made)
            elif made.patterns or made.id not in entries:
                lent |= {made.id: made.seen_by} if made.seen_by else {}
                entries[made.id] = made
    for name in lent.keys() & entries.keys():
        entries[name] = replace(entries[name], seen_by=lent[name])
    return entries, broken
