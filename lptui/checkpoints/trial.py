"""Level 3: can the run's own torch read this file? Tried only on a confirmed request, and only what is harmless by all
that is known: torch's readers had code execution in weights_only mode up to 2.5.1 and memory corruption below 2.10.

The file is looked into first by our own reader; nothing but names that torch's own allow-list has may be in it. Then a
process of the named interpreter, without an environment, with limits, loads it with weights_only=True. There is no
other mode, and no second attempt.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from lptui.checkpoints.info import CheckpointInfo
from lptui.checkpoints.probe import escape
from lptui.checkpoints.worker import Inspector

MIN_TORCH = (2, 10)
TIMEOUT = 600.0
FORMATS = ("torch-zip", "torch-legacy")
_WHOLE = ("ok-unverified", "ok-verified")
_MOST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class TrialReport:
    """`verdict` is loads, fails (torch says no), refused (it was not even tried: `refused` are the names that torch
    would not take), or not-tried (the interpreter or its torch is not fit for it). `reason` is for the reader."""

    path: str
    verdict: str
    reason: str
    python: str
    torch: str = ""
    refused: tuple[str, ...] = ()
    tensors: int | None = None
    seconds: float | None = None


def try_load(
    path: str,
    python: str,
    *,
    timeout_s: float = TIMEOUT,
    inspect: Callable[[str], CheckpointInfo] | None = None,
) -> TrialReport:
    """Load `path` with the torch of the interpreter `python`, which the user has named or confirmed."""
    unfit = judge_interpreter(python, path)
    if unfit:
        return TrialReport(path, "not-tried", unfit, python)
    info = inspect(path) if inspect is not None else _inspect(path)
    refusal = _refuse(info, python)
    if refusal is not None:
        return refusal
    return _run(path, python, info, timeout_s)


def judge_interpreter(python: str, path: str) -> str:
    """Why this interpreter is not started, '' if it may be: never one that lies beside the checkpoint."""
    if not os.path.isabs(python):
        return "name the interpreter by its whole path"
    real = os.path.realpath(python)
    if not os.path.isfile(real) or not os.access(real, os.X_OK):
        return f"{escape(python)} is no program that can be started"
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.abspath(python).startswith(folder + os.sep) or real.startswith(folder + os.sep):
        return "it lies in the folder of the checkpoint: a file of a run is never started"
    return ""


def _inspect(path: str) -> CheckpointInfo:
    with Inspector() as inspector:
        return inspector.inspect(path, 60.0)


def _refuse(info: CheckpointInfo, python: str) -> TrialReport | None:
    strange = tuple(g.name for g in info.globals if g.kind != "plain")
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        reason = f"weights_only=True refuses {', '.join(strange[:3])}{more}"
        return TrialReport(info.path, "refused", reason, python, refused=strange)
    if info.verdict not in _WHOLE:
        return TrialReport(info.path, "refused", f"it is {info.verdict}: {info.reason}", python)
    if info.format not in FORMATS:
        return TrialReport(info.path, "refused", f"only files of torch.save are tried, and it is {info.format}", python)
    return None


def _run(path: str, python: str, info: CheckpointInfo, timeout_s: float) -> TrialReport:
    request = json.dumps({"path": os.path.abspath(path), "key": list(info.key), "torch": MIN_TORCH})
    begun = time.monotonic()
    try:
        done = subprocess.run(
            [python, "-I", "-c", _CHILD],
            input=request.encode("ascii"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TrialReport(path, "fails", f"it had not loaded after {timeout_s:.0f} s", python)
    except OSError as error:
        return TrialReport(path, "not-tried", f"the interpreter cannot be started: {error.strerror}", python)
    return _read_answer(done.stdout[-_MOST_ANSWER:], done.returncode, path, python, time.monotonic() - begun)


def _read_answer(out: bytes, code: int, path: str, python: str, seconds: float) -> TrialReport:
    try:
        parsed: object = json.loads(out.decode("utf-8", "replace").strip().rpartition("\n")[2])
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        how = f"died of signal {-code}" if code < 0 else f"ended with code {code}"
        return TrialReport(path, "fails", f"the process that loaded it {how}", python, seconds=seconds)
    answer = cast("dict[str, Any]", parsed)
    version = escape(str(answer.get("torch", "")))
    verdict, reason = str(answer.get("verdict", "")), escape(str(answer.get("reason", "")))
    if verdict == "loads":
        count = answer.get("tensors")
        tensors = count if isinstance(count, int) else None
        reason = f"torch {version} loads it with weights_only=True"
        return TrialReport(path, "loads", reason, python, version, tensors=tensors, seconds=seconds)
    known = verdict if verdict in ("fails", "not-tried") else "fails"
    return TrialReport(path, known, reason, python, version, seconds=seconds)


# Runs in an interpreter of any age and with nothing of ours: plain Python, one JSON line out.
_CHILD = r"""
import json, os, sys
request = json.load(sys.stdin)

def answer(verdict, reason="", **more):
    out = dict(verdict=verdict, reason=reason[:400], **more)
    sys.stdout.write("\n" + json.dumps(out) + "\n")
    sys.stdout.flush()
    os._exit(0)

def numbers(version):
    found = []
    for part in version.split("+")[0].split(".")[:2]:
        digits = "".join(c for c in part if c.isdigit())
        found.append(int(digits) if digits else 0)
    return tuple(found)

def too_old(version):
    return numbers(version) < tuple(request["torch"])

def say_old(version):
    least = ".".join(map(str, request["torch"]))
    reason = "its torch is %s: below %s weights_only can corrupt memory or run code" % (version, least)
    answer("not-tried", reason, torch=version)

def cap(resource, kind, value):
    try:
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):
        pass

try:
    from importlib import metadata
    version = metadata.version("torch")
except Exception:
    version = ""
if not version:
    answer("not-tried", "this interpreter has no torch")
if too_old(version):
    say_old(version)
import resource
cap(resource, resource.RLIMIT_FSIZE, 0)
cap(resource, resource.RLIMIT_CORE, 0)
cap(resource, resource.RLIMIT_CPU, 600)
try:
    os.nice(19)
    import ctypes
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
except Exception:
    pass
try:
    import torch
except Exception as error:
    answer("not-tried", "its torch cannot be imported: %s" % type(error).__name__)
version = str(torch.__version__)
if too_old(version):
    say_old(version)
try:
    torch.set_num_threads(1)
    file = open(request["path"], "rb")
except Exception as error:
    answer("fails", "it cannot be opened: %s" % error, torch=version)

def key():
    now = os.fstat(file.fileno())
    return [now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns]

if key() != request["key"]:
    answer("fails", "it was written to since it was looked into", torch=version)
size = os.fstat(file.fileno()).st_size
try:
    mapped = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    cap(resource, resource.RLIMIT_AS, mapped + 2 * size + (1 << 30))
except Exception:
    pass
try:
    loaded = torch.load(file, map_location="cpu", weights_only=True)
except MemoryError:
    answer("fails", "it asks for more memory than twice its size", torch=version)
except Exception as error:
    answer("fails", "%s: %s" % (type(error).__name__, " ".join(str(error).split())), torch=version)
if key() != request["key"]:
    answer("fails", "it was written to while it was loaded", torch=version)
count, pending, seen = 0, [loaded], set()
while pending:
    value = pending.pop()
    if id(value) in seen:
        continue
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        count += 1
    elif isinstance(value, dict):
        pending.extend(value.values())
    elif isinstance(value, (list, tuple)):
        pending.extend(value)
answer("loads", torch=version, tensors=count)
"""
