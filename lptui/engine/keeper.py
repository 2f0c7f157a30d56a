"""Keeps what readers did about findings: read once at the start, written in a thread of its own (a home may hang)."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable, Mapping

from lptui.config.care_file import append_care, care_path, read_care
from lptui.model.care import Care, CareEntry
from lptui.model.request import Acknowledge, Snooze, Wake

log = logging.getLogger(__name__)


class Keeper:
    """The care of one run. `on_failure` is told the cause, once, if nothing can be written."""

    def __init__(self, run: str, on_failure: Callable[[str], None]) -> None:
        self._path = care_path(os.environ, run)
        self._on_failure = on_failure
        self._box: queue.SimpleQueue[tuple[CareEntry, ...] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def load(self) -> tuple[CareEntry, ...]:
        """What earlier watches left."""
        return read_care(self._path)

    def keep(self, before: Mapping[str, Care], after: Mapping[str, Care]) -> None:
        """Have what is new in `after` written."""
        fresh = [e for i, care in after.items() if care is not before.get(i) for e in _new(before.get(i), care)]
        if not fresh or not self._path:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lptui keeper", daemon=True)
            self._thread.start()
        self._box.put(tuple(fresh))

    def stop(self) -> None:
        """Wait a moment for what is still to be written."""
        if self._thread is not None:
            self._box.put(None)
            self._thread.join(1.0)

    def _run(self) -> None:
        told = False
        while (entries := self._box.get()) is not None:
            try:
                append_care(self._path, entries)
            except OSError as error:
                log.warning("care: %s", error)
                if not told:
                    told = True
                    self._on_failure(error.strerror or str(error))


def entry_for(request: Acknowledge | Snooze | Wake, now: float) -> CareEntry:
    """What a reader's request means at `now`."""
    if isinstance(request, Snooze):
        until = None if request.seconds is None else now + request.seconds
        return CareEntry(request.finding_id, "snoozed", now, who(), until)
    act = "acknowledged" if isinstance(request, Acknowledge) else "woken"
    return CareEntry(request.finding_id, act, now, who())


def who() -> str:
    """user@host, as far as the environment says it."""
    name = os.environ.get("USER") or os.environ.get("LOGNAME") or f"uid {os.getuid()}"
    return f"{name}@{os.uname().nodename.partition('.')[0]}"


def _new(before: Care | None, after: Care) -> list[CareEntry]:
    old = before.entries if before is not None else ()
    return [entry for entry in after.entries if not any(entry is known for known in old)]
