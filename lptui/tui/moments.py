"""How findings and checkpoints relate to the time cursor, and the order in which findings are listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lptui.model.finding import Finding
from lptui.model.readings import CheckpointReading
from lptui.text.incident import find_followers
from lptui.tui.workspace import Cursor


def order_findings(findings: Sequence[Finding]) -> list[tuple[Finding, bool]]:
    """Findings as they are listed, with whether each is indented: followers come right under the root of
    their incident, then what its reader silenced, past ones last."""
    followers = find_followers(findings)
    under = {f.id for group in followers.values() for f in group}
    ordered: list[tuple[Finding, bool]] = []
    for finding in sorted(findings, key=lambda f: (f.past, f.acknowledged)):
        if finding.id not in under:
            ordered.append((finding, False))
            ordered += [(f, True) for f in followers.get(finding.id, ())]
    return ordered


def finding_cursor(finding: Finding, origin: str = "") -> Cursor:
    """The moment of a finding."""
    step = float(finding.step) if finding.step is not None else None
    return Cursor(finding.first_seen, step, finding.anchor, finding.id, origin=origin)


def checkpoint_cursor(checkpoint: CheckpointReading, origin: str = "") -> Cursor:
    """The moment of a checkpoint."""
    step = float(checkpoint.step) if checkpoint.step is not None else None
    return Cursor(checkpoint.modified_at, step, checkpoint=checkpoint.path, origin=origin)


def fix_command(finding: Finding | None) -> str:
    """The command that `y` copies, or nothing."""
    return finding.fix.command if finding is not None and finding.fix is not None else ""


def nearest_finding(findings: Iterable[Finding], cursor: Cursor) -> str | None:
    """Id of the finding that the cursor names, or else of the one nearest to it in time or step."""
    return _nearest([(f.id, f.first_seen, f.step) for f in findings], cursor, cursor.finding_id)


def nearest_checkpoint(checkpoints: Iterable[CheckpointReading], cursor: Cursor) -> str | None:
    """Path of the checkpoint that the cursor names, or else of the one nearest to it in step or time."""
    return _nearest([(c.path, c.modified_at, c.step) for c in checkpoints], cursor, cursor.checkpoint)


def _nearest(items: Sequence[tuple[str, float | None, int | None]], cursor: Cursor, named: str | None) -> str | None:
    if named is not None and any(key == named for key, _, _ in items):
        return named
    if cursor.step is not None:
        by_step = [(abs(step - cursor.step), key) for key, _, step in items if step is not None]
        if by_step:
            return min(by_step)[1]
    if cursor.at is not None:
        by_time = [(abs(at - cursor.at), key) for key, at, _ in items if at is not None]
        if by_time:
            return min(by_time)[1]
    return None
