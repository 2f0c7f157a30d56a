"""Two checkpoints of one or several files each: their tensors compared file by file, and the numbers that differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lptui.checkpoints.comparison import Comparison, TensorChange
from lptui.checkpoints.info import CheckpointInfo

KINDS = ("reshaped", "gone", "new", "changed", "unknown", "same")
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A scalar of the files (epoch, step, learning rate) before and after; None: not there."""

    name: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """`rows` are tensors; `alone` the files that only one of them has. `measured`: whether it is known by how much.

    `read` counts the bytes of tensors that were read for it. `reason` is '' unless something could not be compared.
    """

    first: str
    second: str
    rows: tuple[TensorChange, ...] = ()
    numbers: tuple[NumberChange, ...] = ()
    alone: tuple[str, ...] = ()
    read: int = 0
    measured: bool = False
    reason: str = ""

    def count(self, kind: str) -> int:
        """How many tensors are of this kind."""
        return sum(row.kind == kind for row in self.rows)


def pair(first: Sequence[str], second: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """(files to compare with each other, files without a partner). Single files are a pair whatever they are called."""
    if len(first) == len(second) == 1:
        return [(first[0], second[0])], []
    after = {_base(path): path for path in second}
    before = {_base(path): path for path in first}
    pairs = [(path, after[name]) for name, path in before.items() if name in after]
    alone = [path for name, path in before.items() if name not in after]
    return pairs, alone + [path for name, path in after.items() if name not in before]


def join(
    first: str, second: str, found: Sequence[Comparison], alone: Sequence[str], numbers: Iterable[NumberChange]
) -> Difference:
    """One difference from the comparisons of its files."""
    reasons = [one.reason for one in found if one.reason]
    if not found:
        reasons.append("they have no file in common that can be compared")
    rows = [_called(row, one, len(found) > 1) for one in found for row in one.rows]
    measured = any(row.relative is not None for row in rows)
    return Difference(
        first,
        second,
        tuple(sorted(rows, key=_order)),
        tuple(numbers),
        tuple(alone),
        sum(one.read for one in found),
        measured,
        "; ".join(reasons),
    )


def compare_numbers(first: Sequence[CheckpointInfo], second: Sequence[CheckpointInfo]) -> list[NumberChange]:
    """The scalars that differ, counters first."""
    before, after = _numbers(first), _numbers(second)
    names = dict.fromkeys((*before, *after))
    return [
        NumberChange(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    ]


def _numbers(infos: Sequence[CheckpointInfo]) -> dict[str, float]:
    found: dict[str, float] = {}
    for info in infos:
        for reading in (info.epoch, info.agent_step, info.global_step, info.step, info.optimizer_step, *info.scalars):
            if reading is not None:
                found.setdefault(reading.name, reading.value)
        for i, rate in enumerate(info.learning_rates):
            found.setdefault(f"learning rate {i}" if i else "learning rate", rate)
    return found


def _called(row: TensorChange, comparison: Comparison, several: bool) -> TensorChange:
    return replace(row, name=f"{_base(comparison.second)}: {row.name}") if several else row


def _order(row: TensorChange) -> tuple[int, float, str]:
    return KINDS.index(row.kind) if row.kind in KINDS else 0, -(row.relative or 0.0), row.name


def _base(path: str) -> str:
    return path.rpartition("/")[2]
