"""How often states are published, and with them how often a log is read: from how fast it grows."""

from __future__ import annotations

from lptui.state.run_state import RunState

LIVELY, CALM, FLOOD = 0.05, 0.1, 0.16
"""Seconds between published states: when little moves and someone waits for a line; when much does; in a flood, of
which no reader can follow a line anyway."""
SLOW_LINK = 0.25
ASIDE = 2.0
"""Seconds between two states of a run that is not in view, and between two looks at each of its files."""
MUCH, VERY_MUCH = 64 * 1024, 128 * 1024
"""Bytes of log a second from which on it is much, and a flood."""
TELLING = 2
"""Batches that wait for the fold from which on much moves."""


class Pace:
    """Of one run; `slow_link`: few pictures, whatever moves."""

    def __init__(self, *, slow_link: bool = False) -> None:
        self._slow_link = slow_link
        self.close = True
        """Whether somebody looks at the run."""
        self._end: int | None = None
        self._growth = 0.0

    def measure(self, state: RunState, elapsed: float) -> None:
        """Note how far the logs reach, `elapsed` seconds after the last time."""
        end = sum(view.end for view in state.logs.values())
        self._growth, self._end = (end - (self._end or end)) / elapsed, end

    @property
    def fast(self) -> bool:
        """Whether much is logged."""
        return self._growth > MUCH

    @property
    def quiet(self) -> bool:
        """Whether the clock alone says when to look: so much is logged, or nobody looks at it."""
        return self.fast or not self.close

    @property
    def rest(self) -> float:
        """Seconds between two looks at a source at least."""
        return self.seconds() if self.quiet else 0.0

    def seconds(self, waiting: int = 0) -> float:
        """Between two published states, where so many batches wait for the fold."""
        if not self.close:
            return ASIDE
        if self._slow_link:
            return SLOW_LINK
        if self._growth > VERY_MUCH:
            return FLOOD
        return CALM if self.fast or waiting > TELLING else LIVELY

    def due(self, state: RunState, published: RunState, published_at: float, waiting: int = 0) -> float:
        """When `state` is to be published. While the log grows fast its lane keeps the pace: what it brings is shown at
        once, and what comes meanwhile goes with it."""
        if state is published:
            return float("inf")
        if not self.fast or not self.close:
            return published_at + self.seconds(waiting)
        return published_at + self.seconds() * (0.5 if state.logs is not published.logs else 2.0)
