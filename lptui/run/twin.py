"""Which run of the W&B server is the same run as one on this disk: by wandb_ipc.json, or the head of its W&B file."""

from __future__ import annotations

from lptui.formats.leveldb import NotWandbFile, RecordReader
from lptui.formats.wandb import RunStart, decode
from lptui.model.run import RunInfo
from lptui.run.listing import read_head
from lptui.run.wandb_beside import read_ipc

_HEAD = 256 * 1024


def find_twin(run: RunInfo) -> str:
    """ENTITY/PROJECT/ID, or '' where the files do not say all three. Reads two files; asks nobody."""
    ipc = read_ipc(run.wandb_ipc) if run.wandb_ipc else None
    if ipc is not None and ipc.entity and ipc.project:
        return f"{ipc.entity}/{ipc.project}/{ipc.run_id}"
    for path in reversed(run.wandb):
        try:
            records = [decode(payload) for payload in RecordReader().feed(read_head(path, _HEAD))]
        except NotWandbFile:
            continue
        for record in records:
            if isinstance(record, RunStart) and record.entity and record.project and record.run_id:
                return f"{record.entity}/{record.project}/{record.run_id}"
    return ""
