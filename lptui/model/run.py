"""What a run consists of on disk, as discovery found it."""

from __future__ import annotations

from typing import Literal

from lptui.model.value import frozen

LOG_LIMIT = 64
"""Logs of one run that are read: what lies beyond is listed only."""
Layout = Literal["metta-s1", "metta-s2", "metta-head", "lightning", "huggingface", "generic", "empty"]


@frozen
class Looked:
    """One kind of thing that discovery looked for: what it found, or where it looked in vain."""

    kind: str
    paths: tuple[str, ...] = ()
    note: str = ""


@frozen
class MetricFile:
    """A metrics file that is no event file; `prefix` is put before the names of its columns."""

    path: str
    prefix: str = ""
    folder: str = ""
    """Where newer files take its place (Hugging Face's checkpoints hold the history each); else ''."""


@frozen
class MetricStore:
    """A tracker's store of many runs: `kind` is mlflow or trackio (a database), or mlflow-files (a run's folder)."""

    kind: str
    path: str
    inside: bool = False
    """Whether it lies in the run's own folder, and so belongs to it."""
    run: str = ""
    """Its name or id there, where that is how it was named (DB_PATH/RUN)."""


@frozen
class RunInfo:
    """A run directory and what belongs to it (absolute paths). Files beside the run (W&B, .job_metadata) included."""

    name: str
    path: str
    layout: Layout = "empty"
    logs: tuple[str, ...] = ()
    """The log to open first comes first."""
    wandb: tuple[str, ...] = ()
    """`.wandb` files, oldest first."""
    event_files: tuple[str, ...] = ()
    """TensorBoard's, oldest first."""
    metric_files: tuple[MetricFile, ...] = ()
    """CSV, TSV and JSON with metrics."""
    metric_stores: tuple[MetricStore, ...] = ()
    """Trackers' stores that hold the run, or may."""
    checkpoint_dirs: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    error_files: tuple[str, ...] = ()
    """What torchrun's @record left of exceptions, a file a rank and attempt."""
    heartbeat: str = ""
    job_metadata: str = ""
    wandb_ipc: str = ""
    pid: int | None = None
    modified_at: float | None = None
    looked: tuple[Looked, ...] = ()
    exists: bool = True
    cloud: str = ""
    """ENTITY/PROJECT/ID of the W&B server's record of it, if a reader asked to see that."""

    @property
    def own_folder(self) -> str:
        """The folder that is the run's, or nothing for a log that was named by itself: its neighbours are not."""
        return "" if f"{self.path.rstrip('/')}/{self.name}" in self.logs else self.path

    @property
    def store(self) -> MetricStore | None:
        """The tracker's database that is all there is of it."""
        return next((store for store in self.metric_stores if store.run), None)

    @property
    def remote(self) -> bool:
        """Whether there are no files of it here: only a server knows it."""
        return self.path.startswith("wandb://")

    @property
    def written(self) -> tuple[str, ...]:
        """Logs and metrics files: what the training itself keeps writing to."""
        return (*self.logs, *self.records)

    @property
    def records(self) -> tuple[str, ...]:
        """The metrics files of the run itself."""
        return (*self.wandb, *self.event_files, *(file.path for file in self.metric_files))
