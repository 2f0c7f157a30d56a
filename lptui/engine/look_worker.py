"""The process that looks at runs for the list: chunks of paths in, rows out, one JSON object a line each way."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from lptui.engine.glance import glance_at
from lptui.engine.summary_cache import files_of, stamp, to_record
from lptui.model.summary import RunSummary
from lptui.run.discovery import discover
from lptui.run.listing import Listing
from lptui.run.metric_stores import find_store
from lptui.sources.writers import Writers


def look(path: str, writers: Writers, now: float, listing: Listing) -> dict[str, Any]:
    """The row of one run as plain data, with the files it rests on and how they were; `gone` if there is none."""
    from lptui.engine.quick_look import look_at  # the catalogue and the detectors: not needed for glances

    store = find_store(path)
    if store is not None:
        from lptui.engine.quick_stores import look_at_store

        return {"store": [to_record(row) for row in look_at_store(store, now)]}
    run = discover(path, listing=listing)
    if not run.exists:
        return {"gone": True}
    try:
        row = look_at(run, writers, now, listing)
    except Exception as error:  # noqa: BLE001 - one odd run must not hide the others
        name = path.rpartition("/")[2] or path
        reason = f"lptui: the look failed: {type(error).__name__}"
        return {"summary": to_record(RunSummary(name, path, looked="quick", reason=reason))}
    files = files_of(run)
    return {"files": files, "stamp": stamp(files), "summary": to_record(row)}


def glance(path: str, listed_at: float, writers: Writers, now: float, listing: Listing) -> dict[str, Any]:
    """The first row of one run as plain data; {} where there is none: the look tells why."""
    try:
        return {"summary": to_record(glance_at(path, listed_at, writers, now, listing))}
    except Exception:  # noqa: BLE001 - as above
        return {}


def serve() -> None:
    """Answer until the other side ends."""
    gc.freeze()  # what was imported is not searched for garbage again with every few looks
    writers, listing = Writers(), Listing()
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        question: Mapping[str, Any] = json.loads(line)
        if "writers" in question:
            os.chdir(question["here"])
            told = question["writers"]
            tables = [{path: (int(pid), str(name)) for path, (pid, name) in table.items()} for table in told[:2]]
            writers, listing = Writers(tables[0], tables[1], told[2]), Listing(int(question["budget"]))
        paths, now = question["paths"], question["now"]
        if "listed" in question:
            pairs = zip(paths, question["listed"], strict=True)
            rows = [glance(path, at, writers, now, listing) for path, at in pairs]
        else:
            rows = [look(path, writers, now, listing) for path in paths]
        out.write(json.dumps({"id": question["id"], "rows": rows}).encode("ascii") + b"\n")
        out.flush()
