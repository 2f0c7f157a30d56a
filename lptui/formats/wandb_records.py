"""What the records of a `.wandb` file say, as values, and readers of the rare ones."""

from __future__ import annotations

from collections.abc import Mapping

from lptui.formats.protobuf import LENGTH, fields, signed, spans, timestamp
from lptui.formats.wandb_items import Numbers, read_item, read_pair
from lptui.model.value import frozen


@frozen
class HistoryRow:
    """The numbers of one `run.log()`. `timestamp`: seconds since the epoch, `runtime`: since the start."""

    step: int | None
    timestamp: float | None
    runtime: float | None
    values: tuple[tuple[str, float], ...]


@frozen
class StatsRow:
    """One reading of W&B's system monitor, by default every 15 s."""

    timestamp: float | None
    values: tuple[tuple[str, float], ...]


@frozen
class OutputChunk:
    """A piece of console output: not a line, the newline often comes as a chunk of its own."""

    stream: str  # stdout or stderr
    timestamp: float | None
    text: str


@frozen
class ConfigUpdate:
    """Changed configuration: (dotted key, JSON text), and keys taken away."""

    items: tuple[tuple[str, str], ...]
    removed: tuple[str, ...] = ()


@frozen
class RunStart:
    """Who and what the run is; written at the start and again on a change. Empty text: not given."""

    run_id: str
    project: str
    entity: str
    display_name: str
    group: str
    job_type: str
    sweep_id: str
    host: str
    tags: tuple[str, ...]
    git_commit: str
    config: tuple[tuple[str, str], ...]
    start_time: float | None
    starting_step: int
    resumed: bool
    runtime: int


@frozen
class RunExit:
    """The run ended: exit code (254: the SDK saw a crash), seconds. No such record: running, or killed."""

    exit_code: int
    runtime: int


@frozen
class Alert:
    """A `run.alert()`; level is INFO, WARN or ERROR."""

    title: str
    text: str
    level: str


@frozen
class Environment:
    """The machine; comes in pieces, each with what was known then (empty text, zero: not in this piece)."""

    os: str
    python: str
    host: str
    program: str
    root: str
    executable: str
    gpu_type: str
    gpu_count: int
    cpu_count: int
    cuda_version: str
    started_at: float | None


Record = HistoryRow | StatsRow | OutputChunk | ConfigUpdate | RunStart | RunExit | Alert | Environment


def read_stats(body: bytes) -> StatsRow:
    items = Numbers()
    when: float | None = None
    for number, wire, first, stop in spans(body):
        if number == 3 and wire == LENGTH:
            read_item(body, first, stop, items)
        elif number == 2 and wire == LENGTH:
            when = timestamp(body[first:stop])
    return StatsRow(when, items.pairs())


def read_output(body: bytes) -> OutputChunk:
    found = dict(fields(body))
    return OutputChunk("stdout" if _int(found, 1) else "stderr", _time(found, 2), _text(found, 3))


def read_config(body: bytes) -> ConfigUpdate:
    items: list[tuple[str, str]] = []
    removed: list[str] = []
    for number, value in fields(body):
        if isinstance(value, bytes):
            if number == 1:
                items.append(read_pair(value))
            elif number == 2:
                removed.append(read_pair(value)[0])
    return ConfigUpdate(tuple(items), tuple(removed))


def read_run(body: bytes) -> RunStart:
    found = dict(fields(body))
    config = found.get(4)
    git = found.get(21)
    tags = [value for number, value in fields(body) if number == 10 and isinstance(value, bytes)]
    return RunStart(
        run_id=_text(found, 1),
        entity=_text(found, 2),
        project=_text(found, 3),
        config=read_config(config).items if isinstance(config, bytes) else (),
        group=_text(found, 6),
        job_type=_text(found, 7),
        display_name=_text(found, 8),
        tags=tuple(tag.decode(errors="replace") for tag in tags),
        sweep_id=_text(found, 12),
        host=_text(found, 13),
        starting_step=_int(found, 14),
        start_time=_time(found, 17),
        resumed=_int(found, 18) == 1,
        runtime=_int(found, 20),
        git_commit=_text(dict(fields(git)), 2) if isinstance(git, bytes) else "",
    )


def read_exit(body: bytes) -> RunExit:
    found = dict(fields(body))
    return RunExit(_int(found, 1), _int(found, 2))


def read_alert(body: bytes) -> Alert:
    found = dict(fields(body))
    return Alert(_text(found, 1), _text(found, 2), _text(found, 3))


def read_environment(body: bytes) -> Environment:
    found = dict(fields(body))
    return Environment(
        os=_text(found, 1),
        python=_text(found, 2),
        started_at=_time(found, 3),
        program=_text(found, 6),
        root=_text(found, 11),
        host=_text(found, 12),
        executable=_text(found, 14),
        cpu_count=_int(found, 17),
        gpu_type=_text(found, 18),
        gpu_count=_int(found, 19),
        cuda_version=_text(found, 25),
    )


def _text(found: Mapping[int, int | bytes], number: int) -> str:
    value = found.get(number)
    return value.decode(errors="replace") if isinstance(value, bytes) else ""


def _int(found: Mapping[int, int | bytes], number: int) -> int:
    value = found.get(number)
    return signed(value) if isinstance(value, int) else 0


def _time(found: Mapping[int, int | bytes], number: int) -> float | None:
    value = found.get(number)
    return timestamp(value) if isinstance(value, bytes) else None
