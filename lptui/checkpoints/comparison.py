"""Two checkpoints, tensor by tensor: what is new, gone, reshaped or changed, and by how much.

torch archives carry a checksum of every tensor, so what changed is known from their directories alone, without a byte
of the tensors read (a 2 GB file: some hundred KB). How much it changed takes both files read once. Runs in the
verifying process.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from lptui.checkpoints.deep import Progress
from lptui.checkpoints.info import RefusalError, TensorEntry
from lptui.checkpoints.inspection import CONTENT_ERRORS
from lptui.checkpoints.kernels import WIDTHS, Gap, load_numpy
from lptui.checkpoints.pickles import PickleError
from lptui.checkpoints.places import Place, Places, open_places

MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class TensorChange:
    """One tensor in both, or in one: `kind` is same, changed, reshaped, new, gone or unknown (not compared).

    `relative` is |b - a| / |a| (L2), `cosine` that of the angle between them, `distance` |b - a|, `norm` |a|; None
    where it was not worked out, and then `why` says so if it was asked for. `group` is model, optimizer or other.
    """

    name: str
    kind: str
    shape: tuple[int, ...] = ()
    dtype: str = ""
    before: str = ""
    relative: float | None = None
    cosine: float | None = None
    distance: float | None = None
    norm: float | None = None
    group: str = "model"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`reason` is '' unless one of them could not be read; `read` counts bytes of tensors."""

    first: str
    second: str
    reason: str = ""
    rows: tuple[TensorChange, ...] = ()
    read: int = 0

    def count(self, kind: str) -> int:
        """How many tensors are of this kind."""
        return sum(row.kind == kind for row in self.rows)


@dataclass(slots=True)
class _Pass:
    """What two files were asked for, and what was read of them so far. `measured` keeps the outcome of each pair of
    regions: tensors that share their bytes are not read once each."""

    a: Places
    b: Places
    measure: bool
    read: int = 0
    measured: dict[tuple[Place, ...], Gap] = field(default_factory=dict[tuple[Place, ...], Gap])


def compare(
    first: str,
    second: str,
    *,
    measure: bool,
    groups: Collection[str] = (),
    progress: Progress = lambda done, total: None,
) -> Comparison:
    """What differs. `measure`: also by how much. `groups`: only tensors of these (none: of all). Never raises for what
    the files hold."""
    try:
        with open_places(first, groups) as a, open_places(second, groups) as b:
            work = _Pass(a, b, measure)
            rows = _compare(work, progress)
            return Comparison(first, second, "", tuple(rows[:MOST_ROWS]), work.read)
    except RefusalError as refusal:
        return Comparison(first, second, refusal.reason)
    except PickleError as error:
        return Comparison(first, second, f"a pickle in it is damaged: {error}")
    except CONTENT_ERRORS as error:
        return Comparison(first, second, f"lptui's reader failed on them: {type(error).__name__}")
    except OSError as error:
        return Comparison(first, second, f"the disk refused: {error.strerror or 'input/output error'}")


def _compare(work: _Pass, progress: Progress) -> list[TensorChange]:
    a, b = work.a, work.b
    names = [*a.tensors, *(name for name in b.tensors if name not in a.tensors)]
    total = sum(t.nbytes for t in b.tensors.values())
    rows: list[TensorChange] = []
    done = 0
    for name in names:
        one, two = a.tensors.get(name), b.tensors.get(name)
        if one is None or two is None:
            known, kind = (one, "gone") if two is None else (two, "new")
            if known is not None:
                rows.append(TensorChange(name, kind, known.shape, known.dtype, group=known.group))
            continue
        rows.append(_compare_tensor(work, one, two))
        done += two.nbytes
        progress(done, total)
    return rows


def _compare_tensor(work: _Pass, one: TensorEntry, two: TensorEntry) -> TensorChange:
    name, shape, dtype, group = one.name, two.shape, two.dtype, two.group
    if (one.shape, one.dtype) != (two.shape, two.dtype):
        before = f"{one.dtype} {list(one.shape)}"
        return TensorChange(name, "reshaped", shape, dtype, before, group=group)
    left, right = work.a.places.get(one.name, []), work.b.places.get(two.name, [])
    if not left or [p.size for p in left] != [p.size for p in right]:
        return TensorChange(name, "unknown", shape, dtype, group=group, why="its bytes were not found alike in both")
    sums = [(p.crc, q.crc) for p, q in zip(left, right, strict=True)]
    if all(p is not None and q is not None for p, q in sums):
        if all(p == q for p, q in sums):
            return TensorChange(name, "same", shape, dtype, group=group)
        if not work.measure:
            return TensorChange(name, "changed", shape, dtype, group=group)
    gap = _measure(work, left, right)
    if gap.same:
        return TensorChange(name, "same", shape, dtype, group=group)
    return TensorChange(
        name, "changed", shape, dtype, "", gap.relative, gap.cosine, gap.distance, gap.norm, group, gap.why
    )


def _measure(work: _Pass, left: list[Place], right: list[Place]) -> Gap:
    known = work.measured.get((*left, *right))
    if known is not None:
        return known
    numpy = load_numpy()
    dtype = left[0].dtype
    gap = Gap(dtype if numpy is not None and dtype in WIDTHS else "")
    if numpy is None:
        gap.why = "numpy is not installed: how much it changed was not worked out"
    elif not gap.dtype:
        gap.why = f"{dtype or 'its bytes'}: no numbers whose change can be told"
    for p, q in zip(left, right, strict=True):
        for one, two in zip(p.chunks(), q.chunks(), strict=True):
            gap.add(numpy, one, two)
        work.read += p.size + q.size
    work.measured[*left, *right] = gap
    return gap


def comparison_to_json(comparison: Comparison) -> str:
    """One line of JSON."""
    return json.dumps(asdict(comparison), separators=(",", ":"))


def comparison_from_record(raw: object) -> Comparison:
    """The value behind `comparison_to_json`; ValueError if the record is anything else."""
    try:
        row = dict(cast("dict[str, Any]", raw))
        row["rows"] = tuple(_row(one) for one in row["rows"])
        return Comparison(**row)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"malformed comparison: {error}") from error


def _row(raw: Any) -> TensorChange:
    row = dict(cast("dict[str, Any]", raw))
    row["shape"] = tuple(int(n) for n in row["shape"])
    return TensorChange(**row)
