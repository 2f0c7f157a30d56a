"""How far the weights move from one checkpoint to the next, layer by layer, over an ordered list of them.

The change of a layer is |b - a| / |a| (L2) over those of its tensors that changed: a tensor whose checksum is the same
in both is not read at all. `measure_drift` only walks over the list; the pairs are compared by whoever is asked
(`worker.Verifier.compare`), so that no file is opened here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from lptui.checkpoints.comparison import Comparison, TensorChange
from lptui.checkpoints.report import STOPPED

MOST_LAYERS = 2_000
_MOST_NAMED = 50
_LARGEST = 10
_UNUSUAL = 3.0
_ENOUGH = 4
_PARAMETERS = frozenset((
    "weight", "bias", "running_mean", "running_var", "num_batches_tracked", "weight_g", "weight_v", "exp_avg",
    "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "step", "kernel", "scale", "embedding",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A tensor whose change could not be told, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class DriftStep:
    """One pair of neighbours. `reason` is not '' if they could not be compared at all.

    `relative` is the change of all changed tensors together (None: nothing to reckon with), `largest` the ten tensors
    that changed most, `not_compared` at most 50 of `n_not_compared`, `read` the bytes of tensors read.
    """

    first: str
    second: str
    reason: str = ""
    relative: float | None = None
    same: int = 0
    changed: int = 0
    read: int = 0
    n_not_compared: int = 0
    not_compared: tuple[NotCompared, ...] = ()
    largest: tuple[TensorChange, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerDrift:
    """One layer over the list: `relative[i]` belongs to `Drift.steps[i]`; 0 where nothing of it changed, None where
    nothing of it could be compared. `tensors` is how many of its tensors were seen."""

    layer: str
    tensors: int
    relative: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """A layer that moved at least three times as far in one step as it usually does (its median over the list)."""

    layer: str
    step: int
    relative: float
    usual: float


@dataclass(frozen=True, slots=True)
class Drift:
    """The whole list: `steps` has one fewer than `paths`; `layers` in the order of the file, at most 2,000 of
    `n_layers`. After a stop, `steps` that were not reached have the reason "stopped"."""

    paths: tuple[str, ...]
    steps: tuple[DriftStep, ...] = ()
    layers: tuple[LayerDrift, ...] = ()
    n_layers: int = 0
    jumps: tuple[Jump, ...] = ()
    stopped: bool = False


@dataclass(slots=True)
class _Sums:
    """Of one layer in one step: squares of the distance and of the norm, and whether anything was comparable."""

    distance: float = 0.0
    norm: float = 0.0
    known: int = 0
    tensors: int = 0

    @property
    def relative(self) -> float | None:
        if not self.known:
            return None
        return math.sqrt(self.distance / self.norm) if self.norm else (0.0 if not self.distance else None)


@dataclass(slots=True)
class _Table:
    """Layers by steps while they come in."""

    width: int
    rows: dict[str, list[float | None]] = field(default_factory=dict[str, list[float | None]])
    tensors: dict[str, int] = field(default_factory=dict[str, int])

    def take(self, step: int, layers: dict[str, _Sums]) -> None:
        for layer, sums in layers.items():
            row = self.rows.setdefault(layer, [None] * self.width)
            row[step] = sums.relative
            self.tensors[layer] = max(self.tensors.get(layer, 0), sums.tensors)


def measure_drift(
    paths: Sequence[str],
    compare: Callable[[str, str, Callable[[int, int], None]], Comparison],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    on_step: Callable[[int, Drift], None] = lambda step, drift: None,
) -> Drift:
    """Compare each of `paths` with the next, the newest pair first.

    `compare(first, second, progress)` gives a measured comparison; one with the reason STOPPED ends the walk.
    `progress` counts thousandths of a pair; `on_step` gets each step's number and all that is known by then.
    """
    pairs = list(pairwise(paths))
    steps = [DriftStep(a, b, STOPPED) for a, b in pairs]
    table = _Table(len(pairs))
    stopped = False
    for number, (first, second) in reversed(list(enumerate(pairs))):
        before = (len(pairs) - 1 - number) * 1000

        def tell(done: int, total: int, before: int = before) -> None:
            progress(before + (1000 * done // total if total else 0), 1000 * len(pairs))

        found = compare(first, second, tell)
        if found.reason == STOPPED:
            stopped = True
            break
        steps[number], layers = _summarise(found)
        table.take(number, layers)
        on_step(number, _assemble(paths, steps, table, stopped=False))
        progress(before + 1000, 1000 * len(pairs))
    return _assemble(paths, steps, table, stopped=stopped)


def layer_of(name: str) -> str:
    """The layer that a tensor belongs to: its name without the last part, if that names a parameter of a layer."""
    head, _, last = name.rpartition(".")
    if not head:
        return name
    return head if last in _PARAMETERS or last.startswith(("weight_", "bias_")) else name


def _summarise(found: Comparison) -> tuple[DriftStep, dict[str, _Sums]]:
    layers: dict[str, _Sums] = {}
    whole = _Sums()
    refused: list[NotCompared] = []
    for row in found.rows:
        sums = layers.setdefault(layer_of(row.name), _Sums())
        sums.tensors += 1
        why = _why_not(row)
        if why:
            refused.append(NotCompared(row.name, why))
            continue
        for one in (sums, whole):
            one.known += 1
            one.distance += (row.distance or 0.0) ** 2
            one.norm += (row.norm or 0.0) ** 2
    moved = sorted((r for r in found.rows if r.relative), key=lambda r: -(r.relative or 0.0))
    step = DriftStep(
        found.first,
        found.second,
        found.reason,
        whole.relative,
        found.count("same"),
        found.count("changed"),
        found.read,
        len(refused),
        tuple(refused[:_MOST_NAMED]),
        tuple(moved[:_LARGEST]),
    )
    return step, layers


def _why_not(row: TensorChange) -> str:
    if row.kind == "same":
        return ""
    if row.kind == "changed":
        return "" if row.distance is not None else row.why or "not measured"
    return {
        "new": "only in the later one",
        "gone": "only in the earlier one",
        "reshaped": f"another shape or type: {row.before} before, {row.dtype} {list(row.shape)} after",
    }.get(row.kind, row.why)


def _assemble(paths: Sequence[str], steps: list[DriftStep], table: _Table, *, stopped: bool) -> Drift:
    layers = tuple(
        LayerDrift(layer, table.tensors[layer], tuple(row)) for layer, row in list(table.rows.items())[:MOST_LAYERS]
    )
    return Drift(tuple(paths), tuple(steps), layers, len(table.rows), tuple(_find_jumps(layers)), stopped)


def _find_jumps(layers: Sequence[LayerDrift]) -> list[Jump]:
    found: list[Jump] = []
    for one in layers:
        moves = [r for r in one.relative if r]
        if len(moves) < _ENOUGH:
            continue
        usual = median(moves)
        found += [
            Jump(one.layer, step, r, usual)
            for step, r in enumerate(one.relative)
            if r is not None and r >= _UNUSUAL * usual
        ]
    return sorted(found, key=lambda jump: -jump.relative / jump.usual)[:_MOST_NAMED]
