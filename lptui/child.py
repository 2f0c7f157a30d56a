"""A process of our own that answers questions: one JSON object a line each way, each answer with a deadline."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, cast

_NOTICE = 0.1
Stop = Callable[[], bool]
"""Asked ten times a second while a long answer is awaited; True ends it."""
Progress = Callable[[int, int], None]
"""Called with (done, total) while an answer is worked out."""


class ChildError(Exception):
    """The process died, hung or answered nonsense; the text says which."""


class LateError(ChildError):
    """It took too long."""


class StoppedError(Exception):
    """Whoever asked wants no answer any more."""


class Child:
    """One process at a time, started anew when it is asked for again. Not for several threads at once, but `kill`.

    An answer may have `most` bytes; `monotonic` is the clock of the deadlines.
    """

    def __init__(self, most: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most, self._monotonic = most, monotonic
        self.process: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._next_id = 0

    @property
    def running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self.process is not None and self.process.poll() is None

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """A new process, in place of the old one. It inherits no open file, and stands in no folder of a run. OSError
        if it cannot be started."""
        self.end()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )

    def ask(
        self,
        question: Mapping[str, object],
        deadline: float,
        progress: Progress | None = None,
        stop: Stop | None = None,
    ) -> dict[str, Any]:
        """The answer to `question`; lines that have `done` tell how far it is. OSError, ValueError, ChildError,
        StoppedError: the process is of no use any more."""
        process = self._running()
        self._next_id += 1
        assert process.stdin is not None
        process.stdin.write((json.dumps({"id": self._next_id, **question}) + "\n").encode("ascii"))
        while True:
            answer = self.read(deadline, stop)
            if answer.get("id") != self._next_id:
                raise ChildError("it answered another question")
            if "done" not in answer:
                return answer
            if progress is not None:
                progress(int(answer["done"]), int(answer["total"]))

    def read(self, deadline: float, stop: Stop | None = None) -> dict[str, Any]:
        """The next line. Raises as `ask` does."""
        process = self._running()
        assert process.stdout is not None
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > self._most:
                raise ChildError("its answer has no end")
            self._wait(process.stdout, deadline, stop)
            part = os.read(process.stdout.fileno(), 1 << 16)
            if not part:
                raise ChildError(_end_of(process))
            self._buffer += part
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        answer: object = json.loads(line)
        if not isinstance(answer, dict):
            raise ChildError("its answer makes no sense")
        return cast("dict[str, Any]", answer)

    def kill(self) -> None:
        """End the process at once, whatever it works at; from any thread. Who waits for an answer gets a ChildError."""
        process = self.process
        if process is not None:
            process.kill()

    def end(self) -> None:
        """End the process and forget what it said."""
        process, self.process = self.process, None
        self._buffer.clear()
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise ChildError("it is not running")
        return self.process

    def _wait(self, out: IO[bytes], deadline: float, stop: Stop | None) -> None:
        """Until the process says something."""
        waiting = select.poll()  # `select` fails where more than 1,024 files are open
        waiting.register(out, select.POLLIN)
        while True:
            left = deadline - self._monotonic()
            if left <= 0:
                raise LateError("it took too long")
            if stop is not None and stop():
                raise StoppedError
            if waiting.poll(1000 * (left if stop is None else min(left, _NOTICE))):
                return


def _end_of(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(5)
    except subprocess.TimeoutExpired:
        return "it closed its output"
    if code < 0:
        import signal

        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        limit = " (its CPU time ran out)" if name == "SIGXCPU" else ""
        return f"it died of {name}{limit}"
    return f"it ended with code {code}"
