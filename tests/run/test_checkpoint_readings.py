"""A first look and deep passes over the files of a checkpoint -> one verdict and its reason."""

from __future__ import annotations

from lptui.checkpoints.groups import GroupFile
from lptui.checkpoints.info import CheckpointInfo
from lptui.checkpoints.report import DeepReport
from lptui.run.checkpoint_readings import deepen

LOOK = CheckpointInfo("c/checkpoint-5", "ok-unverified", "all files are there", "")
WEIGHTS = GroupFile("c/checkpoint-5/model.safetensors", 10, 1.0, "policy")
OPTIMIZER = GroupFile("c/checkpoint-5/optimizer.pt", 20, 1.0, "optimizer")


def report(file: GroupFile, verdict: str, reason: str, *, read: int = 0, checked: str = "the index") -> DeepReport:
    key = (1, 1, file.size, int(file.mtime * 1e9), 0)
    return DeepReport(f"/r/{file.path}", verdict, reason, "go back", key, read, checked=checked)


def test_a_part_that_is_bad_is_named() -> None:
    reports = {
        WEIGHTS.path: report(WEIGHTS, "ok", "all read", read=10),
        OPTIMIZER.path: report(OPTIMIZER, "truncated", "it holds 5 B of 20 B"),
    }
    told = deepen(LOOK, [WEIGHTS, OPTIMIZER], reports)
    assert (told.verdict, told.reason) == ("truncated", "optimizer.pt: it holds 5 B of 20 B")


def test_what_was_read_is_told_where_bytes_were() -> None:
    found = report(OPTIMIZER, "crc-mismatch", "the bytes of w differ", read=20, checked="20 B read")
    assert deepen(LOOK, [OPTIMIZER], {OPTIMIZER.path: found}).reason == "the bytes of w differ (20 B read)"
