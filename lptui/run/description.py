"""A run directory as rows of text, for `runs --json` and the detail view. Not sanitised: names are as on
disk."""

from __future__ import annotations

from lptui.model.run import RunInfo

LAYOUTS = {
    "metta-s1": "Metta, July 2025 (no log file of its own)",
    "metta-s2": "Metta, August 2025",
    "metta-head": "Metta, since September 2025",
    "lightning": "Lightning",
    "huggingface": "Hugging Face Trainer",
    "generic": "a training run",
    "empty": "nothing that a training run leaves",
}


def describe(info: RunInfo) -> tuple[tuple[str, str], ...]:
    """(name, value) rows: what the run is, each kind of file found (one row a path), and where was looked in
    vain."""
    rows = [
        ("name", info.name),
        ("path", info.path),
        ("layout", LAYOUTS[info.layout] if info.exists else "not there"),
    ]
    if info.modified_at is not None:
        rows.append(("modified_at", f"{info.modified_at:.3f}"))
    if info.pid is not None:
        rows.append(("pid", str(info.pid)))
    for kind, paths in (
        ("log", info.logs),
        ("wandb", info.wandb),
        ("tensorboard", info.event_files),
        ("metrics file", tuple(file.path for file in info.metric_files)),
        ("tracker", tuple(store.path for store in info.metric_stores)),
        ("checkpoints", info.checkpoint_dirs),
        ("config", info.configs),
        ("error file", info.error_files),
        ("heartbeat", (info.heartbeat,)),
        ("job metadata", (info.job_metadata,)),
        ("wandb_ipc", (info.wandb_ipc,)),
    ):
        rows += [(kind, _shorten(info, path)) for path in paths if path]
    rows += [(f"looked: {looked.kind}", looked.note) for looked in info.looked if looked.note]
    return tuple(rows)


def _shorten(info: RunInfo, path: str) -> str:
    """Relative to the run where it lies in it."""
    inside = path.startswith(info.path + "/")
    return path[len(info.path) + 1 :] if inside else path
