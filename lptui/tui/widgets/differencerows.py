"""What differs between two checkpoints as rows: numbers first, then tensors, the largest change on top. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.checkpoints.comparison import MOST_ROWS, TensorChange
from lptui.checkpoints.difference import KINDS, Difference, NumberChange
from lptui.text import format_value, plural, short_bytes, shorten_middle
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row, bar, clean, columns, crop, wrap
from lptui.tui.widgets.tensorlist import make_match
from lptui.tui.widgets.tensorrows import LazyRows, shape_words

_STYLES = {"reshaped": "error", "gone": "error", "new": "warn", "changed": "value", "unknown": "dim", "same": "dim"}
_MARKS = {"reshaped": "≠", "gone": "−", "new": "+", "changed": "~", "unknown": "?", "same": "="}
_PLAIN_MARKS = {"≠": "#", "−": "-"}


def difference_page(found: Difference, names: tuple[str, str], width: int, needle: str, *, plain: bool) -> Page:
    """`names` are those of the two checkpoints. Tensors that are the same come last."""
    head = [*_head(found, names, width), *_numbers(found.numbers, width)]
    match = make_match(needle)
    rows = [row for row in found.rows if match(row.name)] if needle.strip() else list(found.rows)
    largest = max((row.relative or 0.0 for row in rows), default=0.0)
    if found.rows:
        head += [(), _titles(width, measured=found.measured)]
    if needle.strip() and not rows:
        head.append(((f"no tensor matches {clean(needle, 60)}", "dim"),))

    def draw(i: int) -> Row:
        return change_row(rows[i], width, largest, measured=found.measured, plain=plain)

    keys = [*[None] * len(head), *(f"{i}:{row.name}" for i, row in enumerate(rows))]
    return Page(LazyRows(head, len(rows), draw), keys)


def _head(found: Difference, names: tuple[str, str], width: int) -> list[Row]:
    text = f"{clean(names[0])} → {clean(names[1])}"
    rows: list[Row] = [((line, "title"),) for line in wrap(text, width, 3)]
    if found.reason:
        rows += [((line, "error"),) for line in wrap(f"not compared: {clean(found.reason)}", width, 4)]
    for path in found.alone[:8]:
        rows.append(crop(((f"only in one of them: {clean(path.rpartition('/')[2])}", "warn"),), width))
    if not found.rows:
        return rows
    counts = ", ".join(f"{found.count(kind):,} {kind}" for kind in KINDS if found.count(kind))
    rows += [((line, "value"),) for line in wrap(f"{plural(len(found.rows), 'tensor')}: {counts}", width, 2)]
    if len(found.rows) >= MOST_ROWS:
        rows.append(((f"only the first {MOST_ROWS:,} of each file are listed", "warn"),))
    cost = f"{short_bytes(found.read)} of tensors read" if found.read else "told by checksums: no tensor was read"
    more = "" if found.measured or not found.count("changed") else "; m measures by how much"
    return [*rows, *(((line, "dim"),) for line in wrap(cost + more, width, 2))]


def _numbers(changes: Sequence[NumberChange], width: int) -> list[Row]:
    if not changes:
        return []
    rows: list[Row] = [(), (("Numbers", "accent bold"),)]
    column = min(30, max(len(clean(c.name)) for c in changes) + 2)
    for change in changes:
        gap = "" if change.before is None or change.after is None else _gap(change.after - change.before)
        words = f"{_value(change.before)} → {_value(change.after)}"
        rows.append(crop(((f"{clean(change.name):<{column}}"[:column], "key"), (words, "value"), (gap, "dim")), width))
    return rows


def _value(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if float(value).is_integer() else format_value(value)


def _gap(gap: float) -> str:
    if gap != gap:
        return ""
    return f"   {'+' if gap > 0 else ''}{_value(gap)}"


def _titles(width: int, *, measured: bool) -> Row:
    return columns(_cells(("", "tensor", "shape", "change", "cosine", ""), "dim", width, measured=measured))


def change_row(row: TensorChange, width: int, largest: float, *, measured: bool, plain: bool) -> Row:
    """One tensor: how it differs and, where that was measured, by how much."""
    style = _STYLES.get(row.kind, "dim")
    mark = _MARKS.get(row.kind, "?")
    shape = shape_words(row.shape) if row.kind != "reshaped" else f"{clean(row.before)} → {shape_words(row.shape)}"
    share = (row.relative or 0.0) / largest if largest else 0.0
    cells = (
        f"{_PLAIN_MARKS.get(mark, mark) if plain else mark} {row.kind}",
        clean(row.name),
        shape,
        clean(row.why) if row.relative is None and row.why else format_value(row.relative) if row.relative else "",
        f"{row.cosine:.4f}" if row.cosine is not None else "",
        bar(share, 8, ascii_only=plain) if row.relative else "",
    )
    return columns(_cells(cells, style, width, measured=measured))


def _cells(
    texts: tuple[str, str, str, str, str, str], style: str, width: int, *, measured: bool
) -> list[tuple[str, str, int, str]]:
    kind, name, shape, change, cosine, drawn = texts
    cells = [(shape, "value" if style == "value" else style, 18 if width >= 70 else 12, ">")]
    if measured:
        cells.append((change, style, 9, ">"))
        if width >= 84:
            cells.append((cosine, "dim", 7, ">"))
        if width >= 96:
            cells.append((drawn, "ours", 8, "<"))
    room = max(4, width - 11 - sum(cell[2] + 1 for cell in cells))
    return [(kind, style, 10, "<"), (shorten_middle(name, room), style, room, "<"), *cells]
