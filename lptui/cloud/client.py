"""The parent side of the worker that asks W&B: one question at a time, each with a deadline."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from lptui.text import sanitise
from lptui.text.secrets import mask_text

DEADLINE = 60.0
"""Seconds for one question; the SDK itself gives up on a request after 15 s, and an answer may take some of them."""
MAX_ANSWER = 64 << 20
_QUIET = {
    "WANDB_SILENT": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_DISABLE_GIT": "true",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, slots=True)
class CloudFailure:
    """Why there is no answer: no-sdk, no-key, bad-key, no-network, no-access, no-run, slow, failed; and in words."""

    kind: str
    words: str


class CloudClient:
    """Starts the worker at the first question, and again after one that died or took too long."""

    def __init__(self, deadline: float = DEADLINE, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._deadline, self._monotonic = deadline, monotonic
        self._child: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._next_id = 0
        self._busy = threading.Lock()
        self._closed = False

    def ask(self, what: str, path: str, **more: object) -> Mapping[str, Any] | CloudFailure:
        """Blocks up to the deadline: not for the screen's thread."""
        with self._busy:
            if self._closed:
                return CloudFailure("failed", "lptui is leaving")
            try:
                return self._ask({"ask": what, "path": path, **more})
            except TimeoutError:
                self._kill()
                return CloudFailure("slow", f"no answer in {self._deadline:.0f} s; it is asked less often now")
            except (OSError, ValueError) as error:
                self._kill()
                return CloudFailure("failed", f"the process that asks W&B failed: {_harmless(str(error))}")

    def close(self) -> None:
        """End the process at once, whatever it waits for."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()

    def _ask(self, question: dict[str, object]) -> Mapping[str, Any] | CloudFailure:
        child = self._ensure()
        self._next_id += 1
        assert child.stdin is not None
        child.stdin.write((json.dumps({"id": self._next_id, **question}) + "\n").encode("ascii"))
        answer = self._read(child, self._monotonic() + self._deadline)
        if answer.get("id") != self._next_id:
            raise ValueError("it answered another question")
        if "problem" in answer:
            return CloudFailure(_harmless(str(answer["problem"])), _harmless(str(answer.get("words", ""))))
        found: object = answer.get("answer")
        if not isinstance(found, dict):
            raise ValueError("its answer makes no sense")
        return cast("dict[str, Any]", found)

    def _ensure(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._kill()
            # -P and another working directory: neither modules nor settings of the SDK are taken from a run
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "lptui.cloud.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_QUIET, "PYTHONPATH": _search_path()},
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        return self._child

    def _read(self, child: subprocess.Popen[bytes], deadline: float) -> Mapping[str, Any]:
        assert child.stdout is not None
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_ANSWER:
                raise ValueError("its answer has no end")
            left = deadline - self._monotonic()
            if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
                raise TimeoutError
            part = os.read(child.stdout.fileno(), 1 << 16)
            if not part:
                raise ValueError(f"it ended with code {child.wait()}")
            self._buffer += part
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        parsed: object = json.loads(line)
        if not isinstance(parsed, dict):
            raise ValueError("its answer makes no sense")
        return cast("dict[str, Any]", parsed)

    def _kill(self) -> None:
        child, self._child = self._child, None
        self._buffer.clear()
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _search_path() -> str:
    """So that the worker finds this very package, from wherever it was started."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    given = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return os.pathsep.join(dict.fromkeys([package, *given]))


def _harmless(text: str) -> str:
    return mask_text(sanitise(text[:600]))
