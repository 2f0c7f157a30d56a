"""The keys of the chart grid."""

from __future__ import annotations

from textual.binding import Binding


def _key(key: str, action: str, word: str, name: str, tooltip: str, *, show: bool = False) -> Binding:
    return Binding(key, action, word, show=show, id=f"charts.{name}", tooltip=tooltip)


GRID_KEYS = [
    _key("left,h", "step(-1,0)", "Left", "left", "Chart to the left; with the crosshair: back"),
    _key("right", "step(1,0)", "Right", "right", "Chart to the right; with the crosshair: on"),
    _key("up,k", "step(0,-1)", "Up", "up", "Chart above"),
    _key("down,j", "step(0,1)", "Down", "down", "Chart below"),
    _key("pageup", "page(-1)", "Page up", "page-up", "Charts before"),
    _key("pagedown", "page(1)", "More", "page-down", "More charts", show=True),
    _key("home,g", "edge(-1)", "First", "first", "First chart; with the crosshair: its start"),
    _key("end,G", "edge(1)", "Last", "last", "Last chart; with the crosshair: its end"),
    _key("plus,equals_sign", "wider(1)", "More columns", "more", "One more column; past the most: as many as fit"),
    _key("minus", "wider(-1)", "Fewer columns", "fewer", "One column less"),
    _key("greater_than_sign", "taller(1)", "More rows", "more-rows", "One more row; past the most: as many as fit"),
    _key("less_than_sign", "taller(-1)", "Fewer rows", "fewer-rows", "One row less: each chart becomes higher"),
    _key("x", "axis", "X axis", "axis", "X axis: steps, epochs, wall time, time since the start", show=True),
    _key("i", "zoom_x(0.5)", "Zoom in", "zoom-in", "Half of what the x axis shows, in all charts"),
    _key("o", "zoom_x(2)", "Zoom out", "zoom-out", "Twice of what the x axis shows"),
    _key("shift+left,comma", "pan_x(-0.25)", "Back", "pan-left", "Move the window of the x axis back"),
    _key("shift+right,full_stop", "pan_x(0.25)", "On", "pan-right", "Move the window of the x axis on"),
    _key("I", "zoom_y(0.5)", "Zoom y", "zoom-in-y", "Half of what the y axis of this chart shows"),
    _key("O", "zoom_y(2)", "Zoom y out", "zoom-out-y", "Twice of what the y axis of this chart shows"),
    _key("shift+up,K", "pan_y(0.25)", "Higher", "pan-up", "Move the y axis of this chart up"),
    _key("shift+down,J", "pan_y(-0.25)", "Lower", "pan-down", "Move the y axis of this chart down"),
    _key("0", "reset", "Show all", "reset", "Show all of both axes again"),
    _key("w", "follow", "Newest part", "follow", "Only the newest part, which follows; again: more of it", show=True),
    _key("l", "log", "Log y", "log", "Logarithmic y axis, or back"),
    _key("C", "clip", "Outliers", "clip", "Cut outliers off the y axis, or show them"),
    _key("m", "smooth(1)", "Smooth", "smooth", "Smooth more, then not at all", show=True),
    _key("M", "smooth(-1)", "Smooth less", "smooth-less", "Smooth less"),
    _key("c", "crosshair", "Crosshair", "crosshair", "Read values: one crosshair in all charts", show=True),
    _key("d", "details", "Min/max", "details", "Minimum, maximum and change on each chart"),
    _key("left_square_bracket", "mark(-1)", "Mark before", "mark-before", "Go to the mark before on the x axis"),
    _key("right_square_bracket", "mark(1)", "Next mark", "mark-next", "Go to the next mark on the x axis"),
]  # fmt: skip
