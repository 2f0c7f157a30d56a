"""What a quick look reads of TensorBoard's and other metrics files: small ones, of others only when they grew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lptui.engine.headline import wanted
from lptui.files import FileFailure, stat_file
from lptui.model.events import Event, Samples, WitnessSeen
from lptui.model.run import RunInfo
from lptui.sources.registry import SOURCES

SMALL = 128 * 1024
"""Bytes of such files, all together, up to which they are read."""
TURNS = 8
KINDS = ("event_files", "metric_files")


def read_records(run: RunInfo, now: float) -> Iterator[Event]:
    """Samples of the telling metrics, and the newest sign of life that the files give."""
    sizes, newest, latest = 0, 0.0, ""
    for path in (*run.event_files, *(file.path for file in run.metric_files)):
        try:
            stat = stat_file(path)
        except FileFailure:
            continue
        sizes += stat.size
        if stat.modified_at > newest:
            newest, latest = stat.modified_at, path
    if not latest:
        return
    yield WitnessSeen(seen_at=now, source="metrics", name="metrics_record", value=latest, at=newest)
    if sizes <= SMALL:
        yield from _read(run, now)


def _read(run: RunInfo, now: float) -> Iterator[Event]:
    for registered in SOURCES:
        for source in registered.make(run).values() if registered.kind in KINDS else ():
            for _ in range(TURNS):
                for event in source.poll(now):
                    points = tuple(p for p in event.points if wanted(p.key)) if isinstance(event, Samples) else ()
                    if isinstance(event, Samples) and points:
                        yield replace(event, points=points)
                if not source.pending:
                    break
            source.close()
