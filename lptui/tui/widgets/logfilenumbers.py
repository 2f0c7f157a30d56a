"""Of a merged log: which line of its own file each row is, asked for what is shown. No Textual here."""

from __future__ import annotations

from collections.abc import Iterable

from lptui.model.merged import LinesNumbered, MergedView, NumberLines

_KEEP = 20_000


class FileNumbers:
    """`known`: position of a row -> its number, None where nothing tells it."""

    def __init__(self) -> None:
        self.known: dict[int, int | None] = {}
        self._file = ""
        self._counted: tuple[int, bool] | None = None
        self._asked: NumberLines | None = None

    def want(self, view: MergedView, positions: Iterable[int]) -> NumberLines | None:
        """What to ask for, so that the rows at `positions` have numbers; one question at a time."""
        if view.file != self._file:
            self.known.clear()
            self._file, self._asked = view.file, None
        counted = (view.start, view.complete)
        if counted != self._counted:  # files are counted newest first: what nothing told may be told now
            self._counted = counted
            self.known = {position: number for position, number in self.known.items() if number is not None}
        missing = tuple(position for position in positions if position not in self.known)
        if not missing or self._asked is not None:
            return None
        self._asked = NumberLines(view.file, missing)
        return self._asked

    def add(self, answer: object) -> bool:
        """Take what was answered; whether there is anything new."""
        if not isinstance(answer, LinesNumbered) or answer.request is not self._asked:
            return False
        self._asked = None
        if len(self.known) > _KEEP:
            self.known.clear()
        self.known.update(zip(answer.request.positions, answer.numbers, strict=True))
        return True
