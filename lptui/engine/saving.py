"""Write the rows that a query keeps to a file of the reader's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from lptui.engine.log_walk import walk
from lptui.engine.sieve import Sieve
from lptui.engine.sift import Read, find_ranges
from lptui.formats.log_shape import last_frame
from lptui.model.log import LogView
from lptui.model.request import SaveLog, SaveProgress
from lptui.text import sanitise
from lptui.text.secrets import mask_text

PART = ".part"
LONGEST = 1024 * 1024
OFTEN = 32


def save(request: SaveLog, view: LogView, read: Read, run: str) -> Iterator[SaveProgress]:
    """Progress, at last `done`. The file must be new and lie outside of `run`, the run's own folder, if it has one. It
    has its name once it is complete, `.part` behind it before: who leaves meanwhile does not take it for all."""
    path = os.path.expanduser(request.path)
    part = path + PART
    try:
        sieve = Sieve(request.query)
        reason = refuse(path, run) or refuse(part, run)
        if reason:
            raise ValueError(reason)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        yield SaveProgress(request, 0, 0, done=True, error=f"{path}: {(error.strerror or str(error)).lower()}")
        return
    except ValueError as error:
        yield SaveProgress(request, 0, 0, done=True, error=str(error))
        return
    try:
        rows = 0
        with os.fdopen(descriptor, "wb") as out:
            for progress in _write(request, sieve, view, read, out):
                rows = progress.rows
                yield progress
        _name(part, path)
        yield SaveProgress(request, 1, 1, rows, done=True)
    except OSError as error:
        words = f"{part}: {(error.strerror or str(error)).lower()}; cut off"
        yield SaveProgress(request, 0, 0, done=True, error=words)


def _name(part: str, path: str) -> None:
    """Give `part` the name `path`, never in the place of another file."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise
        os.rename(part, path)
    else:
        os.unlink(part)


def refuse(path: str, run: str) -> str:
    """Why nothing may be written to `path`, or nothing: lptui changes no run."""
    target = os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))
    own = os.path.realpath(run) if run else ""
    if own and os.path.commonpath([target, own]) == own:
        return f"{path} lies in the run's own folder, where nothing is written; name another folder"
    if os.path.lexists(path):
        return f"{path} exists and is not overwritten; name another file"
    return ""


def _write(request: SaveLog, sieve: Sieve, view: LogView, read: Read, out: BinaryIO) -> Iterator[SaveProgress]:
    ranges = find_ranges(request.query, view, read)
    total = max(1, sum(high - low for low, high in ranges))
    scanned = rows = turn = 0
    wanted = sorted(request.query.places) if request.query.findings else None
    for low, high in ranges:
        for stretch in walk(view, read, low, high, sieve, back=False):
            start, end, data = stretch.start, stretch.end, stretch.data
            found = stretch.found if wanted is None else [place for place in wanted if start <= place < end]
            if found and not data:
                data = read(start, end - start).data
            out.writelines(_text_of(data, place - start) for place in found)
            rows, scanned, turn = rows + len(found), min(total, scanned + end - start), turn + 1
            if turn % OFTEN == 0:
                yield SaveProgress(request, scanned, total, rows)
    out.flush()
    yield SaveProgress(request, total, total, rows)


def _text_of(data: bytes, at: int) -> bytes:
    end = data.find(b"\n", at)
    line = data[at : min(at + LONGEST, len(data) if end < 0 else end)]
    return mask_text(sanitise(last_frame(line).decode("utf-8", "replace"))).encode() + b"\n"
