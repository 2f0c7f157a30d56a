"""How often states are published, and with them how often a log is read: from how fast it grows."""

from __future__ import annotations

from lptui.state.run_state import RunState

LIVELY, CALM, FLOOD = 0.05, 0.1, 0.16
"""Seconds between published states: when little moves and someone waits for a line; when much does, or a steady stream
of lines comes; in a flood, of which no reader can follow a line anyway."""
SLOW_LINK = 0.25
ASIDE = 2.0
"""Seconds between two states of a run that is not in view, and between two looks at each of its files."""
OTHERS = 0.1
"""The same where no log grew: a chart, a clock or a gauge goes with the next line, or this much later by itself."""
BUSY, QUIET = 8, 5
"""Growths of logs a second from which on, and below which no more, lines are a steady stream: twenty pictures a second
are read by nobody either."""
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
        self._steps = 0
        self._busy = False
        self._logs: object = None

    def see(self, state: RunState) -> None:
        """Note a state that was made: whether a log grew."""
        if state.logs is not self._logs:
            self._logs, self._steps = state.logs, self._steps + 1

    def measure(self, state: RunState, elapsed: float) -> None:
        """Note how far the logs reach, `elapsed` seconds after the last time."""
        end = sum(view.end for view in state.logs.values())
        self._growth, self._end = (end - (self._end or end)) / elapsed, end
        self._busy = self._steps >= (QUIET if self._busy else BUSY) * elapsed
        self._steps = 0

    @property
    def fast(self) -> bool:
        """Whether so much is logged, or so often, that the clock alone says when to look."""
        return self._growth > MUCH or self._busy

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
        if not self.close:
            return published_at + self.seconds()
        grew = state.logs is not published.logs
        if self.fast:
            return published_at + self.seconds() * (0.5 if grew else 2.0 if self._growth > MUCH else 1.0)
        seconds = self.seconds(waiting)
        return published_at + (seconds if grew or not state.complete else max(OTHERS, seconds))
