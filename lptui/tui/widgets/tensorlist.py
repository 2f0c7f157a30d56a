"""Which tensors of a checkpoint are listed, and in which order: folding, filtering, sorting. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from lptui.checkpoints.contents import Contents
from lptui.checkpoints.tree import Node, Numbers

ORDERS = ("file", "name", "size", "norm", "NaN")
"""As the file lists them, by name, and by numbers with the largest first."""
_GLOB = frozenset("*?[")
Rank = Callable[[Node], Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """How the reader wants to see the tensors. `opened` are the keys of the groups that are unfolded; `flat` leaves
    the groups out; `needle` is a text or a glob."""

    opened: frozenset[str] = frozenset()
    order: str = "file"
    flat: bool = False
    needle: str = ""


def make_match(needle: str) -> Callable[[str], bool]:
    """Whether a name holds a text (in any case), or matches a glob that has one of `*?[`."""
    wanted = needle.strip().lower()
    if not _GLOB & set(wanted):
        return lambda name: wanted in name.lower()
    match = re.compile(translate(wanted)).match
    return lambda name: match(name.lower()) is not None


def list_nodes(contents: Contents, listing: Listing, numbers: Mapping[str, Numbers]) -> list[Node]:
    """The rows, top to bottom. While there is a needle, all groups that hold a match are unfolded."""
    tree, rank = contents.tree, _rank(listing.order, contents.ranks, numbers)
    keep = _matches(tree, listing.needle) if listing.needle.strip() else None
    if listing.flat:
        leaves = [node for node in walk(tree) if node.tensor is not None and (keep is None or node.key in keep)]
        return sorted(leaves, key=rank) if rank else leaves
    return list(_unfold(tree, listing.opened, rank, keep))


def walk(tree: Sequence[Node]) -> Iterator[Node]:
    """Every node, parents before children."""
    pending = [*reversed(tree)]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(node.children)


def first_opened(tree: Sequence[Node], room: int) -> frozenset[str]:
    """The groups to unfold at the start: level by level, each whose children still fit into `room` rows."""
    opened: set[str] = set()
    rows, level = len(tree), [*tree]
    while level:
        for node in level:
            if node.children and rows + len(node.children) <= room:
                opened.add(node.key)
                rows += len(node.children)
        level = [child for node in level if node.key in opened for child in node.children]
    if not opened and len(tree) == 1:  # a lone group that hides all there is
        opened.add(tree[0].key)
    return frozenset(opened)


def _unfold(tree: Sequence[Node], opened: frozenset[str], rank: Rank | None, keep: set[str] | None) -> Iterator[Node]:
    pending = _ordered(tree, rank)
    while pending:
        node = pending.pop()
        if keep is not None and node.key not in keep:
            continue
        yield node
        if node.children and (keep is not None or node.key in opened):
            pending += _ordered(node.children, rank)


def _ordered(nodes: Sequence[Node], rank: Rank | None) -> list[Node]:
    """To be taken from the end."""
    ordered = list(nodes) if rank is None else sorted(nodes, key=rank)
    ordered.reverse()
    return ordered


def _rank(order: str, ranks: Mapping[str, int], numbers: Mapping[str, Numbers]) -> Rank | None:
    none = Numbers()
    keys: dict[str, Rank] = {
        "name": lambda node: ranks.get(node.key, 0),
        "size": lambda node: -node.nbytes,
        "norm": lambda node: -(numbers.get(node.key, none).norm or -1.0),
        "NaN": lambda node: -(numbers.get(node.key, none).nan + numbers.get(node.key, none).infinite),
    }
    return keys.get(order)


def _matches(tree: Sequence[Node], needle: str) -> set[str]:
    """Keys of the tensors that match, and of all groups above them."""
    match = make_match(needle)
    keep: set[str] = set()

    def look(node: Node) -> bool:
        found = match(node.tensor.name) if node.tensor is not None else False
        for child in node.children:
            found = look(child) or found
        if found:
            keep.add(node.key)
        return found

    for node in tree:
        look(node)
    return keep
