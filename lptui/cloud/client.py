"""The parent side of the worker that asks W&B: one question at a time, each with a deadline."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from lptui.child import Child, ChildError, LateError
from lptui.text import sanitise
from lptui.text.secrets import mask_text

DEADLINE = 60.0
"""Seconds for one question; the SDK itself gives up on a request after 15 s, and an answer may take some of them."""
MAX_ANSWER = 64 << 20
MAX_WAIT = 7200.0
_QUIET = {
    "WANDB_SILENT": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_DISABLE_GIT": "true",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, slots=True)
class CloudFailure:
    """Why there is no answer: no-sdk, no-key, bad-key, no-network, no-access, no-run, throttled, server-error, slow,
    failed; in words; and how many seconds the server wants to be left alone (0: it did not say)."""

    kind: str
    words: str
    wait: float = 0.0


class CloudClient:
    """Starts the worker at the first question, and again after one that died or took too long."""

    def __init__(self, deadline: float = DEADLINE, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._deadline, self._monotonic = deadline, monotonic
        self._child = Child(MAX_ANSWER, monotonic)
        self._busy = threading.Lock()
        self._closed = False

    def ask(self, what: str, path: str, **more: object) -> Mapping[str, Any] | CloudFailure:
        """Blocks up to the deadline: not for the screen's thread."""
        with self._busy:
            if self._closed:
                return CloudFailure("failed", "lptui is leaving")
            try:
                return self._ask({"ask": what, "path": path, **more})
            except LateError:
                self._child.end()
                return CloudFailure("slow", f"no answer in {self._deadline:.0f} s")
            except (OSError, ValueError, ChildError) as error:
                self._child.end()
                return CloudFailure("failed", f"the process that asks W&B failed: {_harmless(str(error))}")

    def close(self) -> None:
        """End the process at once, whatever it waits for."""
        self._closed = True
        self._child.kill()

    def _ask(self, question: Mapping[str, object]) -> Mapping[str, Any] | CloudFailure:
        if not self._child.running:
            # -P and another working directory: neither modules nor settings of the SDK are taken from a run
            command = [sys.executable, "-P", "-m", "lptui.cloud.worker"]
            self._child.start(command, {**os.environ, **_QUIET, "PYTHONPATH": _search_path()})
        answer = self._child.ask(question, self._monotonic() + self._deadline)
        if "problem" in answer:
            wait = answer.get("wait", 0.0)
            seconds = float(wait) if isinstance(wait, int | float) and 0 < wait < MAX_WAIT else 0.0
            return CloudFailure(_harmless(str(answer["problem"])), _harmless(str(answer.get("words", ""))), seconds)
        found: object = answer.get("answer")
        if not isinstance(found, dict):
            raise ValueError("its answer makes no sense")
        return cast("dict[str, Any]", found)


def _search_path() -> str:
    """So that the worker finds this very package, from wherever it was started."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    given = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return os.pathsep.join(dict.fromkeys([package, *given]))


def _harmless(text: str) -> str:
    return mask_text(sanitise(text[:600]))
