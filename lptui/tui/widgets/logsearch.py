"""Searching a log: what was asked, how far it is, and where the matches in a visible row are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lptui.model.request import SearchLog, SearchProgress
from lptui.text import cell_width, sanitise
from lptui.text.width import cut

Highlight = Callable[[str], Sequence[tuple[int, int]]]
MOST = 100
"""Matches marked in one row."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search: its pattern, the request under way or answered last, and what is known of it."""

    pattern: str
    request: SearchLog | None = None
    progress: SearchProgress | None = None
    first: bool = False
    """Whether this is where the search began: then both directions are looked in."""

    @property
    def hit(self) -> int | None:
        """Position of the row that was found."""
        return self.progress.hit if self.progress is not None and self.progress.done else None

    def words(self, width: int = 60, tally: str = "", *, brief: bool = False) -> str:
        """The state of the search for a pane's frame, `brief` without keys; `tally` says how many matches there are."""
        name = f"/{cut(sanitise(self.pattern), max(8, width // 3))}"
        request, progress = self.request, self.progress
        if request is None:
            if brief:
                return f"{name} · {tally}" if tally else name
            return f"{name} · {tally} · n later, N earlier, esc ends" if tally else f"{name} · enter searches, esc ends"
        way = "earlier" if request.backwards else "later"
        if progress is not None and progress.error:
            return f"{name} · {sanitise(progress.error)}"
        if progress is None or not progress.done:
            share = 0 if progress is None or not progress.total else progress.scanned * 100 // progress.total
            return f"{name} · searching {share} %"
        if progress.hit is None:
            other = "n later" if request.backwards else "N earlier"
            return f"{name} · no {way} match{'' if brief else f' · {other}, esc ends'}"
        if brief:
            return f"{name} · {tally}" if tally else name
        return f"{name} · {tally + ' · ' if tally else ''}n later, N earlier, esc ends"


def highlighter(pattern: str) -> Highlight | None:
    """Finds matches of `pattern` in a row: RE2 syntax in linear time, case-insensitive while it has no
    upper-case letter; plain text where RE2 is not installed or does not take the pattern. None for an empty
    pattern."""
    if not pattern:
        return None
    ignore = pattern == pattern.lower()
    compiled = compile_pattern(pattern, ignore)

    def find(text: str) -> Sequence[tuple[int, int]]:
        if not text:
            return ()
        found: list[tuple[int, int]] = []
        for match in compiled.finditer(text):
            if match.end() > match.start():
                found.append((match.start(), match.end()))
            if len(found) >= MOST:
                break
        return found

    return find


def compile_pattern(pattern: str, ignore: bool) -> Any:
    """`pattern` for RE2, which no pattern makes run for ever; as plain text where that cannot be had."""
    try:
        import re2  # pyright: ignore[reportMissingImports, reportMissingTypeStubs]

        options: Any = re2.Options()
        options.log_errors = False
        options.case_sensitive = not ignore
        return re2.compile(pattern, options)
    except Exception:  # noqa: BLE001  no RE2, another package of that name, or not (yet) a pattern
        return re.compile(re.escape(pattern), re.IGNORECASE if ignore else 0)


def title_of(path: str, width: int = 40) -> str:
    """The name of a log for a title: its last part, and its folder when that is short."""
    name = sanitise(path.rsplit("/", 1)[-1])
    return name if cell_width(name) <= width else "…" + name[-(width - 1) :]
