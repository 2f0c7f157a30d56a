"""`lptui runs [ROOT]`: which runs lie below a folder, and what each consists of."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import click

from lptui.cli import NOT_FOUND, say
from lptui.model.run import RunInfo
from lptui.text import plural, sanitise, short_age
from lptui.text.width import fit


@click.command("runs", short_help="List the runs below a folder.")
@click.argument("root", required=False, default=None)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: what was found of each run, and what was not.")
def command(root: str | None, as_json: bool) -> int:
    """List the runs below ROOT (default: train_dir if there is one, else here), newest first."""
    from lptui.run import list_runs

    place = root or ("train_dir" if os.path.isdir("train_dir") else ".")
    if not os.path.isdir(place):
        say(f"{sanitise(place)}: no such folder; name the one that holds your runs")
        return NOT_FOUND
    runs = list_runs(place)
    if as_json:
        click.echo(
            json.dumps(
                {"schema": "lptui.runs/1", "root": os.path.abspath(place), "runs": [to_json(r) for r in runs]}, indent=2
            )
        )
        return 0
    if not runs:
        say(f"no runs below {sanitise(os.path.abspath(place))}; a run is a folder with logs, checkpoints or W&B files")
        return 0
    now = time.time()
    width = min(48, max(len(sanitise(r.name)) for r in runs))
    click.echo(f"{fit('run', width)}  {'written':>9}  {'layout':<11}  what it has")
    for run in runs:
        age = "-" if run.modified_at is None else f"{short_age(now - run.modified_at)} ago"
        click.echo(f"{fit(sanitise(run.name), width)}  {age:>9}  {run.layout:<11}  {_has(run)}")
    return 0


def _has(run: RunInfo) -> str:
    parts = [
        plural(len(run.logs), "log") if run.logs else "",
        "W&B" if run.wandb else "",
        "TensorBoard" if run.event_files else "",
        plural(len(run.metric_files), "metrics file") if run.metric_files else "",
        "checkpoints" if run.checkpoint_dirs else "",
        "config" if run.configs else "",
        "heartbeat" if run.heartbeat else "",
    ]
    return ", ".join(p for p in parts if p) or "nothing readable yet"


def to_json(run: RunInfo) -> dict[str, Any]:
    """A run as plain data: what was found, and where was looked in vain."""
    return {
        "name": run.name,
        "path": run.path,
        "layout": run.layout,
        "modified_at": run.modified_at,
        "logs": list(run.logs),
        "wandb": list(run.wandb),
        "event_files": list(run.event_files),
        "metric_files": [file.path for file in run.metric_files],
        "metric_stores": [store.path for store in run.metric_stores],
        "checkpoint_dirs": list(run.checkpoint_dirs),
        "configs": list(run.configs),
        "heartbeat": run.heartbeat or None,
        "job_metadata": run.job_metadata or None,
        "wandb_ipc": run.wandb_ipc or None,
        "looked": [{"kind": k.kind, "found": list(k.paths), "note": k.note or None} for k in run.looked],
    }
