"""Keeps how the reader arranged the charts, in a thread of its own: a home may hang."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable

from lptui.config.layout_file import layout_path, read_layout, write_layout
from lptui.model.request import Answer, KeepLayout, LayoutRead, LayoutRequest, ReadLayout

log = logging.getLogger(__name__)
Reply = Callable[[Answer], None]


class LayoutAnswers:
    """The layout of the project to which `run` belongs."""

    def __init__(self, run: str) -> None:
        self._path = layout_path(os.environ, run)
        self._box: queue.SimpleQueue[tuple[LayoutRequest, Reply] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._spoilt = False

    def ask(self, request: LayoutRequest, reply: Reply) -> None:
        """Have the layout read or kept."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lptui layout", daemon=True)
            self._thread.start()
        self._box.put((request, reply))

    def stop(self) -> None:
        """Wait a moment for what is still to be written."""
        if self._thread is not None:
            self._box.put(None)
            self._thread.join(1.0)

    def _run(self) -> None:
        while (asked := self._box.get()) is not None:
            request, reply = asked
            if isinstance(request, ReadLayout):
                layout, note = read_layout(self._path)
                self._spoilt = bool(note)
                reply(LayoutRead(layout, note))
            else:
                self._keep(request, reply)

    def _keep(self, request: KeepLayout, reply: Reply) -> None:
        if self._spoilt:
            return  # what somebody wrote there is not ours to replace
        try:
            write_layout(self._path, request.layout)
        except OSError as error:
            log.warning("layout of charts: %s", error)
            reply(LayoutRead(None, f"the layout of the charts is not kept: {error.strerror or error} ({self._path})"))
