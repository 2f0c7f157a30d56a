"""What stands in for RE2 where it is not installed: a trie of the patterns' literals, run by `re`.

`re` walks such a trie at 0.01-0.03 GB/s. Lines of a log differ mostly in their numbers, so a line is first looked up by
its shape, the line in lower case without its digits: a shape in which nothing can begin, whatever digits stood in it,
is read once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Protocol

from lptui.detect.catalogue import Pattern
from lptui.text.regex import Regex

LONG_LITERAL = 14
"""A literal this long is rare enough to search for alone; a shorter one is searched with the rest of its pattern."""
LONGEST_SHAPE = 1024
"""A longer line is searched as it is."""
MOST_SHAPES = 4096
_FEWEST_LETTERS = 3
"""A literal with fewer of them besides its digits (an error code) is looked for as it is."""
_COUNT = Regex(r"\{([0-9]+)(?:,[0-9]*)?\}")
_GROUP = Regex(r"\?P<\w+>")
_DIGITS = b"0123456789"
_FOLD = bytes.maketrans(b"\rABCDEFGHIJKLMNOPQRSTUVWXYZ", b"\nabcdefghijklmnopqrstuvwxyz")
_ATOM = Regex(
    r"(?P<edge>\\[bB])|(?P<escape>\\x[0-9a-fA-F]{2}|\\[^wWdDsSx])"
    r"|(?P<loose>\\[wWdDsS]|\[\^?\]?(?:\\.|[^\]\\])*\]|\.)(?P<times>[+*?]?)"
    r"|(?P<digit>[0-9])[+*?]?|(?P<open>\(\?[a-z]*:)|(?P<plain>.)",
    re.DOTALL,
)


class Search(Protocol):
    def __call__(self, data: bytes, at: int, /) -> re.Match[bytes] | None: ...


def loosen(pattern: Pattern) -> str:
    """The pattern for raw bytes: no groups, no counts (they make an automaton large), any line end for '$'."""
    regex = pattern.regex[4:] if pattern.ignore_case else pattern.regex
    regex = _GROUP.sub("?:", _COUNT.sub(lambda m: "*" if m[1] == "0" else "+", regex))
    regex = regex.replace(r"[^\n]", r"[^\r\n]")  # a carriage return ends a line too
    return regex.replace(r"\s", r"[\t ]").replace("$", r"(?:[\r\n\x1b]|$)")


def make_search(patterns: Sequence[Pattern], marks: Sequence[str]) -> Search:
    """Finds where a pattern or a mark may begin in lower-cased bytes; compiled when a line first needs it."""

    @cache
    def search() -> Search:
        return _compile(patterns, marks, lambda text: text, lambda rest: rest)

    return lambda data, at: search()(data, at)


class Shapes:
    """Which lines of a block are worth a search; remembers the shapes in which nothing can be found."""

    __slots__ = ("_clean", "_numbers", "_search")

    def __init__(self, patterns: Sequence[Pattern], marks: Sequence[str]) -> None:
        numbers = [p for p in patterns if len(_without_digits(p.literal)) < _FEWEST_LETTERS]
        self._numbers = tuple(sorted({p.literal.lower().encode() for p in numbers}))
        self._search = _compile([p for p in patterns if p not in numbers], marks, _without_digits, forgive_digits)
        self._clean: set[bytes] = set()

    def doubtful(self, data: bytes) -> Iterator[tuple[int, int]]:
        """(start, end) of the lines that may hold a match, in order; a carriage return ends a line too."""
        shapes = data.translate(_FOLD, _DIGITS).split(b"\n")
        clean, numbers = self._clean, self._numbers_in(data)
        if not numbers and clean.issuperset(shapes):
            return
        at = 0
        for line, shape in zip(data.replace(b"\r", b"\n").split(b"\n"), shapes, strict=True):
            if (shape not in clean and not self._learn(shape)) or any(n in line.lower() for n in numbers):
                yield at, at + len(line)
            at += len(line) + 1

    def _numbers_in(self, data: bytes) -> list[bytes]:
        low = data.lower()
        return [number for number in self._numbers if number in low]

    def _learn(self, shape: bytes) -> bool:
        """Whether nothing can be found in lines of this shape."""
        if len(shape) > LONGEST_SHAPE or self._search(shape, 0) is not None:
            return False
        if len(self._clean) >= MOST_SHAPES:
            self._clean.clear()
        self._clean.add(shape)
        return True


def forgive_digits(regex: str) -> str:
    """An expression that matches whatever `regex` matches once all digits are taken out of the text."""
    return _ATOM.sub(_forgive, regex)


def _forgive(atom: re.Match[str]) -> str:
    if atom["edge"] or atom["digit"]:
        return ""  # a digit is gone, and with it may be a word's edge
    if not atom["loose"]:
        return atom[0]
    if not any(re.match(atom["loose"], digit) for digit in "0123456789"):
        return atom[0]
    return atom["loose"] + {"": "?", "+": "*"}.get(atom["times"], atom["times"])


def _without_digits(text: str) -> str:
    return "".join(char for char in text if char not in "0123456789")


# --- the trie -------------------------------------------------------------------------------------------------


class _Node:
    """A character of the trie: what may follow, and the patterns that end their literal here."""

    __slots__ = ("below", "rests")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.rests: list[str] = []


def _compile(
    patterns: Sequence[Pattern], marks: Sequence[str], trim: Callable[[str], str], relax: Callable[[str], str]
) -> Search:
    """One regular expression over lower-cased bytes, in which literals share their beginnings."""
    root = _Node()
    long = {p.literal.lower() for p in patterns if len(p.literal) >= LONG_LITERAL} | {m.lower() for m in marks}
    for literal in _drop_implied({trim(text) for text in long}):
        _enter(root, literal, "")
    for pattern in patterns:
        if len(pattern.literal) < LONG_LITERAL:
            body = loosen(pattern)
            rest = relax(body[len(_escaped(body, len(pattern.literal))) :])
            _enter(root, trim(pattern.literal.lower()), f"(?i:{rest})" if rest else "")
    return re.compile(_write(root).encode()).search


def _drop_implied(literals: set[str]) -> list[str]:
    """Without those that contain another one: where they occur, it does too."""
    kept: list[str] = []
    for literal in sorted(literals, key=len):
        if not any(short in literal for short in kept):
            kept.append(literal)
    return kept


def _escaped(regex: str, count: int) -> str:
    """The part of `regex` that stands for its first `count` literal characters."""
    at = 0
    for _ in range(count):
        at += 2 if regex[at] == "\\" else 1
    return regex[:at]


def _enter(root: _Node, literal: str, rest: str) -> None:
    node = root
    for char in literal:
        node = node.below.setdefault(char, _Node())
    node.rests.append(rest)


def _write(node: _Node) -> str:
    """A trie as a regular expression; whatever ends here without a rest makes the rest of the branch needless."""
    if "" in node.rests:
        return ""
    parts = [re.escape(char) + _write(below) for char, below in sorted(node.below.items())]
    parts += dict.fromkeys(node.rests)
    return parts[0] if len(parts) == 1 else "(?:" + "|".join(parts) + ")"
