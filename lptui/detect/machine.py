"""The machine under the run: a GPU that is gone, memory or disk that is nearly full."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.detect import Detector
from lptui.model.events import Event, GpuSeen, HostSeen
from lptui.model.finding import Change, Evidence, Finding, Fix, age_out
from lptui.model.readings import GpuDevice, HostReading
from lptui.model.value import frozen
from lptui.state.run_state import RunState
from lptui.text import sanitise, short_bytes

FULL, RECOVERED = 0.95, 0.90
"""Alarm above the first, recover below the second: hysteresis, so that a value at the border does not flicker."""


@frozen
class Memory:
    raised: tuple[Finding, ...] = ()


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """Lost devices, host memory, disk and /dev/shm."""
    before = {f.id: f for f in memory.raised}
    findings = [_lost(d) for d in (state.gpu.devices if state.gpu else ()) if d.lost]
    if state.host is not None:
        findings += _host(state.host, state, set(before))
    now = {f.id: f for f in findings}
    changes = [Change.raised(f) for f in findings if f.id not in before or before[f.id].title != f.title]
    changes += [Change.raised(age_out(f, "back to normal")) for i, f in before.items() if i not in now]
    kept = tuple(before[i] if i in before and before[i].title == f.title else f for i, f in now.items())
    return (Memory(kept), changes) if changes else (memory, ())


def _lost(device: GpuDevice) -> Finding:
    return Finding(
        id=f"gpu-hardware-error:{device.uuid or device.index}",
        cls="gpu-hardware-error",
        severity="error",
        title=f"GPU {device.index} ({sanitise(device.name)}) no longer answers: {sanitise(device.lost)}",
        evidence=(Evidence(f"NVML: {sanitise(device.lost)}", kind="gpu", at=device.read_at),),
        fix=Fix(
            "stop the run on this machine, resume it elsewhere from the newest checkpoint; the machine needs a reboot",
            "a GPU that fell off the bus does not come back by itself (look for Xid 79 in the kernel log)",
            "dmesg -T | grep -i xid | tail",
        ),
        first_seen=device.read_at,
    )


def _host(host: HostReading, state: RunState, raised: set[str]) -> list[Finding]:
    found: list[Finding] = []
    limit = host.memory_limit or host.memory_total
    used = host.memory_limit_used if host.memory_limit else _minus(host.memory_total, host.memory_available)
    if limit and used is not None and used / limit > (RECOVERED if "host-memory" in raised else FULL):
        whose = "the memory limit of this job" if host.memory_limit else "host memory"
        found.append(_full("host-memory", "host-oom-kill", whose, used, limit, host.read_at, _MEMORY_FIX))
    if host.shm_total and host.shm_free is not None:
        used = host.shm_total - host.shm_free
        if used / host.shm_total > (RECOVERED if "shm-full" in raised else FULL):
            found.append(
                _full("shm-full", "shared-memory-exhausted", "/dev/shm", used, host.shm_total, host.read_at, _SHM_FIX)
            )
    found += _disk(host, state)
    return found


_MEMORY_FIX = Fix(
    "fewer loader or environment workers, or a smaller buffer",
    "when it is full the kernel kills the largest process, and the log says nothing (exit 137)",
    "ps -eo pid,rss,args --sort=-rss | head",
)
_SHM_FIX = Fix(
    "fewer loader workers, or more shared memory (docker: --shm-size 16g)",
    "loader workers die of a bus error when it is full",
    "df -h /dev/shm",
)


def _full(key: str, cls: str, what: str, used: int, limit: int, at: float, fix: Fix) -> Finding:
    return Finding(
        id=key,
        cls=cls,
        severity="warning",
        title=f"{what} is nearly full: {used / limit:.0%} of {short_bytes(limit)}",
        role="symptom",
        evidence=(Evidence(f"{short_bytes(used)} of {short_bytes(limit)} in use", kind="host", at=at),),
        fix=fix,
        first_seen=at,
    )


def _disk(host: HostReading, state: RunState) -> list[Finding]:
    """Room for fewer than two more checkpoints, or hardly any at all."""
    if host.disk_free is None or not host.disk_total:
        return []
    largest = max((c.size for c in state.checkpoints), default=0)
    need = max(2 * largest, 256 * 1024 * 1024)
    if host.disk_free >= need:
        return []
    room = host.disk_free // largest if largest else 0
    return [
        Finding(
            id="disk-full",
            cls="disk-full",
            severity="error" if host.disk_free < max(largest, 64 * 1024 * 1024) else "warning",
            title=f"the disk of the run is full: {short_bytes(host.disk_free)} free"
            + (f", room for {room} more checkpoints of {short_bytes(largest)}" if largest else ""),
            evidence=(Evidence(f"{host.disk_path}: {short_bytes(host.disk_free)} free", kind="host", at=host.read_at),),
            fix=Fix(
                "delete old checkpoints or move them to another volume",
                "the next save will be cut short",
                "",
                "free space covers at least two checkpoints",
            ),
            first_seen=host.read_at,
        )
    ]


def _minus(total: int | None, part: int | None) -> int | None:
    return None if total is None or part is None else total - part


MACHINE = Detector("machine", Memory(), step, (GpuSeen, HostSeen))
