"""What a trend is called, in the run's own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lptui.text import clock, format_value, plural, sanitise, short_bytes, short_number
from lptui.trends.counters import Restart
from lptui.trends.levels import Shift
from lptui.trends.plan import Plan
from lptui.trends.ramps import Ramp
from lptui.trends.roles import memory_unit
from lptui.trends.schedules import Departure
from lptui.trends.scores import Flat, Loss
from lptui.trends.standing import Verdict
from lptui.trends.tasks import Stuck

_PAST = (
    (" since ", " from "),
    (" is ", " was "),
    (" are ", " were "),
    (" has stayed ", " stayed "),
    (" grows", " grew"),
)


def entitle(verdict: Verdict, limit: float | None, plan: Plan, *, over: bool = False) -> str:
    """One line: which metric did what, by how much, since which step; of what is over, in the past."""
    told = _tell(verdict, limit, plan)
    for now, then in _PAST if over else ():
        told = told.replace(now, then)
    return told


def _tell(verdict: Verdict, limit: float | None, plan: Plan) -> str:
    key = sanitise(verdict.key)
    detail = verdict.detail
    if isinstance(detail, Ramp):
        return _tell_ramp(key, verdict, detail, limit, plan)
    if isinstance(detail, Restart):
        return _tell_restart(key, detail)
    since = _since(verdict.step)
    if isinstance(detail, Departure):
        return _tell_departure(key, detail, since)
    if isinstance(detail, Stuck):
        return _tell_stuck(key, detail, verdict.kind, since)
    if isinstance(detail, Loss):
        fell = f"{key} fell from {format_value(_round(detail.before))} to {format_value(_round(detail.after))}"
        return f"{fell}{since}: what had been learned is lost"
    if isinstance(detail, Flat):
        return f"{key} has stayed at {detail.level:.2g}{since}, short of {detail.aim:g}, and the plan is nearly done"
    if isinstance(detail, Shift):
        return _SHIFTS.get(verdict.cls, _tell_rise)(key, verdict, detail, since)
    return f"{key} left its level{since}"


def write_value(value: float, verdict: Verdict, limit: float | None) -> str:
    """A value of evidence; shares of a memory limit in bytes where the unit is known."""
    if not isinstance(verdict.detail, Ramp):
        return format_value(_round(value))
    unit = memory_unit(verdict.key)
    return short_bytes(value * limit * unit) if unit and limit else f"{value:.0%}"


def _since(step: float) -> str:
    return f" since step {short_number(step)}" if step == step else ""


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def _tell_rise(key: str, verdict: Verdict, shift: Shift, since: str) -> str:
    ratio = shift.after / shift.before if shift.before else 0.0
    grew = f"rose {_times(ratio)}" if ratio > 0 else f"rose to {format_value(_round(shift.after))}"
    where = f" in {plural(shift.entries, 'entry', 'entries')}{since.replace('since', 'from')}"
    return f"{key} {grew}{where}"


def _tell_divergence(key: str, verdict: Verdict, shift: Shift, since: str) -> str:
    fell = f"{key} fell from {shift.before:.2f} to {shift.after:.2f}{since}"
    return f"{fell}: the critic explains the returns worse and worse"


def _tell_kl(key: str, verdict: Verdict, shift: Shift, since: str) -> str:
    clipped = next((f", {s.after:.0%} of the updates are clipped" for s in verdict.evidence[1:]), "")
    return f"{key} rose {_times(shift.after / shift.before)}{since.replace('since', 'from')}{clipped}"


def _tell_entropy(key: str, verdict: Verdict, shift: Shift, since: str) -> str:
    return f"{key} fell to {shift.after / shift.before:.2g} of its level{since}: the policy hardly explores"


def _tell_vanishing(key: str, verdict: Verdict, shift: Shift, since: str) -> str:
    if not shift.after:
        return f"{key} fell to 0{since}: nothing is learned"
    return f"{key} fell {_times(shift.before / shift.after)}{since}: hardly anything is learned"


def _tell_throughput(key: str, verdict: Verdict, shift: Shift, since: str) -> str:
    before, after = short_number(shift.before), short_number(shift.after)
    return f"{key} fell to {shift.after / shift.before:.0%} ({before} -> {after}){since}"


_SHIFTS: Mapping[str, Callable[[str, Verdict, Shift, str], str]] = {
    "value-divergence": _tell_divergence,
    "kl-blowup": _tell_kl,
    "entropy-collapse": _tell_entropy,
    "gradient-vanishing": _tell_vanishing,
    "throughput-collapse": _tell_throughput,
}


def _tell_ramp(key: str, verdict: Verdict, ramp: Ramp, limit: float | None, plan: Plan) -> str:
    pace = ""
    if ramp.per_second is not None:
        unit = memory_unit(verdict.key)
        minute = 60 * ramp.per_second
        pace = f" by {short_bytes(minute * limit * unit)}" if unit and limit else f" by {minute:.2%}"
        pace += " a minute"
    full = []
    if ramp.full_step == ramp.full_step:
        full.append(f"at step {short_number(ramp.full_step)}")
    if ramp.full_time is not None:
        full.append(f"about {clock(ramp.full_time)}")
    text = f"{key} grows{pace}{_since(ramp.step)}: full {', '.join(full)}" if full else f"{key} grows{pace}"
    beyond = plan.total_steps is not None and ramp.full_step > plan.total_steps
    return text + (", after the planned end" if beyond else "")


def _tell_restart(key: str, restart: Restart) -> str:
    top, step = short_number(restart.top), short_number(restart.step)
    paused = f" after a pause of {restart.pause:.0f} usual intervals" if restart.pause >= 2 else ""
    if restart.anew:
        return f"the step counter went back from {top} to {step}{paused}: the run began from scratch"
    lost = short_number(restart.top - restart.step)
    return f"the step counter went back from {top} to {step}{paused}: resumed from an old checkpoint, {lost} steps lost"


def _tell_departure(key: str, left: Departure, since: str) -> str:
    now, before = format_value(_round(left.after)), format_value(_round(left.before))
    asks = "" if left.expected is None else f"; the schedule asks for {format_value(_round(left.expected))}"
    if left.kind == "zero":
        return f"{key} is 0{since}{asks}"
    if left.kind == "stuck":
        return f"{key} is stuck at {now}{since}{asks}"
    if left.kind == "jumped":
        return f"{key} jumped from {before} to {now}{since.replace('since', 'at')}{asks}"
    return f"{key} left its schedule{since}: {now}{asks.replace('; the schedule asks for', ' instead of')}"


def _tell_stuck(key: str, stuck: Stuck, kind: str, since: str) -> str:
    of = f" of {format_value(stuck.tasks)}" if stuck.tasks else ""
    now = format_value(_round(stuck.after))
    if kind == "active_tasks":
        return f"only {now}{of} tasks are active{since} ({key})" if stuck.after else f"no task is active{since} ({key})"
    if kind == "zero_tasks":
        return f"the learning progress of all {now} tasks is 0{since} ({key})"
    return f"the mean sampling probability is 0{since} ({key})"
