"""Records of the kernel's log (/dev/kmsg: `priority,sequence,microseconds since boot,flags;text`) that end a training.

Documentation/ABI/testing/dev-kmsg; mm/oom_kill.c for the words of the OOM killer; NVIDIA's Xid lines.
"""

from __future__ import annotations

from lptui.model.readings import KernelRecord
from lptui.text.regex import Regex

_HEAD = Regex(rb"(\d{1,10}),(\d{1,20}),(\d{1,20}),[^;\n]{0,80};([^\n]*)")
_KILLED = Regex(r"[Oo]ut of memory(?: \(oom_kill_allocating_task\))?: Kill(?:ed)? process (\d+) \(([^)]{1,64})\)")
_RESIDENT = Regex(r"(?:anon|file|shmem)-rss:(\d{1,15})kB")
_XID = Regex(
    r"NVRM: Xid \((PCI:[0-9a-fA-F:.]{1,20})\): (\d{1,4})(?:, pid='?(\d+|<unknown>)'?)?(?:, name=([^,]{1,64}))?"
)
_SEGFAULT = Regex(r"(?:traps: )?(\S{1,64})\[(\d+)\]:? (?:segfault at|general protection fault|trap invalid opcode)")
_LONGEST = 300


def read_kernel_record(raw: bytes, booted: float) -> KernelRecord | None:
    """What one record says, or None for all the rest. `booted`: unix time of the boot."""
    head = _HEAD.match(raw)
    if head is None:
        return None
    text = head[4].decode("utf-8", "replace")[:_LONGEST]
    at = booted + int(head[3]) / 1e6
    killed = _KILLED.search(text)
    if killed:
        held = sum(int(kib) for kib in _RESIDENT.findall(text)) * 1024
        return KernelRecord("oom", at, text, int(killed[1]), killed[2], held or None, cgroup="cgroup" in text)
    xid = _XID.search(text)
    if xid:
        pid = int(xid[3]) if xid[3] and xid[3].isdigit() else None
        return KernelRecord("xid", at, text, pid, xid[4] or "", number=int(xid[2]), device=xid[1])
    fault = _SEGFAULT.search(text)
    return KernelRecord("segfault", at, text, int(fault[2]), fault[1]) if fault else None
