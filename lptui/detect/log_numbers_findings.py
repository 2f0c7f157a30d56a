"""What printed numbers show -> findings: a title in the run's own numbers, the lines as evidence, what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lptui.detect.log_numbers_breaks import Break
from lptui.detect.log_numbers_prints import Row, find_meaning
from lptui.detect.trend_fixes import advise
from lptui.model.finding import Evidence, Finding, Fix, Severity
from lptui.model.place import Anchor
from lptui.model.value import frozen
from lptui.state.run_state import RunState
from lptui.text import format_value, plural, sanitise, short_duration, short_number
from lptui.trends.plan import read_plan
from lptui.trends.verdicts import Verdict

_SEVERITY: dict[str, Severity] = {
    "loss-explosion": "error",
    "reward-collapse": "error",
    "resumed-from-scratch": "error",
    "hung-no-progress": "error",
}


@frozen
class Broken:
    """A class, the name of the number that shows it, where it breaks among `rows`, and names that show it too."""

    cls: str
    key: str
    at: Break
    rows: Sequence[Row]
    support: tuple[tuple[str, Sequence[Row]], ...]


def tell(broken: Broken, file: str, state: RunState) -> Finding:
    """The finding of one break."""
    first = broken.rows[broken.at.at].of
    place = first.place
    return Finding(
        id=f"{broken.cls}:{state.life.attempts}:printed",
        cls=broken.cls,
        severity=_SEVERITY.get(broken.cls, "warning"),
        title=_entitle(broken),
        attempt=state.life.attempts,
        evidence=tuple(_list_evidence(broken, file, state)),
        fix=_advise(broken, state),
        confidence=0.75 if len(broken.rows) < 8 else 0.85,
        first_seen=first.at,
        last_seen=broken.rows[-1].of.at,
        step=int(place) if place is not None and abs(place) < 1e18 else None,
        count=len(broken.rows) - broken.at.at,
        metrics=(broken.key,) if broken.key in state.series else (),
    )


def _entitle(broken: Broken) -> str:
    name, at = sanitise(broken.key), broken.at
    before, after = f"{at.before:.3g}", f"{at.after:.3g}"
    since = plural(len(broken.rows) - at.at, "print")
    where = _where(broken)
    if broken.cls == "loss-explosion":
        return f"{name} jumped from at most {before} to about {after}{where}, and has not come back in {since}"
    if broken.cls == "reward-collapse":
        return f"{name} was about {before} and fell to about {after}{where}"
    if broken.cls == "throughput-collapse":
        if find_meaning(broken.key) == "seconds":
            return f"{name} rose from about {before} to {after}{where}, and stays there"
        name = "the bar's steps a second" if broken.key.startswith("bar ") else name
        return f"{name} fell from about {before} to {after}{where}, and stays there"
    if broken.cls == "loss-plateau":
        epochs = f"{broken.rows[-1].of.epoch or 0:.3g}"
        return f"{name} has been about {after} since training began, for {epochs} epochs"
    if broken.cls == "hung-no-progress":
        stood = short_duration(at.after)
        return f"the log goes on, but the step has been {short_number(broken.rows[-1].value)} for {stood}"
    top, now = short_number(at.before), short_number(at.after)
    return f"the {broken.key} went back from {top} to {now} where the run should have gone on"


def _where(broken: Broken) -> str:
    of = broken.rows[broken.at.at].of
    if of.step is not None:
        return f" at step {short_number(of.step)}"
    return f" at epoch {of.epoch:.3g}" if of.epoch is not None else ""


def _list_evidence(broken: Broken, file: str, state: RunState) -> list[Evidence]:
    at = broken.at.at
    listed = [_show(broken.key, broken.rows[at], file, state, "the first of them")]
    if at > 0:
        listed.append(_show(broken.key, broken.rows[at - 1], file, state, "just before"))
    listed.append(_show(broken.key, broken.rows[-1], file, state, "the newest"))
    for key, rows in broken.support:
        same = next((r for r in rows if r.of.position == broken.rows[at].of.position), None)
        before = next((r for r in reversed(rows) if r.of.position < broken.rows[at].of.position), None)
        if same is not None and before is not None:
            text = f"{sanitise(key)}: {format_value(before.value)} before, {format_value(same.value)} then"
            listed.append(Evidence(text, kind="metric", step=same.of.place, at=same.of.at))
    return listed


def _show(key: str, row: Row, file: str, state: RunState, which: str) -> Evidence:
    view = state.logs.get(file)
    anchor = view.anchor(row.of.position) if view is not None else Anchor(file, 0, row.of.position)
    name = "steps/s" if key.startswith("bar ") else sanitise(key)
    text = f"{name} = {format_value(row.value)}, {which}"
    return Evidence(text, kind="metric", file=file, anchor=anchor, step=row.of.place, at=row.of.at)


def _advise(broken: Broken, state: RunState) -> Fix:
    first = broken.rows[broken.at.at].of
    place = math.nan if first.place is None else first.place
    if broken.cls == "hung-no-progress":
        return Fix(
            "dump the stacks of all ranks while it still hangs; the rank that stands elsewhere is the cause",
            f"a step usually took {short_duration(broken.at.before)}",
            "",
            "the step grows again",
        )
    if broken.cls == "loss-plateau":
        return Fix(
            "check that the optimizer steps and its rate is not 0, that no layer is frozen by mistake, and that inputs "
            "and labels belong together; then overfit one batch",
            "a model that learns at all moves its loss within the first epochs",
            "",
            "the loss of one batch, repeated, falls to nearly 0",
        )
    slow = broken.support if broken.cls == "throughput-collapse" else ()
    waits = [key for key, rows in slow if _rises(rows, broken.at.at)]
    if waits:
        return Fix(
            f"mend the input: {sanitise(waits[0])} rose with it; look at the disk or mount and the loader's workers",
            "the time goes into waiting for data",
            "",
            "steps a second are back at their old level",
        )
    verdict = Verdict(broken.cls, broken.key, place, math.nan, (), 1.0, None)
    return advise(verdict, read_plan(state.config), state)


def _rises(rows: Sequence[Row], at: int) -> bool:
    before, after = [r.value for r in rows[:at]], [r.value for r in rows[at:]]
    return bool(before) and bool(after) and min(after) > 3 * max(before)
