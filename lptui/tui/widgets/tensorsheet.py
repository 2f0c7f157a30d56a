"""The tensors of one checkpoint as a page: what the keys of the browser change, and what is listed then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lptui.checkpoints.contents import Contents, Measured
from lptui.checkpoints.report import MOST_TENSORS
from lptui.checkpoints.tree import Node, Numbers
from lptui.text import plural
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import clean, wrap
from lptui.tui.widgets.tensorlist import ORDERS, Listing, first_opened, list_nodes, walk
from lptui.tui.widgets.tensorrows import Facts, LazyRows, choose_columns, head_row, tensor_row


class TensorSheet:
    """Only what is drawn is made: listing 40,000 tensors costs their keys."""

    def __init__(self) -> None:
        self.listing = Listing()
        self._contents: Contents | None = None
        self._measured: Measured | None = None
        self._begun = False
        self._nodes: list[Node] | None = None
        self._keys: list[str | None] = []
        self._places: dict[str, int] = {}

    def take(self, contents: Contents, room: int) -> None:
        """Show `contents`; at the first time as many groups are unfolded as `room` rows hold."""
        if not self._begun:
            self._begun = True
            self.listing = replace(self.listing, opened=first_opened(contents.tree, room))
        self._contents, self._nodes = contents, None

    def measure(self, measured: Measured | None) -> None:
        """Add the numbers of a deep pass; None: there are none any more."""
        self._measured, self._nodes = measured, None

    @property
    def numbers(self) -> Mapping[str, Numbers]:
        return self._measured.numbers if self._measured is not None else {}

    def page(self, width: int, *, plain: bool) -> Page:
        """The rows at `width` cells."""
        contents = self._contents
        if contents is None:
            return Page([(("looking inside …", "dim"),)])
        nodes = self._list(contents)
        if not nodes:
            return Page([((line, "dim"),) for line in wrap(self._why_empty(contents), width)])
        chosen = choose_columns(width, deep=bool(self.numbers))
        facts = Facts(self.numbers, contents.size, self._opened(), self.listing.flat, plain)
        head = head_row(chosen, width, self.listing.order, plain=plain)
        rows = LazyRows([head], len(nodes), lambda i: tensor_row(nodes[i], chosen, width, facts))
        return Page(rows, self._keys, 1)

    def note(self) -> str:
        """What is listed, in words: '12 of 647 tensors with fc, by size'."""
        contents = self._contents
        if contents is None:
            return ""
        count = sum(node.count for node in contents.tree)
        words = plural(count, "tensor")
        told = sum(info.n_tensors or 0 for info in contents.infos)
        if told > count:
            words = f"the first {count:,} of {told:,} tensors"
        if self.listing.needle.strip():
            found = sum(node.tensor is not None for node in self._list(contents))
            words = f"{found:,} of {words} with {clean(self.listing.needle, 60)}"
        if self._measured is not None and any(len(r.tensors) >= MOST_TENSORS for r in self._measured.reports):
            words += f", numbers of the first {MOST_TENSORS:,}"
        return words + (f", by {self.listing.order}" if self.listing.order != "file" else "")

    def filter(self, needle: str) -> None:
        """List only what matches."""
        self._show(replace(self.listing, needle=needle))

    def sort(self) -> str:
        """Go to the next order that there is something for; returns its name."""
        orders = [o for o in ORDERS if o not in ("norm", "NaN") or self.numbers]
        place = orders.index(self.listing.order) + 1 if self.listing.order in orders else 0
        self._show(replace(self.listing, order=orders[place % len(orders)]))
        return self.listing.order

    def flatten(self) -> None:
        """Groups, or none."""
        self._show(replace(self.listing, flat=not self.listing.flat))

    def fold(self, key: str, *, opened: bool | None = None) -> str:
        """Fold or unfold the group `key` (None: the other way); the key to select then: that of the group above
        where there is nothing to fold."""
        node = self._node(key)
        if node is None or self.listing.flat:
            return key
        is_open = key in self.listing.opened
        wanted = not is_open if opened is None else opened
        if node.children and wanted != is_open:
            change = self.listing.opened | {key} if wanted else self.listing.opened - {key}
            self._show(replace(self.listing, opened=change))
            return key
        return key if wanted or opened is None else self._above(key)

    def fold_all(self) -> None:
        """Unfold every group, or fold all if none is folded."""
        groups = frozenset(node.key for node in walk(self._contents.tree) if node.children) if self._contents else ()
        opened = frozenset[str]() if self.listing.opened >= frozenset(groups) else frozenset(groups)
        self._show(replace(self.listing, opened=opened))

    def next_broken(self, key: str | None) -> str | None:
        """The next tensor with NaN or infinity after `key`, unfolded; None if there is none."""
        if self._contents is None:
            return None
        leaves = [node for node in walk(self._contents.tree) if node.tensor is not None]
        bad = [n.key for n in leaves if (own := self.numbers.get(n.key)) is not None and (own.nan or own.infinite)]
        if not bad:
            return None
        places = {node.key: i for i, node in enumerate(leaves)}
        here = places.get(key or "", -1)
        target = next((b for b in bad if places[b] > here), bad[0])
        above = _way_to(self._contents.tree, target) or ()
        self._show(replace(self.listing, opened=self.listing.opened.union(above), needle=""))
        return target

    def _show(self, listing: Listing) -> None:
        if listing != self.listing:
            self.listing, self._nodes = listing, None

    def _opened(self) -> frozenset[str]:
        """While filtered, every group that is listed is open."""
        if self.listing.needle.strip() and self._nodes is not None:
            return frozenset(node.key for node in self._nodes if node.children)
        return self.listing.opened

    def _list(self, contents: Contents) -> Sequence[Node]:
        if self._nodes is None:
            self._nodes = list_nodes(contents, self.listing, self.numbers)
            self._keys = [None, *(node.key for node in self._nodes)]
            self._places = {node.key: i for i, node in enumerate(self._nodes)}
        return self._nodes

    def _node(self, key: str) -> Node | None:
        place = self._places.get(key)
        return self._nodes[place] if place is not None and self._nodes is not None else None

    def _above(self, key: str) -> str:
        """The group that holds `key`."""
        nodes, place = self._nodes or [], self._places.get(key, 0)
        depth = nodes[place].depth if nodes else 0
        return next((nodes[i].key for i in range(place - 1, -1, -1) if nodes[i].depth < depth), key)

    def _why_empty(self, contents: Contents) -> str:
        if self.listing.needle.strip() and contents.tree:
            return f"no tensor matches {clean(self.listing.needle, 60)}; esc shows all"
        worst = contents.worst
        if worst is None:
            return "no file of it can be looked into"
        if worst.n_tensors == 0:
            return "there is no tensor in it"
        return f"its tensors cannot be listed: {clean(worst.reason)}"


def _way_to(nodes: Sequence[Node], key: str) -> list[str] | None:
    """The groups that hold the node `key`, from the top; None if it is not below `nodes`."""
    for node in nodes:
        if node.key == key:
            return []
        way = _way_to(node.children, key)
        if way is not None:
            return [node.key, *way]
    return None
