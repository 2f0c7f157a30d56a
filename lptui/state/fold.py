"""fold(state, event) -> state: the only place where a RunState is made. Pure; time comes as `Tick`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from lptui.model.events import (
    CareTaken,
    CareWanted,
    CheckpointsSeen,
    ConfigSeen,
    Event,
    Facts,
    FindingsChanged,
    GpuSeen,
    HeartbeatSeen,
    HostSeen,
    LaunchSeen,
    LogSeen,
    MergedSeen,
    ProcessesSeen,
    ProfilesSeen,
    RunSeen,
    Samples,
    StatusSeen,
    Tick,
    WitnessSeen,
)
from lptui.model.finding import Finding, sort_key
from lptui.model.readings import GpuDevice, GpuProcess, GpuSweep, ProcessReading
from lptui.run.launches import find_launch
from lptui.state.axes import find_axes
from lptui.state.care import remember, silence, take_care, tend
from lptui.state.cloud_word import forget_server
from lptui.state.expectations import judge_metrics
from lptui.state.incidents import relate
from lptui.state.life import judge
from lptui.state.metrics import add_samples
from lptui.state.progress import add_facts, refresh_eta
from lptui.state.quantities import match_sources
from lptui.state.run_state import RunState, Seen
from lptui.state.saving import take_checkpoints


def fold(state: RunState, event: Event) -> RunState:
    """The state after `event`. Events that say nothing of a state (log blocks) leave it as it is."""
    step = _FOLDS.get(type(event))
    return step(state, event) if step else state


def fold_all(state: RunState, events: Iterable[Event]) -> RunState:
    """The state after all `events`."""
    for event in events:
        state = fold(state, event)
    return state


def _tick(state: RunState, event: Tick) -> RunState:
    if state.series and state.quantities.of is not state.series:
        state = match_sources(state)
        state = replace(state, axes=find_axes(state.series, state.axes))
    state = replace(state, now=event.now, began=state.began or event.now)
    state = replace(state, life=judge(state))
    return tend(judge_metrics(replace(state, progress=refresh_eta(state))))


def _run(state: RunState, event: RunSeen) -> RunState:
    state = replace(state, run=event.run)
    return state if event.run.cloud else forget_server(state)


def _status(state: RunState, event: StatusSeen) -> RunState:
    status = event.status
    if state.statuses.get(status.source) == status:
        return state
    return replace(state, statuses={**state.statuses, status.source: status})


def _log(state: RunState, event: LogSeen) -> RunState:
    return replace(state, logs={**state.logs, event.view.file: event.view})


def _merged(state: RunState, event: MergedSeen) -> RunState:
    return replace(state, merged=event.view)


def _config(state: RunState, event: ConfigSeen) -> RunState:
    return replace(state, config=event.rows, config_path=event.path)


def _profiles(state: RunState, event: ProfilesSeen) -> RunState:
    return replace(state, profiles=event.profiles, expected=None, judged={})


def _gpu(state: RunState, event: GpuSeen) -> RunState:
    return replace(state, gpu=mark_ours(event.sweep, state.processes))


def _host(state: RunState, event: HostSeen) -> RunState:
    return replace(state, host=event.host)


def _processes(state: RunState, event: ProcessesSeen) -> RunState:
    sweep = mark_ours(state.gpu, event.processes) if state.gpu is not None else None
    launch = find_launch(event.processes or ()) or state.launch
    return replace(
        state,
        processes=event.processes,
        processes_reason=event.reason,
        local=event.local,
        gpu=sweep,
        launch=state.launch if launch == state.launch else launch,
    )


def _launch(state: RunState, event: LaunchSeen) -> RunState:
    """What a file claims never replaces what was seen."""
    seen = state.launch is not None and state.launch.seen
    return state if seen or state.launch == event.launch else replace(state, launch=event.launch)


def _heartbeat(state: RunState, event: HeartbeatSeen) -> RunState:
    return _remember(state, Seen("heartbeat", event.path, "heartbeat file", event.modified_at))


def _witness(state: RunState, event: WitnessSeen) -> RunState:
    return _remember(state, Seen(event.name, event.value, event.source, event.at))


def _remember(state: RunState, seen: Seen) -> RunState:
    old = state.seen.get(seen.name)
    if old == seen or (old is not None and (old.at or 0.0) > (seen.at or 0.0)):
        return state
    return replace(state, seen={**state.seen, seen.name: seen})


def _findings(state: RunState, event: FindingsChanged) -> RunState:
    table: dict[str, Finding] = {f.id: f for f in state.findings}
    for change in event.changes:
        if change.finding is None:
            table.pop(change.id, None)
            continue
        finding, old = change.finding, table.get(change.id)
        if old is not None:
            known = [t for t in (old.first_seen, finding.first_seen) if t is not None]
            finding = replace(finding, first_seen=min(known, default=None))  # history comes in any order
        table[change.id] = finding
    return replace(state, findings=silence(sorted(relate(table.values()), key=sort_key), state.care))


def mark_ours(sweep: GpuSweep, processes: tuple[ProcessReading, ...] | None) -> GpuSweep:
    """`sweep` with each process on a device marked as the run's or not; None where no process list is known."""
    if not sweep.devices:
        return sweep
    pids = {p.pid for p in processes} if processes is not None else None

    def mark(process: GpuProcess) -> GpuProcess:
        return replace(process, ours=None if pids is None else process.pid in pids)

    def mark_device(device: GpuDevice) -> GpuDevice:
        return replace(device, processes=tuple(mark(p) for p in device.processes))

    return replace(sweep, devices=tuple(mark_device(d) for d in sweep.devices))


_FOLDS: dict[type[Event], Callable[[RunState, Any], RunState]] = {
    Tick: _tick,
    RunSeen: _run,
    StatusSeen: _status,
    LogSeen: _log,
    MergedSeen: _merged,
    ConfigSeen: _config,
    ProfilesSeen: _profiles,
    CheckpointsSeen: take_checkpoints,
    GpuSeen: _gpu,
    HostSeen: _host,
    ProcessesSeen: _processes,
    LaunchSeen: _launch,
    HeartbeatSeen: _heartbeat,
    WitnessSeen: _witness,
    FindingsChanged: _findings,
    CareTaken: remember,
    CareWanted: take_care,
    Samples: add_samples,
    Facts: add_facts,
}
