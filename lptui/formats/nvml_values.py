"""NVML's numbers as words: what an error means for us, and which clock event reasons slow a device down.

Sources: NVIDIA's public NVML API reference (nvmlReturn_t, nvmlClocksEventReasons).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from lptui.model.readings import GpuProcess
from lptui.model.value import frozen

RefusalKind = Literal["never", "lost", "later", "down"]
"""never: this device does not answer this query, do not ask again. lost: the device is gone until it is
reset. later: no answer this time. down: the library or the driver is not there at all."""


@frozen
class Refusal:
    """Why NVML gave no value."""

    kind: RefusalKind
    text: str


NO_LIBRARY = 12
NOT_SUPPORTED = 3
FUNCTION_NOT_FOUND = 13
GPU_IS_LOST = 15

_REFUSALS: dict[int, Refusal] = {
    1: Refusal("down", "NVML was shut down under lptui; it is started again by itself"),
    2: Refusal("never", "not available on this device (invalid argument)"),
    3: Refusal("never", "not supported by this device"),
    4: Refusal("never", "no permission: the driver tells this to root only"),
    6: Refusal("never", "not found on this device"),
    9: Refusal("down", "the NVIDIA driver is not loaded: run `nvidia-smi`, then load it or reboot"),
    10: Refusal("later", "the driver timed out"),
    11: Refusal("later", "the driver reports an interrupt problem: see `dmesg`"),
    12: Refusal(
        "down",
        "no NVIDIA driver library (libnvidia-ml.so.1) here: no GPU, or a container started without --gpus",
    ),
    13: Refusal("never", "not known to this driver version"),
    15: Refusal("lost", "GPU is lost: it no longer answers the driver; see `dmesg` for its Xid"),
    16: Refusal("lost", "GPU requires a reset before it can be used again"),
    17: Refusal("never", "refused by the operating system or its cgroup"),
    18: Refusal("down", "driver and library versions differ: reboot (or reload the driver) after the driver update"),
    25: Refusal("never", "not known to this driver version (structure version)"),
    26: Refusal("never", "no longer answered by this driver version"),
    999: Refusal("later", "the driver reports an unknown error"),
}


def refusal_of(code: int) -> Refusal:
    """What nvmlReturn_t `code` (not 0) means here. Codes that are not listed are tried again."""
    return _REFUSALS.get(code) or Refusal("later", f"NVML error {code}")


_SLOWING: tuple[tuple[int, str], ...] = (
    (0x04, "power cap"),
    (0x08, "hardware slowdown"),
    (0x10, "sync boost"),
    (0x20, "software thermal"),
    (0x40, "hardware thermal"),
    (0x80, "power brake"),
)


def throttle_names(mask: int) -> tuple[str, ...]:
    """The reasons in `mask` that hold the clocks down, by name.

    Idle (0x1), the clocks a user has set (0x2) and display clocks (0x100) are no slow-down of a training and
    are left out; bits that NVML may add are kept as 'reason 0x...'.
    """
    names = [name for bit, name in _SLOWING if mask & bit]
    unknown = mask & ~0x1FF
    if unknown:
        names.append(f"reason {unknown:#x}")
    return tuple(names)


def process_rows(rows: Iterable[Any], total: int | None) -> tuple[GpuProcess, ...]:
    """nvmlProcessInfo_t rows (`pid`, `usedGpuMemory` or None) as values, one a pid, `ours` not decided.

    Rows that cannot be are dropped (pid 0: a zombie context, nvtop#110), as is memory beyond `total` (bytes).
    """
    found: dict[int, GpuProcess] = {}
    for row in rows:
        used = None if row.usedGpuMemory is None else int(row.usedGpuMemory)
        if used is not None and total and used > total:
            used = None
        if row.pid:
            found[row.pid] = GpuProcess(row.pid, used, None)
    return tuple(found.values())
