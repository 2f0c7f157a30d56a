"""The parent side of the worker: the process of the screen never parses a checkpoint itself."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any, cast

from lptui.checkpoints.draft import NEXT_STEPS
from lptui.checkpoints.info import CheckpointInfo, from_record

CPU_SECONDS = 20
MEMORY = 1 << 30
MAX_ANSWER = 256 << 20
_START_SECONDS = 30.0
# the child sees the standard library and this one package, however lptui was installed
_BOOT = (
    "import sys,types;"
    "m=types.ModuleType('lptui');m.__path__=[sys.argv[1]];sys.modules['lptui']=m;"
    "from lptui.checkpoints.sandbox import serve;serve(*map(int,sys.argv[2:]))"
)


class _WorkerError(Exception):
    """The child died, hung or answered nonsense; the text says which."""


class Inspector:
    """A persistent, limited reader process. One file at a time; safe to call from several threads.

    `inspect` never raises for a file, and starts the process anew after it crashed or timed out. Limits:
    `cpu_seconds` a file, `memory` bytes of address space.
    """

    def __init__(self, *, cpu_seconds: int = CPU_SECONDS, memory: int = MEMORY) -> None:
        self._limits = (str(cpu_seconds), str(memory))
        self._child: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._next_id = 0
        self._busy = threading.Lock()
        self.refused_limits: tuple[str, ...] = ()

    def __enter__(self) -> Inspector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process now instead of at the first file. OSError if there is no interpreter to start."""
        with self._busy:
            self._ensure(time.monotonic() + _START_SECONDS)

    def inspect(self, path: str, timeout_s: float = 10.0) -> CheckpointInfo:
        """The first safe look at `path`; a reader that fails or takes longer is the verdict reader-failed."""
        with self._busy:
            try:
                self._ensure(time.monotonic() + _START_SECONDS)
                return self._ask(os.path.abspath(path), time.monotonic() + timeout_s)
            except (_WorkerError, OSError, ValueError) as error:
                self._kill()
                reason = f"lptui's reader failed on this file: {error}"
                return CheckpointInfo(path, "reader-failed", reason, NEXT_STEPS["reader-failed"])

    def close(self) -> None:
        """End the process."""
        with self._busy:
            self._kill()

    def _ensure(self, deadline: float) -> None:
        if self._child is not None and self._child.poll() is None:
            return
        self._kill()
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        # -I: no user site, no PYTHON* variables; -S: no site-packages; close_fds: nothing inherited
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, package, *self._limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        ready = self._read_line(deadline)
        self.refused_limits = tuple(str(name) for name in ready.get("refused", ()))

    def _ask(self, path: str, deadline: float) -> CheckpointInfo:
        self._next_id += 1
        request = json.dumps({"id": self._next_id, "path": path}) + "\n"
        child = self._child
        if child is None or child.stdin is None:
            raise _WorkerError("it is not running")
        child.stdin.write(request.encode("ascii"))
        answer = self._read_line(deadline)
        if answer.get("id") != self._next_id:
            raise _WorkerError("it answered another question")
        return from_record(answer.get("info"))

    def _read_line(self, deadline: float) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdout is None:
            raise _WorkerError("it is not running")
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_ANSWER:
                raise _WorkerError("its answer has no end")
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
                raise _WorkerError("it took too long")
            part = os.read(child.stdout.fileno(), 1 << 16)
            if not part:
                raise _WorkerError(_end_of(child))
            self._buffer += part
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        answer: object = json.loads(line)
        if not isinstance(answer, dict):
            raise _WorkerError("its answer makes no sense")
        return cast("dict[str, Any]", answer)

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


def _end_of(child: subprocess.Popen[bytes]) -> str:
    try:
        code = child.wait(5)
    except subprocess.TimeoutExpired:
        return "it closed its output"
    if code < 0:
        import signal

        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        limit = " (its CPU time ran out)" if name == "SIGXCPU" else ""
        return f"it died of {name}{limit}"
    return f"it ended with code {code}"
