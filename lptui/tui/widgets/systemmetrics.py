"""Which metrics tell of the machine, in which section each belongs, and which are one quantity on several devices."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MOST_DEVICES = 12
_SYSTEM = re.compile(
    r"^(?:system|monitor|host|gpu|cpu|memory|disk|network|proc|devicestats\w*)[./]|^(?:gpu|cpu)\d*_|^(?:cpu|memory)$",
    re.I,
)
_GROUPS = (
    ("GPU", re.compile(r"gpu|cuda|vram|nvml|tpu|neuron|ipu", re.I)),
    ("network", re.compile(r"network|(?:^|[/._])net(?:[/._]|$)", re.I)),
    ("disk", re.compile(r"disk", re.I)),
    ("memory", re.compile(r"mem|swap|(?:^|[/._])r(?:am|ss)", re.I)),
    ("CPU", re.compile(r"cpu|load", re.I)),
)
_ORDER = {"GPU": 0, "CPU": 1, "memory": 2, "disk": 3, "network": 4, "other": 5}
_DEVICE = re.compile(r"(?<![a-z])(?P<kind>gpu|cpu|tpu)(?:[._/]process)?[._/]?(?P<number>\d{1,3})(?=[._/]|$)", re.I)
_LONGEST = 300


def is_system(name: str) -> bool:
    """Whether a metric tells of the machine: W&B's `system/...`, MLflow's, `monitor/...`, `gpu...`, `cpu...`."""
    return _SYSTEM.search(name[:_LONGEST]) is not None


@lru_cache(maxsize=4096)
def system_section(name: str) -> str:
    """'GPU', 'CPU', 'memory', 'disk', 'network' or 'other'."""
    return next((word for word, pattern in _GROUPS if pattern.search(name[:_LONGEST])), "other")


def choose_system(names: Iterable[str]) -> list[str]:
    """Those of `names` that tell of the machine, section by section."""
    return sorted(filter(is_system, names), key=lambda name: _ORDER[system_section(name)])


def find_devices(names: Iterable[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """One quantity on several devices: 'system/gpu.*.temp' -> (('system/gpu.0.temp', 'gpu0'), ...), by number."""
    found: dict[str, list[tuple[int, str, str]]] = {}
    for name in names:
        device = _DEVICE.search(name[:_LONGEST])
        if device is not None:
            start, end = device.span("number")
            label = f"{device['kind'].lower()}{device['number']}"
            found.setdefault(f"{name[:start]}*{name[end:]}", []).append((int(device["number"]), name, label))
    return {
        key: tuple((name, label) for _, name, label in sorted(members))
        for key, members in found.items()
        if 1 < len(members) <= MOST_DEVICES
    }
