"""Where the panes are, as pure arithmetic: window size and what the reader chose in, boxes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

SizeClass = Literal["wide", "medium", "narrow", "tiny", "sentence"]
Box = tuple[int, int, int, int]
"""x, y, width, height in cells."""

_OVERVIEW = ("log", "findings", "metrics", "learning", "machine", "checkpoints")
_MEDIUM_DEFAULT = ("findings", "metrics")
QUIET = 5
"""Height of the findings when there are none: the verdict and what it rests on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The panes that are displayed and where."""

    size: SizeClass
    boxes: dict[str, Box] = field(default_factory=dict[str, Box])


def classify(width: int, height: int) -> SizeClass:
    """Which of the five layouts a window of this size has."""
    if width >= 160 and height >= 40:
        return "wide"
    if width >= 100 and height >= 28:
        return "medium"
    if width >= 70 and height >= 18:
        return "narrow"
    return "tiny" if width >= 36 and height >= 7 else "sentence"


def plan(
    size: SizeClass,
    width: int,
    height: int,
    recent: Sequence[str],
    *,
    zoomed: bool = False,
    visitor: str = "",
    findings: int = 1,
    devices: int = 0,
) -> Plan:
    """Boxes within a stage of `width` x `height`. `recent`: pane ids, the one chosen last first. `visitor`: a
    pane that has no place of its own in the wide layout and was called in. `findings`: how many there are;
    where there are none their pane is small and the charts get the room. `devices`: how many GPUs."""
    current = recent[0] if recent else "log"
    if size in ("narrow", "tiny", "sentence") or zoomed:
        return Plan(size, {current: (0, 0, width, height)})
    if size == "medium":
        return Plan(size, _medium(width, height, recent, findings))
    return Plan(size, _wide(width, height, visitor, findings, devices))


def _medium(width: int, height: int, recent: Sequence[str], findings: int) -> dict[str, Box]:
    beside = [p for p in dict.fromkeys((*recent, *_MEDIUM_DEFAULT)) if p != "log"][:2]
    beside.sort(key=_order)
    left = width * 52 // 100
    if "findings" in beside:
        beside.sort(key=lambda p: p != "findings")
        top = max(9, height * 40 // 100) if findings else QUIET
    else:
        top = height // 2
    return {
        "log": (0, 0, left, height),
        beside[0]: (left, 0, width - left, top),
        beside[1]: (left, top, width - left, height - top),
    }


def _wide(width: int, height: int, visitor: str, findings: int, devices: int) -> dict[str, Box]:
    """Log left; right, from the top: findings, charts over the full width, tasks beside machine and checkpoints."""
    left = width * 48 // 100
    right = width - left
    half = right // 2
    top = max(9, min(findings + 10, height * 25 // 100)) if findings else QUIET
    charts = max(16 if height - top >= 32 else 14, (height - top) * 44 // 100)
    low = height - top - charts
    machine = min(low * 60 // 100, 10 + 3 * devices)
    boxes: dict[str, Box] = {
        "log": (0, 0, left, height),
        "findings": (left, 0, right, top),
        "metrics": (left, top, right, charts),
        "learning": (left, top + charts, half, low),
        "machine": (left + half, top + charts, right - half, machine),
        "checkpoints": (left + half, top + charts + machine, right - half, low - machine),
    }
    if visitor:  # it shares the column of the log
        upper = height * 45 // 100
        boxes["log"] = (0, 0, left, upper)
        boxes[visitor] = (0, upper, left, height - upper)
    return boxes


def is_visitor(pane_id: str) -> bool:
    """Whether the wide layout shows this pane only when it is called in."""
    return pane_id not in _OVERVIEW


def _order(pane_id: str) -> int:
    return _OVERVIEW.index(pane_id) if pane_id in _OVERVIEW else len(_OVERVIEW)
