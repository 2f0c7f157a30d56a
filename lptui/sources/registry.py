"""Which sources a run has: one entry a source, imported only when a run needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lptui.model.run import RunInfo
from lptui.sources import Source

Lane = Literal["log", "files", "machine"]
LOG_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Registered:
    """`make` gives the sources of one kind for a run, keyed so that a later look adds only what is new."""

    kind: str
    lane: Lane
    make: Callable[[RunInfo], dict[str, Source]]


def _logs(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.log import LogSource

    return {path: LogSource(path) for path in run.logs[:LOG_LIMIT]}


def _wandb(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.wandb import WandbSource

    return {path: WandbSource(path, use_config=not run.configs) for path in run.wandb}


def _configuration(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.configuration import ConfigurationSource

    return {run.path: ConfigurationSource(run)} if run.configs else {}


def _witnesses(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.witnesses import WitnessSource

    return {run.path: WitnessSource(run)}


def _checkpoints(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.checkpoints import CheckpointSource

    return {run.path: CheckpointSource(run)}


def _processes(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.processes import ProcessSource

    return {run.path: ProcessSource(run)}


def _host(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.host import HostSource

    return {"host": HostSource(run.path)}


def _gpu(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.gpu import GpuSource

    return {"gpu": GpuSource()}


SOURCES: tuple[Registered, ...] = (
    # The small and telling ones first: what they say goes into the words of findings.
    Registered("configuration", "files", _configuration),
    Registered("witnesses", "files", _witnesses),
    Registered("processes", "files", _processes),
    Registered("log", "log", _logs),
    Registered("checkpoints", "files", _checkpoints),
    Registered("wandb", "files", _wandb),
    Registered("host", "machine", _host),
    Registered("gpu", "machine", _gpu),
)
