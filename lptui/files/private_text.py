"""A text that comes in pieces from elsewhere (a server, records of a file), kept where it can be read like a log."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable

from lptui.files.seam import FileFailure

LARGEST = 256 << 20
"""Bytes that are kept."""


class PrivateText:
    """A file of our own at `path`, readable by this user only, from the first piece on until `close` or the end of the
    program. It has the time that its pieces are given, so that it is as old as what it stands for."""

    def __init__(self) -> None:
        self.failure: FileFailure | None = None  # whoever brings the pieces tells why there are none
        self.note = ""
        self._folder = f"{tempfile.gettempdir()}/lptui-{secrets.token_hex(8)}"
        self.path = f"{self._folder}/console.log"
        self.written = 0
        self._full = False
        self._remove: Callable[[], object] | None = None

    @property
    def full(self) -> bool:
        """Whether no more is taken: it is large, or there is no room for a copy."""
        return self._full or self.written > LARGEST

    def fill(self) -> bool:
        """Nothing more comes by itself."""
        return False

    def append(self, raw: bytes, at: float) -> None:
        """One more piece, written at `at` (unix s)."""
        if not raw or self.full:
            return
        try:
            if self._remove is None:
                os.mkdir(self._folder, mode=0o700)
                self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            with open(self.path, "ab") as file:
                file.write(raw)
            os.utime(self.path, (at, at))
            self.written += len(raw)
        except OSError:
            self._full = True

    def restart(self) -> None:
        """What was kept is no longer so; other pieces follow."""
        if self.written and not self.full:
            os.truncate(self.path, 0)
            self.written = 0

    def close(self) -> None:
        """Remove it."""
        if self._remove is not None:
            self._remove()
