"""The trends of a run's metrics: feeds the monitors of `lptui.trends` in the order of the series, tells what they find.

While history is still being read nothing is judged. Once it is read the monitors run over it from the start; after that
each new point is one step. Points that come later but belong earlier make them run over it anew at the next tick.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from lptui.detect import Detector
from lptui.detect.trend_findings import Told, tell
from lptui.model.events import CheckpointsSeen, ConfigSeen, Event, GpuSeen, Points, Samples, StatusSeen, Tick
from lptui.model.finding import Change, Finding
from lptui.model.value import frozen
from lptui.state.metrics import place_of
from lptui.state.run_state import RunState
from lptui.stores.segments import Order
from lptui.stores.series import Series
from lptui.trends.plan import Plan, read_plan
from lptui.trends.roles import choose_keys, find_role, memory_unit
from lptui.trends.standing import Verdict
from lptui.trends.verdicts import judge
from lptui.trends.watch import Entry, Watch, merge, see, start, thin

PAST_LIMIT = 20
_NO_PLAN = Plan()


@frozen
class Memory:
    """Watches by metric, how many points of each they have seen, and what has been told."""

    watches: Mapping[str, Watch] = field(default_factory=dict[str, Watch])
    seen: Mapping[str, int] = field(default_factory=dict[str, int])
    limits: Mapping[str, float] = field(default_factory=dict[str, float])
    known: int = 0
    """Number of series when the keys to watch were chosen."""
    plan: Plan = _NO_PLAN
    rows: tuple[tuple[str, str], ...] = ()
    stale: bool = True
    """The watches do not show what the series hold."""
    told: tuple[Told, ...] = ()
    raised: Mapping[str, Finding] = field(default_factory=dict[str, Finding])


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """Findings of all classes that a trend can show; each is past once its metric is back."""
    if isinstance(event, Samples):
        before = memory.told
        memory = _note(memory, event, state)
        return (memory, ()) if memory.told is before else _tell(memory, state)
    if isinstance(event, ConfigSeen | GpuSeen):
        memory = _look_at_plan(memory, state)
    if memory.stale and isinstance(event, Tick | StatusSeen) and not state.still_reading:
        return _tell(_rebuild(memory, state), state)
    # What a fix says rests on configuration and checkpoints; what is told of others, on the findings there are.
    return _tell(memory, state) if memory.told else (memory, ())


def _note(memory: Memory, event: Samples, state: RunState) -> Memory:
    """The memory after new points: one step each when they follow what was seen, else they wait for the next tick."""
    fresh = [p for p in event.points if find_role(p.key) is not None] if not event.sampled else []
    if not fresh or memory.stale:
        return memory
    if len(state.series) != memory.known:
        if choose_keys(state.series).keys() != memory.watches.keys():
            return replace(memory, stale=True)
        memory = replace(memory, known=len(state.series))
    ours = [p for p in fresh if p.key in memory.watches and p.key in state.series]
    ours = [p for p in ours if (state.series[p.key].source, state.series[p.key].unit) == (event.source, event.unit)]
    place = place_of(event) if ours else ("", 0.0)
    if any(not _follows(memory, state.series[p.key], p, place) for p in ours):
        return replace(memory, stale=True)
    seen = {**memory.seen, **{p.key: state.series[p.key].count for p in ours}}
    return _run(replace(memory, seen=seen), {p.key: _entries(p) for p in ours})


def _follows(memory: Memory, series: Series, points: Points, order: Order) -> bool:
    """Whether these points are the newest of the series, and the only ones that were not seen."""
    return order >= series.segments[-1].until and series.count == memory.seen.get(points.key, 0) + len(points.values)


def _entries(points: Points) -> list[Entry]:
    return [Entry(*e) for e in zip(points.steps, points.times, points.values, strict=True)]


def _look_at_plan(memory: Memory, state: RunState) -> Memory:
    """A plan or limits that changed what the monitors should have said make them run anew."""
    plan = memory.plan if state.config is memory.rows else read_plan(state.config)
    stale = plan != memory.plan or _find_limits(memory.watches, plan, state) != memory.limits
    return replace(memory, plan=plan, rows=state.config, stale=memory.stale or stale)


def _rebuild(memory: Memory, state: RunState) -> Memory:
    """The watches from the series as they are now."""
    plan = read_plan(state.config)
    watches = {key: start(key, role) for key, role in choose_keys(state.series).items()}
    new = Memory(
        watches,
        {key: state.series[key].count for key in watches},
        _find_limits(watches, plan, state),
        len(state.series),
        plan,
        state.config,
        stale=False,
        raised=memory.raised,
    )
    return _run(new, {key: _read(state.series[key]) for key in watches})


def _read(series: Series) -> list[Entry]:
    steps, times, values = array("d"), array("d"), array("d")
    for points in (segment.sample() for segment in series.segments):
        steps += points.steps
        times += points.times
        values += points.values
    return thin(steps.tolist(), times.tolist(), values.tolist())


def _run(memory: Memory, histories: Mapping[str, Sequence[Entry]]) -> Memory:
    """The memory after these entries; judged after each moment at which something was logged."""
    watches = dict(memory.watches)
    told, verdicts = memory.told, tuple(t.verdict for t in memory.told if not t.over)
    moment = math.nan
    pending = False
    for mark, key, entry in merge(histories):
        if pending and mark != moment:
            verdicts, told = _judge(watches, memory.plan, verdicts, told, moment)
        watches[key] = see(watches[key], memory.plan, entry, memory.limits.get(key))
        moment, pending = mark, True
    if pending:
        verdicts, told = _judge(watches, memory.plan, verdicts, told, moment)
    return replace(memory, watches=watches, told=told)


def _judge(
    watches: Mapping[str, Watch], plan: Plan, before: tuple[Verdict, ...], told: tuple[Told, ...], mark: float
) -> tuple[tuple[Verdict, ...], tuple[Told, ...]]:
    found = judge(watches, plan, before)
    if found == before:
        return before, told
    now = {(v.cls, v.key) for v in found}
    over = [replace(t, over=_why_over(t.verdict, watches)) for t in told if not t.over and t.verdict not in found]
    ended = [t for t in told if t.over] + [t for t in over if (t.verdict.cls, t.verdict.key) not in now]
    known = {id(t.verdict): t for t in told}
    active = tuple(known.get(id(v)) or Told(v) for v in found)
    return found, (*ended[-PAST_LIMIT:], *active)


def _why_over(verdict: Verdict, watches: Mapping[str, Watch]) -> str:
    watch = watches.get(verdict.key)
    if watch is not None and watch.counter.restart is not None and verdict.cls != "resumed-from-scratch":
        return "the step counter went back; it was before that"
    if verdict.cls == "resumed-from-scratch":
        return "the step counter has passed its former height"
    return "the metric is back where it was"


def _find_limits(watches: Mapping[str, Watch], plan: Plan, state: RunState) -> dict[str, float]:
    """What each memory metric is full at, in its own unit, as far as anything says it."""
    limits: dict[str, float] = {}
    for key, watch in watches.items():
        if watch.role not in ("gpu_memory", "host_memory"):
            continue
        unit = memory_unit(key)
        size = _find_host_size(state) if watch.role == "host_memory" else _find_gpu_size(key, plan, state)
        if unit == 0:
            limits[key] = 100.0
        elif unit and size:
            limits[key] = size / unit
    return limits


def _find_gpu_size(key: str, plan: Plan, state: RunState) -> float | None:
    if plan.memory_limit is not None:
        return plan.memory_limit
    totals = {d.index: d.memory_total for d in (state.gpu.devices if state.gpu else ()) if d.memory_total}
    if not totals:
        return None
    if "total" in key.lower():
        return sum(totals.values())
    named = next((size for index, size in totals.items() if f"gpu{index}" in key or f"gpu.{index}" in key), None)
    return named or min(totals.values())


def _find_host_size(state: RunState) -> float | None:
    return (state.host.memory_limit or state.host.memory_total) if state.host else None


def _tell(memory: Memory, state: RunState) -> tuple[Memory, Sequence[Change]]:
    findings = {f.id: f for f in tell(memory.told, memory.limits, memory.plan, state)}
    before = memory.raised
    changes = [Change.cleared(i) for i in before if i not in findings]
    changes += [Change.raised(f) for i, f in findings.items() if before.get(i) != f]
    return (replace(memory, raised=findings), changes) if changes else (memory, ())


TRENDS = Detector("trends", Memory(), step, (Samples, Tick, ConfigSeen, GpuSeen, CheckpointsSeen, StatusSeen))
