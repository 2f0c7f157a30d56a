"""How long the disk holds out for the saves of a run, and what keeping fewer of them would free. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.model.readings import CheckpointReading, HostReading
from lptui.model.value import frozen
from lptui.run.checkpoint_history import CheckpointHistory
from lptui.run.checkpoint_series import Cadence, main_series

MANY = 1000
"""Saves from which on nobody counts."""


@frozen
class Room:
    """What is left for saves. `limited_by` is what runs out first: disk, quota, inodes, quota of inodes.

    `free` in bytes; `saves` that still fit; `seconds` until none does at the present pace; `net_per_hour` the bytes
    that stay, deletions seen taken off. None: not known, and `reason` says why.
    """

    free: int | None = None
    limited_by: str = ""
    saves: int | None = None
    seconds: float | None = None
    net_per_hour: float | None = None
    reason: str = ""


def forecast(cadence: Cadence, history: CheckpointHistory, host: HostReading | None) -> Room:
    """At the present pace: it takes three saves to know one."""
    limits = _limits(cadence, host)
    if not limits:
        return Room(reason="the disk of the run has not been read")
    near = [
        limit for limit in limits if limit[0] in ("disk", "quota") or limit[1] < MANY
    ]  # inodes for years limit nothing
    limited_by, saves, free = min(near or limits, key=lambda limit: limit[1])
    gross = cadence.bytes_per_hour
    if cadence.seconds is None or gross is None:
        copied = "their times tell no pace (a copy?)" if cadence.saves > 1 else "it takes two saves to know their pace"
        return Room(free, limited_by, saves, reason=copied)
    kept = _share_kept(history)
    if kept <= 0:
        return Room(free, limited_by, saves, None, 0.0, "each save replaces an older one")
    return Room(free, limited_by, saves, saves * cadence.seconds / kept, gross * kept)


def _limits(cadence: Cadence, host: HostReading | None) -> list[tuple[str, int, int | None]]:
    """(what, how many more saves it allows, bytes free)."""
    found: list[tuple[str, int, int | None]] = []
    if host is None:
        return found
    for name, free in (("disk", host.disk_free), ("quota", host.quota_free)):
        if free is not None and cadence.size:
            found.append((name, free // cadence.size, free))
    for name, count in (("inodes", host.inodes_free), ("quota of inodes", host.quota_inodes_free)):
        if count is not None and cadence.size and (host.inodes_total or name != "inodes"):
            found.append((name, count // max(1, cadence.files), host.disk_free))
    return found


def _share_kept(history: CheckpointHistory) -> float:
    """Of the saves that came before our eyes, how many stay: a trainer that keeps the newest N deletes one for one."""
    began = history.began
    if began is None or not history.deletions:
        return 1.0
    came = len({s.path for s in history.saves if s.at > began and s.role in ("policy", "full")})
    gone = sum(1 for d in history.deletions if d.at > began)
    return max(0.0, 1 - gone / came) if came >= 2 else 1.0


@frozen
class Retention:
    """What a rule would keep and what it would free (bytes). Nothing is deleted: this is a list to look at."""

    keep: tuple[CheckpointReading, ...]
    drop: tuple[CheckpointReading, ...]

    @property
    def freed(self) -> int:
        return sum(c.size for c in self.drop)


def simulate_retention(
    checkpoints: Sequence[CheckpointReading],
    *,
    last: int = 0,
    every: int = 0,
    needed: Sequence[str] = (),
) -> Retention:
    """The `last` newest of the main series are kept, and each whose step (epoch where there is none) is a multiple of
    `every`; also what the run needs to resume (paths in `needed`), whatever is being written, and all that is no
    member of the series (trainer states, last.ckpt). A damaged one does not count among the newest."""
    main = main_series(checkpoints)
    whole = [c for c in main if c.verdict in ("ok", "ok-verified", "ok-unverified", "custom-pickle", "unread")]
    kept = {c.path for c in whole[len(whole) - last :]} if last > 0 else set[str]()
    kept |= {c.path for c in whole if every > 0 and c.progress is not None and c.progress % every == 0}
    kept |= set(needed)
    members = {c.path for c in main}
    drop = tuple(c for c in checkpoints if c.path in members and c.path not in kept)
    gone = {c.path for c in drop}
    return Retention(tuple(c for c in checkpoints if c.path not in gone), drop)
