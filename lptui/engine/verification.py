"""A deep pass over one checkpoint of a run, asked for by a reader: in a process of its own, told as it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable

from lptui.model.request import Answer, VerifyCheckpoint, VerifyProgress
from lptui.sources.checkpoints import CheckpointSource


def verify(source: CheckpointSource, request: VerifyCheckpoint, reply: Callable[[Answer], None]) -> None:
    """Every file of the checkpoint; the source takes the reports, and shows the worst at its next look."""
    from lptui.checkpoints.worker import Verifier

    files = source.payloads(request.path)
    sizes = {path: os.stat(path).st_size for path in files if os.path.exists(path)}
    total, before = sum(sizes.values()), 0
    verdict, reason = "vanished", "no file of it can be read deeper"
    with Verifier() as verifier:
        for path, size in sizes.items():

            def tell(done: int, _total: int, before: int = before) -> None:
                reply(VerifyProgress(request.path, before + done, total))

            report = verifier.verify(path, progress=tell)
            source.take_report(report)
            before += size
            if verdict == "vanished" or not report.good:
                verdict, reason = report.verdict, report.reason
    reply(VerifyProgress(request.path, total, total, verdict, reason))
