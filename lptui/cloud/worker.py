"""The process that imports wandb: a question a line on stdin, an answer a line on stdout, until stdin ends.

    {"id": 1, "ask": "runs", "path": "ENTITY/PROJECT", "limit": 200}
    {"id": 1, "answer": ...}  or  {"id": 1, "problem": "no-key", "words": "..."}

Asked of W&B through `wandb.Api` (public API of the SDK, 0.17 to 0.31). It never prompts: without credentials it says so
before the SDK is imported. The SDK's own usage reports are off.
"""

from __future__ import annotations

import configparser
import json
import math
import os
import re
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

DEFAULT = "https://api.wandb.ai"
TIMEOUT = 15
"""Seconds that the SDK waits for one answer of the server."""
REACH = 4.0
MOST_KEYS, MOST_ROWS, MOST_TEXT = 5000, 2000, 500
_KEY_WORDS = re.compile(r"not logged in|log in|api key|api_key|unauthenticated|unauthorized|credentials|\b401\b", re.I)
_ACCESS_WORDS = re.compile(r"permission|forbidden|access denied|not authorized|\b403\b", re.I)
_SLOW_WORDS = re.compile(r"did not respond in time|timed? ?out|rate.?limit|\b429\b|\b50[0234]\b", re.I)


class Problem(Exception):
    """What a reader is told: a kind, and words with the next step."""

    def __init__(self, kind: str, words: str) -> None:
        super().__init__(words)
        self.kind = kind


def base_url() -> str:
    """The server that is asked: `WANDB_BASE_URL`, that of `wandb login --host` in the user's settings, or W&B's own.

    A `wandb/settings` in the working directory does not count: it may lie in a run, and would be sent the key.
    """
    given = os.environ.get("WANDB_BASE_URL", "").rstrip("/")
    return given or _user_url().rstrip("/") or DEFAULT


def _user_url() -> str:
    folder = os.environ.get("WANDB_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".config", "wandb")
    settings = configparser.ConfigParser(interpolation=None)
    try:
        settings.read(os.path.join(folder, "settings"), encoding="utf-8")
        return settings.get("default", "base_url", fallback="")
    except (configparser.Error, UnicodeDecodeError):
        return ""


def check_key(home: str | None = None) -> None:
    """Whether there are credentials for the server, without asking anybody. Raises Problem."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return
    host = urlsplit(base_url()).hostname or ""
    folder = os.path.expanduser("~") if home is None else home
    wanted = {host, *(("api.wandb.ai", "api.forge.coreweave.com") if base_url() == DEFAULT else ())}
    for path in (os.environ.get("NETRC", ""), f"{folder}/.netrc", f"{folder}/_netrc"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                words = file.read(1 << 20).split()
        except OSError:
            continue
        if wanted & {words[i + 1] for i, word in enumerate(words[:-1]) if word == "machine"}:
            return
    raise Problem("no-key", f"no API key for {host}: set WANDB_API_KEY, or run `wandb login` once in a terminal")


def check_network() -> None:
    """Whether the server's port answers at all: the SDK would retry for a long time. Raises Problem."""
    parts = urlsplit(base_url())
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or os.environ.get("HTTP_PROXY"):
        return
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((parts.hostname or "", port), REACH).close()
    except OSError as error:
        cause = error.strerror or str(error) or type(error).__name__
        raise Problem("no-network", f"{parts.hostname}:{port} cannot be reached from here ({cause})") from None


def explain(error: Exception, path: str) -> Problem:
    """An exception of the SDK as what it means for the reader."""
    text = str(error)[:MOST_TEXT]
    if re.search(r"could not find (run|project)|not found|does not exist|\b404\b", text, re.I):
        return Problem("no-run", f"{path} is not on {base_url()}, or your key may not see it")
    if _SLOW_WORDS.search(text):
        words = "the server did not answer in time: it is slow, or asks to wait (HTTP 429); it is asked less often now"
        return Problem("slow", words)
    if _ACCESS_WORDS.search(text):
        return Problem("no-access", f"the server refuses {path} to this key: ask its owner, or use another key")
    if type(error).__name__ == "AuthenticationError" or _KEY_WORDS.search(text):
        return Problem(
            "bad-key", "the server does not know this API key: `wandb login --relogin`, or set WANDB_API_KEY"
        )
    return Problem("failed", f"{type(error).__name__}: {text}")


class Asker:
    """Holds the SDK and the runs that were asked for."""

    def __init__(self) -> None:
        self._api: Any = None
        self._runs: dict[str, Any] = {}

    def answer(self, question: Mapping[str, Any]) -> object:
        """The answer to one question. Raises Problem."""
        asks: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "runs": self._list,
            "run": self._describe,
            "overview": self._overview,
            "history": self._history,
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
            raise explain(error, str(question.get("path", ""))) from None

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
        order = "-created_at"
        try:
            runs = self._api.runs(path, order=order, per_page=min(100, limit), lazy=False)
        except TypeError:  # an SDK before lazy listing: always complete
            runs = self._api.runs(path, order=order, per_page=min(100, limit))
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
        options = {"min_step": low, "page_size": count}
        try:
            scan = run.scan_history(**options, use_cache=False)
        except TypeError:  # before the SDK kept copies there was nothing to refuse
            scan = run.scan_history(**options)
        rows: list[dict[str, float]] = []
        for row in scan:
            rows.append(_numbers(row))
            if len(rows) >= count:
                break
        return {"rows": rows, "more": len(rows) >= count}


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
            answer = {"problem": problem.kind, "words": str(problem)}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            answer = {"problem": "failed", "words": f"{type(error).__name__}: {error}"}
        out.write(json.dumps({"id": question.get("id"), **answer}) + "\n")
        out.flush()


if __name__ == "__main__":
    serve()
