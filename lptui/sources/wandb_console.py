"""The console of a run as its `.wandb` file recorded it, put together again as a text that can be read like a log.

Pieces of output are no lines: the SDK records each write, the newline often by itself. Some versions (0.17, 0.25) write
no `files/output.log` beside it, and with `console="off"` or after a clean-up there is none either.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable

from lptui.files import FileFailure, Handle, open_file
from lptui.formats.leveldb import NotWandbFile, RecordReader
from lptui.formats.wandb import OutputChunk, decode, is_history, is_summary

TURN = 4 * 1024 * 1024
LARGEST = 256 << 20
"""Bytes of text that are kept."""


class ConsoleText:
    """Follows the output in the file `source` and keeps it as a private temporary file at `path` until `close`.

    The text has the time of its source, so that it is as old as that is.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.failure: FileFailure | None = None  # the source of metrics tells why
        self.note = ""
        self._folder = f"{tempfile.gettempdir()}/lptui-{secrets.token_hex(8)}"
        self.path = f"{self._folder}/console.log"
        self._reader = RecordReader()
        self._handle: Handle | None = None
        self._read = self._written = 0
        self._dead = False
        self._remove: Callable[[], object] | None = None  # also called when the program ends without `close`

    def fill(self) -> bool:
        """Take in up to 4 MiB more of the source; whether there is more. What cannot be read is waited for: the
        source of metrics tells why."""
        if self._dead or self._written > LARGEST:
            return False
        try:
            if self._handle is None:
                self._handle = open_file(self.source)
            stat = self._handle.stat()
            if stat.size < self._read:  # rewritten
                self._reader, self._read = RecordReader(), 0
            data = self._handle.pread(self._read, TURN)
            payloads = self._reader.feed(data)
        except FileFailure:
            return False
        except NotWandbFile:
            self._dead = True
            return False
        self._read += len(data)
        records = [decode(p) for p in payloads if not (is_history(p) or is_summary(p))]
        self._write("".join(r.text for r in records if isinstance(r, OutputChunk)), stat.modified_at)
        return self._read < stat.size

    def _write(self, text: str, at: float) -> None:
        if not text:
            return
        try:
            if not self._written:
                os.mkdir(self._folder, mode=0o700)
                self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            raw = text.encode("utf-8", "surrogateescape")
            with open(self.path, "ab") as file:
                file.write(raw)
            os.utime(self.path, (at, at))
            self._written += len(raw)
        except OSError:  # no room for a copy: the run's metrics are worth more
            self._dead = True

    def close(self) -> None:
        """Remove the text."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        if self._remove is not None:
            self._remove()
