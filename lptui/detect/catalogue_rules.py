"""Rules that a user or a project wrote -> entries: read with limits, tried out, each with a note of what it changes.

An entry whose id ships with lptui changes that one: what it leaves out stays as it is. A broken entry is told and left
out, the rest count. What a rule says is shown on a terminal, so it is made harmless like what a run says.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

from lptui.config.rules import RuleFile, rules_in
from lptui.config.yaml_tree import TreeError, parse_tree
from lptui.detect.catalogue import Added, Broken, Entry, FixRule, Pattern, make_entry
from lptui.detect.pattern_cost import find_cost
from lptui.files import FileFailure, open_file
from lptui.model.value import frozen
from lptui.text import sanitise

LARGEST_FILE = 256 * 1024
MOST_RULES = 500
_WORDS = {"keeps_retries": "retries", "any_level": "levels"}
"""Fields of an entry whose key in a file is another."""


@frozen
class Rules:
    """The entries of all files in the order of their say, those that could not be used, and what the others do."""

    entries: tuple[Entry, ...]
    broken: tuple[Broken, ...]
    added: tuple[Added, ...]


def read_rules(files: tuple[RuleFile | str, ...], known: Mapping[str, Entry]) -> Rules:
    """The rules in `files` (a folder stands for the YAML files in it); `known` are the entries that they may change."""
    entries: dict[str, Entry] = {}
    broken: list[Broken] = []
    added: list[Added] = []
    for given in files:
        for file in _expand(RuleFile(given) if isinstance(given, str) else given):
            for row, source in _read_rows(file, broken):
                base = entries.get(_id_of(row)) or known.get(_id_of(row))
                made = _make(row, source, base)
                if isinstance(made, Broken):
                    broken.append(made)
                elif len(added) >= MOST_RULES:
                    broken.append(Broken(source, made.id, f"there are more than {MOST_RULES} rules"))
                else:
                    kept = made if file.trusted else _without_commands(made)
                    entries[made.id] = kept
                    added.append(Added(made.id, source, _tell(made, base, cut=kept != made)))
    return Rules(tuple(entries.values()), tuple(broken), tuple(added))


def _expand(file: RuleFile) -> list[RuleFile]:
    if file.key or not os.path.isdir(file.path):
        return [file]
    return [replace(file, path=path) for path in rules_in(file.path)]


def _read_rows(file: RuleFile, broken: list[Broken]) -> list[tuple[object, str]]:
    """(row, path of the file that it is from); what cannot be read is added to `broken`."""
    data = _load(file.path)
    if isinstance(data, Broken):
        broken.append(data)
        return []
    if file.key:
        data = cast(dict[str, Any], data).get(file.key) if isinstance(data, dict) else None
    if data is None:
        return []
    if not isinstance(data, list):
        broken.append(Broken(file.path, file.key, "has to be a list of entries" + (" or files" if file.key else "")))
        return []
    rows: list[tuple[object, str]] = []
    for item in cast(list[object], data):
        if file.key and isinstance(item, str):
            path = _beside(file, item)
            rows += [(None, "")] if isinstance(path, Broken) else _read_rows(replace(file, path=path, key=""), broken)
            broken += [path] if isinstance(path, Broken) else []
        else:
            rows.append((item, file.path))
    return [(row, source) for row, source in rows if source]


def _beside(file: RuleFile, name: str) -> str | Broken:
    """The file that a settings file names: below its own folder."""
    folder = os.path.realpath(os.path.dirname(file.path))
    path = os.path.realpath(os.path.join(folder, name))
    if not path.startswith(folder.rstrip("/") + "/"):
        return Broken(file.path, file.key, f"{sanitise(name)} does not lie below {folder}")
    return path


def _load(path: str) -> object:
    import yaml

    try:
        handle = open_file(path)
        try:
            raw = handle.pread(0, LARGEST_FILE + 1)
        finally:
            handle.close()
        parse_tree(raw, "rules.yaml", LARGEST_FILE)  # its limits, above all on what aliases unfold to
        return yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileFailure as failure:
        return Broken(path, "", failure.cause)
    except TreeError as error:
        return Broken(path, "", str(error))
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        return Broken(path, "", sanitise(" ".join(str(error).split()))[:300])


def _id_of(row: object) -> str:
    return str(cast(dict[str, Any], row).get("id", "")) if isinstance(row, dict) else ""


def _make(row: object, source: str, base: Entry | None) -> Entry | Broken:
    """A row as an entry that can be used, laid over the one that it changes."""
    name = sanitise(_id_of(row))[:64]
    if isinstance(row, dict) and base is not None:
        row = {**_to_row(base), **cast(dict[str, Any], row)}
    try:
        made = make_entry(row, source)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        return Broken(source, name, sanitise(str(error))[:200])
    if isinstance(made, Broken):
        return replace(made, key=name, reason=sanitise(made.reason)[:300])
    wrong = _find_fault(made, base)
    return Broken(source, name, sanitise(wrong)[:300]) if wrong else _harmless(made)


def _find_fault(entry: Entry, base: Entry | None) -> str:
    """What the check of the keys does not see: expressions that do not compile or may take for ever, odd links."""
    known = {p.regex for p in base.patterns} if base is not None else set[str]()
    for regex in (*(p.regex for p in entry.patterns), *entry.excludes, *entry.unless_near):
        cost = "" if regex in known else find_cost(regex)
        if cost:
            return f"expression {regex!r}: {cost}"
    for pattern in entry.patterns:
        cost = find_cost(pattern.context) if pattern.context else ""
        if cost:
            return f"context {pattern.context!r}: {cost}"
    odd = next((link for link in entry.links if not link.startswith(("https://", "http://"))), "")
    return f"link {odd!r} is no web address" if odd else ""


def _harmless(entry: Entry) -> Entry:
    fixes = tuple(
        replace(f, what=_clean(f.what), why=_clean(f.why), command=_clean_lines(f.command), verify=_clean(f.verify))
        for f in entry.fixes
    )
    links = tuple(sanitise(link) for link in entry.links)
    return replace(entry, title=_clean(entry.title), meaning=_clean(entry.meaning), fixes=fixes, links=links)


def _clean(text: str) -> str:
    return " ".join(sanitise(line).strip() for line in text.splitlines())


def _clean_lines(text: str) -> str:
    return "\n".join(sanitise(line) for line in text.splitlines())


def _without_commands(entry: Entry) -> Entry:
    return replace(entry, fixes=tuple(replace(f, command="") for f in entry.fixes))


def _tell(made: Entry, base: Entry | None, *, cut: bool) -> str:
    words = "new" if base is None else _changes(made, base)
    return words + ("; its commands are left out: a project file offers none" if cut else "")


def _changes(made: Entry, base: Entry) -> str:
    keys = [f.name for f in fields(Entry) if f.name != "source" and getattr(made, f.name) != getattr(base, f.name)]
    return "changes " + ", ".join(_WORDS.get(key, key) for key in keys) if keys else "changes nothing"


def _to_row(entry: Entry) -> dict[str, Any]:
    """An entry as it would stand in a file."""
    row: dict[str, Any] = {
        key: getattr(entry, key) for key in ("id", "title", "severity", "role", "fatal", "settles", "within", "meaning")
    }
    for key in ("excludes", "unless_near", "examples", "counter_examples", "links"):
        row[key] = list(getattr(entry, key))
    row |= {key: sorted(getattr(entry, key)) for key in ("yields_to", "follows")}
    row["patterns"] = [_pattern_row(p) for p in entry.patterns]
    row["fixes"] = [_fix_row(f) for f in entry.fixes]
    row |= {"retries": "keep"} if entry.keeps_retries else {}
    row |= {"levels": "any"} if entry.any_level else {}
    return row | ({"seen_by": entry.seen_by} if entry.seen_by else {})


def _pattern_row(pattern: Pattern) -> dict[str, Any]:
    row: dict[str, Any] = {key: getattr(pattern, key) for key in ("start", "need", "later", "confidence")}
    return {"re": pattern.regex, **row, **({"context": pattern.context} if pattern.context else {})}


def _fix_row(fix: FixRule) -> dict[str, Any]:
    return {f.name: getattr(fix, f.name) for f in fields(FixRule)}
