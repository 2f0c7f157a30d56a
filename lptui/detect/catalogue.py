"""The failure catalogue: YAML entries -> values. A broken entry is reported as a value, the rest load.

An entry has `id`, `title`, `severity`, `patterns` (RE2 syntax over one line, each beginning with literal text),
`examples`, `counter_examples`, `meaning`, `fixes`, and perhaps
  role, fatal   root, follow-up or symptom; whether it ends a run unless progress goes on after it
  excludes      a line with this does not count; unless_near: nor with this in the `within` lines before
  yields_to     classes that explain the same line better
  follows       classes (or '*') of which it is a consequence
  settles       over once training goes on (default: if fatal);  links: the framework's own documentation of it
  retries: keep   a line that says "retrying" counts too;  levels: any   so do lines of level info
  seen_by       what finds it, if no line of a log does: such an entry has no patterns and no examples
A pattern is a text, or a mapping with `re` and: `start` (only where the message begins), `need` (how many make one
failure), `later` (only after a restart), `context` (must be near), `confidence`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache
from typing import Any, cast, get_args

from lptui.config.rules import RuleFile
from lptui.model.finding import Role, Severity
from lptui.model.value import frozen

SHORTEST_LITERAL = 4
_REQUIRED = ("id", "title", "severity", "patterns", "examples", "counter_examples", "meaning", "fixes")
_OPTIONAL = (
    *("role", "fatal", "settles", "excludes", "unless_near", "within"),
    *("yields_to", "follows", "retries", "levels", "links", "seen_by"),
)
_OF_LINES = ("patterns", "examples", "counter_examples")
_NOT_LINEAR = re.compile(r"\(\?(?:[=!]|<[=!]|P=)|(?<!\\)(?:\\\\)*\\[1-9]")  # RE2 has neither; `re` is slow with both
_SPECIAL = frozenset(".^$*+?{}[]|()\\")
_NAME = re.compile(r"[a-z][a-z0-9-]{1,60}\Z")


@frozen
class Pattern:
    """One way in which a line says it. `literal` is the text that every match begins with."""

    regex: str
    literal: str
    ignore_case: bool = False
    start: bool = False
    need: int = 1
    later: bool = False
    context: str = ""
    confidence: float = 1.0


@frozen
class FixRule:
    """A remedy with {placeholders}; see `lptui.detect.advice`."""

    what: str
    why: str = ""
    command: str = ""
    verify: str = ""
    confidence: float = 1.0


@frozen
class Entry:
    """One class of failure."""

    id: str
    title: str
    severity: Severity
    role: Role
    fatal: bool
    settles: bool
    patterns: tuple[Pattern, ...]
    excludes: tuple[str, ...]
    unless_near: tuple[str, ...]
    within: int
    yields_to: frozenset[str]
    follows: frozenset[str]
    keeps_retries: bool
    any_level: bool
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    meaning: str
    fixes: tuple[FixRule, ...]
    links: tuple[str, ...]
    source: str = ""
    seen_by: str = ""
    """What finds it where no line of a log does."""


@frozen
class Broken:
    """An entry (or a whole file) that cannot be used, and why."""

    file: str
    key: str
    reason: str


@frozen
class Added:
    """A rule that did not ship with lptui: where it is from and what it does ("changes severity")."""

    id: str
    file: str
    what: str


@frozen
class Catalogue:
    """All entries by id, and what could not be loaded. `observed`: classes that no line of a log tells."""

    entries: Mapping[str, Entry]
    broken: tuple[Broken, ...] = ()
    observed: Mapping[str, Entry] = field(default_factory=dict[str, Entry])
    added: tuple[Added, ...] = ()

    def find(self, class_id: str) -> Entry | None:
        """What is known of one class."""
        return self.entries.get(class_id) or self.observed.get(class_id)


@cache
def load_catalogue(extra: tuple[RuleFile | str, ...] = ()) -> Catalogue:
    """The entries that ship with lptui and those in `extra` files or folders; of two with one id the later."""
    from lptui.detect.catalogue_files import read_catalogue

    return read_catalogue(extra)


def entry(class_id: str) -> Entry | None:
    """What is known of one class of those that ship."""
    return load_catalogue().find(class_id)


def make_entry(row: object, file: str) -> Entry | Broken:
    """One row of a file as an entry, or what is wrong with it."""
    if not isinstance(row, dict):
        return Broken(file, "", "an entry is a mapping with keys id, title, patterns, ...")
    given = cast(dict[str, Any], row)
    name = str(given.get("id", ""))
    wrong = _check(given)
    if wrong:
        return Broken(file, name, wrong)
    patterns: list[Pattern] = []
    for raw in given.get("patterns", ()):
        made = make_pattern(raw)
        if isinstance(made, str):
            return Broken(file, name, made)
        patterns.append(made)
    return Entry(
        id=name,
        title=str(given["title"]),
        severity=given["severity"],
        role=given.get("role", "root"),
        fatal=bool(given.get("fatal", False)),
        settles=bool(given.get("settles", given.get("fatal", False))),
        patterns=tuple(patterns),
        excludes=_texts(given.get("excludes")),
        unless_near=_texts(given.get("unless_near")),
        within=int(given.get("within", 0)),
        yields_to=frozenset(_texts(given.get("yields_to"))),
        follows=frozenset(_texts(given.get("follows"))),
        keeps_retries=given.get("retries") == "keep",
        any_level=given.get("levels") == "any",
        examples=_texts(given.get("examples")),
        counter_examples=_texts(given.get("counter_examples")),
        meaning=str(given["meaning"]),
        fixes=tuple(_make_fix(fix) for fix in given["fixes"]),
        links=_texts(given.get("links")),
        source=file,
        seen_by=str(given.get("seen_by", "")),
    )


def _make_fix(given: Mapping[str, Any]) -> FixRule:
    texts = {key: str(value) for key, value in given.items() if key != "confidence"}
    return FixRule(**texts, confidence=float(given.get("confidence", 1.0)))


def make_pattern(raw: object) -> Pattern | str:
    """A pattern from its text or mapping; a text says what is wrong with it."""
    given = cast(dict[str, Any], raw) if isinstance(raw, dict) else cast(dict[str, Any], {"re": raw})
    regex = given.get("re")
    if not isinstance(regex, str) or not regex or "\n" in regex:
        return f"pattern {raw!r}: wants a regular expression over one line"
    unknown = set(given) - {"re", "start", "need", "later", "context", "confidence"}
    if unknown:
        return f"pattern {regex!r}: unknown key {sorted(unknown)[0]!r}"
    if _NOT_LINEAR.search(regex):
        return f"pattern {regex!r}: has a look-around or a back reference, which RE2 does not know"
    literal, ignore_case = find_literal(regex)
    if len(literal) < SHORTEST_LITERAL:
        return f"pattern {regex!r}: has to begin with at least {SHORTEST_LITERAL} literal characters"
    return Pattern(
        regex,
        literal,
        ignore_case,
        start=bool(given.get("start", False)),
        need=int(given.get("need", 1)),
        later=bool(given.get("later", False)),
        context=str(given.get("context", "")),
        confidence=float(given.get("confidence", 1.0)),
    )


def find_literal(regex: str) -> tuple[str, bool]:
    """The literal text that every match of `regex` begins with, and whether it ignores case: (?i) in front."""
    ignore_case = regex.startswith("(?i)")
    rest = regex[4:] if ignore_case else regex
    if _has_bare_alternative(rest):
        return "", ignore_case
    literal: list[str] = []
    at = 0
    while at < len(rest):
        char = rest[at]
        if char == "\\" and at + 1 < len(rest) and not rest[at + 1].isalnum():
            char, at = rest[at + 1], at + 1
        elif char in _SPECIAL:
            if char in "*?+{" and literal:
                literal.pop()  # it is optional, or repeated
            break
        literal.append(char)
        at += 1
    return "".join(literal), ignore_case


def _has_bare_alternative(regex: str) -> bool:
    depth, at, in_class = 0, 0, False
    while at < len(regex):
        char = regex[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]" or regex[at - 1] == "["
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            return True
        at += 1
    return False


def _check(row: Mapping[str, Any]) -> str:
    """What is wrong with a row; empty when nothing is."""
    seen = "seen_by" in row
    missing = [key for key in _REQUIRED if key not in row and not (seen and key in _OF_LINES)]
    if missing:
        return f"the key {missing[0]!r} is missing"
    unknown = set(row) - {*_REQUIRED, *_OPTIONAL}
    if unknown:
        return f"unknown key {sorted(unknown)[0]!r}"
    if not _NAME.match(str(row["id"])):
        return "id has to be lower-case words joined by '-'"
    for key, allowed in (("severity", get_args(Severity)), ("role", get_args(Role))):
        if key in row and row[key] not in allowed:
            return f"{key} {row[key]!r} is none of {', '.join(allowed)}"
    return _check_lists(row)


def _check_lists(row: Mapping[str, Any]) -> str:
    for key in (*_OF_LINES, "fixes"):
        if not isinstance(row.get(key, []), list):
            return f"{key!r} has to be a list"
    for fix in row["fixes"]:
        wrong = _check_fix(fix)
        if wrong:
            return wrong
    contexts = [str(p["context"]) for p in row.get("patterns", ()) if isinstance(p, dict) and "context" in p]
    return _check_regexes((*_texts(row.get("excludes")), *_texts(row.get("unless_near")), *contexts))


def _check_fix(fix: object) -> str:
    keys = {"what", "why", "command", "verify", "confidence"}
    if not isinstance(fix, dict) or "what" not in fix or set(cast(dict[str, Any], fix)) - keys:
        return "a fix has the keys what, and perhaps why, command, verify, confidence"
    sure = cast(dict[str, Any], fix).get("confidence", 1.0)
    if not isinstance(sure, int | float) or not 0 < sure <= 1:
        return f"confidence {sure!r} is not between 0 and 1"
    return ""


def _check_regexes(regexes: Iterable[str]) -> str:
    for regex in regexes:
        try:
            re.compile(regex)
        except re.error as error:
            return f"{regex!r} is no regular expression: {error}"
    return ""


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(v) for v in cast(list[object], value)) if isinstance(value, list) else (str(value),)
