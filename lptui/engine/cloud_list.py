"""The runs of a project on the W&B server, as a list like that of the runs on this disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lptui.cloud.client import CloudClient, CloudFailure
from lptui.cloud.names import SCHEME, read_time
from lptui.engine.config_differences import ConfigTable, differ
from lptui.engine.headline import choose_headline
from lptui.model.summary import RunBoard, RunSummary, board_order
from lptui.sources.cloud import Asking
from lptui.text import clock, sanitise
from lptui.text.secrets import mask_secrets

EVERY, SLOWEST = 30.0, 600.0
"""Seconds between looks, and at most after failures."""
LIMIT = 500


class CloudList:
    """`project` is ENTITY/PROJECT; the newest `LIMIT` runs are listed. Asks from threads of its own."""

    def __init__(
        self, project: str, clock: Callable[[], float] = time.time, client: Asking | None = None, limit: int = LIMIT
    ) -> None:
        self._project, self._clock, self._limit = project, clock, limit
        self._client: Asking = client or CloudClient()
        self._rows: tuple[RunSummary, ...] = ()
        self._stopping = threading.Event()

    def read(self) -> RunBoard | CloudFailure:
        """Ask once."""
        answer = self._client.ask("runs", self._project, limit=self._limit)
        if isinstance(answer, CloudFailure):
            return answer
        self._rows = tuple(self._summarise(run) for run in answer.get("runs", ()))
        notes = (f"the newest {self._limit} runs; older ones are left out",) if answer.get("more") else ()
        return self._board(notes)

    def start(self, on_board: Callable[[RunBoard], None]) -> None:
        """Publish the list now and again; what went wrong is told in its notes."""
        threading.Thread(target=self._watch, args=(on_board,), name="lptui cloud list", daemon=True).start()

    def stop(self) -> None:
        """End the process that asks."""
        self._stopping.set()
        self._client.close()

    def compare(self, paths: Sequence[str]) -> ConfigTable:
        """The configurations of runs of the server side by side."""
        tables: list[Mapping[str, str]] = []
        notes: list[str] = []
        for path in paths:
            answer = self._client.ask("run", path.removeprefix(SCHEME))
            if isinstance(answer, CloudFailure):
                notes.append(f"{path}: {answer.words}")
                tables.append({})
            else:
                tables.append({str(k): mask_secrets(str(k), str(v)) for k, v in answer.get("config", ())})
        names = {row.path: row.name for row in self._rows}
        return differ(tuple(names.get(path, path) for path in paths), tables, tuple(notes))

    def _watch(self, on_board: Callable[[RunBoard], None]) -> None:
        wait = EVERY
        while not self._stopping.is_set():
            found = self.read()
            if self._stopping.is_set():
                return
            if isinstance(found, CloudFailure):
                wait = min(SLOWEST, wait * 2)
                pause = max(wait, found.wait)
                then = clock(self._clock() + pause)
                on_board(self._board((f"{found.words}; the next try is at {then}",)))
            else:
                wait = pause = EVERY
                on_board(found)
            self._stopping.wait(pause)

    def _board(self, notes: tuple[str, ...]) -> RunBoard:
        now = self._clock()
        rows = board_order(self._rows, now)
        return RunBoard(rows, now, True, len(rows), notes, (SCHEME + self._project,))

    def _summarise(self, run: Mapping[str, Any]) -> RunSummary:
        numbers: Mapping[str, float] = run.get("summary", {})
        metric = choose_headline(numbers)
        step = numbers.get("_step")
        return RunSummary(
            sanitise(str(run.get("name", ""))[:200]),
            f"{SCHEME}{self._project}/{run.get('id', '')}",
            "W&B",
            "server",
            sanitise(str(run.get("state", "unknown"))[:20]),
            f"the W&B server says {sanitise(str(run.get('state', 'unknown'))[:20])}",
            read_time(str(run.get("heartbeat") or run.get("created") or "")),
            step=int(step) if step is not None and abs(step) < 1e18 else None,
            metric=metric,
            value=numbers.get(metric),
            tags=tuple(sanitise(str(tag)) for tag in run.get("tags", ())),
        )
