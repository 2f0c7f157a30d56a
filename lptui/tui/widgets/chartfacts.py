"""What is said below a chart that fills the pane: where its points come from, and the one that is read."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.stores.axes import Axis
from lptui.stores.provenance import tell_sources
from lptui.stores.series import Series, Spot
from lptui.text import clock, format_value, plural, sanitise, short_duration, short_number
from lptui.text.units import date
from lptui.tui.widgets.chart import Look
from lptui.tui.widgets.chartlines import Line
from lptui.tui.widgets.chartwindow import Window, window_words
from lptui.tui.widgets.curves import Curve
from lptui.tui.widgets.spans import Row, Span
from lptui.tui.widgets.xaxis import x_text

HINT = " c reads values, enter sets the time cursor there, i o zoom, 0 shows all, esc goes back"


def facts_row(series: Series, curves: Sequence[Curve]) -> Row:
    """Minimum, maximum, points, NaN, source."""
    extent = curves[0].columns.extent if series.sampled and curves else None
    low, high = extent or (series.minimum, series.maximum)
    row: list[Span] = [(" ", "")]
    for name, value in (("min", format_value(low)), ("max", format_value(high))):
        row += [(f"{name} ", "dim"), (f"{value}  ", "value")]
    row += [
        ("points ", "dim"),
        (f"{series.count:,}" + (" and a sample of the rest" if series.sampled else ""), "value"),
    ]
    if series.nonfinite:
        row.append((f"  {plural(series.nonfinite, 'NaN or infinite point')}", "error"))
    row += [("  from ", "dim"), (sanitise(series.source[:200]), "value")]
    for share in tell_sources(series)[1:] if series.others else ():
        if not share.used:
            row.append((f", {sanitise(share.source[:60])} says otherwise", "warn"))
        else:
            named = "" if share.name == series.key else f" ({sanitise(share.name[:60])})"
            row.append((f", also {sanitise(share.source[:60])}{named}", "dim"))
    return tuple(row)


def probe_row(line: Line, spot: Spot | None, axis: Axis) -> Row:
    """The point at the crosshair: place and value."""
    if spot is None:
        return ((HINT, "dim"),)
    row: list[Span] = [(" at ", "dim")]
    if spot.step is not None:
        words = f"{spot.step:,.0f}" if abs(spot.step) < 1e15 else short_number(spot.step)
        row += [("step ", "dim"), (words, "key")]
    if spot.time is not None and (axis in ("time", "since") or spot.step is None):
        start = line.axes.start
        since = short_duration(spot.time - start) if start is not None else ""
        told = f"{since} after its start" if axis == "since" and since else f"{date(spot.time)[:10]} {clock(spot.time)}"
        row += [(", " if spot.step is not None else "", "dim"), (told, "key")]
    return (*row, (": ", "dim"), (format_value(spot.value), "value bold"))


def look_words(look: Look, window: Window, hair: float | None = None) -> list[str]:
    """What the reader set of the axes, and where the crosshair is, for the title of the pane."""
    unit = "" if look.smooth.kind == "weight" else "s"
    return [
        {"time": "wall time", "since": "since start", "epoch": "epochs"}.get(look.axis, ""),
        window_words(window, look.axis),
        "log y" if look.log else "",
        "" if look.clip else "outliers shown",
        "" if look.smooth.off else f"smooth {look.smooth.amount:g}{unit}",
        "" if hair is None else f"values at {_place_text(hair, look.axis)}",
    ]


def _place_text(place: float, axis: Axis) -> str:
    if axis == "epoch":
        return f"{place:.4g}"
    return f"{place:,.0f}" if axis == "step" and abs(place) < 1e15 else x_text(place, 1.0, axis)
