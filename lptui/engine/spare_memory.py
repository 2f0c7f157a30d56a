"""Memory that reading history left behind goes back to the system: the C library keeps what was freed between arrays
that live on, a quarter of all after a file of gigabytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

OFTEN = 16
"""Looks at a source that reads history between two times."""
FEW = 8
"""Looks that leave nothing worth the time behind."""


class Spare:
    """Counts the looks at sources that had more to tell, and gives memory back once there were many."""

    def __init__(self, give_back: Callable[[], None] | None = None) -> None:
        self._give_back = give_back or give_memory_back
        self._looks = 0

    def note(self, *, pending: bool) -> None:
        """A source was looked at; `pending`: it has more history."""
        if pending:
            self._looks += 1
        if self._looks >= (OFTEN if pending else FEW):
            self._looks = 0
            self._give_back()


def give_memory_back() -> None:
    """Ask the C library to; nothing where it cannot (only glibc can)."""
    trim = _find_trim()
    if trim is not None:
        trim(0)


@cache
def _find_trim() -> Callable[[int], int] | None:
    try:
        import ctypes

        return ctypes.CDLL(None).malloc_trim
    except (ImportError, OSError, AttributeError, TypeError):
        return None
