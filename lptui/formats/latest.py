"""The newest word on each of many names, whatever order they are read in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

Value = TypeVar("Value")
MOST = 20_000


class Latest(Generic[Value]):
    """Keeps of each name the value with the highest order (its place in the file). None: taken away."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Value | None]] = {}

    def put(self, order: float, pairs: Iterable[tuple[str, Value | None]]) -> bool:
        """Take in what one record says; whether any name has another value by that."""
        changed = False
        for name, value in pairs:
            old = self._known.get(name)
            if (old is None and len(self._known) < MOST) or (old is not None and order >= old[0]):
                changed |= old is None or old[1] != value
                self._known[name] = (order, value)
        return changed

    def items(self) -> list[tuple[str, Value]]:
        """What holds now, in the order in which the names came first."""
        return [(name, value) for name, (_, value) in self._known.items() if value is not None]
