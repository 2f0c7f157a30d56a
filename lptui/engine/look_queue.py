"""In which order runs are looked at: what is in view, then a glance at all others if they are many, then the rest."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

FIRST_VIEW = 56
"""Runs that are looked at before the others are glanced at: a screenful, before the screen has told what is in view."""


class Turn(NamedTuple):
    """Runs for one question; `glance`: that much is enough by now. No paths: nothing is left."""

    paths: tuple[str, ...] = ()
    glance: bool = False


class LookQueue:
    """Hands take `Turn`s from several threads and say `done` after each. A run that is new is looked at once, however
    often it is preferred; one that is to be looked at again is so as often as it is added."""

    def __init__(self) -> None:
        self._front: deque[str] = deque()
        self._unglanced: deque[str] = deque()
        self._rest: deque[str] = deque()
        self._again: deque[str] = deque()
        self._waiting: set[str] = set()
        """New ones that no look began at."""
        self._preferred: set[str] = set()
        self._glancing = 0
        self._changed = threading.Condition()
        self._ended = False

    def __len__(self) -> int:
        return len(self._front) + len(self._unglanced) + len(self._rest) + len(self._again)

    def add_new(self, paths: Sequence[str], *, glance: bool) -> None:
        """Runs that nobody looked at, those to begin with first; `glance`: at all but the first of them before that."""
        with self._changed:
            self._waiting.update(paths)
            if glance:
                self._front.extend(paths[:FIRST_VIEW])
                self._unglanced.extend(paths[FIRST_VIEW:])
            else:
                self._rest.extend(paths)

    def add_again(self, paths: Iterable[str]) -> None:
        """Runs that may have changed."""
        with self._changed:
            self._again.extend(paths)

    def prefer(self, paths: Iterable[str]) -> None:
        """Look at these first, of those that wait for their first look."""
        with self._changed:
            new = [path for path in paths if path in self._waiting and path not in self._preferred]
            self._preferred.update(new)
            self._front.extendleft(reversed(new))
            self._changed.notify_all()

    def take(self, looks: int, glances: int) -> Turn:
        """The next so many. Waits while others glance, for then there will be more to look at."""
        with self._changed:
            while not self._ended:
                if front := self._pop_new(self._front, looks):
                    return Turn(front)
                if unglanced := self._pop_new(self._unglanced, glances, keep=True):
                    self._glancing += 1
                    return Turn(unglanced, glance=True)
                if rest := self._pop_new(self._rest, looks):
                    return Turn(rest)
                if self._again:
                    return Turn(tuple(self._again.popleft() for _ in range(min(looks, len(self._again)))))
                if not self._glancing:
                    break
                self._changed.wait()
            return Turn()

    def done(self, turn: Turn, answered: Iterable[str] = ()) -> bool:
        """What was glanced at is to be looked at now, but for what was `answered` otherwise. Whether this was the last
        of the first view, or of all glances."""
        with self._changed:
            if not turn.glance:
                return not self._front and bool(self._unglanced)
            self._glancing -= 1
            self._waiting.difference_update(answered)
            self._rest.extend(turn.paths)
            self._changed.notify_all()
            return not self._unglanced

    def end(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _pop_new(self, queue: deque[str], most: int, *, keep: bool = False) -> tuple[str, ...]:
        """`keep`: they still wait for a look."""
        found: list[str] = []
        while queue and len(found) < most:
            path = queue.popleft()
            if path in self._waiting:
                found.append(path)
                if not keep:
                    self._waiting.discard(path)
        return tuple(found)
