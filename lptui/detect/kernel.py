"""What the kernel says of the run's own processes: killed for memory, a GPU's fault under them, a segmentation fault.

A record counts only with a pid that is, or was, the run's: seen among its processes, or named by its own log. One that
merely fits in time and name, when the run died without a word, counts with little confidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lptui.detect import Detector
from lptui.model.events import Event, KernelSeen, ProcessesSeen, Tick
from lptui.model.finding import Change, Evidence, Finding, Fix
from lptui.model.readings import KernelRecord
from lptui.model.value import frozen
from lptui.state.run_state import RunState
from lptui.text import clock, sanitise, short_bytes

PIDS = 8192
RECORDS = 256
CLOSE = 30.0
"""Seconds between the kernel's word and the run's last sign of life that make them one event."""
_TRAINERS = ("python", "pt_main_thread", "pt_data_worker", "ray::", "uv", "torchrun")
_PID = re.compile(r"\bpid[ :=]{1,3}(\d{1,8})\b")
_CLASSES = {"oom": "host-oom-kill", "xid": "gpu-hardware-error", "segfault": "segfault"}


@frozen
class Memory:
    pids: frozenset[int] = frozenset()
    records: tuple[KernelRecord, ...] = ()
    raised: tuple[str, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """A finding for each kind of record that is about this run; the newest leads."""
    pids, records = memory.pids, memory.records
    if isinstance(event, ProcessesSeen):
        seen = {p.pid for p in event.processes or ()}
        if not seen <= pids:
            pids = (pids if len(pids) < PIDS else frozenset()) | seen
    elif isinstance(event, KernelSeen):
        records = (*records, *event.records)[-RECORDS:]
    if not records:
        return (memory if pids is memory.pids else Memory(pids, records, memory.raised)), ()
    findings = _judge(records, pids, state)
    changes = [Change.raised(f) for f in findings if f.id not in memory.raised]
    gone = [Change.cleared(i) for i in memory.raised if i not in {f.id for f in findings}]
    raised = tuple(f.id for f in findings)
    if raised == memory.raised and pids is memory.pids and records is memory.records:
        return memory, ()
    return Memory(pids, records, raised), [*gone, *changes]


def _judge(records: Sequence[KernelRecord], pids: frozenset[int], state: RunState) -> list[Finding]:
    named = {int(n) for f in state.findings for e in f.evidence for n in _PID.findall(e.text)}
    found: dict[str, Finding] = {}
    for record in records:
        confidence = 1.0 if record.pid in pids else 0.95 if record.pid in named else _fits(record, state)
        if confidence:
            finding = _tell(record, confidence, state)
            found[finding.id] = finding
    return list(found.values())


def _fits(record: KernelRecord, state: RunState) -> float:
    """Whether a record of a process that we never saw fits a run that died here without a word."""
    life = state.life
    dead = state.processes == () and life.condition in ("crashed", "unknown") and life.exit_code is None
    if not dead or record.kind != "oom" or life.last_sign is None or not record.name.startswith(_TRAINERS):
        return 0.0
    if any(f.active and f.severity == "error" and f.anchor is not None for f in state.findings):
        return 0.0  # its log says what it died of: a python that was killed then is somebody else's
    return 0.6 if abs(record.at - life.last_sign) <= CLOSE else 0.0


def _tell(record: KernelRecord, confidence: float, state: RunState) -> Finding:
    cls = _CLASSES[record.kind]
    doubt = confidence < 0.9
    name = sanitise(record.name)
    who = f"pid {record.pid} ({name})" if record.pid is not None else name
    who += ", perhaps this run's," if doubt else " of this run"
    titles = {
        "oom": f"the kernel killed {who} for memory" + (f": it held {short_bytes(record.held)}" if record.held else ""),
        "xid": f"the driver reported Xid {record.number} on {record.device} under {who}",
        "segfault": f"the kernel ended {who} by a segmentation fault",
    }
    return Finding(
        id=f"kernel:{cls}:{state.life.attempts}:{int(record.at)}",
        cls=cls,
        severity="error",
        title=titles[record.kind],
        role="root",
        attempt=state.life.attempts,
        evidence=(
            Evidence(f"kernel, {clock(record.at)}: {sanitise(record.text)}", kind="host", at=record.at),
            *((Evidence("the pid is not known to be this run's; name and time fit", kind="process"),) if doubt else ()),
        ),
        fix=_advise(record),
        confidence=confidence,
        first_seen=record.at,
        last_seen=record.at,
        step=state.progress.step,
    )


def _advise(record: KernelRecord) -> Fix:
    if record.kind == "xid":
        return Fix(
            f"look up Xid {record.number}; if it comes again, drain the node and go on elsewhere",
            "the driver, and not the program, says so",
            "nvidia-smi -q -d ECC,ROW_REMAPPER,PAGE_RETIREMENT",
            "no new Xid line for an hour of training",
        )
    if record.kind == "segfault":
        return Fix(
            "run it once with faulthandler to see which Python line was in native code",
            "a crash in native code leaves no traceback",
            "export PYTHONFAULTHANDLER=1",
            "the next crash prints a Python stack",
        )
    limit = "the limit of its cgroup (the job or container)" if record.cgroup else "this machine's memory"
    return Fix(
        "hold less in host memory (fewer loader or environment workers, a smaller replay buffer), or raise the limit",
        f"what was full is {limit}",
        "cat /sys/fs/cgroup/memory.max" if record.cgroup else "free -h",
        "the memory in the Machine pane levels off below the limit",
    )


KERNEL = Detector("kernel", Memory(), step, (KernelSeen, ProcessesSeen, Tick))
