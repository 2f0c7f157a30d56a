"""How the run was started, from what W&B (`files/wandb-metadata.json`) and Hydra (`.hydra/overrides.yaml`) recorded."""

from __future__ import annotations

from collections.abc import Iterator

from lptui.files import FileFailure, Stat, stat_file
from lptui.model.events import Event, LaunchSeen, StatusSeen
from lptui.model.launch import Launch
from lptui.model.place import Place
from lptui.model.readings import SourceStatus
from lptui.model.run import RunInfo
from lptui.run.launches import from_hydra, from_wandb
from lptui.run.listing import read_head

LIMIT = 256 * 1024


class LaunchSource:
    """Looks again when one of the files changed. What a live process tells goes before it (see `state.fold`)."""

    name = "launch"
    period = 5.0
    pending = False

    def __init__(self, run: RunInfo) -> None:
        self._place = Place(run=run.path)
        self._wandb = [f"{path.rpartition('/')[0]}/files/wandb-metadata.json" for path in run.wandb[-1:]]
        self._hydra = [c.rpartition("/")[0] for c in run.configs if c.endswith("/.hydra/config.yaml")][:1]
        self._seen: tuple[Stat | None, ...] | None = None
        self._status: SourceStatus | None = None

    def poll(self, now: float) -> Iterator[Event]:
        """One LaunchSeen when what is recorded changed."""
        paths = (*self._wandb, *(f"{folder}/overrides.yaml" for folder in self._hydra))
        seen = tuple(_stat(path) for path in paths)
        if seen == self._seen:
            return
        self._seen = seen
        launch = self._read()
        if launch is not None:
            yield LaunchSeen(place=self._place, seen_at=now, launch=launch)
        told = ("ok", launch.source) if launch else ("absent", "nothing records how it was started")
        if self._status is None or (self._status.condition, self._status.detail) != told:
            self._status = SourceStatus(self.name, "ok" if launch else "absent", told[1], now)
            yield StatusSeen(place=self._place, seen_at=now, status=self._status)

    def watched(self) -> tuple[str, ...]:
        """Nothing: these are written once, at the start."""
        return ()

    def close(self) -> None:
        """Nothing is held open."""

    def _read(self) -> Launch | None:
        for path in self._wandb:
            found = from_wandb(read_head(path, LIMIT))
            if found is not None:
                return found
        for folder in self._hydra:
            found = from_hydra(read_head(f"{folder}/overrides.yaml", LIMIT), read_head(f"{folder}/hydra.yaml", LIMIT))
            if found is not None:
                return found
        return None


def _stat(path: str) -> Stat | None:
    try:
        return stat_file(path)
    except FileFailure:
        return None
