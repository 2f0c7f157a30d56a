"""What was asked about one checkpoint and what came back: the memory of its browser, without a screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lptui.checkpoints.bisection import FirstNonFinite
from lptui.checkpoints.contents import Contents, Measured
from lptui.checkpoints.difference import Difference
from lptui.checkpoints.drift import Drift
from lptui.model.request import (
    Answer,
    Cancel,
    CheckpointAnswer,
    CheckpointRequest,
    CompareCheckpoints,
    FindNonFinite,
    InspectCheckpoint,
    MeasureDrift,
    Request,
    VerifyCheckpoint,
)

Ask = Callable[[Request, Callable[[Answer], None]], None]
_DOING: dict[type[CheckpointRequest], str] = {
    VerifyCheckpoint: "reading every byte",
    CompareCheckpoints: "comparing",
    MeasureDrift: "measuring drift",
    FindNonFinite: "looking for the first NaN",
}


class CheckpointWork:
    """One look and at most one long request at a time; `changed` is called when there is something new to draw."""

    def __init__(self, path: str, ask: Ask, changed: Callable[[], None]) -> None:
        self.path = path
        self.contents: Contents | None = None
        self.measured: Measured | None = None
        self.difference: Difference | None = None
        self.drift: Drift | None = None
        self.first: FirstNonFinite | None = None
        self.running: CheckpointRequest | None = None
        self.done = self.total = 0
        self.error = ""
        self._ask, self._changed = ask, changed
        self._look: InspectCheckpoint | None = None
        self._closed = False

    @property
    def doing(self) -> str:
        """What runs, in words; '' if nothing does."""
        return _DOING.get(type(self.running), "") if self.running is not None else ""

    def look(self) -> None:
        """What is in it (again): what was measured in the bytes that were there before is forgotten."""
        self.measured = self.difference = None
        if self.running is not None and isinstance(self.running, VerifyCheckpoint | CompareCheckpoints):
            self.stop()
        if self._look is None:
            self._look = InspectCheckpoint(self.path)
            self._ask(self._look, self._take)

    def verify(self) -> None:
        self._begin(VerifyCheckpoint(self.path))

    def compare(self, partner: str, *, measure: bool) -> None:
        """With the earlier (or whichever) checkpoint at `partner`."""
        self._begin(CompareCheckpoints(partner, self.path, measure))

    def measure_drift(self, paths: Sequence[str]) -> None:
        self._begin(MeasureDrift(tuple(paths)))

    def find_first(self, paths: Sequence[str]) -> None:
        self._begin(FindNonFinite(tuple(paths)))

    def stop(self) -> bool:
        """End the long request that runs; whether there was one."""
        if self.running is None:
            return False
        self._ask(Cancel(self.running), lambda _answer: None)
        self.running = None
        self._changed()
        return True

    def close(self) -> None:
        """Nobody looks any more."""
        self._closed = True
        self.stop()

    def _begin(self, request: CheckpointRequest) -> None:
        if request == self.running:
            return
        self.stop()
        self.running, self.done, self.total, self.error = request, 0, 0, ""
        self._changed()
        self._ask(request, self._take)

    def _take(self, answer: Answer) -> None:
        if not isinstance(answer, CheckpointAnswer) or self._closed:
            return
        if answer.request == self._look:
            self._look = None if answer.ended else self._look
        elif answer.request != self.running:
            return  # it was stopped, and this was already on its way
        else:
            self.done, self.total = answer.done, answer.total
            self.running = None if answer.ended else self.running
        self.error = answer.error or self.error
        self._keep(answer.found)
        self._changed()

    def _keep(self, found: object) -> None:
        match found:
            case Contents():
                self.contents = found
            case Measured():
                self.measured = found
            case Difference():
                self.difference = found
            case Drift():
                self.drift = found
            case FirstNonFinite():
                self.first = found
            case _:
                pass
