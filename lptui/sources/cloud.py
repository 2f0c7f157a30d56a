"""A run as the W&B server knows it: state, configuration, history, system metrics. Only for a run that was asked for.

The server is asked in a thread, through a worker process with the `wandb` SDK: every `EVERY` seconds for the state and
the history since the last step; less often after a failure. An overview comes first, marked as sampled.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from lptui.cloud.client import CloudClient, CloudFailure
from lptui.cloud.names import SCHEME, read_time
from lptui.files.private_text import PrivateText
from lptui.formats.columns import Reading, to_points
from lptui.model.events import ConfigSeen, Event, ProcessesSeen, RunSeen, Samples, WitnessSeen
from lptui.model.place import Place
from lptui.model.readings import SourceCondition, SourceStatus
from lptui.model.run import RunInfo
from lptui.model.value import frozen
from lptui.sources import Source
from lptui.sources.patience import Question
from lptui.sources.telling import Teller
from lptui.text import sanitise
from lptui.text.secrets import mask_secrets

EVERY, SLOWEST = 10.0, 300.0
"""Seconds between questions, and at most after failures."""
CATCHING_UP = 2.0
"""Between pages of history that was not read yet."""
CONSOLE_EVERY = 60.0
"""Between looks at the console of a run that goes on: the SDK fetches it whole."""
CONSOLE = "(cloud console)"
PAGE = 1000
SAMPLES = 500
KEY = 200
"""Characters of a metric's name that are kept."""
ENDED = ("finished", "failed", "crashed", "killed")
SOURCE = "wandb cloud"


class Asking(Protocol):
    """What answers questions: the client of the worker, or a script in tests."""

    def ask(self, what: str, path: str, **more: object) -> Mapping[str, Any] | CloudFailure: ...
    def close(self) -> None: ...


@frozen
class _Round:
    """The answers of one round of questions."""

    run: Mapping[str, Any] | CloudFailure
    overview: Mapping[str, Any] | None = None
    system: Mapping[str, Any] | None = None
    history: Mapping[str, Any] | None = None
    console: Mapping[str, Any] | None = None


class CloudSource:
    """Follows `run.cloud` (ENTITY/PROJECT/RUN). Of a run that has no files here the server's word is all there is: its
    name and its console come from there too, the latter as the log that `console` reads from `text`."""

    name = SOURCE
    period = 1.0

    def __init__(
        self,
        run: RunInfo,
        *,
        client: Asking | None = None,
        console: Source | None = None,
        text: PrivateText | None = None,
    ) -> None:
        self.pending = False
        self.console, self._text = console, text
        self._run, self._path, self._alone = run, run.cloud, run.remote
        self._use_config = not run.configs
        self._client: Asking = client or CloudClient()
        self._place = Place(run=SCHEME + self._path)
        self._question: Question[_Round] = Question(self._ask, "lptui cloud")
        self._taken: float | None = None
        self._next = float("-inf")
        self._wait = EVERY
        self._step = 0
        self._sampled = False
        self._caught_up = False
        self._system_at = 0.0
        self._ended = False
        self._console_at: float | None = None
        self._console_more = False
        self._asked_at = 0.0
        self._teller = Teller(self._place)
        self._greeted = False

    def watched(self) -> tuple[str, ...]:
        """Nothing: a server tells no changes."""
        return ()

    def close(self) -> None:
        """End the worker process."""
        self._client.close()
        if self.console is not None:
            self.console.close()

    def poll(self, now: float) -> Iterator[Event]:
        """What the newest answer said; a new question once it is due."""
        if not self._greeted:
            self._greeted = True
            if self._alone:
                reason = "the run is known from the W&B server only"
                yield ProcessesSeen(place=self._place, seen_at=now, processes=None, reason=reason, local=False)
            yield from self._tell("waiting", f"asking the W&B server for {self._path}", now, backfilling=True)
        answer = self._question.hear()
        if answer is not None and self._question.answered_at != self._taken:
            self._taken = self._question.answered_at
            yield from self._take(answer, now)
        if self.console is not None and self._text is not None and self._text.written:
            yield from self.console.poll(now)
            self.pending = self.console.pending
        if self._question.waiting(now) is None and now >= self._next:
            self._next = float("inf")  # until the answer is taken
            self._asked_at = now
            self._question.ask(now, 0.0)

    def _ask(self) -> _Round:
        """In a thread of its own: blocks for as long as the server takes."""
        run = self._client.ask("run", self._path)
        if isinstance(run, CloudFailure):
            return _Round(run)
        overview = system = None
        if not self._sampled:
            overview = _rows(self._client.ask("overview", self._path, samples=SAMPLES))
        system = _rows(self._client.ask("overview", self._path, samples=SAMPLES, stream="system"))
        history = self._client.ask("history", self._path, min_step=self._step, limit=PAGE)
        return _Round(run, overview, system, _rows(history), self._ask_console())

    def _ask_console(self) -> Mapping[str, Any] | None:
        """The next piece of what the run printed; whether there is more is looked at now and again."""
        if self._text is None or self._text.full:
            return None
        first = self._console_at is None
        fetch = not self._console_more and (first or self._asked_at >= (self._console_at or 0.0) + CONSOLE_EVERY)
        if not (fetch or self._console_more) or (self._ended and not first and not self._console_more):
            return None
        if fetch:
            self._console_at = self._asked_at
        return _rows(self._client.ask("console", self._path, start=self._text.written, fetch=fetch))

    def _take(self, answer: _Round, now: float) -> Iterator[Event]:
        run = answer.run
        if isinstance(run, CloudFailure):
            self._wait = min(SLOWEST, self._wait * 2)
            self._next = now + max(self._wait, run.wait)
            yield from self._tell("failed", run.words, now, next_try=self._next)
            return
        self._wait = EVERY
        yield from self._say_state(run, now)
        yield from self._say_points(answer, now)
        self._take_console(answer, now)
        self._ended = str(run.get("state")) in ENDED
        caught_up = self._caught_up and not self._console_more
        self._next = now + (CATCHING_UP if not caught_up else SLOWEST if self._ended else EVERY)
        server = sanitise(str(run.get("server", "")))
        detail = f"{self._path}{f' at {server}' if server else ''}: {sanitise(str(run.get('state')))}"
        if answer.history is None:
            yield from self._tell("partial", f"{detail}; its history did not come", now, next_try=self._next)
        else:
            yield from self._tell("ok", detail, now, backfilling=not caught_up)

    def _take_console(self, answer: _Round, now: float) -> None:
        """Add a piece of the console to the text that its log is read from."""
        if answer.console is None or self._text is None or isinstance(answer.run, CloudFailure):
            return
        if answer.console.get("again"):
            self._text.restart()
        at = read_time(str(answer.run.get("heartbeat", "")))
        self._text.append(base64.b64decode(str(answer.console.get("piece", ""))), min(now, at or now))
        self._console_more = bool(answer.console.get("more"))

    def _say_state(self, run: Mapping[str, Any], now: float) -> Iterator[Event]:
        at = read_time(str(run.get("heartbeat", "")))
        name = sanitise(str(run.get("name", ""))[:KEY])
        if self._alone and name and name != self._run.name:
            self._run = replace(self._run, name=name)
            yield RunSeen(place=self._place, seen_at=now, run=self._run)
        yield self._witness("cloud_state", str(run.get("state", "unknown")), at or now, now)
        yield self._witness("cloud_run", self._path, at, now)
        if self._alone and at is not None:
            yield self._witness("wandb_record", self._path, at, now)
        tags = ", ".join(str(tag) for tag in run.get("tags", ()))
        if tags:
            yield self._witness("cloud_tags", tags, None, now)
        rows = tuple((sanitise(str(k)), mask_secrets(str(k), sanitise(str(v)))) for k, v in run.get("config", ()))
        if rows and self._use_config:
            yield ConfigSeen(place=self._place, seen_at=now, path=SCHEME + self._path, rows=rows)

    def _say_points(self, answer: _Round, now: float) -> Iterator[Event]:
        if answer.overview is not None and not self._sampled:
            yield from self._samples(answer.overview["rows"], now, sampled=True)
        self._sampled = True
        if answer.system is not None:
            rows = [row for row in answer.system["rows"] if row.get("_timestamp", 0.0) > self._system_at]
            self._system_at = max((row.get("_timestamp", 0.0) for row in rows), default=self._system_at)
            named = [{_system_name(k): v for k, v in row.items()} for row in rows]
            yield from self._samples(named, now, order=now, source=f"{SOURCE} system")
        if answer.history is None:
            return
        rows = answer.history["rows"]
        yield from self._samples(rows, now, order=float(self._step))
        if rows:
            self._step = int(max(row.get("_step", 0.0) for row in rows)) + 1
        if not answer.history.get("more") and not self._caught_up:
            self._caught_up = True
            yield Samples(place=self._place, seen_at=now, source=SOURCE, points=(), sampled=True)  # all has been read

    def _samples(
        self,
        rows: Sequence[Mapping[str, float]],
        now: float,
        *,
        source: str = SOURCE,
        order: float = 0.0,
        sampled: bool = False,
    ) -> Iterator[Event]:
        points = tuple(to_points([_place(row) for row in rows]))
        if points:
            place = self._place
            yield Samples(
                place=place, seen_at=now, backfill=True, source=source, points=points, order=order, sampled=sampled
            )

    def _witness(self, name: str, value: str, at: float | None, now: float) -> WitnessSeen:
        text = sanitise(value[:200])
        return WitnessSeen(place=self._place, seen_at=now, source="W&B server", name=name, value=text, at=at)

    def _tell(
        self,
        condition: SourceCondition,
        detail: str,
        now: float,
        *,
        next_try: float | None = None,
        backfilling: bool = False,
    ) -> Iterator[Event]:
        status = SourceStatus(self.name, condition, detail, now, next_try, SCHEME + self._path, backfilling=backfilling)
        yield from self._teller.tell(status, now)


def _rows(answer: Mapping[str, Any] | CloudFailure) -> Mapping[str, Any] | None:
    return None if isinstance(answer, CloudFailure) else answer


def _system_name(key: str) -> str:
    return key if key.startswith(("_", "system")) else f"system/{key}"


def _place(row: Mapping[str, float]) -> Reading:
    """A row as (step, time, values): the keys of W&B's own begin with an underscore."""
    nan = float("nan")
    values = tuple((sanitise(key[:KEY]), value) for key, value in row.items() if not key.startswith("_"))
    return row.get("_step", nan), row.get("_timestamp", nan), values
