"""The world -> events. One file a source; sources do not know each other, nor any screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from lptui.model.events import Event


@runtime_checkable
class Source(Protocol):
    """Watches one kind of thing.

    `poll` does a bounded piece of work (about 50 ms, 4 MiB) and returns what it saw; it is called every `period`
    seconds, at once again while `pending` is true (history left to read), and early when a file in `watched`
    changes. It never raises for the state of the world: that becomes a `StatusSeen`. It is only ever called from one
    thread at a time.
    """

    pending: bool

    @property
    def name(self) -> str:
        """What the reader calls it."""
        ...

    @property
    def period(self) -> float:
        """Seconds between polls; may change."""
        ...

    def poll(self, now: float) -> Iterable[Event]:
        """What happened since the last poll. `now` is unix time."""
        ...

    def watched(self) -> tuple[str, ...]:
        """Folders whose changes are worth an early poll (flat, may be empty)."""
        ...

    def close(self) -> None:
        """Release handles. Never waits for a stuck device."""
        ...


@runtime_checkable
class SharedSource(Protocol):
    """A source of the machine that tells each run something of its own; other events are for all runs.

    Both calls may come from any thread.
    """

    def add_run(self, path: str) -> None:
        """Tell of the run at `path` too."""
        ...

    def drop_run(self, path: str) -> None:
        """Tell of it no more."""
        ...
