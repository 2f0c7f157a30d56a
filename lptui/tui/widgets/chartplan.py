"""From the metrics there are to what the grid shows: sections, train and validation together, tables for families."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lptui.tui.widgets.chartlines import find_families
from lptui.tui.widgets.systemmetrics import find_devices

FAMILY_LIMIT = 12
"""A family of more metrics than this reads better as a table than as charts."""
_PARTS = re.compile(r"[/.]")
_DIGITS = re.compile(r"\d+")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Tile:
    """One place in the grid: a metric, several that belong together (`members`: metric, label), or a table of many."""

    name: str
    members: tuple[tuple[str, str], ...]
    table: bool = False
    section: str = ""


def section_of(name: str) -> str:
    """The prefix by which metrics are grouped: 'losses' of 'losses/policy'; '' for names without one."""
    head, sep, _ = name[:_LONGEST].partition("/")
    if not sep and "." in head:
        head, sep, _ = head.partition(".")
    return head if sep else ""


def plan_tiles(
    names: Sequence[str],
    *,
    together: bool = True,
    tables: bool = True,
    sections: bool = False,
    urgent: Container[str] = (),
    per_task: Container[str] = (),
    section: Callable[[str], str] = section_of,
    devices: bool = False,
) -> tuple[Tile, ...]:
    """`names` in their order as tiles. `urgent` metrics stay charts of their own; with `sections` tiles are grouped by
    what `section` calls them, the section of the first metric first; with `devices` one quantity on several of them is
    one chart."""
    shapes = find_shapes(names, per_task, urgent) if tables else {}
    owner = {name: shape for shape, members in shapes.items() for name, _ in members}
    families = find_families(n for n in names if n not in owner) if together else {}
    if devices:
        families |= find_devices(n for n in names if n not in owner)
    inside = {name for members in families.values() for name, _ in members}
    led = {name: lead for lead, members in families.items() for name, _ in members}
    told = section if sections else _no_section
    tiles: list[Tile] = []
    seen: set[str] = set()
    for name in names:
        shape = owner.get(name)
        if shape is not None:
            if shape not in seen:
                tiles.append(Tile(shape, shapes[shape], True, told(shape)))
                seen.add(shape)
        elif name in inside:
            lead = led[name]
            if lead not in seen:
                tiles.append(Tile(lead, families[lead], False, told(lead)))
                seen.add(lead)
        else:
            tiles.append(Tile(name, ((name, ""),), False, told(name)))
    return _grouped(tiles) if sections else tuple(tiles)


def _no_section(_name: str) -> str:
    return ""


def _grouped(tiles: Iterable[Tile]) -> tuple[Tile, ...]:
    groups: dict[str, list[Tile]] = {}
    for tile in tiles:
        groups.setdefault(tile.section, []).append(tile)
    return tuple(tile for group in groups.values() for tile in group)


def find_shapes(
    names: Iterable[str], per_task: Container[str] = (), apart: Container[str] = ()
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Families of metrics with the same shape of name, one part of which varies: 'env/*/success' -> its members as
    (metric, what stands for the star). The last part may vary only where it counts something, or per task."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        if name in apart or len(name) > _LONGEST:
            continue
        for shape, word in _shapes(name, name in per_task):
            groups.setdefault(shape, []).append((name, word))
    large = sorted((g for g in groups.items() if len(g[1]) > FAMILY_LIMIT), key=lambda g: -len(g[1]))
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    taken: set[str] = set()
    for shape, members in large:
        free = [m for m in members if m[0] not in taken]
        if len(free) > FAMILY_LIMIT:
            found[shape] = tuple(free)
            taken.update(name for name, _ in free)
    return found


@lru_cache(maxsize=32_768)
def _shapes(name: str, per_task: bool) -> tuple[tuple[str, str], ...]:
    """(shape, varying part) for each part of `name` that may vary."""
    places = [match.start() for match in _PARTS.finditer(name)]
    if not places:
        return ()
    bounds = list(zip([-1, *places], [*places, len(name)], strict=True))
    shapes: list[tuple[str, str]] = []
    for i, (before, after) in enumerate(bounds):
        word = name[before + 1 : after]
        last = i == len(bounds) - 1
        if last and not per_task:
            if not _DIGITS.search(word):
                continue
            shapes.append((name[: before + 1] + _DIGITS.sub("*", word), word))
        elif i or per_task:
            shapes.append((f"{name[: before + 1]}*{name[after:]}", word))
        elif len(bounds) > 2:
            shapes.append((f"*{name[after:]}", word))
    return tuple(shapes)


@dataclass(frozen=True, slots=True)
class Band:
    """One line of the grid: the head of a section, or charts side by side (indices into the tiles)."""

    section: str | None
    start: int = 0
    stop: int = 0
    folded: bool = False


def bands_of(tiles: Sequence[Tile], columns: int, folded: Collection[str], *, heads: bool) -> list[Band]:
    """`tiles` in bands of `columns`; with `heads` each section begins with its head; those in `folded` end there."""
    if not heads:
        return [Band(None, i, min(i + columns, len(tiles))) for i in range(0, len(tiles), columns)]
    bands: list[Band] = []
    start = 0
    while start < len(tiles):
        section = tiles[start].section
        stop = start
        while stop < len(tiles) and tiles[stop].section == section:
            stop += 1
        bands.append(Band(section, start, stop, section in folded))
        if section not in folded:
            bands += [Band(None, i, min(i + columns, stop)) for i in range(start, stop, columns)]
        start = stop
    return bands


def fill(bands: Sequence[Band], top: int, height: int, chart_height: int) -> int:
    """The band after the last that fits `height` lines, the first being `top`."""
    used, stop = 0, top
    while stop < len(bands):
        used += 1 if bands[stop].section is not None else chart_height
        if used > height and stop > top:
            break
        stop += 1
    return stop


def page_of(bands: Sequence[Band], band: int, height: int, chart_height: int) -> int:
    """The first band of the page that holds `band`, pages being filled from the beginning."""
    top = 0
    while True:
        stop = fill(bands, top, height, chart_height)
        if band < stop or stop >= len(bands):
            return top
        top = stop
