"""The console of a run as its `.wandb` file recorded it, put together again as a text that can be read like a log.

Pieces of output are no lines: the SDK records each write, the newline often by itself. Some versions (0.17, 0.25) write
no `files/output.log` beside it, and with `console="off"` or after a clean-up there is none either.
"""

from __future__ import annotations

from lptui.files import FileFailure, Handle, open_file
from lptui.files.private_text import PrivateText
from lptui.formats.leveldb import NotWandbFile, RecordReader
from lptui.formats.wandb import OutputChunk, decode, is_history, is_summary

TURN = 4 * 1024 * 1024


class ConsoleText(PrivateText):
    """Follows the output in the file `source`; has the time of it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self._reader = RecordReader()
        self._handle: Handle | None = None
        self._read = 0
        self._dead = False

    def fill(self) -> bool:
        """Take in up to 4 MiB more of the source; whether there is more. What cannot be read is waited for: the
        source of metrics tells why."""
        if self._dead or self.full:
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
        text = "".join(r.text for r in records if isinstance(r, OutputChunk))
        self.append(text.encode("utf-8", "surrogateescape"), stat.modified_at)
        return self._read < stat.size

    def close(self) -> None:
        """Remove the text."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        super().close()
