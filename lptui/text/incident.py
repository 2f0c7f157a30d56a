"""One incident in words: which findings follow from another, on which ranks and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lptui.model.finding import Finding
from lptui.text.units import clock

_MOST_RANKS = 8
_MOST_CLASSES = 3


def find_followers(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Root id -> the active findings that follow from it, oldest first. A follower whose root is gone has none."""
    found = [f for f in findings if f.active]
    roots = {f.incident or f.id: f.id for f in found if f.role == "root"} | {
        f.id: f.id for f in found if f.role == "root"
    }
    table: dict[str, list[Finding]] = {}
    for finding in found:
        root = roots.get(finding.incident) if finding.role != "root" and finding.incident else None
        if root is not None and root != finding.id:
            table.setdefault(root, []).append(finding)
    far = float("inf")
    return {i: sorted(rows, key=lambda f: far if f.first_seen is None else f.first_seen) for i, rows in table.items()}


def follow_words(followers: Sequence[Finding]) -> str:
    """'+ 3 follow: nccl-timeout on ranks 0, 2, 3 at 12:04:11; env-crash at 12:04:12'."""
    by_class: dict[str, list[Finding]] = {}
    for finding in followers:
        by_class.setdefault(finding.cls, []).append(finding)
    parts = [_tell(cls, rows) for cls, rows in list(by_class.items())[:_MOST_CLASSES]]
    if len(by_class) > _MOST_CLASSES:
        parts.append("…")
    # One class may follow on several ranks: that is what a reader counts.
    count = sum(max(1, len(f.ranks)) for f in followers)
    return f"+ {count} follow{'s' if count == 1 else ''}: {'; '.join(parts)}"


def rank_words(ranks: Sequence[int]) -> str:
    """'on rank 3', 'on ranks 0, 2, 3', 'on 16 ranks: 0, 1, … 15'; '' for none."""
    if not ranks:
        return ""
    if len(ranks) == 1:
        return f"on rank {ranks[0]}"
    if len(ranks) <= _MOST_RANKS:
        return "on ranks " + ", ".join(str(rank) for rank in ranks)
    return f"on {len(ranks)} ranks: {ranks[0]}, {ranks[1]}, … {ranks[-1]}"


def _tell(cls: str, findings: Sequence[Finding]) -> str:
    ranks = sorted({rank for f in findings for rank in f.ranks})
    times = [f.first_seen for f in findings if f.first_seen is not None]
    words = [cls, rank_words(ranks), f"at {clock(min(times))}" if times else ""]
    return " ".join(word for word in words if word)
