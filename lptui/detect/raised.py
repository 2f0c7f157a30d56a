"""Tracebacks in a block: one thing each, whose classes are those of its exception lines.

One that no class knows is an `uncaught-exception`. Of exceptions that led to one another, what a library made of the
first one (a connection that then is lost, a file that then cannot be closed) is no failure of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from lptui.detect.log_block import GROUP_TEXT, LOGGED, RECOVERY, UNCAUGHT, Block, Hit
from lptui.detect.log_lines import LONGEST, is_handled, read_line
from lptui.formats.traceback import MARK, Traceback, find_tracebacks
from lptui.text.regex import Regex

_NOTEBOOK = Regex(rb"\n(\w+(?:Error|Exception|Interrupt|Warning)) {2,80}Traceback \(most recent call last\)")
_NO_ERROR = frozenset(("SystemExit", "GeneratorExit", "Traceback", "Exit", "ExceptionGroup", "BaseExceptionGroup"))
"""Ends that are none, and groups, which print what they hold."""
_OF_ANYTHING = frozenset(
    (
        *("network-error", "peer-connection-lost", "io-error", "file-not-found", "permission-denied"),
        *("worker-process-died", "wandb-failure"),
    )
)
"""What else happens while an exception is handled: of a later link of a chain they say nothing new."""
_BY_HAND = "user-interrupt"
_IN_ENVIRONMENT = Regex(
    r"(?:vec_?env|vector_?env|venvs?|env_worker|env_runner|subproc\w*)\w*\.py:\w*(?:worker|_worker_shared_memory)\w*$",
    re.I,
)
_OF_ENVIRONMENTS = Regex(r"(?:async_vector_env|subproc_vec_env|shmem_vec_env|env_worker|subproc)\.py:", re.I)
_LOST = frozenset(("EOFError", "BrokenPipeError", "ConnectionResetError"))
"""What a pipe says whose other end is gone."""
_IN_UNPICKLING = Regex(r"torch[/\\]serialization\.py:(?:load|_load|_legacy_load)$")
_IN_LOADER = Regex(r"torch[/\\]utils[/\\]data[/\\]_utils[/\\](?:worker|pin_memory)\.py:")
_IN_TRACKER = Regex(r"[/\\](?:wandb|mlflow|neptune|comet_ml)[/\\]")
_UNREADABLE = Regex(
    rb'(?:^|\n)  File "([^"\n]{1,1024})", line (\d{1,9})\n(?:[^\n]{0,400}\n){0,3}?'
    rb"((?:Syntax|Indentation|Tab)Error: [^\n]{1,200})"
)
"""A program that Python cannot read: there is no call yet, so no traceback."""
_RELAYED = Regex(
    rb"(?i)\bstd(?:err|out)\b[\"']?\s?[:=]|sandbox|\b(?:tool|exec(?:ution)?|candidate|solution|judge|verifier)\b"
)
"""Before a traceback: some program's output that this one handles, such as code that a model wrote."""
_IGNORED = Regex(rb"Exception ignored in|Exception in thread QueueManager|Exception ignored on|handled gracefully")


def read_tracebacks(block: Block, hits: list[Hit], find_before: Callable[[int], Iterable[Hit]]) -> list[Hit]:
    """Hits in a traceback get its frame, those that follow from its first exception go, an unknown one is added.

    `find_before` tells the hits from an offset of the block up to where its data begins.
    """
    kept = hits
    for traceback in find_tracebacks(block.buffer):
        if traceback.end <= block.head or not traceback.exception:
            continue
        low, high = block.base + traceback.start, block.base + traceback.end
        inside = [h for h in kept if low <= h.position < high and h.key != RECOVERY]
        if _is_ignored(block, traceback):
            kept = [h for h in kept if h not in inside]
            continue
        chained = traceback.root is not None and traceback.start < block.head
        earlier = [h for h in find_before(traceback.start) if h.key != RECOVERY] if chained else []
        frame = _tell_frame(traceback)
        needless = _find_needless(block, traceback, [*earlier, *inside])
        kept = [replace(h, frame=frame) if h in inside else h for h in kept if h not in needless]
        if not inside and not earlier:
            kept = [*kept, *_tell_uncaught(block, traceback, frame)]
    return [*kept, *_read_notebooks(block, kept)]


def read_unreadable(block: Block, hits: list[Hit]) -> Iterator[Hit]:
    """Syntax errors of the program that was started, which stand alone."""
    for found in _UNREADABLE.finditer(block.buffer):
        position = block.base + found.start(3)
        if found.start(3) < block.head or any(h.position == position for h in hits):
            continue
        told = found[3].decode(errors="replace")
        frame = f"{found[1].decode(errors='replace')}:{int(found[2])}"[:400]
        groups = (("exception", told[:GROUP_TEXT]), ("frame", frame))
        yield Hit(UNCAUGHT, position, told, groups, frame=frame)


def _find_needless(block: Block, traceback: Traceback, inside: list[Hit]) -> list[Hit]:
    """Of a chain, hits after its first exception that this one explains."""
    end = block.base + traceback.origin.end
    first = {h.cls for h in inside if h.position < end}
    if traceback.root is None or traceback.origin.start > traceback.start or first <= _OF_ANYTHING:
        return []
    return [h for h in inside if h.position >= end and (_BY_HAND in first or h.cls in _OF_ANYTHING)]


def _is_ignored(block: Block, traceback: Traceback) -> bool:
    """Whether Python threw the exception away, somebody caught it and went on, or it is another program's."""
    line = block.buffer[traceback.start : block.buffer.find(b"\n", traceback.start)]
    if _RELAYED.search(line[: max(0, line.find(MARK))]):
        return True
    before = block.before(traceback.start, 2)
    if before and _IGNORED.search(before[-1].encode()):
        return True
    if not before:
        return False
    above = read_line(before[-1].encode())
    return above.level in ("info", "debug", "warning") and is_handled(above)


def _tell_uncaught(block: Block, traceback: Traceback, frame: str) -> Iterable[Hit]:
    origin = traceback.origin
    name = traceback.exception
    if name.rsplit(".", 1)[-1] in _NO_ERROR:
        return
    raw = block.buffer[traceback.start : traceback.end]
    at = raw.rfind(name.encode())
    start = traceback.start + max(raw.rfind(b"\n", 0, at), raw.rfind(b"\r", 0, at)) + 1 if at >= 0 else traceback.start
    if start < block.head:
        return
    told = _one_line(traceback)
    cause = f" (from {_one_line(origin)})" if origin is not traceback and _one_line(origin) != told else ""
    line = block.line_at(start, min(len(block.buffer), start + LONGEST))
    place = _name_place(traceback)
    word = "lost" if place == "env-crash" and origin.exception in _LOST else "exception"
    logged = place == UNCAUGHT and _is_logged(block, traceback)
    groups = ((word, told[:GROUP_TEXT]), *((("frame", frame),) if frame else ()), *((LOGGED,) if logged else ()))
    yield Hit(place, block.base + start, told + cause, groups, rank=line.rank, at=line.at, frame=frame)


def _is_logged(block: Block, traceback: Traceback) -> bool:
    """Whether a logger wrote it (`logging.exception`): somebody caught it, whatever came of that."""
    before = [line for line in block.before(traceback.start, 2) if line.strip()]  # one may be empty
    return bool(before) and read_line(before[-1].encode()).level in ("warning", "error", "critical")


def _name_place(traceback: Traceback) -> str:
    """The class of an exception that no class knows, by the code that it came through."""
    frames = traceback.origin.frames
    places = [f"{frame.path}:{frame.function}" for frame in frames]
    lost = traceback.origin.exception in _LOST
    if any(map(_IN_ENVIRONMENT.search, places)) or (lost and any(map(_OF_ENVIRONMENTS.search, places))):
        return "env-crash"
    if traceback.origin.exception in ("EOFError", "UnpicklingError") and any(map(_IN_UNPICKLING.search, places)):
        return "checkpoint-corrupt"  # an empty or cut file that holds a pickle has no words of its own
    if any(map(_IN_LOADER.search, places)):
        return "dataloader-worker-failed"
    return "wandb-failure" if frames and _IN_TRACKER.search(frames[-1].path) else UNCAUGHT


def _one_line(traceback: Traceback) -> str:
    message = " ".join(traceback.message.split())
    return f"{traceback.exception}: {message}"[:400] if message else traceback.exception


def _tell_frame(traceback: Traceback) -> str:
    """The deepest frame in the user's own code, of what was raised first."""
    frame = traceback.origin.user_frame or traceback.user_frame
    return f"{frame.path}:{frame.line} in {frame.function or '?'}"[:400] if frame else ""


def _read_notebooks(block: Block, hits: list[Hit]) -> Iterator[Hit]:
    """IPython writes the exception's name before the word Traceback and again with its message after the frames."""
    for mark in _NOTEBOOK.finditer(b"\n" + block.buffer):
        at = block.buffer.find(b"\n" + mark[1] + b":", mark.end(), mark.end() + 64 * 1024)
        if at < 0 or at + 1 < block.head:
            continue
        position = block.base + at + 1
        if any(block.base + mark.start() <= h.position <= position for h in hits if h.key != RECOVERY):
            continue
        stop = block.buffer.find(b"\n", at + 1)
        told = block.line_at(at + 1, stop if stop >= 0 else len(block.buffer)).text[:400]
        yield Hit(UNCAUGHT, position, told, (("exception", told[:GROUP_TEXT]),))
