"""`meta.yaml` of a run in MLflow's file store: how it ended. Source: mlflow/store/tracking/file_store.py, RunStatus."""

from __future__ import annotations

import re

_STATUS = re.compile(rb"^status: *(\d{1,3})\s*$", re.MULTILINE)
_ENDED = re.compile(rb"^end_time: *(\d{1,16})\s*$", re.MULTILINE)
_REASONS = {b"3": "completed", b"4": "failed (MLflow)", b"5": "killed (MLflow)"}


def read_ending(text: bytes) -> tuple[str, float | None]:
    """(why it ended, when in unix s); '' while it runs, or where nothing says so."""
    status, ended = _STATUS.search(text), _ENDED.search(text)
    reason = _REASONS.get(status[1], "") if status is not None else ""
    return reason, int(ended[1]) / 1000 if reason and ended is not None else None
