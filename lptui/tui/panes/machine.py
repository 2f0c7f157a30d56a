"""GPU and host: whose memory it is, how busy the devices are, what the run's processes take."""

from __future__ import annotations

from typing import ClassVar

from lptui.model.readings import GpuDevice, GpuSweep, HostReading, ProcessReading
from lptui.state.run_state import RunState
from lptui.text import fit, plural, short_age, short_bytes
from lptui.text.width import cut
from lptui.tui.panes import RowsPane
from lptui.tui.widgets.meters import meter, parts_bar
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row, Span, clean, columns, crop, row_width, spread, wrap
from lptui.tui.workspace import Workspace

_OLD = 10.0
"""Seconds without an answer after which a device's age is shown."""
_STUCK = ("zombie", "stopped", "disk-sleep")


class MachinePane(RowsPane):
    """Devices, then the host, then the processes of the run."""

    pane_id: ClassVar[str] = "machine"
    title: ClassVar[str] = "GPU and host"
    short: ClassVar[str] = "Machine"
    sources: ClassVar[tuple[str, ...]] = ("gpu", "nvml", "host", "process")

    def part(self, workspace: Workspace) -> tuple[object, ...]:
        state = workspace.run
        old = _any_old(state)
        return (
            state.gpu,
            state.host,
            state.processes,
            state.processes_reason,
            state.statuses,
            state.now if old else 0,
        )

    def note(self, state: RunState) -> str:
        return "" if state.host is None else clean(state.host.name)[:24]

    def page(self, state: RunState, width: int) -> Page:
        compact = state.gpu is not None and len(state.gpu.devices) * 4 > max(8, self.view.size.height)
        rows = [
            *gpu_rows(state, width, compact=compact, plain=self.ascii),
            *host_rows(state.host, width, plain=self.ascii),
            *process_rows(state, width),
        ]
        return Page(rows)


def _any_old(state: RunState) -> bool:
    return state.gpu is not None and any(state.now - d.read_at >= _OLD for d in state.gpu.devices)


def gpu_rows(state: RunState, width: int, *, compact: bool, plain: bool) -> list[Row]:
    """All devices, or the one line that says why there are none."""
    sweep: GpuSweep | None = state.gpu
    if sweep is None:
        return [(("GPU   ", "dim"), ("not read yet", "dim"))]
    if not sweep.devices:
        return _reason("GPU", clean(sweep.reason) or "none on this machine", width)
    rows: list[Row] = []
    for device in sweep.devices:
        if device.lost:
            rows += _lost(device, width, plain=plain)
        elif compact:
            rows.append(_compact(device, state.now, width, plain=plain))
        else:
            rows += _device(device, state.now, width, plain=plain)
    return rows


def _lost(device: GpuDevice, width: int, *, plain: bool) -> list[Row]:
    head = ((f" {'X' if plain else '✖'} GPU {device.index} LOST ", "alarm"), (f" {clean(device.name)}", "dim"))
    lines = wrap(clean(device.lost), max(10, width - 6), 3)
    return [crop(head, width), *(((("      ", ""), (line, "error"))) for line in lines)]


def _reason(name: str, reason: str, width: int) -> list[Row]:
    """Why there is no reading, in full."""
    lines = wrap(reason, max(10, width - 6), 4) or [""]
    return [((f"{name if not i else '':<6}", "dim"), (line, "dim")) for i, line in enumerate(lines)]


def _device(device: GpuDevice, now: float, width: int, *, plain: bool) -> list[Row]:
    name = (("GPU ", "dim"), (f"{device.index} ", "title"), (clean(device.name).removeprefix("NVIDIA "), "value"))
    rows = [spread(name, _vitals(device), width, gap=2), _memory(device, width, plain=plain)]
    legend = _legend(device, width - 6, plain=plain)
    if legend:
        rows.append((("      ", ""), *legend))
    if device.utilization is None:  # in a row of its own: beside the name it would cut that
        why = clean(dict(device.reasons).get("utilization", "not known"))
        rows += [(("      ", ""), (line, "dim")) for line in wrap(f"busy: {why}", max(10, width - 6), 3)]
    if now - device.read_at >= _OLD:
        rows.append(
            (
                ("      ", ""),
                (f"{'!' if plain else '▲'} no answer for {short_age(now - device.read_at)}", "warn"),
            )
        )
    if device.throttle:
        reasons = ", ".join(clean(t) for t in device.throttle)
        rows.append((("      ", ""), (f"{'!' if plain else '▲'} slowed down: {reasons}", "warn")))
    mine = [p for p in device.processes if p.ours]
    if len(mine) > 1:
        rows += [
            (("      ", ""), (f"{p.pid} {cut(clean(p.name), 20)} ", "key"), (short_bytes(p.used_bytes), "ours"))
            for p in mine
        ]
    return rows


def _vitals(device: GpuDevice) -> Row:
    row: list[Span] = []
    if device.utilization is not None:
        row.append((f"{device.utilization:3.0f} %", "value"))
    else:
        row.append(("busy ?", "dim"))
    if device.temperature is not None:
        hot = device.temperature >= 85
        row.append((f"  {device.temperature:.0f} °C", "warn" if hot else "value"))
    if device.power is not None:
        limit = f"/{device.power_limit:.0f}" if device.power_limit is not None else ""
        row.append((f"  {device.power:.0f}{limit} W", "value"))
    return tuple(row)


def _shares(device: GpuDevice) -> list[tuple[float, str]]:
    """The used memory as ours, others' and nobody's known."""
    used = device.memory_used or 0
    ours = device.memory_ours or 0
    others = sum(p.used_bytes or 0 for p in device.processes if p.ours is False)
    return [(ours, "ours"), (others, "others"), (max(0, used - ours - others), "dim")]


def _memory(device: GpuDevice, width: int, *, plain: bool) -> Row:
    total, used = device.memory_total, device.memory_used
    if not total or used is None:
        why = dict(device.reasons).get("memory_used", "not known")
        return (("  mem ", "dim"), (clean(why), "dim"))
    shares = _shares(device)
    words = f" {100 * used / total:3.0f} %  {short_bytes(used)} / {short_bytes(total)}"
    words = fit(words, max(28, len(words)))
    cells = max(6, min(30, width - 6 - len(words)))
    return (("  mem ", "dim"), *parts_bar(shares, total, cells, plain=plain), (words, "value"))


def _legend(device: GpuDevice, width: int, *, plain: bool) -> Row:
    """Whose the used memory is: 'ours 52.0 GiB (812)  others 6.0 GiB  unattributed 3.0 GiB'."""
    if not device.memory_used:
        return ()
    row: list[Span] = []
    names = ("ours", "others", "unattributed" if width >= 60 else "?")
    for (amount, style), name in zip(_shares(device), names, strict=True):
        if amount > 0:
            glyph = parts_bar([(1.0, style)], 1.0, 1, plain=plain)[0]
            size = short_bytes(amount)
            size = size if width >= 60 else size.replace(" ", "").removesuffix("iB")
            row += [glyph, (f" {name} ", "dim"), (f"{size}  ", "value")]
    return tuple(row)


def _compact(device: GpuDevice, now: float, width: int, *, plain: bool) -> Row:
    total, used = device.memory_total, device.memory_used
    lead: Row = ((f"{device.index:>3} ", "title"),)
    if not total or used is None:
        return (*lead, ("memory not known", "dim"))
    tail: Row = ((f" {short_bytes(used)} ".rjust(11), "value"), *_vitals(device))
    if device.throttle:
        tail = (*tail, (" slowed", "warn"))
    if now - device.read_at >= _OLD:
        tail = (*tail, (f" {short_age(now - device.read_at)} old", "warn"))
    cells = max(4, min(24, width - 4 - row_width(tail)))
    return (*lead, *parts_bar(_shares(device), total, cells, plain=plain), *tail)


def host_rows(host: HostReading | None, width: int, *, plain: bool) -> list[Row]:
    """CPU, memory (the cgroup's limit where that is the lower one), swap, disk, /dev/shm."""
    if host is None:
        return [(("host  ", "dim"), ("not read yet", "dim"))]
    reasons = dict(host.reasons)
    rows: list[Row] = [_cpu(host)]
    if host.memory_limit:
        rows.append(meter("RAM", host.memory_limit_used, host.memory_limit, width, "cgroup limit", plain=plain))
    else:
        rows.append(
            meter("RAM", _used(host.memory_total, host.memory_available), host.memory_total, width, plain=plain)
        )
    if host.swap_total:
        rows.append(meter("swap", host.swap_used, host.swap_total, width, plain=plain))
    disk = f"on {clean(host.disk_path)}" if host.disk_path else clean(reasons.get("disk", ""))
    rows.append(meter("disk", _used(host.disk_total, host.disk_free), host.disk_total, width, disk, plain=plain))
    if host.shm_total:
        rows.append(meter("shm", _used(host.shm_total, host.shm_free), host.shm_total, width, "/dev/shm", plain=plain))
    return rows


def _used(total: int | None, free: int | None) -> int | None:
    return None if total is None or free is None else total - free


def _cpu(host: HostReading) -> Row:
    row: list[Span] = [("CPU   ", "dim")]
    row.append((f"{host.cpu_percent:.0f} %" if host.cpu_percent is not None else "not known", "value"))
    if host.cpu_count:
        row.append((f" of {plural(host.cpu_count, 'core')}", "dim"))
    if host.load is not None:
        row.append((f"   load {host.load[0]:.1f}  {host.load[1]:.1f}  {host.load[2]:.1f}", "dim"))
    return tuple(row)


def process_rows(state: RunState, width: int) -> list[Row]:
    """The run's processes, or why they are not known."""
    if state.processes is None:
        return _reason("procs", clean(state.processes_reason), width)
    if not state.processes:
        where = "on this machine" if state.local else "here; the run may be on another machine"
        return _reason("procs", f"none {where}", width)
    told = width >= 64 or any(p.status in _STUCK for p in state.processes)
    cells = [("pid", "dim", 7, ">"), ("cpu", "dim", 6, ">"), ("memory", "dim", 9, ">")]
    cells += [("", "dim", 10, "<")] if told else []
    return [
        crop((*columns(cells), (" command", "dim")), width),
        *(_process(p, width, told=told) for p in state.processes),
    ]


def _process(process: ProcessReading, width: int, *, told: bool) -> Row:
    cpu = f"{process.cpu_percent:.0f} %" if process.cpu_percent is not None else "-"
    rank = f"rank {process.rank} " if process.rank is not None else ""
    cells = [
        (str(process.pid), "key", 7, ">"),
        (cpu, "value", 6, ">"),
        (short_bytes(process.rss_bytes), "value", 9, ">"),
    ]
    if told:
        cells.append((clean(process.status), "warn" if process.status in _STUCK else "dim", 10, "<"))
    program, blank, rest = (process.command or process.name).partition(" ")
    command = clean(program.rpartition("/")[2] + blank + rest)
    return crop((*columns(cells), (f" {rank}{command}", "value")), width)
