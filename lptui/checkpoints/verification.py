"""The deep pass over whatever was named: a file, or a folder that is one checkpoint, file by file."""

from __future__ import annotations

import os
from dataclasses import replace

from lptui.checkpoints.assembly import part_name
from lptui.checkpoints.deep import Progress, verify
from lptui.checkpoints.folders import key_of, look_at
from lptui.checkpoints.info import NEXT_STEPS, VERDICTS, CheckpointInfo
from lptui.checkpoints.report import MOST_TENSORS, DeepReport, TensorStats

_MOST_NAMED = 50
_ORDER = (*VERDICTS[: VERDICTS.index("ok-unverified")], "ok-unverified", "ok", "ok-verified")
_INDEXES = "the index of every file"
_ASIDE = ("unknown-format", "custom-pickle")


def verify_path(path: str, progress: Progress = lambda done, total: None) -> DeepReport:
    """Read all of a checkpoint. Never raises for what it holds or does."""
    if os.path.islink(path) or not os.path.isdir(path):
        return verify(path, progress)
    info, parts = look_at(path)
    if info.verdict not in ("ok-unverified", "custom-pickle"):
        return DeepReport(
            path, info.verdict, info.reason, info.next_step, info.key, checked=_INDEXES, step=info.step_count
        )
    if info.format == "orbax":
        text = "its chunks have checksums that only tensorstore compares; tree and names agree"
        return DeepReport(path, "ok-unverified", text, "", info.key, checked="its chunks were not read")
    total = info.size or 0
    reports: list[tuple[str, DeepReport]] = []
    for part in parts:
        before = sum(report.read for _, report in reports)

        def tell(done: int, _total: int, before: int = before) -> None:
            progress(before + done, max(total, before + done))

        reports.append((part.name, verify(part.path, tell)))
    if key_of(path) != info.key:
        return DeepReport(path, "changed", "it was written to while it was read", NEXT_STEPS["changed"])
    return _sum_up(info, reports)


def _sum_up(info: CheckpointInfo, reports: list[tuple[str, DeepReport]]) -> DeepReport:
    judged = [(name, r) for name, r in reports if r.verdict not in _ASIDE] or reports
    name, worst = min(judged, key=lambda pair: _ORDER.index(pair[1].verdict))
    good = worst.verdict in ("ok", "ok-verified")
    sums = sum(r.checksums for _, r in reports)
    bare = sum(bool(r.tensors) and not r.checksums for _, r in reports)
    reason = f"{name}: {worst.reason}"
    if good:
        reason = "every byte could be read" + (f" and {sums:,} checksums agree" if sums else "")
        reason += f"; {bare:,} of its {len(reports):,} files have no checksum" if bare else ""
    return DeepReport(
        info.path,
        "ok" if good and bare else worst.verdict,
        reason,
        "" if good else worst.next_step,
        info.key,
        sum(r.read for _, r in reports),
        sums,
        _checked(reports),
        tuple(_tensors(reports)),
        tuple(part_name(name, c) for name, r in reports for c in r.culprits)[:_MOST_NAMED],
        all(r.numbers_seen for _, r in reports),
        sum(r.nonfinite for _, r in reports),
        tuple(part_name(name, c) for name, r in reports for c in r.nonfinite_tensors)[:_MOST_NAMED],
        info.step_count,
    )


def _checked(reports: list[tuple[str, DeepReport]]) -> str:
    """What the verdict on all of them rests on."""
    read, sums = sum(r.read for _, r in reports), sum(r.checksums for _, r in reports)
    told = f"{sums:,} checksums" if sums else "no checksum in these formats"
    numbers = "all numbers looked at" if all(r.numbers_seen for _, r in reports) else "not all numbers looked at"
    return f"{len(reports):,} files: {read:,} B read, {told}, {numbers}"


def _tensors(reports: list[tuple[str, DeepReport]]) -> list[TensorStats]:
    found: list[TensorStats] = []
    for name, report in reports:
        room = MOST_TENSORS - len(found)
        found += [replace(t, name=part_name(name, t.name)) for t in report.tensors[:room]]
    return found
