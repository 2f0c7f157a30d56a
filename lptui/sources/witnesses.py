"""Small files that tell of the run's life: the heartbeat, `.job_metadata/RUN/`, `wandb_ipc.json` (Metta on
SkyPilot).

`.job_metadata` is the best local source for restarts: the shell around the training writes `restart_count`,
`accumulated_runtime`, `cluster_stop` and `termination_reason` there. A heartbeat counts by its mtime: newer
versions only touch the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from lptui.cloud.names import read_name
from lptui.files import FileFailure, Stat, open_file, stat_file
from lptui.model.events import Event, HeartbeatSeen, StatusSeen, WitnessSeen
from lptui.model.place import Place
from lptui.model.readings import SourceStatus
from lptui.model.run import RunInfo
from lptui.run.life_signs import LifeSigns, find_life_signs
from lptui.run.listing import Listing
from lptui.run.wandb_beside import read_ipc
from lptui.text import sanitise
from lptui.text.secrets import mask_text

METADATA = ("restart_count", "accumulated_runtime", "cluster_stop", "termination_reason")
LOOK_AGAIN = 10.0
_LIMIT = 4096
_SHOWN = 200


class WitnessSource:
    """Follows the files by stat; looks for those that are not there yet every ten seconds."""

    name = "witnesses"
    period = 1.0

    def __init__(self, run: RunInfo) -> None:
        self.pending = False
        self._run = run
        self._place = Place(run=run.path)
        self._signs = LifeSigns(run.heartbeat, run.job_metadata, run.wandb_ipc)
        self._looked_at = float("-inf")
        self._seen: dict[str, Stat] = {}
        self._status: SourceStatus | None = None

    def watched(self) -> tuple[str, ...]:
        return (self._signs.job_metadata,) if self._signs.job_metadata else ()

    def close(self) -> None:
        """Nothing is held open."""

    def poll(self, now: float) -> Iterator[Event]:
        """What changed in any of the files."""
        self._look(now)
        yield from self._heartbeat(now)
        for name in METADATA if self._signs.job_metadata else ():
            yield from self._metadata(name, now)
        yield from self._wandb(now)
        yield from self._tell(now)

    def _look(self, now: float) -> None:
        """Fill in what discovery did not find, since a job's shell may write it later than the run."""
        signs = self._signs
        complete = signs.heartbeat and signs.job_metadata and signs.wandb_ipc
        if complete or 0 <= now - self._looked_at < LOOK_AGAIN:
            return
        self._looked_at = now
        found = find_life_signs(Listing(), self._run.path, self._run.name)
        self._signs = LifeSigns(
            signs.heartbeat or found.heartbeat,
            signs.job_metadata or found.job_metadata,
            signs.wandb_ipc or found.wandb_ipc,
        )

    def _changed(self, path: str) -> Stat | None:
        """The file's stat if it is there and differs from the last look."""
        try:
            stat = stat_file(path)
        except FileFailure:
            self._seen.pop(path, None)
            return None
        if not stat.is_file or self._seen.get(path) == stat:
            return None
        self._seen[path] = stat
        return stat

    def _heartbeat(self, now: float) -> Iterator[Event]:
        path = self._signs.heartbeat
        stat = self._changed(path) if path else None
        if stat is not None:
            yield HeartbeatSeen(place=self._place, seen_at=now, path=path, modified_at=stat.modified_at)

    def _metadata(self, name: str, now: float) -> Iterator[Event]:
        path = f"{self._signs.job_metadata}/{name}"
        stat = self._changed(path)
        if stat is None:
            return
        value = _first_line(path)
        yield self._witness(".job_metadata", name, value, stat.modified_at, now)

    def _wandb(self, now: float) -> Iterator[Event]:
        path = self._signs.wandb_ipc
        stat = self._changed(path) if path else None
        ipc = read_ipc(path, _read(path)) if stat is not None else None
        if ipc is None or stat is None:
            return
        value = "/".join(part for part in (ipc.entity, ipc.project, ipc.run_id) if part)
        yield self._witness("wandb_ipc.json", "wandb_run", clean(value), stat.modified_at, now)
        if address := read_name(value):
            yield self._witness("wandb_ipc.json", "wandb_address", address, stat.modified_at, now)

    def _witness(self, source: str, name: str, value: str, at: float, now: float) -> WitnessSeen:
        return WitnessSeen(place=self._place, seen_at=now, source=source, name=name, value=value, at=at)

    def _tell(self, now: float) -> Iterator[Event]:
        signs = self._signs
        parts = (
            ("heartbeat", signs.heartbeat),
            (".job_metadata", signs.job_metadata),
            ("wandb_ipc.json", signs.wandb_ipc),
        )
        found = ", ".join(name for name, path in parts if path)
        detail = found or "no heartbeat, .job_metadata or wandb_ipc.json"
        if self._status is None or self._status.detail != detail:
            condition = "ok" if found else "absent"
            self._status = SourceStatus(self.name, condition, detail, now, read=len(self._seen))
            yield StatusSeen(place=self._place, seen_at=now, status=self._status)


def clean(text: str) -> str:
    """Foreign text as a value: one harmless, short line without secrets."""
    return mask_text(sanitise(text[:_SHOWN]))


def _first_line(path: str) -> str:
    return clean(_read(path).decode("utf-8", "replace").strip().partition("\n")[0])


def _read(path: str) -> bytes:
    try:
        handle = open_file(path)
    except FileFailure:
        return b""
    try:
        return handle.pread(0, _LIMIT)
    except FileFailure:
        return b""
    finally:
        handle.close()
