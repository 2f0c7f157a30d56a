"""What the monitors found -> findings: one a class; those that follow from another are filed under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lptui.detect.trend_fixes import advise
from lptui.detect.trend_titles import entitle, write_value
from lptui.model.finding import Evidence, Finding, Severity
from lptui.model.value import frozen
from lptui.state.run_state import RunState
from lptui.text import sanitise
from lptui.trends.plan import Plan
from lptui.trends.schedules import Departure
from lptui.trends.standing import Verdict

_ERRORS = frozenset(
    {"loss-explosion", "value-divergence", "entropy-collapse", "reward-collapse", "resumed-from-scratch"}
)
_NUMBERS = frozenset({"nan-loss", "loss-explosion", "lr-off-schedule"})
_POLICY = frozenset({"kl-blowup", "entropy-collapse", "value-divergence"})
_FOLLOWS: Mapping[str, frozenset[str]] = {
    "reward-collapse": _NUMBERS | _POLICY | {"gradient-vanishing", "curriculum-stuck", "resumed-from-scratch"},
    "loss-plateau": _NUMBERS | _POLICY | {"gradient-vanishing", "curriculum-stuck", "reward-collapse"},
    "value-divergence": _NUMBERS,
    "kl-blowup": _NUMBERS,
    "entropy-collapse": _NUMBERS | {"kl-blowup"},
    "gradient-vanishing": frozenset({"nan-loss", "entropy-collapse", "lr-off-schedule"}),
    "loss-explosion": frozenset({"nan-loss", "lr-off-schedule"}),
}
"""Class -> classes that it may be a consequence of."""
_LATE = frozenset({"reward-collapse", "loss-plateau"})
"""Found so late that their onset may seem to lie before that of their cause."""
_MOST_EVIDENCE = 6


@frozen
class Told:
    """A verdict; `over` says why it no longer holds."""

    verdict: Verdict
    over: str = ""


def tell(
    told: Sequence[Told],
    limits: Mapping[str, float],
    plan: Plan,
    state: RunState,
) -> list[Finding]:
    """One finding a class: of what holds now the earliest leads, else the newest of what held once."""
    groups: dict[str, list[Told]] = {}
    for one in told:
        groups.setdefault(one.verdict.cls, []).append(one)
    findings: list[Finding] = []
    for cls, group in sorted(groups.items()):
        active = [t for t in group if not t.over]
        lead = min(active, key=_order) if active else group[-1]
        findings.append(_tell_one(cls, lead, active or [lead], limits, plan, state))
    return _relate(findings, state)


def _order(told: Told) -> tuple[float, str]:
    verdict = told.verdict
    return (verdict.step if verdict.step == verdict.step else 0.0, verdict.key)


def _tell_one(
    cls: str,
    lead: Told,
    group: Sequence[Told],
    limits: Mapping[str, float],
    plan: Plan,
    state: RunState,
) -> Finding:
    verdict = lead.verdict
    at = _known(verdict.time)
    where = _known(verdict.step)
    attempt = state.life.attempts
    return Finding(
        id=f"{cls}:{'trend' if cls == 'curriculum-stuck' else attempt}",
        cls=cls,
        severity=_grade(verdict),
        title=entitle(verdict, limits.get(verdict.key), plan, over=bool(lead.over)),
        attempt=attempt,
        evidence=tuple(_list_evidence(verdict, group, limits)),
        fix=advise(verdict, plan, state),
        confidence=verdict.confidence,
        first_seen=at,
        step=None if where is None else int(where),
        count=len(group),
        metrics=tuple(
            dict.fromkeys(key for t in group for key in (t.verdict.key, *(s.key for s in t.verdict.evidence)))
        ),
        past=bool(lead.over),
        past_reason=lead.over,
    )


def _grade(verdict: Verdict) -> Severity:
    if verdict.cls in _ERRORS or verdict.kind == "zero":
        return "error"
    if isinstance(verdict.detail, Departure) and verdict.detail.after > 5 * max(verdict.detail.before, 1e-300):
        return "error"
    return "warning"


def _list_evidence(verdict: Verdict, group: Sequence[Told], limits: Mapping[str, float]) -> list[Evidence]:
    rows = [(seen, verdict) for seen in verdict.evidence]
    rows += [(t.verdict.evidence[0], t.verdict) for t in group if t.verdict is not verdict and t.verdict.evidence]
    listed: dict[str, Evidence] = {}
    for seen, of in rows:
        before, after = (write_value(v, of, limits.get(seen.key)) for v in (seen.before, seen.after))
        text = f"{sanitise(seen.key)}: {before} before, {after} after"
        listed.setdefault(seen.key, Evidence(text, kind="metric", step=_known(of.step), at=_known(of.time)))
    if not listed:
        listed[""] = Evidence(sanitise(verdict.key), kind="metric", step=_known(verdict.step), at=_known(verdict.time))
    return list(listed.values())[:_MOST_EVIDENCE]


def _known(value: float) -> float | None:
    return value if value == value else None


def _relate(findings: Sequence[Finding], state: RunState) -> list[Finding]:
    """The findings with roles and incidents; numbers that broke, seen by another detector, count as a cause too."""
    others = [f for f in state.findings if f.cls == "nan-loss" and not f.id.startswith("log:")]
    others += [f for f in state.findings if f.cls == "curriculum-stuck" and not f.id.endswith(":trend")]
    causes = [f for f in (*findings, *others) if f.active]
    return [_file(f, causes) for f in findings]


def _file(finding: Finding, causes: Sequence[Finding]) -> Finding:
    found = [c for c in causes if c.id != finding.id and _may_cause(c, finding)]
    if not found or finding.past:
        return replace(finding, incident=finding.id)
    roots = [c for c in found if not any(_may_cause(d, c) for d in causes if d.id != c.id)] or found
    root = min(roots, key=lambda c: (c.step is None, c.step or 0, c.id))
    return replace(finding, role="follow-up", incident=root.id)


def _may_cause(cause: Finding, finding: Finding) -> bool:
    if cause.cls == finding.cls:
        return cause.id != finding.id and finding.id.endswith(":trend")
    if cause.cls not in _FOLLOWS.get(finding.cls, frozenset()):
        return False
    if finding.cls in _LATE or cause.step is None or finding.step is None:
        return True
    return cause.step <= finding.step
