"""What was drawn of each chart and from what: a chart is reduced again only when it would look different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lptui.stores.axes import Axes, Axis
from lptui.stores.columns import reach
from lptui.stores.series import Series
from lptui.tui.widgets.chart import Look, Pose, body_rows, dot_columns, head_rows
from lptui.tui.widgets.chartlines import Line
from lptui.tui.widgets.chartwindow import Range
from lptui.tui.widgets.curves import Curve, curve_of, same_look
from lptui.tui.widgets.rows import Row

_KEPT = 200
MANY, PACE = 4, 2.0
"""More charts than this move every so many seconds only while a run goes on, their newest values each second: together
they would be most of the work, and one that moves every other second looks as alive."""
Reach = tuple[float, float, str]


@dataclass(slots=True)
class _Sketch:
    curves: list[Curve]
    key: tuple[object, ...]
    shown: Range
    at: float = 0.0
    made_of: tuple[object, ...] = ()
    newest: tuple[object, ...] = ()
    head: int = 0
    body: list[Row] = field(default_factory=list[Row])
    rows: list[Row] = field(default_factory=list[Row])


class Sketches:
    """The charts that were drawn last, by name. `reduced` counts the lines that were reduced since the start."""

    def __init__(self) -> None:
        self.reduced = 0
        self.now = self.pace = 0.0
        """The time of what is drawn, and how many seconds a line may stand still while points come."""
        self.owing = False
        """Whether a chart was left as it was for that reason."""
        self._sketches: dict[str, _Sketch] = {}
        self._reaches: dict[tuple[str, Axis, int], tuple[Series, Axes, Reach | None]] = {}

    def begin(self, count: int, *, growing: bool) -> None:
        """A picture of `count` charts of a run that goes on, or has ended."""
        self.pace = PACE if growing and count > MANY else 0.0
        self.owing = False

    def rows(
        self, name: str, lines: Sequence[Line], shown: Range, width: int, height: int, look: Look, pose: Pose
    ) -> list[Row]:
        """The chart in `height` rows of `width` cells."""
        sketch = self._reduced(name, lines, shown, width, look)
        newest = tuple(line.series for line in lines)
        made_of = (*sketch.curves, height, look, pose)
        if not _same(sketch.newest, newest) or not _same(sketch.made_of, made_of):
            curves = [
                Curve(line, curve.columns, curve.smooth) for line, curve in zip(lines, sketch.curves, strict=True)
            ]
            head = head_rows(curves, width, height, look, pose)
            if len(head) != sketch.head or not _same(sketch.made_of, made_of):
                sketch.body = body_rows(curves, width, height - len(head), look, pose)
            sketch.rows = [*head, *sketch.body][:height]
            sketch.head, sketch.newest, sketch.made_of = len(head), newest, made_of
        return sketch.rows

    def reach(self, line: Line, axis: Axis) -> Reach | None:
        """Where the points of `line` lie on the x axis, and what that counts if not what it should."""
        key = (line.series.key, axis, line.solid)
        known = self._reaches.get(key)
        if known is not None and known[0] is line.series and known[1] is line.axes:
            return known[2]
        if len(self._reaches) > _KEPT * 4:
            self._reaches.clear()
        found = reach(line.series, axis, line.axes)
        self._reaches[key] = (line.series, line.axes, found)
        return found

    def curves(self, name: str) -> list[Curve]:
        """What was drawn of a chart last."""
        sketch = self._sketches.get(name)
        return sketch.curves if sketch is not None else []

    def _reduced(self, name: str, lines: Sequence[Line], shown: Range, width: int, look: Look) -> _Sketch:
        dots = dot_columns(width)
        key = (dots, look.axis, look.smooth, tuple((line.label, line.style, line.letter) for line in lines))
        old = self._sketches.get(name)
        if old is not None and old.key == key and _close(old.shown, shown, dots):
            shown = old.shown
            if all(same_look(c.line.series, line.series, dots) for c, line in zip(old.curves, lines, strict=True)):
                return old
            if self.now - old.at < self.pace and all(
                c.line.series.nonfinite == line.series.nonfinite for c, line in zip(old.curves, lines, strict=True)
            ):
                self.owing = True
                return old
            known = {id(c.line.series): c for c in old.curves}
        else:
            known = dict[int, Curve]()
        if len(self._sketches) > _KEPT:
            self._sketches.clear()
        curves: list[Curve] = []
        for line in lines:
            curve = known.get(id(line.series))
            if curve is None or curve.line.series is not line.series:
                self.reduced += 1
                curve = curve_of(line, dots, look.axis, shown, look.smooth)
            curves.append(curve)
        sketch = self._sketches[name] = _Sketch(curves, key, shown, self.now)
        return sketch


def _close(one: Range, two: Range, dots: int) -> bool:
    """Whether two ranges of x differ by so little of a dot that nobody sees it."""
    least = abs(one[1] - one[0]) / (dots or 1) / 4
    return one == two or (abs(one[0] - two[0]) < least and abs(one[1] - two[1]) < least)


def _same(one: tuple[object, ...], two: tuple[object, ...]) -> bool:
    return len(one) == len(two) and all(a is b or a == b for a, b in zip(one, two, strict=True))
