"""The configurations of some runs side by side: only the keys in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lptui.formats.leveldb import NotWandbFile, RecordReader
from lptui.formats.wandb import ConfigUpdate, RunStart, decode
from lptui.model.events import ConfigSeen, StatusSeen
from lptui.model.run import RunInfo
from lptui.model.value import frozen
from lptui.run import discover
from lptui.run.listing import read_head
from lptui.sources.configuration import ConfigurationSource
from lptui.text.secrets import mask_rows

_HEAD = 512 * 1024


@frozen
class ConfigTable:
    """`rows`: (key, its value in each run; None where a run does not have it); `same`: how many keys are equal."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str | None, ...]], ...] = ()
    same: int = 0
    notes: tuple[str, ...] = ()


def compare_configs(paths: Sequence[str]) -> ConfigTable:
    """Read the configuration of each run directory and compare; a run without one is told in the notes."""
    runs = [discover(path) for path in paths]
    tables: list[Mapping[str, str]] = []
    notes: list[str] = []
    for run in runs:
        rows, reason = _read(run)
        tables.append(rows)
        if not rows:
            notes.append(f"{run.name}: {reason}")
    return differ(tuple(run.name for run in runs), tables, tuple(notes))


def differ(names: tuple[str, ...], tables: Sequence[Mapping[str, str]], notes: tuple[str, ...] = ()) -> ConfigTable:
    """What differs between tables of (key -> value). The run's own name differs always and says nothing: it is last."""
    keys = dict.fromkeys(key for table in tables for key in table)
    known = [table for table in tables if table]
    rows: list[tuple[str, tuple[str | None, ...]]] = []
    for key in keys:
        values = [table.get(key) for table in tables]
        if len({table.get(key) for table in known}) > 1:
            rows.append((key, tuple(values)))
    rows.sort(key=lambda row: (_is_name(row, names), row[0]))
    return ConfigTable(names, tuple(rows), len(keys) - len(rows), notes)


def _is_name(row: tuple[str, tuple[str | None, ...]], names: tuple[str, ...]) -> bool:
    return all(value is not None and name in value for name, value in zip(names, row[1], strict=True))


def _read(run: RunInfo) -> tuple[Mapping[str, str], str]:
    reason = "it has no configuration file"
    if run.configs:
        for event in ConfigurationSource(run).poll(0.0):
            if isinstance(event, ConfigSeen):
                return dict(event.rows), ""
            if isinstance(event, StatusSeen):
                reason = event.status.detail
    for path in run.wandb[-1:]:
        rows = _read_wandb(path)
        if rows:
            return rows, ""
        reason = "its W&B file holds no configuration"
    return {}, reason


def _read_wandb(path: str) -> Mapping[str, str]:
    """The configuration in the head of a `.wandb` file."""
    rows: dict[str, str] = {}
    try:
        for payload in RecordReader().feed(read_head(path, _HEAD)):
            record = decode(payload)
            if isinstance(record, RunStart | ConfigUpdate):
                rows.update(mask_rows(record.config if isinstance(record, RunStart) else record.items))
    except NotWandbFile:
        return {}
    return rows
