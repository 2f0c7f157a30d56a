"""What launchers say when a run starts, restarts or is taken down: torchrun, Slurm, accelerate, Ray Train, Lightning.

A block is a run of lines that one of them wrote; its title says what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lptui.formats.fold import TITLE, Fold, Kind, clock_near, line_at
from lptui.formats.launcher_titles import (
    tell_accelerate,
    tell_environment,
    tell_lightning,
    tell_ray,
    tell_slurm,
    tell_torchrun,
)  # fmt: skip
from lptui.formats.log_prefix import find_message, strip_escapes, strip_labels
from lptui.text.regex import Regex

_MOST_LINES = 300
_LONGEST = 32 * 1024


class _Launcher(NamedTuple):
    """`signs`: bytes, one of which is in a first line; `begins`: a first line; `belongs`: one that goes on. Both see a
    line without colours and rank label. `inner`: a line that the block may hold, but not end with."""

    signs: tuple[bytes, ...]
    begins: Regex[bytes]
    belongs: Regex[bytes]
    inner: Regex[bytes] | None
    least: int
    tell: Callable[[bytes], tuple[Kind, str]]


_NEVER: Regex[bytes] | None = None
_ELASTIC = (
    rb"(?:\d{1,5}: )?(?:\[?[IWEFC]\d{4} |\[?20\d\d-|(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):)[^\n]{0,80}"
    rb"torch[/.]distributed[/.](?:elastic|run|launcher|agent)\b"
)  # fmt: skip
_SLURM = rb"(?:\d{1,5}: )?(?:slurmstepd|slurmd|srun|sbatch|salloc)(?:-[\w.-]{1,80}|\[[^\]\n]{1,80}\])?: "
_BOX = "(?:[┏┃┡│└┗┣┠]|┌)".encode()
_LAUNCHERS = (
    _Launcher(
        (b"torch/distributed/", b"torch.distributed."),
        Regex(_ELASTIC),
        # of torch before 2.3: what stands below a heading without a prefix of its own
        Regex(
            _ELASTIC + rb"|\*{20,60}\s*$|Setting OMP_NUM_THREADS environment"
            rb"|  (?:restart_count|master_(?:addr|port)|(?:group|local|role|global)_(?:world_sizes?|ranks?))="
        ),
        Regex(rb"  \w{3,30} ?[:=]|\s*$"),
        2,
        tell_torchrun,
    ),
    _Launcher((b"slurmstepd", b"srun: ", b"salloc: ", b"slurmd"), Regex(_SLURM), Regex(_SLURM), _NEVER, 2, tell_slurm),
    _Launcher(
        (b"SLURM_",),
        Regex(rb"(?:export |declare -x )?SLURM_[A-Z_]{2,60} ?[=:]"),
        Regex(rb"(?:export |declare -x )?(?:SLURM|SLURMD|CUDA|MASTER|NCCL|WORLD|LOCAL|NODE|OMP)_[A-Z_]{2,60} ?[=:]"),
        _NEVER,
        3,
        tell_environment,
    ),
    _Launcher(
        (b"values were not passed to `accelerate",),
        Regex(rb"The following values were not passed to `accelerate launch`"),
        Regex(rb"\s{1,8}`--\w{1,60}` was set to|\s{1,8}More than one GPU was found|\s{1,8}If this was unintended"
              rb"|To avoid this warning pass in values"),
        _NEVER,
        2,
        tell_accelerate,
    ),
    _Launcher(
        (b"[FailurePolicy]", b"Started training worker group of size"),
        Regex(rb"\[FailurePolicy\] [A-Z]{3,12}\b|Started training worker group of size \d"),
        Regex(rb"  (?:Source|Error count): |- \(ip=|Attempting to start training worker group"),
        _NEVER,
        2,
        tell_ray,
    ),
    _Launcher(
        (b"U available: ",),
        Regex(rb"(?:INFO: )?GPU available: (?:True|False)"),
        Regex(
            rb"(?:INFO: )?(?:(?:TPU|IPU|HPU|NPU|MPS) available: |LOCAL_RANK: \d|Initializing distributed: "
            rb"|distributed_backend=|All distributed processes registered|Restor(?:ing|ed) (?:states|all states) from"
            rb"|You are using a CUDA device|Using (?:bfloat16|16bit|bf16|native) |SLURM auto-requeueing enabled"
            rb"|\xf0\x9f\x92\xa1 Tip: |(?:Non-t|T)(?:rainable|otal) params|Total (?:params|estimated|FLOPs)"
            rb"|Modules in (?:train|eval) mode|  \| Name +\| Type|\d{1,4} {1,4}\| \w[^\n]{0,200}\|"
            rb"|[\d.,]{1,12} {1,4}[KMB]? {0,8}(?:Trainable|Non-trainable|Total|Modules) |" + _BOX + rb")"
        ),
        Regex(rb"-{20,200}\s*$|\s*$"),
        3,
        tell_lightning,
    ),
)  # fmt: skip


def find_launchers(data: bytes) -> Iterator[Fold]:
    """The blocks that launchers wrote; one that the end of `data` may cut is left out."""
    for launcher in _LAUNCHERS:
        done = 0
        for start in _starts(data, launcher.signs):
            if start < done or launcher.begins.match(_plain(data, start)) is None:
                continue
            done, count = _take(data, start, launcher)
            if count >= launcher.least and done < len(data):
                kind, title = launcher.tell(strip_escapes(data[start:done]))
                clock = clock_near(data, start, done)
                yield Fold(start, done, kind, title[:TITLE], data.count(b"\n", start, done), clock=clock)


def _starts(data: bytes, signs: tuple[bytes, ...]) -> Iterator[int]:
    """Starts of the lines that hold one of `signs`, each once."""
    found: set[int] = set()
    for sign in signs:
        at = data.find(sign)
        while at >= 0:
            found.add(data.rfind(b"\n", 0, at) + 1)
            end = data.find(b"\n", at)
            at = data.find(sign, end + 1) if end >= 0 else -1
    yield from sorted(found)


def _take(data: bytes, start: int, launcher: _Launcher) -> tuple[int, int]:
    """(end, lines) of the block that begins at `start`."""
    at = end = data.find(b"\n", start) + 1 or len(data)
    count = lines = 1
    while at < len(data) and lines < _MOST_LINES and at - start < _LONGEST:
        line = _plain(data, at)
        own = launcher.belongs.match(line) is not None
        if not own and (launcher.inner is None or launcher.inner.match(line) is None):
            break
        at = data.find(b"\n", at) + 1 or len(data)
        lines += 1
        if own:
            end, count = at, lines
    return end, count


def _plain(data: bytes, at: int) -> bytes:
    """A line without colours and rank label; of one with a level, its message."""
    line = strip_labels(strip_escapes(line_at(data, at)))
    return line[find_message(line) :] if line.startswith((b"INFO:", b"20", b"[20")) and b"torch" not in line else line
