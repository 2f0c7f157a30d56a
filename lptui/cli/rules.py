"""`lptui explain --rules`: which rules of one's own are used, what they change, whether they keep their promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lptui.config.rules import find_rule_files
from lptui.detect.catalogue import Added, Catalogue, Entry, load_catalogue
from lptui.detect.confirm import find_hits
from lptui.detect.scanner import Scanner, load_scanner
from lptui.text import plural, sanitise

_HOW = (
    "there are no rules of your own; put entries into failures/*.yaml in your config folder, or under the key "
    "`failures` of the project's lptui.yaml (docs/writing-a-rule.md)"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What --rules prints."""

    lines: list[str]
    rows: list[dict[str, Any]]
    broken: bool


def report_rules(env: Mapping[str, str], here: str) -> Report:
    """All rules of the user's and the project's files, tried out on their own examples."""
    files = find_rule_files(env, here)
    catalogue = load_catalogue(files)
    rows = [_used(one, catalogue, load_scanner(files)) for one in _newest(catalogue.added)]
    rows += [
        {"id": b.key or None, "file": b.file, "used": False, "what": b.reason, "faults": []} for b in catalogue.broken
    ]
    broken = any(not row["used"] or row["faults"] for row in rows)
    return Report([line for row in rows for line in _tell(row)] or [_HOW], rows, broken)


def _newest(added: tuple[Added, ...]) -> list[Added]:
    """Of several rules for one class the one that counts, marked as such."""
    last = {one.id: one for one in added}
    return [one if last[one.id] is one else Added("", one.file, one.id) for one in added]


def _used(one: Added, catalogue: Catalogue, scanner: Scanner) -> dict[str, Any]:
    if not one.id:
        return {"id": one.what, "file": one.file, "used": True, "what": "changed again by a later one", "faults": []}
    entry = catalogue.find(one.id)
    faults = _try_out(entry, scanner) if entry is not None else []
    return {"id": one.id, "file": one.file, "used": True, "what": one.what, "faults": faults}


def _try_out(entry: Entry, scanner: Scanner) -> list[str]:
    """Examples that are not recognised, counter-examples that are."""
    faults: list[str] = []
    if not entry.patterns:
        return faults
    for word, texts, wanted in (("example", entry.examples, True), ("counter-example", entry.counter_examples, False)):
        for number, text in enumerate(texts, 1):
            told = {hit.cls for hit in find_hits(scanner, text.encode() + b"\n", 0)}
            if (entry.id in told) is not wanted:
                instead = f" (but as {', '.join(sorted(told))})" if told and wanted else ""
                faults.append(
                    f"{word} {number} is {'not ' if wanted else ''}recognised{instead}: {sanitise(text)[:120]}"
                )
    return faults


def _tell(row: Mapping[str, Any]) -> list[str]:
    place = f"  [{sanitise(row['file'])}]"
    if not row["used"]:
        return [f"✖ {row['id'] or 'the file'}: left out: {row['what']}{place}"]
    glyph = "▲" if row["faults"] else "●"
    head = f"{glyph} {row['id']}: {row['what']}{place}"
    return [
        head + (f": {plural(len(row['faults']), 'fault')}" if row["faults"] else ""),
        *(f"    {f}" for f in row["faults"]),
    ]
