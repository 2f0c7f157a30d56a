"""The tensors of a checkpoint as a tree by their dotted names. Pure; at most twice as many nodes as tensors.

A chain of names without a branch is one node (`optimizer.state`), so that nobody unfolds five levels to see one tensor.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lptui.checkpoints.info import TensorEntry
from lptui.checkpoints.report import TensorStats

MOST_LEVELS = 48
"""A name is split this often at most: what lies deeper stays in one piece."""
_DIGITS = re.compile(r"(\d+)")
_Rows = list[tuple[list[str], TensorEntry]]


@dataclass(frozen=True, slots=True)
class Node:
    """A tensor, or a group of them. `key` is unique: the name of a tensor, that of a group with a dot at its end.

    `nbytes` and `count` (tensors) are those of all below; `depth` is 0 at the top.
    """

    key: str
    label: str
    depth: int
    nbytes: int
    count: int
    tensor: TensorEntry | None = None
    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a deep pass found in a tensor, or in all tensors of a group. `norm` is L2; `zero_run` bytes of zeros at the
    ends; None: nothing that can be measured."""

    norm: float | None = None
    low: float | None = None
    high: float | None = None
    nan: int = 0
    infinite: int = 0
    zero_run: int = 0


def grow(tensors: Iterable[TensorEntry]) -> tuple[Node, ...]:
    """The top nodes, in the order in which the tensors are listed."""
    rows: _Rows = [(tensor.name.split(".", MOST_LEVELS), tensor) for tensor in tensors]
    return _branch(rows, 0, "", 0, _Keys())


class _Keys:
    """Gives each name once: a second tensor of the same name is called NAME#2."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def take(self, name: str) -> str:
        count = self._seen[name] = self._seen.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"


def _branch(rows: _Rows, at: int, prefix: str, depth: int, keys: _Keys) -> tuple[Node, ...]:
    """Nodes for `rows`, which agree in their first `at` parts."""
    groups: dict[str, _Rows] = {}
    for row in rows:
        parts = row[0]
        groups.setdefault(parts[at] if at < len(parts) else "", []).append(row)
    nodes: list[Node] = []
    for group in groups.values():
        shared = max(_shared(group), at + 1)
        # a tensor may bear the name of the group that it stands in
        alone, rest = (group, []) if len(group) == 1 else _part(group, shared)
        nodes += [_leaf(parts, tensor, at, depth, keys) for parts, tensor in alone]
        if rest:
            nodes.append(_group(rest, at, shared, prefix, depth, keys))
    return tuple(nodes)


def _part(group: _Rows, shared: int) -> tuple[_Rows, _Rows]:
    return [row for row in group if len(row[0]) <= shared], [row for row in group if len(row[0]) > shared]


def _leaf(parts: list[str], tensor: TensorEntry, at: int, depth: int, keys: _Keys) -> Node:
    label = ".".join(parts[at:]) or tensor.name or "(no name)"
    return Node(keys.take(tensor.name), label, depth, tensor.nbytes, 1, tensor)


def _group(group: _Rows, at: int, shared: int, prefix: str, depth: int, keys: _Keys) -> Node:
    label = ".".join(group[0][0][at:shared])
    key = keys.take(f"{prefix}{label}.")
    children = _branch(group, shared, key, depth + 1, keys)
    return Node(key, label, depth, sum(t.nbytes for _, t in group), len(group), None, children)


def _shared(group: _Rows) -> int:
    """How many first parts all names of a group have in common: those that the smallest and the largest share."""
    low, high = min(parts for parts, _ in group), max(parts for parts, _ in group)
    count = 0
    for one, two in zip(low, high, strict=False):
        if one != two:
            break
        count += 1
    return count


def rank_names(nodes: Sequence[Node]) -> dict[str, int]:
    """The place of every node in the order of names, by its key; layer 2 stands before layer 10."""
    keys: list[str] = []
    pending = [*nodes]
    while pending:
        node = pending.pop()
        keys.append(node.key)
        pending += node.children
    return {key: place for place, key in enumerate(sorted(keys, key=_natural))}


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = _DIGITS.split(name)
    return [(0, int(part), "") if i % 2 and len(part) < 19 else (1, 0, part) for i, part in enumerate(parts)]


def measure(nodes: Sequence[Node], stats: Iterable[TensorStats]) -> dict[str, Numbers]:
    """The numbers of every node that was measured, by its key. A tensor that shares its bytes with another one has
    none of its own."""
    known = {one.name: one for one in stats}
    numbers: dict[str, Numbers] = {}
    for node in nodes:
        _measure(node, known, numbers)
    return numbers


def _measure(node: Node, known: Mapping[str, TensorStats], numbers: dict[str, Numbers]) -> Numbers | None:
    if node.tensor is not None:
        stats = known.get(node.tensor.name)
        own = Numbers(stats.norm, stats.low, stats.high, stats.nan, stats.infinite, stats.zero_run) if stats else None
    else:
        parts = [_measure(child, known, numbers) for child in node.children]
        own = _join([part for part in parts if part is not None])
    if own is not None:
        numbers[node.key] = own
    return own


def _join(parts: Sequence[Numbers]) -> Numbers | None:
    if not parts:
        return None
    norms = [p.norm for p in parts if p.norm is not None]
    lows = [p.low for p in parts if p.low is not None]
    highs = [p.high for p in parts if p.high is not None]
    return Numbers(
        math.hypot(*norms) if norms else None,
        min(lows, default=None),
        max(highs, default=None),
        sum(p.nan for p in parts),
        sum(p.infinite for p in parts),
        sum(p.zero_run for p in parts),
    )
