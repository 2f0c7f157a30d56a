"""The parent side of the worker: the process of the screen never parses a checkpoint itself."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Self, cast

from lptui.checkpoints.info import NEXT_STEPS, CheckpointInfo, from_record
from lptui.checkpoints.report import STOPPED, DeepReport, report_from_record

if TYPE_CHECKING:
    # What compares and measures is loaded when it is asked for: a first look at a run needs none of it.
    from lptui.checkpoints.comparison import Comparison
    from lptui.checkpoints.drift import Drift
    from lptui.checkpoints.ledger import Ledger

CPU_SECONDS = 20
MEMORY = 272 << 20
MAX_ANSWER = 256 << 20
_START_SECONDS = 30.0
# the child sees the standard library and this one package, however lptui was installed
_BOOT = (
    "import sys,types;"
    "m=types.ModuleType('lptui');m.__path__=[sys.argv[1]];sys.modules['lptui']=m;"
    "from lptui.checkpoints import sandbox;getattr(sandbox,sys.argv[2])(*map(int,sys.argv[3:]))"
)


_NOTICE = 0.1
Stop = Callable[[], bool]
"""Asked ten times a second while a long answer is awaited; True ends it."""


class _WorkerError(Exception):
    """The child died, hung or answered nonsense; the text says which."""


class _StoppedError(Exception):
    """Whoever asked wants no answer any more."""


class Reader:
    """A persistent, limited reader process. One file at a time; safe to call from several threads.

    Limits: `cpu_seconds` a file, `memory` bytes of address space. It is started anew after it crashed or timed out.
    """

    _function = "serve"
    _flags: tuple[str, ...] = ("-I", "-S")
    """-I: no user site, no PYTHON* variables; -S: no site-packages."""
    _environment: Mapping[str, str] = {}

    def __init__(self, *, cpu_seconds: int = CPU_SECONDS, memory: int = MEMORY) -> None:
        self._limits = (str(cpu_seconds), str(memory))
        self._child: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._next_id = 0
        self._busy = threading.Lock()
        self.refused_limits: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process now instead of at the first file. OSError if there is no interpreter to start."""
        with self._busy:
            self._ensure(time.monotonic() + _START_SECONDS)

    def close(self) -> None:
        """End the process."""
        with self._busy:
            self._kill()

    def _ensure(self, deadline: float) -> None:
        if self._child is not None and self._child.poll() is None:
            return
        self._kill()
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        # close_fds: nothing inherited
        self._child = subprocess.Popen(
            [sys.executable, *self._flags, "-X", "utf8", "-c", _BOOT, package, self._function, *self._limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        ready = self._read_line(deadline)
        self.refused_limits = tuple(str(name) for name in ready.get("refused", ()))

    def _ask(
        self,
        request: dict[str, object],
        deadline: float,
        progress: Callable[[int, int], None] | None = None,
        stop: Stop | None = None,
    ) -> dict[str, Any]:
        self._next_id += 1
        line = json.dumps({"id": self._next_id, **request}) + "\n"
        child = self._child
        if child is None or child.stdin is None:
            raise _WorkerError("it is not running")
        child.stdin.write(line.encode("ascii"))
        while True:
            answer = self._read_line(deadline, stop)
            if answer.get("id") != self._next_id:
                raise _WorkerError("it answered another question")
            if "done" not in answer:
                return answer
            if progress is not None:
                progress(int(answer["done"]), int(answer["total"]))

    def _read_line(self, deadline: float, stop: Stop | None = None) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdout is None:
            raise _WorkerError("it is not running")
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_ANSWER:
                raise _WorkerError("its answer has no end")
            self._wait(child.stdout, deadline, stop)
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

    def _wait(self, out: IO[bytes], deadline: float, stop: Stop | None) -> None:
        """Until the child says something. _WorkerError at the deadline, _StoppedError if it is not wanted any more."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _WorkerError("it took too long")
            if stop is not None and stop():
                raise _StoppedError
            if select.select([out], [], [], left if stop is None else min(left, _NOTICE))[0]:
                return

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


class Inspector(Reader):
    """The first safe look (levels 0 and 1), standard library only."""

    def inspect(self, path: str, timeout_s: float = 10.0) -> CheckpointInfo:
        """The first safe look at `path`; a reader that fails or takes longer is the verdict reader-failed."""
        with self._busy:
            try:
                self._ensure(time.monotonic() + _START_SECONDS)
                answer = self._ask({"path": os.path.abspath(path)}, time.monotonic() + timeout_s)
                return from_record(answer.get("info"))
            except (_WorkerError, OSError, ValueError) as error:
                self._kill()
                reason = f"lptui's reader failed on this file: {error}"
                return CheckpointInfo(path, "reader-failed", reason, NEXT_STEPS["reader-failed"])


class Verifier(Reader):
    """The deep pass (level 2) and comparisons; uses numpy and isal where they are installed. `ledger` remembers the
    checksums of what was read, and finds what changed since."""

    _function = "serve_deep"
    _flags = ("-I",)
    _environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # noqa: RUF012 - nobody writes to it

    def __init__(self, *, cpu_seconds: int = 3600, memory: int = 1 << 30, ledger: Ledger | None = None) -> None:
        super().__init__(cpu_seconds=cpu_seconds, memory=memory)
        self._ledger = ledger

    def verify(
        self,
        path: str,
        timeout_s: float = 3600.0,
        progress: Callable[[int, int], None] | None = None,
        stop: Stop | None = None,
    ) -> DeepReport:
        """Every byte of `path` read once. `progress` is called with (bytes read, bytes in all); a stopped one has the
        verdict not-read."""
        try:
            answer = self._answer({"path": os.path.abspath(path)}, timeout_s, progress, stop)
            report = report_from_record(answer.get("report"))
            return report if self._ledger is None else self._ledger.judge(report, time.time())
        except _StoppedError:
            return DeepReport(path, "not-read", STOPPED, "")
        except (_WorkerError, OSError, ValueError) as error:
            reason = f"lptui's reader failed on this file: {error}"
            return DeepReport(path, "reader-failed", reason, NEXT_STEPS["reader-failed"])

    def compare(
        self,
        first: str,
        second: str,
        *,
        measure: bool = False,
        groups: Sequence[str] = (),
        timeout_s: float = 3600.0,
        progress: Callable[[int, int], None] | None = None,
        stop: Stop | None = None,
    ) -> Comparison:
        """What differs between two files; with `measure` also by how much (both are read whole). `groups`: only
        tensors of the model, the optimizer, other. The reason of a stopped one is STOPPED."""
        from lptui.checkpoints.comparison import Comparison, comparison_from_record

        request: dict[str, object] = {
            "path": os.path.abspath(first), "other": os.path.abspath(second), "measure": measure, "groups": [*groups]
        }  # fmt: skip
        try:
            answer = self._answer(request, timeout_s, progress, stop)
            return comparison_from_record(answer.get("comparison"))
        except _StoppedError:
            return Comparison(first, second, STOPPED)
        except (_WorkerError, OSError, ValueError) as error:
            return Comparison(first, second, f"lptui's reader failed: {error}")

    def drift(
        self,
        paths: Sequence[str],
        *,
        groups: Sequence[str] = ("model",),
        progress: Callable[[int, int], None] = lambda done, total: None,
        on_step: Callable[[int, Drift], None] = lambda step, drift: None,
        stop: Stop | None = None,
    ) -> Drift:
        """How the weights moved from each of `paths` (oldest first) to the next; the newest pair is measured first.
        `progress` counts thousandths of a pair; `on_step` has what is known after each."""
        from lptui.checkpoints.drift import measure_drift

        def compare(first: str, second: str, tell: Callable[[int, int], None]) -> Comparison:
            return self.compare(first, second, measure=True, groups=groups, progress=tell, stop=stop)

        return measure_drift(paths, compare, progress=progress, on_step=on_step)

    def _answer(
        self,
        request: dict[str, object],
        timeout_s: float,
        progress: Callable[[int, int], None] | None,
        stop: Stop | None,
    ) -> dict[str, Any]:
        """One question to the process; whatever ends it early ends the process too."""
        with self._busy:
            try:
                self._ensure(time.monotonic() + _START_SECONDS)
                return self._ask(request, time.monotonic() + timeout_s, progress, stop)
            except (_StoppedError, _WorkerError, OSError, ValueError):
                self._kill()
                raise


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
