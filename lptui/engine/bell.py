"""watchdog rings when a folder changes, so that a lane looks early. Only a hint: everything is correct without it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

log = logging.getLogger(__name__)


class Bell:
    """Watches folders, flat. `watch` again with a larger set adds what is new. No inotify, no watches left: no bell."""

    def __init__(self, ring: Callable[[str], None]) -> None:
        self._ring = ring
        self._observer: BaseObserver | None = None
        self._watched: set[str] = set()
        self._waiting: set[str] = set()
        self._broken = False
        self.muted = False

    def watch(self, folders: set[str]) -> None:
        """Ring for changes in `folders` too."""
        if self.muted:
            self._waiting |= folders
            return
        for folder in sorted(folders - self._watched):
            if self._broken:
                return
            self._watched.add(folder)
            self._add(folder)

    def mute(self, muted: bool) -> None:
        """While so much is written that the clock alone says when to look: no watches, since each write would cost an
        event in three threads. Waits for watchdog's threads: not for a thread that others wait for."""
        if muted == self.muted:
            return
        self.muted = muted
        if muted:
            self._waiting, self._watched = self._watched, set()
            if self._observer is not None:
                self._observer.unschedule_all()
        else:
            self.watch(self._waiting)

    def _add(self, folder: str) -> None:
        try:
            from watchdog.events import FileSystemEventHandler
            from watchdog.observers import Observer

            if self._observer is None:
                self._observer = Observer()
                self._observer.daemon = True
                self._observer.start()
            bell = self

            class Clapper(FileSystemEventHandler):
                """Only what changes a file: opens and closes are our own reading too."""

                def on_modified(self, event: Any) -> None:
                    bell.strike(folder)

                on_created = on_moved = on_deleted = on_modified

            self._observer.schedule(Clapper(), folder, recursive=False)
        except OSError as error:  # no such folder, no inotify watches left, a file system without events
            log.info("no events for %s: %s", folder, error)
            self._broken = self._observer is None
            self._watched.discard(folder)

    def strike(self, folder: str) -> None:
        """Something changed in `folder`."""
        self._ring(folder)

    def stop(self) -> None:
        """End the observer without waiting for it."""
        if self._observer is not None:
            self._observer.stop()
