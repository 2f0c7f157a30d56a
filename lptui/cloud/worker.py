"""The process that imports wandb: a question a line on stdin, an answer a line on stdout, until stdin ends.

    {"id": 1, "ask": "runs", "path": "ENTITY/PROJECT", "limit": 200}
    {"id": 1, "answer": ...}  or  {"id": 1, "problem": "no-key", "words": "..."}

Asked of W&B through `wandb.Api` (public API of the SDK, 0.17 to 0.31). It never prompts: without credentials it says so
before the SDK is imported. The SDK's own usage reports are off.
"""

from __future__ import annotations

import base64
import inspect
import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from lptui.cloud.access import DEFAULT, MOST_TEXT, Problem, base_url, check_key, check_network, explain
from lptui.cloud.plain_question import find_cause

TIMEOUT = 15
"""Seconds that the SDK waits for one answer of the server."""
MOST_KEYS, MOST_ROWS = 5000, 2000
MOST_SPAN = 1 << 30
"""Steps in one page of history."""
CONSOLE = "output.log"
MOST_CONSOLE = 64 << 20
"""Bytes of a console that are fetched: the SDK fetches a file whole."""
PIECE = 4 << 20
"""Bytes of it in one answer."""


class Asker:
    """Holds the SDK and the runs that were asked for."""

    def __init__(self) -> None:
        self._api: Any = None
        self._runs: dict[str, Any] = {}
        self._consoles: dict[str, bytes] = {}

    def answer(self, question: Mapping[str, Any]) -> object:
        """The answer to one question. Raises Problem."""
        asks: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "runs": self._list,
            "run": self._describe,
            "overview": self._overview,
            "history": self._history,
            "console": self._console,
        }
        ask = asks.get(str(question.get("ask")))
        if ask is None:
            raise Problem("failed", f"no such question: {question.get('ask')!r}")
        try:
            self._connect()
            return ask(question)
        except Problem:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises becomes words
            path = str(question.get("path", ""))
            problem = explain(error, path)
            raise (find_cause(path) if problem.kind == "slow" else problem) from None

    def _connect(self) -> None:
        if self._api is not None:
            return
        check_key()
        check_network()
        try:
            import wandb
        except ImportError as error:
            words = f"the wandb SDK is not installed beside lptui ({error}): pip install 'lptui[wandb]'"
            raise Problem("no-sdk", words) from None
        chosen = {} if base_url() == DEFAULT else {"base_url": base_url()}  # the SDK knows where W&B's own has moved
        self._api = wandb.Api(overrides=chosen, timeout=TIMEOUT)

    def _list(self, question: Mapping[str, Any]) -> object:
        limit = int(question.get("limit", 200))
        path = str(question["path"])
        options = {"lazy": False} if _takes(self._api.runs, "lazy") else {}  # before lazy listing: always complete
        runs = self._api.runs(path, order="-created_at", per_page=min(100, limit), **options)
        found: list[object] = []
        for run in runs:
            found.append(_row(run))
            if len(found) >= limit:
                break
        return {"runs": found, "more": len(found) >= limit}

    def _get(self, path: str, *, fresh: bool = False) -> Any:
        run = self._runs.get(path)
        if run is None:
            run = self._runs[path] = self._api.run(path)
        elif fresh:
            run.load(force=True)
        return run

    def _describe(self, question: Mapping[str, Any]) -> object:
        run = self._get(str(question["path"]), fresh=True)
        config = {str(key): value for key, value in dict(run.config).items()}
        return {
            **_row(run),
            "server": urlsplit(base_url()).hostname or "",
            "config": list(_flatten(config))[:MOST_KEYS],
            "system": _numbers(getattr(run, "system_metrics", None) or {}),
            "last_step": run.lastHistoryStep,
        }

    def _overview(self, question: Mapping[str, Any]) -> object:
        run = self._get(str(question["path"]))
        stream = str(question.get("stream", "default"))
        rows = run.history(samples=int(question.get("samples", 500)), pandas=False, stream=stream)
        return {"rows": [_numbers(row) for row in list(rows)[-MOST_ROWS:]]}

    def _history(self, question: Mapping[str, Any]) -> object:
        run = self._get(str(question["path"]))
        low, count = int(question.get("min_step", 0)), min(MOST_ROWS, int(question.get("limit", 1000)))
        options = {"min_step": low, "page_size": _page_size(run, count)}
        if _takes(run.scan_history, "use_cache"):  # before the SDK kept copies there was nothing to refuse
            options["use_cache"] = False
        scan = run.scan_history(**options)
        rows: list[dict[str, float]] = []
        for row in scan:
            rows.append(_numbers(row))
            if len(rows) >= count:
                break
        return {"rows": rows, "more": len(rows) >= count}

    def _console(self, question: Mapping[str, Any]) -> object:
        """A piece of what the run printed, from byte `start` on, base64. `fetch`: ask the server for the file first.
        `again`: it is another text than what was told before, and begins anew."""
        path, start = str(question["path"]), int(question.get("start", 0))
        old = self._consoles.get(path, b"")
        again = False
        if question.get("fetch"):
            text, size = _fetch_console(self._get(path))
            if text is None:
                return {"piece": "", "size": size, "more": False, "again": False}
            self._consoles[path] = text
            again = not text.startswith(old[:start])
        start = 0 if again else start
        text = self._consoles.get(path, b"")
        piece = text[start : start + PIECE]
        more = start + len(piece) < len(text)
        return {"piece": base64.b64encode(piece).decode("ascii"), "size": len(text), "more": more, "again": again}


def _takes(function: Any, name: str) -> bool:
    """Whether a function of this SDK has such an argument. Not by trying: some make of a TypeError one of their own."""
    return name in inspect.signature(function).parameters


def _page_size(run: Any, count: int) -> int:
    """Steps a page, so that about `count` rows are in it: the SDK asks step range by step range, and a run that counts
    agent steps would be a million questions."""
    lines = getattr(run, "historyLineCount", None) or 0
    if not lines:
        return count
    return max(count, min(MOST_SPAN, math.ceil(count * (run.lastHistoryStep + 1) / lines)))


def _fetch_console(run: Any) -> tuple[bytes | None, int]:
    """(whole lines of what it printed, their bytes); None where there is no such file, or it is too large to fetch."""
    file = next(iter(run.files([CONSOLE])), None)
    size = int(file.size or 0) if file is not None else 0
    if file is None or not 0 < size <= MOST_CONSOLE:
        return None, size
    with tempfile.TemporaryDirectory(prefix="lptui-") as folder:
        with file.download(root=folder, replace=True):
            pass
        with open(os.path.join(folder, CONSOLE), "rb") as opened:
            data = opened.read(MOST_CONSOLE)
    return data[: data.rfind(b"\n") + 1], size


def _row(run: Any) -> dict[str, object]:
    summary: object = run.summary
    summary = getattr(summary, "_json_dict", summary)
    return {
        "id": str(run.id),
        "name": str(run.name or run.id)[:MOST_TEXT],
        "state": str(run.state),
        "tags": [str(tag)[:100] for tag in list(run.tags or ())[:50]],
        "created": str(getattr(run, "created_at", None) or ""),
        "heartbeat": str(getattr(run, "heartbeat_at", None) or getattr(run, "heartbeatAt", None) or ""),
        "summary": _numbers(dict(summary) if isinstance(summary, Mapping) else {}),
    }


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a row; the server writes NaN and infinities as text."""
    found: dict[str, float] = {}
    for key, value in row.items():
        if isinstance(value, bool):
            found[str(key)] = float(value)
        elif isinstance(value, int | float):
            found[str(key)] = float(value) if abs(value) < 1e300 or isinstance(value, float) else math.inf
        elif value in ("NaN", "Infinity", "-Infinity"):
            found[str(key)] = float(value)
        if len(found) >= MOST_KEYS:
            break
    return found


def _flatten(node: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in node.items():
        if isinstance(value, Mapping) and value and len(prefix) < MOST_TEXT:
            yield from _flatten({str(k): v for k, v in value.items()}, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)[:MOST_TEXT]


def serve() -> None:
    """Answer until stdin ends. What the SDK prints goes nowhere: the line protocol has a stream of its own."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    asker = Asker()
    for line in sys.stdin:
        question: dict[str, Any] = {}
        try:
            question = json.loads(line)
            answer: dict[str, object] = {"answer": asker.answer(question)}
        except Problem as problem:
            answer = {"problem": problem.kind, "words": str(problem), "wait": problem.wait}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            answer = {"problem": "failed", "words": f"{type(error).__name__}: {error}"}
        out.write(json.dumps({"id": question.get("id"), **answer}) + "\n")
        out.flush()


if __name__ == "__main__":
    serve()
