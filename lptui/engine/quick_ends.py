"""The ends of a run's log and W&B file, as far as a quick look goes: some KiB, in which the newest word stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lptui.engine.headline import is_headline, wanted
from lptui.files import FileFailure, open_file
from lptui.files.generations import find_latest
from lptui.formats.columns import to_points
from lptui.formats.leveldb import BLOCK, NotWandbFile, RecordReader
from lptui.formats.log_points import UNITS, collect_points
from lptui.formats.log_time import date_facts
from lptui.formats.progress import LogFact, Progress, scan, scan_bounds, scan_thinly
from lptui.formats.wandb import HistoryRow, RunExit, decode, decode_summary, is_history, is_summary
from lptui.model.events import DatedFact, Facts, Points, Samples
from lptui.state.metrics import STEP_KEYS

LOG_TAIL = 16 * 1024
"""Bytes at the end of the log in which failures are looked for."""
_LATE, _PART = LOG_TAIL // 2, LOG_TAIL // 16
"""Bytes of that in which progress is; and the steps in which they are read from the end, until there is enough."""
_FEW, _PROOF = 3, 8
"""Steps that are enough where nothing is wrong, and those that prove that a run got over what was."""
_SAMPLED = 2
"""Lines of progress that are read of those before, and each that tells how an attempt began or ended."""
_BLOCKS = (1, 4, 32, 256)
"""32 KiB blocks at the end of a W&B file that are read until a row of metrics is found: one of 1,700 metrics with its
summary takes six."""
_NAN = float("nan")


class LogEnd(NamedTuple):
    """The last whole lines of a log, where they start, and when it was written."""

    data: bytes
    start: int
    modified_at: float


class WandbEnd(NamedTuple):
    """The newest word of a W&B file: the telling metrics, when they were recorded, and how the run ended."""

    points: tuple[Points, ...] = ()
    at: float | None = None
    exit_code: int | None = None


def read_end(path: str, length: int) -> tuple[bytes, int, float] | None:
    """(the last bytes of a file, where they start, its mtime), or None."""
    try:
        handle = open_file(path)
    except FileFailure:
        return None
    try:
        stat = handle.stat()
        start = max(0, stat.size - length)
        return (handle.pread(start, length) if length else b""), start, stat.modified_at
    except FileFailure:
        return None
    finally:
        handle.close()


def read_log_end(path: str) -> LogEnd | None:
    """The end of a log, or while nothing has its name of what it was rotated to last; None if it cannot be read."""
    found = read_end(path, LOG_TAIL)
    if found is None and (older := find_latest(path)) is not None:
        found = read_end(older.path, LOG_TAIL)
    if found is None:
        return None
    data, start, modified = found
    cut = data.find(b"\n") + 1 if start else 0
    return LogEnd(data[cut:], start + cut, modified)


def read_facts(log: LogEnd, hits: Sequence[int] = (), *, whole: bool = False) -> tuple[DatedFact, ...]:
    """What the last lines say of progress and life. `hits`: where failures are; `whole`: every line is read, to learn
    the pace of what goes on."""
    late = _line_after(log.data, len(log.data) - _LATE)
    facts = None if whole else _scan_newest(log.data, late, min(hits, default=log.start) - log.start)
    if facts is None:
        facts = _scan_part(log.data, late, len(log.data))
        if late and not any(isinstance(fact.fact, Progress) for fact in facts):
            facts = scan(log.data)  # a traceback may be long
    return date_facts(log.data, log.start, facts, log.modified_at)


def collect_samples(path: str, log: LogEnd, facts: Facts, now: float) -> Iterator[Samples]:
    """The telling metrics of these lines, as the log's own: what text counts is no record of steps."""
    name = f"log {path.rpartition('/')[2]}"
    for unit in UNITS:
        points = tuple(p for p in collect_points(facts.facts, unit) if wanted(p.key))
        if points:
            yield Samples(seen_at=now, backfill=True, source=name, points=points, order=float(log.start), unit=unit)


def read_last_facts(log: LogEnd) -> tuple[DatedFact, ...]:
    """The newest line of progress, and all that `read_facts` tells of how attempts began and ended: a tenth of the
    work."""
    data = log.data
    low = high = len(data)
    late = _line_after(data, high - _LATE)
    newest: tuple[LogFact, ...] = ()
    while high > late and not newest:
        low = max(late, _line_after(data, high - _PART // 4, high))
        newest, high = tuple(f for f in _scan_part(data, low, high) if isinstance(f.fact, Progress)), low
    if not _count_steps(newest) or any(f.fact.form in ("bar", "table") for f in newest if isinstance(f.fact, Progress)):
        return read_facts(log)
    bounds = [LogFact(late + fact.offset, fact.fact) for fact in scan_bounds(data[late:])]
    facts = sorted((*bounds, *newest[-1:]), key=lambda fact: fact.offset)
    return date_facts(data, log.start, tuple(facts), log.modified_at)


def _scan_newest(data: bytes, late: int, first_hit: int) -> tuple[LogFact, ...] | None:
    """The newest lines and a sample of those before; None where there are few, or tables and bars, which this cuts."""
    facts: tuple[LogFact, ...] = ()
    high = len(data)
    while high > late:
        low = max(late, _line_after(data, high - _PART, high))
        facts, high = (*_scan_part(data, low, high), *facts), low
        steps = _count_steps(facts)
        if steps >= _PROOF or (steps >= _FEW and (first_hit <= 0 or high <= first_hit)):
            return (*_scan_part(data, late, high, _SAMPLED), *facts)
    return None


def _count_steps(facts: tuple[LogFact, ...]) -> int:
    lines = [fact.fact for fact in facts if isinstance(fact.fact, Progress)]
    return len({(line.step, line.epoch) for line in lines if line.form not in ("bar", "table")})


def _line_after(data: bytes, at: int, high: int | None = None) -> int:
    """Where the first line begins that lies behind `at`; the beginning, if there is none that ends before `high`."""
    return data.find(b"\n", max(0, at), None if high is None else high - 1) + 1 if at > 0 else 0


def _scan_part(data: bytes, low: int, high: int, most: int | None = None) -> tuple[LogFact, ...]:
    part = data[low:high]
    facts = () if not part else scan(part) if most is None else scan_thinly(part, most)
    return tuple(LogFact(low + fact.offset, fact.fact) for fact in facts)


def read_wandb_end(path: str) -> WandbEnd | None:
    """What the end of a W&B file says; None if it cannot be read."""
    try:
        handle = open_file(path)
    except FileFailure:
        return None
    try:
        last = (handle.stat().size - 1) // BLOCK
        found = WandbEnd()
        for count in _BLOCKS:
            start = max(0, last - count + 1) * BLOCK
            payloads = list(RecordReader(start).feed(handle.pread(start, count * BLOCK)))
            found = _newest_word(payloads)
            if start == 0 or any(map(is_history, payloads)):
                break
        return found
    except (FileFailure, NotWandbFile):
        return None
    finally:
        handle.close()


def _newest_word(payloads: list[bytes]) -> WandbEnd:
    row: HistoryRow | None = None
    code: int | None = None
    summed: dict[str, float] = {}
    for payload in reversed(payloads):
        if is_history(payload):
            record = decode(payload)
            row = record if isinstance(record, HistoryRow) else None
            if row is not None:
                break
        elif is_summary(payload):
            summed = {**dict(decode_summary(payload) or ()), **summed}
        elif isinstance(record := decode(payload), RunExit):
            code = record.exit_code if code is None else code
    if row is None and "_step" not in summed:
        return WandbEnd(exit_code=code)
    at = row.timestamp if row is not None else summed.get("_timestamp")
    step = row.step if row is not None else summed["_step"]
    values = {key: value for key, value in row.values if wanted(key)} if row is not None else {}
    if not any(map(is_headline, values)):  # a row holds what one `log()` said, the summary beside it the newest of all
        values = {**_find_summed(payloads, summed), **values}
    counted = next((v for k, v in values.items() if k in STEP_KEYS), _NAN if step is None else float(step))
    points = to_points([(counted, _NAN if at is None else at, tuple(values.items()))])
    return WandbEnd(tuple(points), at, code)


def _find_summed(payloads: list[bytes], summed: dict[str, float]) -> dict[str, float]:
    """The telling metrics of the newest summary that has any."""
    found = {key: value for key, value in summed.items() if wanted(key)}
    for payload in reversed(payloads):
        if any(map(is_headline, found)):
            break
        if is_summary(payload):
            found = {key: value for key, value in decode_summary(payload) or () if wanted(key)}
    return found
