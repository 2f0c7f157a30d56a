"""What lptui gets from a W&B server through several versions of the SDK: a row a question, a column a version.

    python tests/cloud/try_sdks.py /tmp/venvs/*/bin/python

The server is the stand-in of the tests, on loopback. Each interpreter needs `wandb` only; lptui is put on its path.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from stand_in import KEY, CloudRun, Server  # noqa: E402

from lptui.cloud.client import CloudClient, CloudFailure  # noqa: E402

ROWS = [{"_step": i, "_timestamp": 1.79e9 + i, "loss": 1 / (i + 1), "bad": "NaN"} for i in range(2500)]
RUN = "lab/arena/r1"
SLOW = 4.0
"""Seconds of patience where the server does not answer."""
Answer = Mapping[str, Any] | CloudFailure
Ask = Callable[[Server, CloudClient], str]


def make_runs() -> list[CloudRun]:
    """One run with everything, and enough others for a second page."""
    config, system = {"lr": 0.1, "opt": {"eps": 1}}, {"system.cpu": 3, "_timestamp": 1.79e9}
    summary, tags = {"loss": "NaN", "_step": 2499}, ("sweep",)
    console = b"".join(b"epoch %d loss 0.1\n" % i for i in range(1000))
    one = CloudRun("r1", "first", "running", ROWS, config, summary, system, tags, console=console)
    return [one, *(CloudRun(f"s{i:03d}", state="crashed", summary={"reward": i}) for i in range(149))]


def told(answer: Answer, see: Callable[[Mapping[str, Any]], object]) -> str:
    """What came, in few words, or the kind of failure."""
    return answer.kind if isinstance(answer, CloudFailure) else str(see(answer))


def with_status(status: int, times: int = -1) -> Ask:
    """Whether the run's state comes while the server answers `status`, and after how long."""

    def ask(server: Server, client: CloudClient) -> str:
        client.ask("run", RUN)  # so that starting the SDK is not counted
        server.status, server.times, begun = status, times, time.monotonic()
        words = told(client.ask("run", RUN), lambda a: a["state"])
        server.status, server.times = 200, -1
        return f"{words}, {time.monotonic() - begun:.0f} s"

    return ask


def when_slow(server: Server, _client: CloudClient) -> str:
    """A server that takes longer than the reader's patience."""
    impatient = CloudClient(deadline=SLOW)
    server.delay = 2 * SLOW
    words = told(impatient.ask("run", RUN), lambda a: a["state"])
    impatient.close()
    server.delay = 0.0
    return words


def without(variable: str, value: str | None) -> Ask:
    """With another environment: no key, no server."""

    def ask(_server: Server, _client: CloudClient) -> str:
        before = os.environ.pop(variable)
        if value is not None:
            os.environ[variable] = value
        client = CloudClient()
        words = told(client.ask("run", RUN), lambda a: a["state"])
        client.close()
        os.environ[variable] = before
        return words

    return ask


def asking(what: str, path: str, *, see: Callable[[Mapping[str, Any]], object], **more: object) -> Ask:
    """A plain question."""
    return lambda server, client: told(client.ask(what, path, **more), see)


CASES: tuple[tuple[str, Ask], ...] = (
    ("list of 120 of 150 runs", asking("runs", "lab/arena", limit=120, see=lambda a: len(a["runs"]))),
    ("questions for it", lambda server, client: str(server.asked.count("Runs"))),
    ("state, tags", asking("run", RUN, see=lambda a: f"{a['state']} {','.join(a['tags'])}")),
    ("display name", asking("run", RUN, see=lambda a: a["name"])),
    ("configuration", asking("run", RUN, see=lambda a: len(a["config"]))),
    ("summary (NaN as text)", asking("run", RUN, see=lambda a: a["summary"].get("loss"))),
    ("last step", asking("run", RUN, see=lambda a: a["last_step"])),
    ("sampled history, rows", asking("overview", RUN, samples=50, see=lambda a: len(a["rows"]))),
    ("system metrics", asking("overview", RUN, stream="system", see=lambda a: a["rows"][0])),
    ("full history, first page", asking("history", RUN, limit=1000, see=lambda a: len(a["rows"]))),
    ("the rest", asking("history", RUN, min_step=2000, limit=1000, see=lambda a: len(a["rows"]))),
    ("console, bytes", asking("console", RUN, fetch=True, see=lambda a: a["size"])),
    ("no console", asking("console", "lab/arena/s001", fetch=True, see=lambda a: a["size"])),
    ("no such run", asking("run", "lab/arena/nope", see=lambda a: a["state"])),
    ("wrong entity", asking("run", "other/arena/r1", see=lambda a: a["state"])),
    ("runs of a wrong entity", asking("runs", "other/arena", see=lambda a: a["runs"])),
    ("403", with_status(403)),
    ("401", with_status(401)),
    ("429 twice (Retry-After 1)", with_status(429, 2)),
    ("500 twice", with_status(500, 2)),
    ("429 for ever", with_status(429)),
    ("500 for ever", with_status(500)),
    ("slow", when_slow),
    ("no key", without("WANDB_API_KEY", None)),
    ("no network", without("WANDB_BASE_URL", "http://127.0.0.1:9")),
)


def try_sdk(python: str) -> dict[str, str]:
    """All cases through the SDK of one interpreter."""
    sys.executable = python
    found: dict[str, str] = {}
    with Server(make_runs()) as server:
        os.environ["WANDB_BASE_URL"] = server.url
        for name, ask in CASES:
            client = CloudClient()
            found[name] = ask(server, client)
            client.close()
            print(f"  {name}: {found[name]}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pythons", nargs="+", help="interpreters, each with a version of wandb")
    given = parser.parse_args()
    home = tempfile.mkdtemp(prefix="lptui-cloud-")
    os.environ.update(WANDB_API_KEY=KEY, HOME=home, WANDB_DIR=home, WANDB_CACHE_DIR=home, WANDB_CONFIG_DIR=home)
    tables: dict[str, dict[str, str]] = {}
    for python in given.pythons:
        program = "from importlib.metadata import version; print(version('wandb'))"
        version = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
        print(version, file=sys.stderr)
        tables[version] = try_sdk(python)
    print("|  | " + " | ".join(tables) + " |\n|---|" + "---|" * len(tables))
    for name, _ in CASES:
        print(f"| {name} | " + " | ".join(table[name] for table in tables.values()) + " |")


if __name__ == "__main__":
    main()
