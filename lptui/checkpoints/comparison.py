"""Two checkpoints, tensor by tensor: what is new, gone, reshaped or changed, and by how much.

torch archives carry a checksum of every tensor, so what changed is known from their directories alone, without a byte
of the tensors read (a 2 GB file: some hundred KB). How much it changed takes both files read once. Runs in the
verifying process.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, cast

from lptui.checkpoints.deep import Progress
from lptui.checkpoints.info import RefusalError, TensorEntry
from lptui.checkpoints.inspection import look
from lptui.checkpoints.kernels import CHUNK, WIDTHS, load_numpy, to_floats
from lptui.checkpoints.probe import FileBytes, open_regular
from lptui.checkpoints.regions import Region, list_regions

MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class TensorChange:
    """One tensor in both, or in one: `kind` is same, changed, reshaped, new, gone or unknown (not compared).

    `relative` is |b - a| / |a| (L2), `cosine` that of the angle between them; None where it was not worked out.
    """

    name: str
    kind: str
    shape: tuple[int, ...] = ()
    dtype: str = ""
    before: str = ""
    relative: float | None = None
    cosine: float | None = None


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


@dataclass(frozen=True, slots=True)
class _Side:
    file: FileBytes
    tensors: dict[str, TensorEntry]
    regions: dict[str, Region]


def compare(first: str, second: str, *, measure: bool, progress: Progress = lambda done, total: None) -> Comparison:
    """What differs. `measure`: also by how much. Never raises for what the files hold."""
    opened: list[int] = []
    try:
        sides = [_open(path, opened) for path in (first, second)]
        rows, read = _compare(sides[0], sides[1], progress, measure=measure)
        return Comparison(first, second, "", tuple(rows[:MOST_ROWS]), read)
    except RefusalError as refusal:
        return Comparison(first, second, refusal.reason)
    except OSError as error:
        return Comparison(first, second, f"the disk refused: {error.strerror or 'input/output error'}")
    finally:
        for fd in opened:
            os.close(fd)


def _open(path: str, opened: list[int]) -> _Side:
    info, draft = look(path)
    if info.damaged or not draft.listed:
        raise RefusalError(info.verdict, f"{os.path.basename(path)}: {info.reason}")
    fd = open_regular(path)
    opened.append(fd)
    file = FileBytes(fd, info.size or 0)
    regions: dict[str, Region] = {}
    for region in list_regions(file, draft):
        regions.update(dict.fromkeys(region.tensors, region))
    return _Side(file, {t.name: t for t in draft.contents.tensors}, regions)


def _compare(a: _Side, b: _Side, progress: Progress, *, measure: bool) -> tuple[list[TensorChange], int]:
    names = [*a.tensors, *(name for name in b.tensors if name not in a.tensors)]
    total = sum(t.nbytes for t in b.tensors.values())
    rows: list[TensorChange] = []
    read = done = 0
    for name in names:
        one, two = a.tensors.get(name), b.tensors.get(name)
        if one is None or two is None:
            known = one or two
            rows.append(TensorChange(name, "gone" if two is None else "new", known.shape if known else ()))
            continue
        row, cost = _compare_tensor(a, b, one, two, measure=measure)
        rows.append(row)
        read, done = read + cost, done + two.nbytes
        progress(done, total)
    return rows, read


def _compare_tensor(
    a: _Side, b: _Side, one: TensorEntry, two: TensorEntry, *, measure: bool
) -> tuple[TensorChange, int]:
    if (one.shape, one.dtype) != (two.shape, two.dtype):
        before = f"{one.dtype} {list(one.shape)}"
        return TensorChange(one.name, "reshaped", two.shape, two.dtype, before), 0
    left, right = a.regions.get(one.name), b.regions.get(two.name)
    if left is None or right is None or left.size != right.size:
        return TensorChange(one.name, "unknown", two.shape, two.dtype), 0
    if left.crc is not None and right.crc is not None and left.crc == right.crc:
        return TensorChange(one.name, "same", two.shape, two.dtype), 0
    known = left.crc is not None and right.crc is not None
    if known and not measure:
        return TensorChange(one.name, "changed", two.shape, two.dtype), 0
    same, relative, cosine = _measure(a.file, b.file, left, right)
    kind = "same" if same else "changed"
    return TensorChange(one.name, kind, two.shape, two.dtype, "", relative, cosine), left.size + right.size


def _measure(a: FileBytes, b: FileBytes, left: Region, right: Region) -> tuple[bool, float | None, float | None]:
    """(equal to the byte, relative change, cosine); numbers are None without numpy or floats."""
    numpy = load_numpy()
    floats = numpy is not None and left.dtype in WIDTHS
    same, aa, bb, ab, dd = True, 0.0, 0.0, 0.0, 0.0
    for one, two in zip(_stream(a, left), _stream(b, right), strict=True):
        same = same and one == two
        if floats:
            x, y = (to_floats(numpy, part, left.dtype).astype("<f8", copy=False) for part in (one, two))
            gap = y - x
            aa, bb, ab = aa + float(x @ x), bb + float(y @ y), ab + float(x @ y)
            dd += float(gap @ gap)
    if not floats or not all(math.isfinite(v) for v in (aa, bb, ab, dd)):
        return same, None, None
    relative = math.sqrt(dd / aa) if aa else (0.0 if not dd else None)
    return same, relative, ab / math.sqrt(aa * bb) if aa and bb else None


def _stream(file: FileBytes, region: Region) -> Iterator[bytes]:
    at, left = region.at, region.size
    while left > 0:
        chunk = file.read(at, min(left, CHUNK))
        yield chunk
        at, left = at + len(chunk), left - len(chunk)


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
