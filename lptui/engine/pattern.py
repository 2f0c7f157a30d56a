"""What is looked for in raw bytes: a pattern, and a cheap test that tells most blocks without a match from the rest.

A plain word as it is typed is found at the speed of memory by RE2 itself. For any case, and for a pattern with a plain
word in it or in each of a few alternatives, a copy of the block is looked through in which every letter is folded (bit
5 set, which numpy does in a fraction of a memory read): where no folded word is, nothing is."""

from __future__ import annotations

import re
from typing import Any

_FOLD = 0x20
"""What the two cases of a letter differ in, in ASCII and in Latin-1; RE2 tells apart later what else falls together."""
_CLASSES = frozenset("[]{}\\")
_ONLY_GROUP = re.compile(r"\A\(([^()]*)\)\Z")
_INNER_GROUP = re.compile(r"\([^()]*\)[*+?]?")
_LOOSE = re.compile(r".[*?]\??|[.+^$\n]", re.DOTALL)
"""What a match need not have as it stands, in a pattern without groups and classes."""
_LEAST, _FARTHEST = 3, 16
"""Bytes of a word that are looked for: shorter ones are everywhere."""
_LONGEST_WORD = 40
_MOST_WORDS = 4
"""Words that are looked for one by one in less time than RE2 takes for the pattern."""
_CLOSER = 8
"""How many times as long a closer look takes."""
_SAMPLE = 64 * 1024
_FLAGS = re.compile(r"\(\?i?m\)")
"""What `Pattern` put before what was typed, in RE2's words about it."""


class Pattern:
    """RE2 syntax, case-insensitive unless it holds an upper-case letter. Raises ValueError."""

    def __init__(self, text: str) -> None:
        self._any_case = not any(c.isupper() for c in text)
        self._compiled = compile_bytes((("(?im)" if self._any_case else "(?m)") + text).encode())
        self.search = self._compiled.search
        words = find_words(text)
        told = words and all(len(word) >= _LEAST for word in words) and (self._any_case or words != (text,))
        data = [word.encode()[:_LONGEST_WORD] for word in words] if told else []
        self._words = [bytes(_fold(word)) if self._any_case else word for word in data]
        self._parts: list[Any] = []

    def may_match(self, data: bytes) -> bool:
        """False only where there is no match."""
        if not self._words or not data:
            return True
        shown = _fold(data) if self._any_case else memoryview(data)
        if not self._parts:
            self._parts = [compile_bytes(re.escape(_choose_part(shown, word))) for word in self._words]
        return any(part.search(shown) is not None for part in self._parts)


def _fold(data: bytes) -> memoryview:
    import numpy as np

    return (np.frombuffer(data, np.uint8) | np.uint8(_FOLD)).data


def _choose_part(sample: memoryview, word: bytes) -> bytes:
    """The part of `word` that is told apart soonest in a text like `sample`: RE2 goes from one occurrence of its first
    byte to the next, and has a closer look where its last byte is in its place too."""
    import numpy as np

    text = np.frombuffer(sample[:_SAMPLE], np.uint8)
    places = {byte: np.flatnonzero(text == byte) for byte in set(word)}

    def cost(first: int, last: int) -> tuple[int, int]:
        behind = places[word[first]] + (last - first)
        both = np.count_nonzero(text[behind[behind < len(text)]] == word[last])
        return len(behind) + _CLOSER * int(both), first - last

    pairs = [(a, b) for a in range(len(word)) for b in range(a + _LEAST - 1, min(len(word), a + _FARTHEST))]
    first, last = min(pairs, key=lambda pair: cost(*pair))
    return word[first : last + 1]


def find_words(text: str) -> tuple[str, ...]:
    """Plain runs of characters, of which every match of the pattern `text` has one: the longest of each alternative
    that lies in no group, or of those in the group that is all of it. Empty if none are known."""
    text = text.replace("(?:", "(")
    if "(?" in text or not _CLASSES.isdisjoint(text):
        return ()
    text = _ONLY_GROUP.sub(r"\1", text)
    while (outer := _INNER_GROUP.sub("\n", text)) != text:
        text = outer
    words = tuple(max(_LOOSE.split(part), key=len) for part in text.split("|"))
    return words if all(words) and len(words) <= _MOST_WORDS and not {"(", ")"} & set(text) else ()


def compile_bytes(expression: bytes) -> Any:
    """A pattern over raw bytes. Raises ValueError, in words for who typed it."""
    try:
        import re2

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        options.max_mem = 64 * 1024 * 1024
        return re2.compile(expression, options)
    except ImportError:
        pass
    except Exception as error:
        said = error.args[0] if error.args else ""
        words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ValueError(_FLAGS.sub("", words, count=1)) from error
    try:
        return re.compile(expression)
    except re.error as error:
        raise ValueError(str(error)) from error
