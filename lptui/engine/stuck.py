"""Sources whose poll does not come back: told as failed for as long as that lasts."""

from __future__ import annotations

from collections.abc import Iterable

from lptui.engine.lane import STUCK_AFTER
from lptui.model.events import StatusSeen
from lptui.model.readings import SourceStatus
from lptui.state.fold import fold
from lptui.state.run_state import RunState
from lptui.text import short_age


class StuckSources:
    """Remembers what a source said before it hung, which is so again once it answers."""

    def __init__(self) -> None:
        self._before: dict[str, SourceStatus | None] = {}

    def tell(self, state: RunState, polling: Iterable[tuple[str, float] | None], now: float) -> RunState:
        """`state` with what hangs and what does no more. `polling`: names of sources that are being polled, and since
        when."""
        stuck = {asked[0]: asked[1] for asked in polling if asked and now - asked[1] > STUCK_AFTER}
        for name, since in stuck.items():
            self._before.setdefault(name, state.statuses.get(name))
            detail = f"no answer for {short_age(now - since)}: its disk, mount or driver hangs"
            state = fold(state, StatusSeen(seen_at=now, status=SourceStatus(name, "failed", detail, since)))
        for name in self._before.keys() - stuck.keys():
            before = self._before.pop(name)
            if before is not None and state.statuses[name].condition == "failed":
                state = fold(state, StatusSeen(seen_at=now, status=before))
        return state
