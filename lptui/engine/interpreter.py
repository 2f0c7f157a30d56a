"""The Python interpreter of a run's live training, as the process table has it: no file of the run has a say."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

from lptui.model.events import ProcessesSeen
from lptui.model.run import RunInfo
from lptui.run.launches import find_launch
from lptui.sources.processes import ProcessSource

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*t?\Z")


def find_interpreter(run: RunInfo, clock: Callable[[], float] = time.time) -> str:
    """Its whole path; '' where no training of the run is alive here, or its interpreter cannot be told."""
    source = ProcessSource(run)
    launch = None
    more = True
    while more:
        for event in source.poll(clock()):
            if isinstance(event, ProcessesSeen) and event.processes:
                launch = find_launch(event.processes)
        more = source.pending
    if launch is None:
        return ""
    # a virtual environment is told by the name that was called: /proc/PID/exe is the interpreter below it
    for argument in launch.arguments[:1]:
        path = os.path.join(launch.folder, argument) if "/" in argument else ""
        if path and _PYTHON.match(os.path.basename(path)) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    return ""
