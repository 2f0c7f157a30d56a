"""How the weights moved over the run: a sparkline a layer, outliers marked, and where NaN first came in. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lptui.checkpoints.bisection import FirstNonFinite
from lptui.checkpoints.drift import Drift, Jump, LayerDrift, layer_of
from lptui.model.middle import median
from lptui.text import format_value, plural, short_bytes, shorten_middle
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row, Span, clean, crop, wrap
from lptui.tui.widgets.tensorlist import make_match
from lptui.tui.widgets.tensorrows import LazyRows

_LEVELS = "▁▂▃▄▅▆▇█"
_PLAIN_LEVELS = "_.:-=+*#"
_WHOLE = "all tensors"
ORDERS = ("file", "newest", "jump")

Name = Mapping[str, str]
"""What a file's checkpoint is called, by the path of the file."""


def drift_page(drift: Drift, names: Name, width: int, needle: str, order: str, *, plain: bool) -> Page:
    """One row a layer; the last column of a sparkline is the step to the newest checkpoint."""
    head = _head(drift, width)
    jumps = {jump.layer: jump for jump in reversed(drift.jumps)}  # the worst of a layer comes first in the list
    match = make_match(needle)
    unknown = _unknown(drift)
    layers = [_without(layer, unknown) for layer in drift.layers if match(layer.layer)]
    layers.sort(key=_rank(order, jumps))
    whole = LayerDrift(_WHOLE, 0, tuple(step.relative for step in drift.steps))
    rows = [whole, *layers] if drift.steps else []
    if rows:
        head += [(), _titles(width, order)]

    def draw(i: int) -> Row:
        return layer_row(rows[i], jumps.get(rows[i].layer) if i else None, drift, names, width, plain=plain)

    keys = [*[None] * len(head), *(f"{i}:{row.layer}" for i, row in enumerate(rows))]
    return Page(LazyRows(head, len(rows), draw), keys)


def _unknown(drift: Drift) -> set[tuple[str, int]]:
    """(layer, step) in which a tensor of the layer changed by nobody knows how much (NaN, other shapes)."""
    return {(layer_of(t.name), i) for i, step in enumerate(drift.steps) for t in step.not_compared}


def _without(layer: LayerDrift, unknown: set[tuple[str, int]]) -> LayerDrift:
    """What is left of a layer without its unknown part would be shown as the whole: rather nothing."""
    known = tuple(None if (layer.layer, i) in unknown else r for i, r in enumerate(layer.relative))
    return layer if known == layer.relative else replace(layer, relative=known)


def nonfinite_rows(found: FirstNonFinite, names: Name, width: int, *, plain: bool) -> list[Row]:
    """The answer of the search for the first NaN."""
    told = [(line, style) for text, style in _tell_first(found, names, plain) for line in wrap(text, width, 4)]
    return [((line, style),) for line, style in told]


def _tell_first(found: FirstNonFinite, names: Name, plain: bool) -> list[Span]:
    read = f"{plural(len(found.looked), 'checkpoint')} read"
    if found.first is None:
        good = any(one.finite for one in found.looked)
        mark = ("o" if plain else "●") if good else ("." if plain else "·")
        return [(f"{mark} no NaN found: {clean(found.conclusion)} ({read})", "ok" if good else "dim")]
    tensors = [clean(name) for name in found.tensors]
    more = f" and {len(tensors) - 2} more" if len(tensors) > 2 else ""
    first = f"{'X' if plain else '✖'} first NaN in {call(found.first, names)}: {', '.join(tensors[:2])}{more}"
    last = f"last finite {call(found.last_finite, names)}" if found.last_finite else "no finite one before it"
    return [
        (f"{first}, {last}", "error"),
        (f"{clean(found.conclusion)}; {read}. {found.assumption[:1].upper()}{found.assumption[1:]}.", "dim"),
    ]


def call(path: str, names: Name) -> str:
    """The checkpoint that a file belongs to, by name."""
    return clean(names.get(path) or path.rpartition("/")[2])


def _head(drift: Drift, width: int) -> list[Row]:
    done = [step for step in drift.steps if step.reason != "stopped"]
    failed = [step for step in done if step.reason]
    cost = short_bytes(sum(step.read for step in drift.steps))
    words = (
        f"{plural(drift.n_layers, 'layer')} over {plural(len(drift.paths), 'checkpoint')}, relative change (L2) "
        f"from each to the next; {len(done)} of {len(drift.steps)} pairs compared, {cost} of tensors read"
    )
    rows: list[Row] = [((line, "dim"),) for line in wrap(words, width, 3)]
    for step in failed[:3]:
        text = f"not compared: {clean(step.first.rpartition('/')[2])}, {clean(step.second.rpartition('/')[2])}: "
        rows += [((line, "warn"),) for line in wrap(text + clean(step.reason), width, 2)]
    if len(failed) > 3:
        rows.append(((f"and {len(failed) - 3} more pairs that could not be compared", "warn"),))
    if drift.n_layers > len(drift.layers):
        rows.append(((f"the first {len(drift.layers):,} of {drift.n_layers:,} layers", "dim"),))
    return rows


def _titles(width: int, order: str) -> Row:
    room, spark, numbers = _widths(width)
    cells = [(f"{'layer':<{room}} ", "dim"), (f"{'over the run':<{spark}}", "dim")]
    for title, wanted in (("usual", "usual"), ("newest", "newest"))[:numbers]:
        cells.append((f" {title:>9}", "accent" if wanted == order else "dim"))
    return crop((*cells, ("  unusual", "accent" if order == "jump" else "dim")), width)


def layer_row(layer: LayerDrift, jump: Jump | None, drift: Drift, names: Name, width: int, *, plain: bool) -> Row:
    """Name, sparkline, its usual and its newest change, and the step in which it jumped."""
    room, spark, numbers = _widths(width)
    moves = [r for r in layer.relative if r]
    values = (median(moves) if moves else None, layer.relative[-1] if layer.relative else None)
    row: list[Span] = [
        (f"{shorten_middle(clean(layer.layer), room):<{room}} ", "title" if not layer.tensors else "key")
    ]
    marked = jump.step if jump is not None else None
    row += sparkline(layer.relative, spark, marked, plain=plain)
    row += [(f" {format_value(value):>9}", "value") for value in values[:numbers]]
    if jump is not None:
        times = jump.relative / jump.usual if jump.usual else 0.0
        at = call(drift.paths[jump.step + 1], names)
        row.append((f"  {'!' if plain else '▲'} ×{times:.3g} to {at}", "warn"))
    return crop(tuple(row), width)


def _widths(width: int) -> tuple[int, int, int]:
    """(name, sparkline, how many numbers)."""
    name = max(12, min(40, width * 32 // 100))
    spark = max(6, min(60, width * 28 // 100))
    numbers = 2 if width >= 76 else 1 if width >= 56 else 0
    return name, spark, numbers


def sparkline(values: Sequence[float | None], width: int, marked: int | None, *, plain: bool) -> list[Span]:
    """`values` as levels up to their largest in exactly `width` cells, newest at the right; of several in one cell the
    largest counts. None is a dot. The cell of the value `marked` stands out."""
    levels = _PLAIN_LEVELS if plain else _LEVELS
    moves = [v for v in values if v]
    top = max(*moves, 2 * median(moves)) if moves else 0.0  # what is usual stays in the lower half
    count = len(values)
    cells = min(width, count)
    spans: list[Span] = [(" " * (width - cells), "")]
    for cell in range(cells):
        start, end = cell * count // cells, (cell + 1) * count // cells
        known = [v for v in values[start:end] if v is not None]
        is_marked = marked is not None and start <= marked < end
        if not known:
            spans.append(("." if plain else "·", "faint"))
            continue
        level = round(max(known) / top * (len(levels) - 1)) if top else 0
        spans.append((levels[level], "warn bold reverse" if is_marked else "series-1"))
    return spans


def _rank(order: str, jumps: Mapping[str, Jump]) -> Callable[[LayerDrift], float]:
    def by_newest(layer: LayerDrift) -> float:
        return -(layer.relative[-1] or 0.0) if layer.relative else 0.0

    def by_jump(layer: LayerDrift) -> float:
        jump = jumps.get(layer.layer)
        return -(jump.relative / jump.usual) if jump is not None and jump.usual else 0.0

    return {"newest": by_newest, "jump": by_jump}.get(order, lambda _layer: 0.0)
