"""Requests about checkpoints: looks inside, deep passes, comparisons. Each works in a process of its own, tells how far
it is, and can be cancelled; what it found is a value of `lptui.checkpoints`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence

from lptui.checkpoints.bisection import FirstNonFinite, find_first_nonfinite
from lptui.checkpoints.contents import Contents, Measured, collect, collect_reports
from lptui.checkpoints.difference import Difference, compare_numbers, join, pair
from lptui.checkpoints.drift import Drift
from lptui.checkpoints.info import CheckpointInfo
from lptui.checkpoints.probe import file_key
from lptui.checkpoints.report import DeepReport
from lptui.checkpoints.worker import Inspector, Verifier
from lptui.config.checksums import open_verifier
from lptui.engine.desk import Desk
from lptui.model.request import (
    CheckpointAnswer,
    CheckpointRequest,
    CompareCheckpoints,
    InspectCheckpoint,
    MeasureDrift,
    VerifyCheckpoint,
)
from lptui.sources.checkpoints import CheckpointSource

log = logging.getLogger(__name__)
Reply = Callable[[CheckpointAnswer], None]
Progress = Callable[[int, int], None]
PATIENCE = 60.0
"""Seconds for one look inside: a reader waits for it, so it may take longer than those of the list."""
KEPT = 4
"""Looks that are remembered: deep passes and comparisons follow them."""


class CancelledError(Exception):
    """The reader no longer wants the answer."""


class _Job:
    """One request that is being answered."""

    def __init__(self, request: CheckpointRequest, reply: Reply, unwanted: Callable[[], bool]) -> None:
        self.unwanted = unwanted
        self._request, self._reply = request, reply
        self._done = self._total = 0

    def check(self) -> None:
        """Raises CancelledError if nobody wants the answer any more."""
        if self.unwanted():
            raise CancelledError

    def tell(self, done: int, total: int) -> None:
        self.check()
        self._done, self._total = done, total
        self._reply(CheckpointAnswer(self._request, done, total))

    def show(self, found: object) -> None:
        """What is known until now."""
        self.check()
        self._reply(CheckpointAnswer(self._request, self._done, self._total, found))

    def end(self, found: object, verdict: str = "", reason: str = "") -> None:
        self._reply(CheckpointAnswer(self._request, self._total, self._total, found, True, verdict, reason))


class CheckpointAnswers:
    """Two threads: a look inside does not wait behind a pass over some gigabytes."""

    def __init__(self, sources: Callable[[], Iterable[CheckpointSource]]) -> None:
        self._sources = sources
        self._looks = Desk[tuple[CheckpointRequest, Reply]]("checkpoint looks", self._take)
        self._passes = Desk[tuple[CheckpointRequest, Reply]]("checkpoint passes", self._take)
        self._waiting: dict[CheckpointRequest, int] = {}
        """How often each request waits or runs: what is not here was cancelled."""
        self._looked: dict[str, CheckpointInfo | None] = {}

    def start(self) -> None:
        """Begin to answer."""
        self._looks.start()
        self._passes.start()

    def ask(self, request: CheckpointRequest, reply: Reply) -> None:
        """Queue `request`."""
        self._waiting[request] = self._waiting.get(request, 0) + 1
        quick = isinstance(request, InspectCheckpoint)
        (self._looks if quick else self._passes).put((request, reply))

    def cancel(self, request: CheckpointRequest) -> None:
        """Stop `request` at its next progress, or before it begins."""
        self._waiting.pop(request, None)

    def stop(self) -> None:
        """End the threads, and with them their processes."""
        self._waiting.clear()
        self._looks.stop()
        self._passes.stop()

    def _take(self, asked: tuple[CheckpointRequest, Reply]) -> None:
        request, reply = asked
        try:
            self._answer(request, reply)
        except CancelledError:
            pass
        except Exception as error:
            log.exception("request %r", request)
            reply(CheckpointAnswer(request, ended=True, error=f"lptui failed on it: {type(error).__name__}"))
        finally:
            left = self._waiting.get(request, 0) - 1
            if left > 0:
                self._waiting[request] = left
            else:
                self._waiting.pop(request, None)

    def _answer(self, request: CheckpointRequest, reply: Reply) -> None:
        job = _Job(request, reply, lambda: request not in self._waiting)
        job.check()
        if isinstance(request, InspectCheckpoint):
            job.end(self._look(request.path))
        elif isinstance(request, VerifyCheckpoint):
            measured = self._verify(request.path, job)
            worst = measured.worst
            verdict, reason = (worst.verdict, worst.reason) if worst else ("vanished", "no file of it can be read")
            job.end(measured, verdict, reason)
        elif isinstance(request, CompareCheckpoints):
            job.end(self._compare(request, job))
        elif isinstance(request, MeasureDrift):
            job.end(self._drift(request.paths, job))
        else:
            job.end(self._bisect(request.paths, job))

    def _look(self, path: str) -> Contents:
        files = self._files(path)
        whole = self._inspect([path])[0] if os.path.isdir(path) and files != [path] else None
        contents = collect(path, self._inspect(files), whole)
        for source in self._sources():
            source.request(path)  # the list shall be as new as what is shown
        return contents

    def _verify(self, path: str, job: _Job) -> Measured:
        files = self._files(path)
        with open_verifier() as verifier:
            reports = [self._read(verifier, file, job, progress) for file, progress in _shares(files, job.tell)]
        return collect_reports(collect(path, self._inspect(files)), reports)

    def _read(self, verifier: Verifier, file: str, job: _Job, progress: Progress) -> DeepReport:
        report = verifier.verify(file, progress=progress, stop=job.unwanted)
        job.check()
        for source in self._sources():
            source.take_report(report)
        return report

    def _compare(self, request: CompareCheckpoints, job: _Job) -> Difference:
        first, second = self._files(request.first), self._files(request.second)
        pairs, alone = pair(first, second)
        before = {two: one for one, two in pairs}
        numbers = compare_numbers(self._inspect(first), self._inspect(second))
        with Verifier() as verifier:
            found = [
                verifier.compare(before[file], file, measure=request.measure, progress=progress, stop=job.unwanted)
                for file, progress in _shares([two for _, two in pairs], job.tell)
            ]
        job.check()
        return join(request.first, request.second, found, alone, numbers)

    def _drift(self, paths: Sequence[str], job: _Job) -> Drift:
        with Verifier() as verifier:
            drift = verifier.drift(
                [self._main_file(path) for path in paths],
                progress=job.tell,
                on_step=lambda _number, drift: job.show(drift),
                stop=job.unwanted,
            )
        job.check()
        return drift

    def _bisect(self, paths: Sequence[str], job: _Job) -> FirstNonFinite:
        with open_verifier() as verifier:
            found = find_first_nonfinite(
                [self._main_file(path) for path in paths],
                lambda file: self._read(verifier, file, job, lambda done, total: job.check()),
                progress=job.tell,
                stop=job.unwanted,
            )
        job.check()
        return found

    def _main_file(self, path: str) -> str:
        """The file of a checkpoint that has its weights."""
        return next(iter(self._files(path)), path)

    def _inspect(self, files: Sequence[str]) -> list[CheckpointInfo]:
        """First looks; of a file that is as it was at the last look, that one."""
        known = {path: self._looked.get(path) for path in files}
        fresh = [path for path, info in known.items() if info is None or info.key != _key(path)]
        if fresh:
            with Inspector() as inspector:
                known.update({path: inspector.inspect(path, PATIENCE) for path in fresh})
        self._looked = dict([*self._looked.items(), *known.items()][-KEPT:])
        return [info for path in files if (info := known[path]) is not None]

    def _files(self, path: str) -> list[str]:
        """The files of a checkpoint that hold weights or state; of one that the run does not know, its own path: a
        folder is then looked at as one."""
        for source in self._sources():
            files = source.payloads(path)
            if files:
                return files
        return [path]


def _shares(files: Sequence[str], tell: Progress) -> Iterable[tuple[str, Progress]]:
    """Each file with a progress that speaks of all of them."""
    sizes = [_size(file) for file in files]
    total, before = sum(sizes), 0
    for file, size in zip(files, sizes, strict=True):

        def progress(done: int, of: int, before: int = before, size: int = size) -> None:
            tell(before + round(size * done / of if of else 0), total)

        progress(0, 1)
        yield file, progress
        before += size


def _key(path: str) -> tuple[int, ...]:
    """As `CheckpointInfo.key`; () for what is no file."""
    try:
        status = os.lstat(path)
    except OSError:
        return ()
    return file_key(status)


def _size(path: str) -> int:
    try:
        return max(1, os.stat(path).st_size)
    except OSError:
        return 1
