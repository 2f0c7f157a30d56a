"""The four pages of the checkpoint browser, each a scrolling table; one is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.widget import Widget

from lptui.model.readings import CheckpointReading
from lptui.run.readiness import Readiness
from lptui.tui.widgets.contentrows import content_rows
from lptui.tui.widgets.differencerows import difference_page
from lptui.tui.widgets.driftrows import ORDERS, drift_page, nonfinite_rows
from lptui.tui.widgets.rows import Compute, Page, RowsView
from lptui.tui.widgets.spans import Row, clean, wrap
from lptui.tui.widgets.tensorsheet import TensorSheet

if TYPE_CHECKING:
    from lptui.tui.checkpointwork import CheckpointWork

SHEETS = (("tensors", "Tensors"), ("contents", "Contents"), ("difference", "Difference"), ("drift", "Drift"))
_ONLY_OF = {
    "tensors": ("turn", "sort", "broken"),
    "difference": ("measure",),
    "drift": ("drift", "first-nan", "sort"),
}
"""Bindings that are worth a place in the footer on one page only (or two)."""
_HOW_TO_DRIFT = (
    "r reads the checkpoints of this series, newest pair first, and shows how far each layer moved from one to the "
    "next; layers that jumped are marked.",
    "b finds the first checkpoint with NaN in its weights by reading only a few of them.",
)


class CheckpointSheets(Widget):
    """Draws what `work` has in hand; nothing here reads or asks."""

    DEFAULT_CSS = "CheckpointSheets { height: 1fr; }"

    def __init__(self, work: CheckpointWork, current: str) -> None:
        super().__init__()
        self.work = work
        self.current = current
        self.reading: CheckpointReading | None = None
        self.checkpoints: Sequence[CheckpointReading] = ()
        self.ready: Readiness | None = None
        """What the run would go on from; None while nothing is listed."""
        self.tensors = TensorSheet()
        self._needle, self._drift_order = "", ORDERS[0]
        self._said: dict[str, str] = {}
        self._taken: tuple[object, object] = (None, None)
        self._views = {name: RowsView(self._computer(name), id=f"sheet-{name}") for name, _ in SHEETS}

    def compose(self) -> ComposeResult:
        for name, view in self._views.items():
            view.display = name == self.current
            yield view

    @property
    def view(self) -> RowsView:
        """The page that is shown."""
        return self._views[self.current]

    def go(self, name: str) -> None:
        """Show a page and give it the keyboard."""
        self.current = name
        for key, view in self._views.items():
            view.display = key == name
        self.focus_view()

    def focus_view(self) -> None:
        self.view.focus()

    def draw(self) -> None:
        """Take what is new in hand, and draw the page that is shown."""
        contents, measured = self.work.contents, self.work.measured
        if contents is not None and contents is not self._taken[0]:
            self.tensors.take(contents, max(4, self.size.height - 2))
        if measured is not self._taken[1]:
            self.tensors.measure(measured)
        self._taken = (contents, measured)
        self.view.redraw()

    def say(self, sheet: str, text: str) -> None:
        """Tell on a page why there is nothing on it."""
        self._said[sheet] = text
        self.view.redraw()

    def label(self, name: str, title: str) -> str:
        """What the tab of a page says."""
        if name == "tensors" and self.current == name:
            note = self.tensors.note()
            return f"{title} ({note})" if note else title
        if name == "difference" and self.work.difference is not None:
            found = self.work.difference
            return f"{title} ({len(found.rows) - found.count('same'):,})" if found.rows else title
        return title

    def idle(self) -> set[str]:
        """Ids of the bindings that do nothing on this page."""
        mine = _ONLY_OF.get(self.current, ())
        every = {name for names in _ONLY_OF.values() for name in names}
        if self.reading is not None and self.reading.verdict == "non-finite-weights":
            mine = (*mine, "first-nan")  # the question that comes up then
        return {f"checkpoint.{name}" for name in every if name not in mine}

    def fold(self, opened: bool | None) -> None:
        """Fold or unfold the selected group."""
        key = self.view.selected
        if self.current == "tensors" and key is not None:
            self.view.select(self.tensors.fold(key, opened=opened))

    def fold_all(self) -> None:
        self.tensors.fold_all()
        self.view.redraw()

    def flatten(self) -> None:
        self.tensors.flatten()
        self.view.redraw()

    def filter(self, needle: str) -> None:
        """On all pages that have names."""
        self._needle = needle
        self.tensors.filter(needle)

    def sort(self) -> None:
        """The next order of the page that is shown."""
        if self.current == "drift":
            self._drift_order = ORDERS[(ORDERS.index(self._drift_order) + 1) % len(ORDERS)]
        else:
            self.tensors.sort()

    def next_broken(self) -> str:
        """Go to the next tensor with NaN; why not, if there is none."""
        if self.work.measured is None:
            return "v reads every byte first: only then NaN is known"
        found = self.tensors.next_broken(self._views["tensors"].selected)
        if found is None:
            return "no tensor holds NaN or infinity"
        self.go("tensors")
        self.view.select(found)
        return ""

    def _computer(self, name: str) -> Compute:
        return {
            "tensors": self._tensors_page,
            "contents": self._contents_page,
            "difference": self._difference_page,
            "drift": self._drift_page,
        }[name]

    @property
    def _plain(self) -> bool:
        return bool(getattr(self.app, "ascii", False))

    def _tensors_page(self, width: int) -> Page:
        return self.tensors.page(width, plain=self._plain)

    def _contents_page(self, width: int) -> Page:
        work, plain = self.work, self._plain
        rows = content_rows(self.reading, work.contents, work.measured, width, plain=plain, ready=self.ready)
        return Page(rows[1:] if rows and not rows[0] else rows)

    def _difference_page(self, width: int) -> Page:
        found = self.work.difference
        if found is None:
            text = self._said.get("difference") or (
                "comparing …" if self.work.doing == "comparing" else "d compares it."
            )
            return Page(_told([text], width))
        names = self._names()
        pair = (names.get(found.first) or _base(found.first), names.get(found.second) or _base(found.second))
        return difference_page(found, pair, width, self._needle, plain=self._plain)

    def _drift_page(self, width: int) -> Page:
        names, head = self._names(), list[Row]()
        if self.work.first is not None:
            head = [*nonfinite_rows(self.work.first, names, width, plain=self._plain), ()]
        if self.work.drift is None:
            said = self._said.get("drift")
            return Page([*head, *_told([said] if said else _HOW_TO_DRIFT, width)])
        page = drift_page(self.work.drift, names, width, self._needle, self._drift_order, plain=self._plain)
        return Page([*head, *page.rows], [*[None] * len(head), *page.keys])

    def _names(self) -> dict[str, str]:
        """Names of the checkpoints by their paths and by those of the files inside."""
        names = {c.path: c.name for c in self.checkpoints}
        drift, first = self.work.drift, self.work.first
        for file in (*(drift.paths if drift else ()), *([s.path for s in first.looked] if first else ())):
            folder = file.rpartition("/")[0]
            names.setdefault(file, names.get(folder) or _base(file))
        return names


def _told(texts: Sequence[str], width: int) -> list[Row]:
    return [((line, "dim"),) for text in texts for line in (*wrap(clean(text), width), "")]


def _base(path: str) -> str:
    return path.rpartition("/")[2]
