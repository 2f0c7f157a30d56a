"""Is a checkpoint being written, or was its writing cut off? Told from sizes and times at successive looks, from its
name, and from who holds it open. Pure: one look after the other, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lptui.checkpoints.groups import CheckpointGroup
from lptui.checkpoints.names import SUFFIXES
from lptui.model.middle import median
from lptui.model.value import frozen
from lptui.run.checkpoint_series import stem

SETTLES = 2.0
"""Seconds without a change after which a file counts as written, if it is whole."""
PATIENCE = 3.0
"""Usual times of a save for which one that looks cut off may still be in the making."""
UNKNOWN_SAVE = 10.0
"""Seconds that a save is taken to last where none was watched."""
SKEW = 60.0
"""An mtime further in the future than this is another host's clock, and says nothing."""
CUT_OFF = frozenset(("truncated", "zeroed", "empty", "unreadable-pickle", "incomplete", "mismatch", "unknown-format"))
"""What a file looks like that somebody still writes."""
_TARGET = re.compile(rf"\.?(.+?(?:{'|'.join(re.escape(suffix) for suffix in SUFFIXES)}))(?:\.|\Z)")


@frozen
class Watch:
    """One checkpoint over the looks: its size and newest mtime, when it last changed and when this save began (None:
    before the first look), whether it is in the making, and how long its last save took."""

    size: int
    mtime: float
    changed_at: float
    began: float | None = None
    moving: bool = False
    seconds: float | None = None


@frozen
class Writers:
    """Files (as asked for) that a process holds open for writing, with its pid; `alive`: somebody writes to the run at
    all."""

    holders: Mapping[str, int]
    alive: bool


def watch(
    before: Mapping[str, Watch], groups: Sequence[CheckpointGroup], now: float, looked_at: float | None
) -> dict[str, Watch]:
    """The watches after a look at `now`; `looked_at` is when the look before was made (None: this is the first)."""
    here = {g.path for g in groups}
    renamed = [(path, w) for path, w in before.items() if path not in here and w.began is not None]
    found: dict[str, Watch] = {}
    for one in groups:
        old = before.get(one.path)
        if old is not None and (old.size, old.mtime) == (one.size, one.mtime):
            found[one.path] = _settle(old, one, now)
            continue
        began = old.began if old is not None and old.moving else looked_at
        if old is None or not old.moving:
            began = min((w.began for path, w in renamed if _becomes(path, one.path) and w.began), default=began)
        changed = now if looked_at is not None else one.mtime
        grown = old is not None and old.size != one.size
        moving = grown or _is_fresh(one, now)
        seconds = old.seconds if old is not None and moving else _lasted(began, one.mtime)
        found[one.path] = Watch(one.size, one.mtime, changed, began, moving, seconds)
    return found


def _settle(old: Watch, one: CheckpointGroup, now: float) -> Watch:
    moving = _is_fresh(one, now)
    if old.moving and not moving:
        return Watch(old.size, old.mtime, old.changed_at, old.began, False, _lasted(old.began, one.mtime))
    return old


def _lasted(began: float | None, ended: float) -> float | None:
    return None if began is None or ended < began else ended - began


def _is_fresh(one: CheckpointGroup, now: float) -> bool:
    return -SKEW < now - one.mtime < SETTLES


def _becomes(temporary: str, path: str) -> bool:
    """Whether a file that vanished may have been renamed to `path`: it lay in the same folder."""
    return temporary.rpartition("/")[0] == path.rpartition("/")[0]


def tell_moving(one: CheckpointGroup, seen: Watch) -> str:
    """Why it counts as being written whatever is in it; '' if nothing moves."""
    if one.name.role == "temporary":
        return "it has the temporary name of a save in progress"
    return "it is being written, or was a moment ago" if seen.moving else ""


def tell_unfinished(one: CheckpointGroup, seen: Watch, writers: Writers | None, usual: float | None, now: float) -> str:
    """Why one that looks cut off may still be in the making; '' if it is not.

    A process that holds it open decides. Where nobody holds it a single file is done; of a folder the next part may
    come, as long as its trainer lives. Where that cannot be seen (`writers` is None) three usual saves are waited for.
    """
    files = [f.path for f in one.files]
    if writers is not None:
        pid = next((writers.holders[p] for p in files if p in writers.holders), None)
        if pid is not None:
            return f"process {pid} holds it open for writing"
        if one.name.bundle is None or not writers.alive:
            return ""
    quiet = now - max(seen.changed_at, min(one.mtime, now))
    patience = PATIENCE * (usual if usual is not None else UNKNOWN_SAVE)
    if quiet >= max(patience, SETTLES):
        return ""
    return "its save has not ended, or was cut off moments ago"


def usual_seconds(watches: Iterable[Watch]) -> float | None:
    """How long a save usually takes, from those that were watched."""
    known = [w.seconds for w in watches if w.seconds is not None]
    return median(known) if known else None


def usual_sizes(groups: Sequence[CheckpointGroup], moving: Mapping[str, object]) -> dict[str, int]:
    """By stem: the bytes of a finished one, as the median of the newest five."""
    sizes: dict[str, list[int]] = {}
    for one in groups:
        if one.path not in moving and one.complete:
            sizes.setdefault(stem(one.path), []).append(one.size)
    return {kind: int(median(found[-5:])) for kind, found in sizes.items()}


def usual_size(one: CheckpointGroup, sizes: Mapping[str, int]) -> int | None:
    """Of a finished one of its kind; of a temporary file: of what it will be called."""
    if one.name.role != "temporary":
        return sizes.get(stem(one.path))
    folder, _, name = one.path.rpartition("/")
    named = _TARGET.match(name)
    target = named[1] if named is not None else name
    if target.startswith("tmp"):  # tempfile's own names say nothing; Metta's first trainer made its state so
        target = "trainer_state.pt"
    kind = stem(f"{folder}/{target}" if folder else target)
    return sizes.get(kind)
