"""Work in a thread of its own, while another waits to tell how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Errand:
    """Begins at once. `wake` is set at its end; the work may set it before, when there is something to tell."""

    def __init__(self, work: Callable[[], None], wake: threading.Event) -> None:
        self._work, self._wake, self._over = work, wake, threading.Event()
        threading.Thread(target=self._run, name="lptui look", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Until it is woken, at most so long; whether the work goes on."""
        self._wake.wait(seconds)
        self._wake.clear()
        return not self._over.is_set()

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._over.set()
            self._wake.set()
