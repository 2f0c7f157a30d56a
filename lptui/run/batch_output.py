"""What a batch system wrote of a run's job outside of the run: `slurm-JOBID.out` beside it, above it or here."""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint
import re

from lptui.files import FileFailure, open_file
from lptui.run.listing import Listing
from lptui.run.wandb_beside import parents_of

ABOVE = 2
MOST = 32
"""Newest files of a folder that are looked into."""
FOUND = 8
_PART = 16 * 1024
_NAME = re.compile(r"slurm-\d{1,12}(?:_\d{1,8}|\.\d{1,8})?\.(?:out|err)$")


def find_batch_output(listing: Listing, run_path: str, name: str) -> tuple[str, ...]:
    """Files that name the run at their beginning or end, newest first."""
    folders = dict.fromkeys((*parents_of(run_path)[:ABOVE], os.path.realpath(os.getcwd())))
    found: list[tuple[float, str]] = []
    words: re.Pattern[bytes] | None = None
    for folder in folders:
        files = listing.named(folder, _NAME)
        for entry in sorted(files, key=lambda e: -e.stat.modified_at)[:MOST]:
            text = listing.ends.get(entry.path)
            if text is None:
                text = listing.ends[entry.path] = _read_ends(entry.path, entry.stat.size)
            words = words or _words(run_path, name)  # compiling it costs as much as looking at a run
            if words.search(text):
                found.append((-entry.stat.modified_at, entry.path))
    return tuple(path for _, path in sorted(found)[:FOUND])


def _words(run_path: str, name: str) -> re.Pattern[bytes]:
    """The run's path, `run=NAME`, `--run NAME` or NAME as a folder: a bare word could be anything."""
    word = re.escape(os.fsencode(name))
    end = rb"(?=[/\s\"',;:)]|$)"
    return re.compile(
        re.escape(os.fsencode(run_path)) + end + rb"|\brun(?:_?name|_?id)?[= ]" + word + end + rb"|/" + word + end
    )


def _read_ends(path: str, size: int) -> bytes:
    try:
        handle = open_file(path)
    except FileFailure:
        return b""
    try:
        head = handle.pread(0, _PART)
        return head + b"\n" + handle.pread(max(len(head), size - _PART), _PART)
    except FileFailure:
        return b""
    finally:
        handle.close()
