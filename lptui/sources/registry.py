"""Which sources a run has: one entry a source, imported only when a run needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from lptui.model.run import LOG_LIMIT, RunInfo
from lptui.model.value import frozen
from lptui.sources import Source

CONSOLE_LIMIT = 4
"""Newest `.wandb` files whose recorded output stands for the log of a run that has none."""
KEPT_OF_ALL = 32 * 1024 * 1024
"""Bytes of all logs of a run that are held in memory, for when one is truncated."""
FOLDER_LIMIT = 64
"""Folders with event files that are read."""
Lane = Literal["log", "files", "machine"]


@frozen
class Registered:
    """`make` gives the sources of one kind for a run, keyed so that a later look adds only what is new."""

    kind: str
    lane: Lane
    make: Callable[[RunInfo], dict[str, Source]]


def _logs(run: RunInfo) -> dict[str, Source]:
    from lptui.files.generations import is_packed
    from lptui.files.packed import PackedText
    from lptui.files.tail import KEPT
    from lptui.sources.log import LogSource

    if not run.logs and run.wandb:
        from lptui.sources.wandb_console import ConsoleText

        consoles = {f"{path} (console)": path for path in run.wandb[-CONSOLE_LIMIT:]}
        names = _name_paths(tuple(consoles.values()))
        return {
            shown: LogSource(shown, name="log " + names[path] + " (console)", text=ConsoleText(path))
            for shown, path in consoles.items()
        }
    keep = min(KEPT, KEPT_OF_ALL // max(1, len(run.logs[:LOG_LIMIT])))
    return {
        path: LogSource(path, name="log " + name, text=PackedText(path) if is_packed(path) else None, keep=keep)
        for path, name in _name_paths(run.logs[:LOG_LIMIT]).items()
    }


def _name_paths(paths: tuple[str, ...]) -> dict[str, str]:
    """Each path with the shortest end of it that no other has: ranks often log to `0/out.log` and `1/out.log`."""
    names: dict[str, str] = {}
    for path in paths:
        parts = path.split("/")
        length = 1
        while length < len(parts) and sum(p.endswith("/" + "/".join(parts[-length:])) for p in paths) > 1:
            length += 1
        names[path] = "/".join(parts[-length:])
    return names


def _wandb(run: RunInfo) -> dict[str, Source]:
    if not run.wandb:
        return {}
    from lptui.sources.wandb import WandbSource

    several = len(run.wandb) > 1  # one run id, a folder for each attempt
    names = {path: path.split("/")[-2].removeprefix("offline-") if several else "" for path in run.wandb}
    return {path: WandbSource(path, use_config=not run.configs, name=names[path]) for path in run.wandb}


def _event_files(run: RunInfo) -> dict[str, Source]:
    if not run.event_files:
        return {}
    from lptui.run.metric_files import series_prefix
    from lptui.sources.event_files import EventFileSource

    folders = dict.fromkeys(path.rpartition("/")[0] for path in run.event_files)
    prefixes = {folder: series_prefix(run.path, folder) for folder in folders}
    names = _distinct({folder: f"tensorboard {prefix.rstrip('/')}".rstrip() for folder, prefix in prefixes.items()})
    only = run.event_files[0] if run.event_files == (f"{run.path}/{run.name}",) else ""
    return {f: EventFileSource(f, names[f], prefix=prefixes[f], only=only) for f in list(folders)[:FOLDER_LIMIT]}


def _metric_files(run: RunInfo) -> dict[str, Source]:
    if not run.metric_files:
        return {}
    from lptui.run.listing import Listing
    from lptui.run.metric_files import newest_trainer_state
    from lptui.sources.metric_files import MetricFileSource

    names = _name_paths(tuple(file.path for file in run.metric_files))
    made: dict[str, Source] = {}
    for file in run.metric_files:
        folder = file.folder
        locate = (lambda folder=folder: newest_trainer_state(Listing(), folder)) if folder else None
        made[file.path] = MetricFileSource(file.path, names[file.path], prefix=file.prefix, locate=locate)
    return made


def _metric_stores(run: RunInfo) -> dict[str, Source]:
    if not run.metric_stores:
        return {}
    from lptui.sources.mlflow_files import MlflowFileSource

    made: dict[str, Source] = {}
    names = _name_paths(tuple(store.path for store in run.metric_stores))
    use_config = not run.configs and not run.wandb
    for store in run.metric_stores:
        if store.kind == "mlflow-files":
            made[store.path] = MlflowFileSource(store.path, use_config=use_config)
            continue
        from lptui.sources.run_database import RunDatabaseSource
        from lptui.sources.run_tables import MLFLOW, TRACKIO

        tables = MLFLOW if store.kind == "mlflow" else TRACKIO
        made[store.path] = RunDatabaseSource(
            store.path,
            tables,
            store.run or run.name,
            inside=store.inside,
            use_config=use_config,
            name=names[store.path],
            named=run if store.run else None,
        )
    return made


def _distinct(names: dict[str, str]) -> dict[str, str]:
    """The names with a number where one comes again."""
    seen: dict[str, int] = {}
    result: dict[str, str] = {}
    for key, name in names.items():
        seen[name] = seen.get(name, 0) + 1
        result[key] = name if seen[name] == 1 else f"{name} {seen[name]}"
    return result


def _configuration(run: RunInfo) -> dict[str, Source]:
    if not run.configs:
        return {}
    from lptui.sources.configuration import ConfigurationSource

    return {run.path: ConfigurationSource(run)}


def _cloud(run: RunInfo) -> dict[str, Source]:
    if not run.cloud:
        return {}
    from lptui.sources.cloud import CONSOLE, CloudSource

    if not run.remote:
        return {run.cloud: CloudSource(run)}
    from lptui.files.private_text import PrivateText
    from lptui.sources.log import LogSource

    text = PrivateText()
    console = LogSource(CONSOLE, name=f"log {CONSOLE}", text=text)
    return {run.cloud: CloudSource(run, console=console, text=text)}


def _profiles(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.profiles import ProfileSource

    return {run.path: ProfileSource(run)}


def _witnesses(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.witnesses import WitnessSource

    return {run.path: WitnessSource(run)}


def _error_files(run: RunInfo) -> dict[str, Source]:
    if not run.error_files:
        return {}
    from lptui.sources.error_files import ErrorFileSource

    return {run.path: ErrorFileSource(run)}


def _launch(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.launch import LaunchSource

    return {run.path: LaunchSource(run)}


def _checkpoints(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.checkpoints import CheckpointSource

    return {run.path: CheckpointSource(run)}


def _processes(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.processes import ProcessSource

    return {run.path: ProcessSource(run)}


def _host(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.host import HostSource

    return {"host": HostSource(run.path)}


def _kernel(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.kernel import KernelSource

    return {"kernel": KernelSource(run)}


def _gpu(run: RunInfo) -> dict[str, Source]:
    from lptui.sources.gpu import GpuSource

    return {"gpu": GpuSource()}


def sources_of(run: RunInfo, registered: tuple[Registered, ...]) -> tuple[Registered, ...]:
    """Those of `registered` that can say anything of `run`."""
    return tuple(kind for kind in registered if not run.remote or kind.kind in REMOTE)


SOURCES: tuple[Registered, ...] = (
    # The small and telling ones first: what they say goes into the words of findings.
    Registered("configuration", "files", _configuration),
    Registered("profiles", "files", _profiles),
    Registered("witnesses", "files", _witnesses),
    Registered("processes", "files", _processes),
    Registered("launch", "files", _launch),
    Registered("error_files", "files", _error_files),
    Registered("log", "log", _logs),
    Registered("checkpoints", "files", _checkpoints),
    Registered("wandb", "files", _wandb),
    Registered("event_files", "files", _event_files),
    Registered("metric_files", "files", _metric_files),
    Registered("metric_stores", "files", _metric_stores),
    Registered("kernel", "files", _kernel),
    Registered("cloud", "files", _cloud),
)
REMOTE = ("profiles", "cloud")
"""What a run has of which there are no files here."""
HOST_SOURCES: tuple[Registered, ...] = (
    # Polled once, however many runs are watched.
    Registered("host", "machine", _host),
    Registered("gpu", "machine", _gpu),
)
