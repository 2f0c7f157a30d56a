"""The parent side of the worker: the process of the screen never parses a checkpoint itself."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from lptui.checkpoints.info import NEXT_STEPS, CheckpointInfo, from_record
from lptui.checkpoints.report import STOPPED, DeepReport, report_from_record
from lptui.child import Child, ChildError, Progress, Stop, StoppedError

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
        self._child = Child(MAX_ANSWER)
        self._busy = threading.Lock()
        self.refused_limits: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process, for who measures it; 0 where none was started."""
        return self._child.process.pid if self._child.process is not None else 0

    def start(self) -> None:
        """Start the process now instead of at the first file. OSError if there is no interpreter to start."""
        with self._busy:
            self._ensure(time.monotonic() + _START_SECONDS)

    def close(self) -> None:
        """End the process."""
        with self._busy:
            self._child.end()

    def _ensure(self, deadline: float) -> None:
        if self._child.running:
            return
        package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        command = [sys.executable, *self._flags, "-X", "utf8", "-c", _BOOT, package, self._function, *self._limits]
        self._child.start(command, self._environment)
        ready = self._child.read(deadline)
        self.refused_limits = tuple(str(name) for name in ready.get("refused", ()))


class Inspector(Reader):
    """The first safe look (levels 0 and 1), standard library only."""

    def inspect(self, path: str, timeout_s: float = 10.0) -> CheckpointInfo:
        """The first safe look at `path`; a reader that fails or takes longer is the verdict reader-failed."""
        with self._busy:
            try:
                self._ensure(time.monotonic() + _START_SECONDS)
                answer = self._child.ask({"path": os.path.abspath(path)}, time.monotonic() + timeout_s)
                return from_record(answer.get("info"))
            except (ChildError, OSError, ValueError) as error:
                self._child.end()
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
        progress: Progress | None = None,
        stop: Stop | None = None,
    ) -> DeepReport:
        """Every byte of `path` read once. `progress` is called with (bytes read, bytes in all); a stopped one has the
        verdict not-read."""
        try:
            answer = self._answer({"path": os.path.abspath(path)}, timeout_s, progress, stop)
            report = report_from_record(answer.get("report"))
            return report if self._ledger is None else self._ledger.judge(report, time.time())
        except StoppedError:
            return DeepReport(path, "not-read", STOPPED, "")
        except (ChildError, OSError, ValueError) as error:
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
        progress: Progress | None = None,
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
        except StoppedError:
            return Comparison(first, second, STOPPED)
        except (ChildError, OSError, ValueError) as error:
            return Comparison(first, second, f"lptui's reader failed: {error}")

    def drift(
        self,
        paths: Sequence[str],
        *,
        groups: Sequence[str] = ("model",),
        progress: Progress = lambda done, total: None,
        on_step: Callable[[int, Drift], None] = lambda step, drift: None,
        stop: Stop | None = None,
    ) -> Drift:
        """How the weights moved from each of `paths` (oldest first) to the next; the newest pair is measured first.
        `progress` counts thousandths of a pair; `on_step` has what is known after each."""
        from lptui.checkpoints.drift import measure_drift

        def compare(first: str, second: str, tell: Progress) -> Comparison:
            return self.compare(first, second, measure=True, groups=groups, progress=tell, stop=stop)

        return measure_drift(paths, compare, progress=progress, on_step=on_step)

    def _answer(
        self,
        request: dict[str, object],
        timeout_s: float,
        progress: Progress | None,
        stop: Stop | None,
    ) -> dict[str, Any]:
        """One question to the process; whatever ends it early ends the process too."""
        with self._busy:
            try:
                self._ensure(time.monotonic() + _START_SECONDS)
                return self._child.ask(request, time.monotonic() + timeout_s, progress, stop)
            except (StoppedError, ChildError, OSError, ValueError):
                self._child.end()
                raise
