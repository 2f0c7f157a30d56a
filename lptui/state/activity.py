"""What the run's processes and devices do while its files are silent: work, wait, or stand stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from lptui.model.readings import GpuDevice, GpuSweep, ProcessReading
from lptui.model.value import frozen

Says = Literal["busy", "idle", "stopped", "unknown"]
_Part = Literal["busy", "idle", "unknown", "some", "spins"]
DEAD = ("zombie", "dead")
IDLE_CPU, BUSY_CPU = 3.0, 20.0
"""Percent of one core, all processes together: below the first nothing is computed, above the second something is."""
IDLE_GPU, BUSY_GPU = 3.0, 10.0
SPINNING = 0.6
"""A device that is busy at less than this share of its usual power runs a kernel that waits, as a collective does."""
_SMOOTH = 0.05
_SERVICES = ("wandb", "tee", "tensorboard", "gpu_stats", "sh", "bash", "timeout", "tail")
"""Processes beside the training, whose work says nothing of it."""


@frozen
class Activity:
    """`texts` tell it witness by witness, in words that change only when the meaning does; `pids` are those stopped."""

    says: Says = "unknown"
    texts: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()


def alive(processes: Sequence[ProcessReading] | None) -> list[ProcessReading]:
    """Those that have not ended."""
    return [p for p in processes or () if p.status not in DEAD]


def trainers(processes: Sequence[ProcessReading] | None) -> list[ProcessReading]:
    """The living ones that train: without shells, log writers and services."""
    return [p for p in alive(processes) if not p.name.startswith(_SERVICES)]


def read_activity(
    processes: Sequence[ProcessReading] | None, sweep: GpuSweep | None, usual_power: float | None
) -> Activity:
    """What the readings of this instant say. `usual_power`: watts of the run's devices while it makes progress."""
    own = trainers(processes)
    stopped = tuple(p.pid for p in own if p.status == "stopped")
    if stopped:
        return Activity("stopped", (_tell_stopped(own, stopped),), stopped)
    words, cpu = _read_cpu(own)
    gpu_words, gpu = _read_devices(own_devices(sweep), usual_power)
    texts = (*words, *gpu_words)
    if gpu == "spins":  # and so does the processor that waits for it
        return Activity("unknown", texts)
    if "busy" in (cpu, gpu):
        return Activity("busy", texts)
    return Activity("idle" if cpu == "idle" and gpu in ("idle", "unknown") else "unknown", texts)


def _tell_stopped(own: Sequence[ProcessReading], stopped: Sequence[int]) -> str:
    named = ", ".join(_name(p) for p in own if p.pid in stopped[:4])
    return f"{named} stopped by a signal (SIGSTOP, or Ctrl-Z in its terminal)"


def _name(process: ProcessReading) -> str:
    return f"pid {process.pid}" + ("" if process.rank is None else f" (rank {process.rank})")


def _read_cpu(own: Sequence[ProcessReading]) -> tuple[list[str], _Part]:
    waiting = [_name(p) for p in own if p.status == "disk-sleep"]
    words = [f"{', '.join(waiting[:4])} waits for a disk or mount (state D)"] if waiting else []
    known = [p.cpu_percent for p in own if p.cpu_percent is not None]
    if not known or len(known) < len(own):
        return words, "busy" if waiting else "unknown"
    used = sum(known)
    who = _name(own[0]) if len(own) == 1 else f"{len(own)} processes"
    if waiting:
        return words, "busy"
    if used < IDLE_CPU:
        return [*words, f"{who} {'uses' if len(own) == 1 else 'use'} no CPU"], "idle"
    if used < BUSY_CPU:
        return [*words, f"{who} {'uses' if len(own) == 1 else 'use'} hardly any CPU"], "some"
    return [*words, "CPU busy"], "busy"


def own_devices(sweep: GpuSweep | None) -> list[GpuDevice]:
    """The devices on which the run holds memory."""
    return [d for d in (sweep.devices if sweep is not None else ()) if any(p.ours for p in d.processes)]


def total_power(sweep: GpuSweep | None) -> float | None:
    """Watts of the run's devices together; None when one of them does not tell."""
    watts = [d.power for d in own_devices(sweep)]
    known = [w for w in watts if w is not None]
    return sum(known) if known and len(known) == len(watts) else None


def learn_power(before: float | None, sweep: GpuSweep | None) -> float | None:
    """The run's usual power, moved a little towards that of now."""
    now = total_power(sweep)
    if now is None:
        return before
    return now if before is None else before + _SMOOTH * (now - before)


def _read_devices(devices: Sequence[GpuDevice], usual: float | None) -> tuple[list[str], _Part]:
    known = [d for d in devices if d.utilization is not None]
    if not known:
        return [], "unknown"
    used = [d.utilization or 0.0 for d in known]
    name = ", ".join(_device_names(known))
    if max(used) < IDLE_GPU:
        return [f"{name} idle"], "idle"
    if max(used) < BUSY_GPU:
        return [f"{name} hardly used"], "some"
    power = [d.power for d in known if d.power is not None]
    if usual and len(power) == len(devices) and sum(power) < SPINNING * usual:
        return [f"{name} busy at far less than the usual {usual:.0f} W, as when a collective waits"], "spins"
    return [f"{name} busy"], "busy"


def _device_names(devices: Sequence[GpuDevice]) -> Iterator[str]:
    for device in devices[:4]:
        yield f"GPU {device.index}"
    if len(devices) > 4:
        yield "..."
