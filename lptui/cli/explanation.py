"""A class of failure in words and as JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from lptui.detect.catalogue import Catalogue, Entry, FixRule
from lptui.text import plural, sanitise
from lptui.text.secrets import mask_text

GROUPS = {
    "cuda": "CUDA and the GPU",
    "memory": "Memory",
    "distributed": "Several processes and machines",
    "numbers": "Numbers: NaN, infinity, divergence",
    "checkpoints": "Checkpoints",
    "data": "Data and data loaders",
    "environments": "Environments",
    "program": "The program itself",
    "job": "The job and its machine",
    "metta": "Metta's trainer and launchers",
    "observed": "Seen by watching",
}
OWN = "Your own and the project's"
_ALIASES = {"checkpoint-leftover": "checkpoint-interrupted", "lptui-care": "lptui-error", "lptui-rule": "rule-left-out"}
_PLACE = re.compile(r"\{([A-Za-z_][\w:.-]*)\}")
_WORKED_OUT = {
    "half_minibatch": "half the minibatch",
    "needed_batch": "the smallest batch that fits",
    "memory_note": "",
    "path_dir": "its folder",
}


def group_of(entry: Entry) -> str:
    """The heading under which a class is listed."""
    folder, name = os.path.split(entry.source)
    ours = os.path.basename(folder) == "failures" and os.path.basename(os.path.dirname(folder)) == "knowledge"
    return GROUPS.get(name.rpartition(".")[0], OWN) if ours else OWN


def find_class(name: str, catalogue: Catalogue) -> Entry | None:
    """The class of that name, or the one that the id of a finding names: `log:cuda-oom:1`."""
    name = name.strip()
    if name.startswith("lptui-detector-"):
        return catalogue.find("lptui-error")
    for part in (name, *name.split(":")[:2]):
        found = catalogue.find(_ALIASES.get(part, part))
        if found is not None:
            return found
    return None


def find_near(name: str, catalogue: Catalogue) -> list[str]:
    """Up to three classes that may have been meant: by spelling, or because they hold all the words."""
    from difflib import get_close_matches

    known = {**catalogue.entries, **catalogue.observed}
    wanted = name.lower().replace("_", "-").replace(" ", "-")
    words = [word for word in wanted.split("-") if len(word) > 1]
    near = get_close_matches(wanted, known, 3, 0.7)
    near += [i for i, e in known.items() if words and all(w in f"{i} {e.title.lower()}" for w in words)]
    near += get_close_matches(wanted, known, 1, 0.55)
    return list(dict.fromkeys(near))[:3]


def list_classes(catalogue: Catalogue) -> Iterator[str]:
    """All classes, by subject."""
    groups: dict[str, list[Entry]] = {}
    for entry in (*catalogue.entries.values(), *catalogue.observed.values()):
        groups.setdefault(group_of(entry), []).append(entry)
    order = [*GROUPS.values(), OWN]
    wide = max(len(entry.id) for rows in groups.values() for entry in rows)
    for group in sorted(groups, key=order.index):
        yield f"{group}"
        for entry in sorted(groups[group], key=lambda e: e.id):
            yield f"  {entry.id:<{wide}}  {entry.severity:<7}  {readable(entry.title)}"
        yield ""
    yield "`lptui explain ID` says what one means and what helps; `lptui explain --rules` lists rules of your own."


def tell_class(entry: Entry, width: int) -> Iterator[str]:
    """Everything there is to say of a class."""
    yield f"{entry.id}: {readable(entry.title)}"
    facts = [entry.severity, entry.role, *(["ends the run unless training goes on after it"] if entry.fatal else [])]
    yield "  " + ", ".join(facts)
    yield from _wrap(f"found by: {'; '.join(_finders(entry))}", width, "  ")
    yield from _section("What it means", [entry.meaning], width)
    if entry.fixes:
        yield ""
        yield "What to do" + (" (the first of which everything is known is shown)" if len(entry.fixes) > 1 else "")
        shown: set[str] = set()
        for number, fix in enumerate(entry.fixes, 1):
            yield from _tell_fix(number, fix, shown, width)
    for word, ids in (("Follows from", entry.follows), ("Gives way to", entry.yields_to)):
        if ids:
            yield from _section(word, [", ".join("any other failure" if i == "*" else i for i in sorted(ids))], width)
    examples = [line for example in entry.examples[:4] for line in example.splitlines()[:4]]
    yield from _section("For example", [mask_text(sanitise(line)) for line in examples], width)
    yield from _section("Read more", list(entry.links), width)


def _finders(entry: Entry) -> list[str]:
    lines = [f"log lines ({plural(len(entry.patterns), 'pattern')})"] if entry.patterns else []
    return lines + ([entry.seen_by] if entry.seen_by else [])


def _section(title: str, texts: list[str], width: int) -> Iterator[str]:
    if texts:
        yield ""
        yield title
        for text in texts:
            yield from _wrap(readable(text), width, "  ")


def _tell_fix(number: int, fix: FixRule, shown: set[str], width: int) -> Iterator[str]:
    """A fix; what an earlier one said already is not said again: variants of one remedy share the rest."""
    yield from _wrap(f"{number}. {readable(fix.what)}", width, "  ", "     ")
    sure = f"{100 * fix.confidence:.0f} %" if fix.confidence < 1 else ""
    for word, text in (("why:", fix.why), ("then:", fix.verify), ("confidence:", sure)):
        if text and text not in shown:
            yield from _wrap(f"{word} {readable(text)}", width, "     ", "       ")
    if fix.command and fix.command not in shown:
        for i, line in enumerate(readable(fix.command).splitlines()):
            yield ("     run: " if not i else "          ") + line  # never wrapped: it is to be copied
    shown |= {fix.why, fix.verify, fix.command}


def _wrap(text: str, width: int, lead: str, hang: str = "") -> Iterator[str]:
    import textwrap

    yield from textwrap.wrap(
        " ".join(text.split()),
        width,
        initial_indent=lead,
        subsequent_indent=hang or lead,
        break_on_hyphens=False,
        break_long_words=False,  # a link or a path is to be copied
    )


def readable(text: str) -> str:
    """`text` with placeholders as a reader names them: {config:a.b} -> <your a.b>."""
    return _PLACE.sub(lambda match: _name_place(match[1]), text)


def _name_place(name: str) -> str:
    kind, _, key = name.partition(":")
    if key and kind in ("config", "half", "double"):
        return {"config": f"<your {key}>", "half": f"<half of your {key}>", "double": f"<twice your {key}>"}[kind]
    word = _WORKED_OUT.get(name, name.replace("_", " "))
    return f"<{word}>" if word else ""


def to_json(entry: Entry) -> dict[str, Any]:
    """A class as plain data; placeholders stay as they are written."""
    return {
        "id": entry.id,
        "title": entry.title,
        "severity": entry.severity,
        "role": entry.role,
        "fatal": entry.fatal,
        "group": group_of(entry),
        "found_by": _finders(entry),
        "meaning": entry.meaning,
        "fixes": [
            {
                "what": fix.what,
                "why": fix.why or None,
                "command": fix.command or None,
                "verify": fix.verify or None,
                "confidence": fix.confidence,
            }
            for fix in entry.fixes
        ],
        "follows": sorted(entry.follows),
        "yields_to": sorted(entry.yields_to),
        "examples": list(entry.examples),
        "links": list(entry.links),
        "source": entry.source,
    }
