"""The run's own configuration file -> flat rows, read again when it changes."""

from __future__ import annotations

from collections.abc import Iterator

from lptui.config.run_config import read_run_config
from lptui.config.yaml_tree import MAX_BYTES
from lptui.files import FileFailure, Stat, open_file, stat_file
from lptui.model.events import ConfigSeen, Event, StatusSeen
from lptui.model.place import Place
from lptui.model.readings import SourceCondition, SourceStatus
from lptui.model.run import RunInfo


class ConfigurationSource:
    """Reads the first of the run's configuration files that can be read; says why where none can."""

    name = "configuration"
    period = 2.0

    def __init__(self, run: RunInfo) -> None:
        self.pending = False
        self._paths = run.configs
        self._place = Place(run=run.path)
        self._seen: tuple[tuple[str, Stat | None], ...] | None = None
        self._status: SourceStatus | None = None

    def watched(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path.rpartition("/")[0] or "/" for path in self._paths))

    def close(self) -> None:
        """Nothing is held open."""

    def poll(self, now: float) -> Iterator[Event]:
        """One ConfigSeen when a file changed, and a status when that changed."""
        seen = tuple((path, _stat(path)) for path in self._paths)
        if seen == self._seen:
            return
        self._seen = seen
        reasons: list[str] = []
        for path, stat in seen:
            if stat is None:
                continue
            rows, reason = _read(path)
            if rows:
                yield ConfigSeen(place=self._place, seen_at=now, path=path, rows=rows)
                detail = f"{len(rows)} values" + (f"; {'; '.join(reasons)}" if reasons else "")
                yield from self._tell("partial" if reasons else "ok", detail, now, path, len(rows))
                return
            reasons.append(f"{path.rpartition('/')[2]}: {reason}" if reason else f"{path} is empty")
        if reasons:
            yield from self._tell("failed", "; ".join(reasons), now, seen[0][0])
        else:
            yield from self._tell("absent", "the run has no configuration file", now)

    def _tell(
        self, condition: SourceCondition, detail: str, now: float, path: str = "", read: int = 0
    ) -> Iterator[Event]:
        old = self._status
        if old is not None and (old.condition, old.detail, old.path) == (condition, detail, path):
            return
        self._status = SourceStatus(self.name, condition, detail, now, path=path, read=read)
        yield StatusSeen(place=self._place, seen_at=now, status=self._status)


def _stat(path: str) -> Stat | None:
    try:
        return stat_file(path)
    except FileFailure:
        return None


def _read(path: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Rows, or the reason why there are none."""
    try:
        handle = open_file(path)
    except FileFailure as failure:
        return (), failure.cause
    try:
        found = read_run_config(handle.pread(0, MAX_BYTES + 1), path)
    except FileFailure as failure:
        return (), failure.cause
    finally:
        handle.close()
    return found.rows, found.reason
