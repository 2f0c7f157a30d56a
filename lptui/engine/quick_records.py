"""What a quick look reads of TensorBoard's and other metrics files: small ones; of large tables the last rows, of large
event files only when they grew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lptui.engine.headline import wanted
from lptui.engine.quick_ends import read_end
from lptui.files import FileFailure, stat_file
from lptui.formats.columns import to_points
from lptui.formats.table_names import HEAD, is_one_document
from lptui.formats.tables import DelimitedReader
from lptui.formats.timeline import Timeline
from lptui.model.events import Event, Facts, Points, Samples, WitnessSeen
from lptui.model.run import MetricFile, RunInfo
from lptui.run.listing import Listing, read_head
from lptui.run.metric_files import newest_trainer_state
from lptui.sources.metric_files import choose_reader
from lptui.sources.registry import SOURCES

SMALL = 128 * 1024
"""Bytes of such files, all together, up to which they are read."""
TURNS = 8
TABLES, TAIL = 4, 32 * 1024
"""Large tables of which the end is read, and bytes of it."""
SUMMARY = "training_summary"
KINDS = ("event_files", "metric_files")


def read_records(run: RunInfo, now: float) -> Iterator[Event]:
    """Samples of the telling metrics, and the newest sign of life that the files give."""
    sizes, newest, latest = 0, 0.0, ""
    for path in (*run.event_files, *map(_locate, run.metric_files)):
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
        return
    for file in run.metric_files[:TABLES]:
        yield from read_table_end(file, now)


def _locate(file: MetricFile) -> str:
    """Where it lies now: Hugging Face's history moves on with each checkpoint."""
    return newest_trainer_state(Listing(), file.folder) or file.path if file.folder else file.path


def read_table_end(file: MetricFile, now: float) -> Iterator[Samples]:
    """The telling metrics of the last rows of a large table, under the names that stand at its beginning; nothing of a
    document, which would have to be read as a whole, nor of episodes, whose steps are summed from the first one."""
    head, found = read_head(file.path, HEAD), read_end(file.path, TAIL)
    if not head or found is None or is_one_document(head):
        return
    data, start, _ = found
    apart = start > len(head)
    parts = (_whole(head), data[data.find(b"\n") + 1 :]) if apart else (head[:start] + data,)
    reader = choose_reader(head)
    rows = [row for part in parts if reader is not None for row in reader.feed(part)]
    if isinstance(reader, DelimitedReader) and reader.about:
        return
    timeline = Timeline(file.prefix)
    points = tuple(p for p in to_points(timeline.place(rows)) if wanted(p.key))
    if points:
        name = file.path.rpartition("/")[2]
        yield Samples(seen_at=now, backfill=True, source=name, points=points, order=1.0, unit=timeline.unit)


def _whole(head: bytes) -> bytes:
    return head[: head.rfind(b"\n") + 1]


def _read(run: RunInfo, now: float) -> Iterator[Event]:
    for registered in SOURCES:
        for source in registered.make(run).values() if registered.kind in KINDS else ():
            for _ in range(TURNS):
                for event in source.poll(now):
                    if isinstance(event, Samples) and event.points:
                        yield replace(event, points=_choose(event.points))
                    elif isinstance(event, Facts) or (isinstance(event, WitnessSeen) and event.name == SUMMARY):
                        yield event
                if not source.pending:
                    break
            source.close()


def _choose(points: tuple[Points, ...]) -> tuple[Points, ...]:
    """The telling ones; where no name tells anything, the one that is furthest: it tells the step."""
    telling = tuple(p for p in points if wanted(p.key))
    return telling or (max(points, key=lambda p: (p.steps[-1] == p.steps[-1], p.steps[-1])),)
