"""The child side of the worker: limits first, then paths in and checkpoint infos out, one JSON line each.

Started by `worker.Inspector` with a bare interpreter. A hostile file that breaks the reader breaks this
process only, and it can do nothing: no new privileges, no file written, memory and CPU time bounded.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

from lptui.checkpoints.draft import Draft
from lptui.checkpoints.folders import inspect_path
from lptui.checkpoints.info import to_json

OPEN_FILES = 32
COMPARED_FILES = 1024
"""Two folders of many shards stay open while they are compared."""
_Answer = Callable[[dict[str, Any], Callable[[int, int], None]], str]
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS, linux/prctl.h
_IDLE_CLASS = 3 << 13  # IOPRIO_CLASS_IDLE, linux/ioprio.h


def limit_process(memory: int, files: int = OPEN_FILES) -> tuple[str, ...]:
    """Give up what a reader does not need; returns the limits that this system refused."""
    refused: list[str] = []
    limits: list[tuple[str, Callable[[], object]]] = [
        ("memory", lambda: _cap(resource.RLIMIT_AS, memory)),
        ("file size", lambda: _cap(resource.RLIMIT_FSIZE, 0)),
        ("open files", lambda: _cap(resource.RLIMIT_NOFILE, files)),
        ("core dumps", lambda: _cap(resource.RLIMIT_CORE, 0)),
        ("priority", lambda: os.nice(19)),
        ("privileges", _drop_privileges),
    ]
    for name, apply in limits:
        try:
            apply()
        except (OSError, ValueError):
            refused.append(name)
    return tuple(refused)


def serve(cpu_seconds: int, memory: int) -> None:
    """Answer requests {"id", "path"} until standard input ends."""
    _serve(cpu_seconds, memory, lambda request, tell: f'"info":{_answer(str(request["path"]))}')


def serve_deep(cpu_seconds: int, memory: int) -> None:
    """Answer requests {"id", "path"} (verify) and {"id", "path", "other", "measure"} (compare); lines with "done" and
    "total" tell how far a long one is."""
    from lptui.checkpoints.comparison import compare, comparison_to_json
    from lptui.checkpoints.kernels import load_crc32, load_numpy
    from lptui.checkpoints.report import report_to_json
    from lptui.checkpoints.verification import verify_path

    load_numpy()  # before the limits: its libraries map more memory than they use
    load_crc32()

    def answer(request: dict[str, Any], tell: Callable[[int, int], None]) -> str:
        path, other = str(request["path"]), request.get("other")
        if isinstance(other, str):
            groups = tuple(str(name) for name in request.get("groups", ()))
            found = compare(path, other, measure=bool(request.get("measure")), groups=groups, progress=tell)
            return f'"comparison":{comparison_to_json(found)}'
        return f'"report":{report_to_json(verify_path(path, tell))}'

    _serve(cpu_seconds, memory, answer, COMPARED_FILES)


def _serve(cpu_seconds: int, memory: int, answer: _Answer, files: int = OPEN_FILES) -> None:
    refused = limit_process(memory, files)
    gc.disable()  # between two answers it collects by itself; within one it would walk over all tensors again and again
    out = sys.stdout
    out.write(json.dumps({"ready": True, "refused": refused}) + "\n")
    out.flush()
    for line in sys.stdin:
        request = json.loads(line)
        _allow_cpu(cpu_seconds)
        number = int(request["id"])
        out.write(f'{{"id":{number},{answer(request, _Teller(number))}}}\n')
        out.flush()
        gc.collect(0)  # what this answer left; the rest was there before it


class _Teller:
    """Tells how far a long answer is: at most a hundred lines."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._next = 0

    def __call__(self, done: int, total: int) -> None:
        if done >= self._next:
            self._next = done + max(total // 100, 16 << 20)
            sys.stdout.write(json.dumps({"id": self._number, "done": done, "total": total}) + "\n")
            sys.stdout.flush()


def _answer(path: str) -> str:
    try:
        return to_json(inspect_path(path))
    except MemoryError:
        draft = Draft(path)
        draft.blame("not-read", "it asks for more memory than the safe reader has")
        return to_json(draft.finish(None))


def _cap(kind: int, value: int) -> None:
    _soft, hard = resource.getrlimit(kind)
    capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (capped, capped))


def _allow_cpu(seconds: int) -> None:
    """The limit counts from the start of the process: move it on for each job."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _drop_privileges() -> None:
    """No new privileges, and idle I/O priority: a look must not slow a save."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # here, not at the top: only Linux has prctl

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    calls = {"x86_64": 251, "aarch64": 30}  # ioprio_set has no wrapper in libc
    number = calls.get(os.uname().machine)
    if number is not None:
        libc.syscall(number, 1, 0, _IDLE_CLASS)
