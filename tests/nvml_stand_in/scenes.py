"""Scenes played in a process of their own (a library is loaded once a process): `python scenes.py NAME`.

Each drives a GpuSource with times of its own choosing, changes the stand-in's rules meanwhile, and prints what
it saw as one JSON object. Waiting is waiting for a value, never for a time.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from lptui.model.events import GpuSeen, StatusSeen
from lptui.sources.gpu import GpuSource

POLLS = 4000


class Scene:
    """A source, the newest that it said, and the rules behind it."""

    def __init__(self) -> None:
        self.source = GpuSource()
        self.now = 1000.0
        self.sweep: dict | None = None
        self.statuses: list[tuple[str, str]] = []
        self.next_try: float | None = None

    def poll(self) -> None:
        for event in self.source.poll(self.now):
            if isinstance(event, GpuSeen):
                self.sweep = dataclasses.asdict(event.sweep)
            elif isinstance(event, StatusSeen):
                self.statuses.append((event.status.condition, event.status.detail))
                self.next_try = event.status.next_try

    def until(self, seen: Callable[[Scene], bool], advance: float = 0.0) -> dict:
        """Poll, `advance` seconds further each time, until it is so."""
        for _ in range(POLLS):
            self.now += advance
            self.poll()
            if seen(self):
                return self.sweep or {}
        raise SystemExit(f"never came: {self.sweep} {self.statuses}")

    def rules(self, *lines: str) -> None:
        target = Path(os.environ["STAND_IN_RULES"])
        target.with_suffix(".new").write_text("".join(f"{line}\n" for line in lines))
        target.with_suffix(".new").replace(target)

    def forget(self) -> None:
        Path(os.environ["STAND_IN_LOG"]).write_text("")

    def calls(self) -> list[str]:
        return Path(os.environ["STAND_IN_LOG"]).read_text().splitlines()


def fresh(scene: Scene) -> bool:
    """All devices have answered at this very time."""
    devices = (scene.sweep or {}).get("devices") or ()
    return bool(devices) and all(device["read_at"] == scene.now for device in devices)


def first(scene: Scene) -> dict:
    return scene.until(fresh)


def next_sweep(scene: Scene) -> dict:
    scene.now += 1
    return scene.until(fresh)


def healthy(scene: Scene) -> dict:
    return {"sweep": first(scene)}


def refusing(scene: Scene) -> dict:
    before = first(scene)
    scene.forget()
    return {"sweep": before, "again": next_sweep(scene), "calls": scene.calls()}


def stumbling(scene: Scene) -> dict:
    good = first(scene)
    scene.rules("0 Power 999", "0 MemoryV2 10")
    scene.now += 8
    old = scene.until(fresh)
    scene.now += 120
    gone = scene.until(fresh)
    scene.rules()
    return {"good": good, "old": old, "gone": gone, "back": next_sweep(scene)}


def lost(scene: Scene) -> dict:
    first(scene)
    scene.rules("-1 devices 2", "1 Temperature 15", "1 HandleByUUID 15")
    scene.now += 1
    sweep = scene.until(lambda s: bool(s.sweep and s.sweep["devices"][1]["lost"]))
    scene.forget()
    for _ in range(20):
        scene.now += 1
        scene.until(lambda s: s.sweep["devices"][0]["read_at"] == s.now)
    asked = [call for call in scene.calls() if call.startswith("1 ")]
    scene.rules("-1 devices 2")
    scene.now += 30
    return {"sweep": sweep, "asked": asked, "back": scene.until(lambda s: not s.sweep["devices"][1]["lost"])}


def hung(scene: Scene) -> dict:
    first(scene)
    hung_since = scene.now
    scene.rules("-1 devices 3", "1 Utilization -1")
    only = ("partial", "GPU 1 without an answer")
    left = scene.until(lambda s: s.statuses[-1] == only and s.sweep["devices"][2]["read_at"] == s.now, 1)
    ages = [device["read_at"] - hung_since for device in left["devices"]]
    later = [next_of(scene, 0) for _ in range(5)]
    scene.until(lambda s: s.statuses[-1] == only and threads() == 2)
    partial = scene.statuses[-1]
    scene.rules("-1 devices 3")
    back = scene.until(lambda s: s.statuses[-1][0] == "ok" and fresh(s), 0.01)
    return {"ages": ages, "now": later[-1], "partial": partial, "back": back}


def threads() -> int:
    return sum(thread.name.startswith("lptui-nvml") for thread in threading.enumerate())


def next_of(scene: Scene, index: int) -> float:
    scene.now += 1
    scene.until(lambda s: s.sweep["devices"][index]["read_at"] == s.now)
    return scene.now


def leaving(scene: Scene) -> dict:
    """Quits while a device hangs: `main` must come to its end, and NVML not be shut down under the query."""
    first(scene)
    scene.rules("-1 devices 2", "0 Power -1")
    scene.until(lambda s: s.statuses[-1] == ("partial", "GPU 0 without an answer") and threads() == 2, 1)
    scene.source.close()
    while threads() > 1:  # the sweeper of the other device ends by itself
        pass
    return {"calls": [call for call in scene.calls() if "Shutdown" in call], "after": list(scene.source.poll(1.0))}


def quitting(scene: Scene) -> dict:
    first(scene)
    scene.source.close()
    while threads():
        pass
    return {"calls": [call for call in scene.calls() if "Shutdown" in call]}


def stuck_start(scene: Scene) -> dict:
    scene.until(lambda s: s.statuses[-1][0] == "failed", 1)
    failed = scene.statuses[-1]
    scene.rules()
    return {"failed": failed, "sweep": scene.until(fresh, 0.01), "status": scene.statuses[-1]}


def nothing(scene: Scene) -> dict:
    scene.until(lambda s: s.statuses[-1][0] in ("absent", "failed"))
    return {"sweep": scene.sweep, "status": scene.statuses[-1], "next_try": scene.next_try}


def late_driver(scene: Scene) -> dict:
    before = nothing(scene)
    scene.rules()
    scene.now += 61
    return {"before": before, "sweep": scene.until(fresh, 0.01)}


def driver_leaves(scene: Scene) -> dict:
    first(scene)
    scene.rules("0 Temperature 1", "-1 Init 9")
    scene.now += 1
    gone = scene.until(lambda s: s.statuses[-1][0] == "failed", 0.01)
    scene.rules()
    scene.now += 61
    return {"gone": gone, "sweep": scene.until(fresh, 0.01)}


def main() -> None:
    scene = Scene()
    print(json.dumps(globals()[sys.argv[1]](scene)), flush=True)


if __name__ == "__main__":
    main()
