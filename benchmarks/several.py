"""What more runs in one screen cost: threads, memory, CPU at rest, and how often the machine is asked.

    python benchmarks/several.py [RUN ...]      (default: three of the recorded runs)

Each count of runs is measured in a process of its own: engines are started, everything is read, then 10 s pass.
Beside it stands what the same number of separate `lptui` processes would take: the first row times the count.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

RECORDED = Path(__file__).parents[1] / "tests" / "runs"
REST = 10.0


def watch(paths: list[str]) -> dict[str, float]:
    """Attach to all of `paths` in this process and measure."""
    import psutil

    from lptui.engine.engine import Engine
    from lptui.engine.host import HostEngine
    from lptui.run import discover
    from lptui.sources.host import HostSource

    asked, real = [0], HostSource.poll

    def poll(self: HostSource, now: float) -> object:
        asked[0] += 1
        return real(self, now)

    HostSource.poll = poll  # type: ignore[method-assign]
    host = HostEngine()
    engines = [Engine(discover(path), host=host) for path in paths]
    for engine in engines[1:]:  # as on the screen: the first one is in front
        engine.follow(closely=False)
    ready = [threading.Event() for _ in engines]
    for engine, event in zip(engines, ready, strict=True):
        engine.start(lambda state, event=event: event.set() if state.complete and state.statuses else None)
    for event in ready:
        event.wait(60)
    time.sleep(2)
    process, before = psutil.Process(), asked[0]
    begun = sum(process.cpu_times()[:2])
    time.sleep(REST)
    return {
        "threads": threading.active_count(),
        "MB": process.memory_info().rss / 1e6,
        "% of a core at rest": 100 * (sum(process.cpu_times()[:2]) - begun) / REST,
        "questions to the machine": asked[0] - before,
    }


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(watch(sys.argv[2:])))
        sys.stdout.flush()
        import os

        os._exit(0)
    paths = sys.argv[1:] or [str(RECORDED / name) for name in ("healthy", "nan", "starved")]
    first: dict[str, float] = {}
    for count in range(1, len(paths) + 1):
        command = [sys.executable, __file__, "--measure", *paths[:count]]
        row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        first = first or row
        words = ", ".join(f"{name} {value:.1f} (alone {first[name] * count:.1f})" for name, value in row.items())
        print(f"{count} run{'s' if count > 1 else ' '}: {words}")


if __name__ == "__main__":
    main()
