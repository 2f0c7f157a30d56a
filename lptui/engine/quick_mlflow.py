"""What a quick look reads of a run in MLflow's file store: the last line of each telling metric, and its end."""

from __future__ import annotations

from collections.abc import Iterator

from lptui.engine.headline import wanted
from lptui.engine.quick_ends import read_end
from lptui.files import Entry
from lptui.formats.columns import Reading, to_points
from lptui.formats.mlflow_meta import read_ending
from lptui.model.events import Event, Samples, WitnessSeen
from lptui.model.run import RunInfo
from lptui.run.listing import Listing

MOST = 64
"""Telling metrics that are read, and folders of them: a key may hold slashes."""
_LINE = 512


def read_mlflow_end(run: RunInfo, now: float, listing: Listing) -> Iterator[Event]:
    """Samples of its telling metrics, when they were written, and how MLflow says that it ended."""
    for store in run.metric_stores:
        if store.kind != "mlflow-files" or store.path != run.path:
            continue
        files = list(_list(listing, f"{store.path}/metrics"))
        if files:
            newest = max(files, key=lambda e: e.stat.modified_at)
            at = newest.stat.modified_at
            yield WitnessSeen(seen_at=now, source="mlflow", name="metrics_record", value=newest.path, at=at)
        below = len(store.path) + len("/metrics/")
        telling = [(key, e) for e in files if wanted(key := e.path[below:])][:MOST]
        readings = [reading for key, entry in telling if (reading := _read_last(key, entry.path))]
        if readings:
            points = tuple(to_points(readings))
            yield Samples(seen_at=now, backfill=True, source="mlflow", points=points, order=1.0)
        meta = read_end(f"{store.path}/meta.yaml", 16 * 1024)
        reason, ended = read_ending(meta[0]) if meta is not None else ("", None)
        if reason:
            yield WitnessSeen(seen_at=now, source="mlflow", name="termination_reason", value=reason, at=ended)


def _list(listing: Listing, folder: str) -> Iterator[Entry]:
    queue = [folder]
    for place in queue:
        for entry in listing.entries(place):
            if entry.stat.is_file:
                yield entry
            elif entry.stat.is_folder and len(queue) < MOST:
                queue.append(entry.path)


def _read_last(key: str, path: str) -> Reading | None:
    found = read_end(path, _LINE)
    for line in reversed(found[0].split(b"\n") if found is not None else []):
        parts = line.split()
        try:
            return (float(parts[2]) if len(parts) > 2 else 0.0), float(parts[0]) / 1000, ((key, float(parts[1])),)
        except (ValueError, IndexError):
            continue  # empty, torn, or no metric
    return None
