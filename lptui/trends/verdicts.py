"""What the monitors of all watched series say together, by failure class.

A single metric seldom proves a failure: a value loss grows with the returns, a KL alone may spike. So most classes want
a second metric that agrees, where one is logged. What has been told stays for as long as its leading metric does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from lptui.trends import levels, scores
from lptui.trends.levels import Level, Rule, Shift
from lptui.trends.plan import Plan
from lptui.trends.roles import Role
from lptui.trends.standing import Seen, Verdict, Watches
from lptui.trends.watch import GRADIENT_DOWN, GRADIENT_UP, RULES, Watch

_LOSSES: tuple[Role, ...] = ("loss", "value_loss")
PATIENCE = 120
"""Entries that a lost score waits for its cause, while another metric is on its way to show one."""
_MEASURED = re.compile(r"approx_?kl|mean_kl")
"""The divergence of an update; what is called just KL may be a term of the loss, which grows in healthy runs."""


def judge(watches: Mapping[str, Watch], plan: Plan, told: Iterable[Verdict] = ()) -> tuple[Verdict, ...]:
    """All failures that the metrics show now; `told` are those that they showed before."""
    seen = Watches(watches, plan, told)
    found: list[Verdict] = []
    for rule in _CLASSES:
        found += rule(seen)
    return tuple(found)


def _lead(seen: Watches, cls: str, watch: Watch, level: Level, rule: Rule) -> Verdict | Shift | None:
    """What was told of a metric if it still holds, else the shift that its monitor shows, if any."""
    old = seen.told(cls, watch.key)
    if old is not None and isinstance(old.detail, Shift) and levels.holds(level, rule, old.detail):
        return old
    return level.raised if levels.is_fit(level) else None


def _explosion(seen: Watches) -> Iterator[Verdict]:
    """A loss that grew, and the gradients with it (or the score lost, where no gradient is logged)."""
    gradient = seen.shift("gradient_norm")
    for watch in (*seen.of("value_loss"), *seen.of("loss")):
        lead = _lead(seen, "loss-explosion", watch, watch.level, RULES[watch.role])
        if isinstance(lead, Verdict):
            yield lead
        elif lead is not None and _agrees_explosion(seen, watch, gradient):
            also = _evidence(seen, ("gradient_norm", "explained_variance", "kl"))
            yield _shifted("loss-explosion", watch, lead, also, 0.9 if gradient else 0.7)


def _agrees_explosion(seen: Watches, watch: Watch, gradient: float | None) -> bool:
    variance, trend = seen.shift("explained_variance"), seen.score_trend()
    if trend is not None and trend > 0:
        return False  # returns grow, or are found at last, and with them the value loss and its gradients
    explains = variance is not None and variance < 0.15
    if gradient is not None:
        return gradient > math.log(1.9) and not (explains and trend is not None and trend > -0.1)
    if trend is not None:
        return not explains and any(w.score.raised for w in seen.of("score"))
    return watch.role == "loss" or (variance is not None and not explains)


def _divergence(seen: Watches) -> Iterator[Verdict]:
    """Explained variance that was good falls below zero while the value loss grows."""
    rule = RULES["explained_variance"]
    growth, trend = seen.shift("value_loss"), seen.score_trend()
    # Rewards that are found for the first time are new to the critic as well.
    learns = trend is not None and trend > 0.02
    for watch in seen.of("explained_variance"):
        lead = _lead(seen, "value-divergence", watch, watch.level, rule)
        if lead is None or isinstance(lead, Verdict):
            yield from (lead,) if lead else ()
            continue
        now = levels.find_now(watch.level, rule)
        now = 1.0 if now is None else now
        worse = now < (0.1 if growth is not None else -0.1)
        if worse and not (learns and now > -0.15) and lead.before > 0.1 and (growth is None or growth > math.log(2)):
            yield _shifted("value-divergence", watch, lead, _evidence(seen, ("value_loss",)), 0.85)


def _entropy(seen: Watches) -> Iterator[Verdict]:
    """Entropy down to a few percent while the score falls; a policy that has learned its task may well be certain."""
    trend = seen.score_trend()
    harms = trend is None or trend < -0.1 or not seen.has_learned()
    for watch in seen.of("entropy"):
        # Of continuous actions the entropy may pass through zero; then it says nothing of how sure the policy is.
        if watch.level.unfit or seen.of("action_spread"):
            continue
        lead = _lead(seen, "entropy-collapse", watch, watch.level, RULES["entropy"])
        if isinstance(lead, Verdict):
            yield lead
        elif lead is not None and harms and levels.is_settled(watch.level):
            also = _evidence(seen, ("kl", "clip_fraction"), up=False)
            sure = 0.85 if trend is not None and trend < -0.1 else 0.6
            yield _shifted("entropy-collapse", watch, lead, also, sure)


def _kl(seen: Watches) -> Iterator[Verdict]:
    """KL up and the clip fraction with it; alone KL has to be large."""
    clipped = seen.shift("clip_fraction", levels.WINDOW)
    for watch in seen.of("kl"):
        lead = _lead(seen, "kl-blowup", watch, watch.level, RULES["kl"])
        if lead is None or isinstance(lead, Verdict):
            yield from (lead,) if lead else ()
            continue
        alone = clipped is None and _MEASURED.search(watch.key.lower()) is not None
        alone = alone and lead.after > 0.05 and lead.after > 8 * lead.before
        if alone or (clipped is not None and clipped > 0.15):
            yield _shifted("kl-blowup", watch, lead, _evidence(seen, ("clip_fraction",)), 0.7 if alone else 0.9)


def _vanishing(seen: Watches) -> Iterator[Verdict]:
    """Gradients down by an order of magnitude and more, and not because the loss is learned."""
    fallen = [s for role in _LOSSES if (s := seen.shift(role)) is not None]
    learned = any(s < -math.log(2.5) for s in fallen)
    for watch in seen.of("gradient_norm"):
        lead = _lead(seen, "gradient-vanishing", watch, watch.down, GRADIENT_DOWN)
        if isinstance(lead, Verdict):
            yield lead
        elif lead is not None and not learned:
            yield _shifted("gradient-vanishing", watch, lead, (), 0.8)


def _throughput(seen: Watches) -> Iterator[Verdict]:
    for watch in seen.of("throughput"):
        lead = _lead(seen, "throughput-collapse", watch, watch.level, RULES["throughput"])
        if lead is not None:
            yield lead if isinstance(lead, Verdict) else _shifted("throughput-collapse", watch, lead, (), 0.85)


def _memory(seen: Watches) -> Iterator[Verdict]:
    for watch in (*seen.of("gpu_memory"), *seen.of("host_memory")):
        ramp = watch.growth.raised
        if ramp is not None:
            evidence = (Seen(watch.key, ramp.before, ramp.after),)
            yield Verdict("memory-leak", watch.key, ramp.step, ramp.time, evidence, 0.8, ramp)


def _schedule(seen: Watches) -> Iterator[Verdict]:
    for watch in seen.of("learning_rate"):
        left = watch.rate.raised
        if left is not None:
            evidence = (Seen(watch.key, left.before, left.after),)
            sure = 0.9 if left.expected is not None else 0.75
            yield Verdict("lr-off-schedule", watch.key, left.step, left.time, evidence, sure, left, left.kind)


def _curriculum(seen: Watches) -> Iterator[Verdict]:
    for role in ("active_tasks", "sample_probability", "zero_tasks"):
        for watch in seen.of(role):
            stuck = watch.counts.raised
            if stuck is not None:
                evidence = (Seen(watch.key, stuck.before, stuck.after),)
                yield Verdict("curriculum-stuck", watch.key, stuck.step, stuck.time, evidence, 0.8, stuck, role)


def _collapse(seen: Watches) -> Iterator[Verdict]:
    for watch in seen.of("score"):
        lost = watch.score.raised
        waits = lost is not None and watch.score.seen - lost.seen < PATIENCE and _is_unsettled(seen)
        if lost is not None and (not waits or seen.told("reward-collapse", watch.key)):
            evidence = (Seen(watch.key, lost.before, lost.after),)
            yield Verdict("reward-collapse", watch.key, lost.step, lost.time, evidence, 0.75, lost)


def _is_unsettled(seen: Watches) -> bool:
    """Whether a metric that explains a lost score is leaving its level, and may soon be told."""
    signs: tuple[tuple[Role, float], ...] = (
        ("entropy", math.log(2)),
        ("explained_variance", 0.15),
        ("value_loss", math.log(2)),
        ("kl", math.log(2.5)),
    )
    return any((shift := seen.shift(role, levels.WINDOW)) is not None and shift > least for role, least in signs)


def _plateau(seen: Watches) -> Iterator[Verdict]:
    """A success rate short of its aim that does not rise in the last part of the plan."""
    score = next((w.score for w in seen.of("score") if w.score.seen), None)
    for watch in seen.of("success"):
        old = seen.told("loss-plateau", watch.key)
        flat = scores.find_plateau(watch.score, score, seen.plan)
        if flat is not None:
            evidence = (Seen(watch.key, flat.level - flat.rise, flat.level),)
            yield old or Verdict("loss-plateau", watch.key, flat.step, flat.time, evidence, 0.6, flat)


def _restart(seen: Watches) -> Iterator[Verdict]:
    """The counters of most series went back, after a pause or with the metrics."""
    gone = [w for w in seen.all() if w.counter.restart is not None]
    if not gone or len(gone) * 2 < sum(1 for _ in seen.all()):
        return
    settled = [w for w in gone if w.counter.restart is not None and w.counter.restart.settled]
    if len(settled) * 2 < len(gone):
        return
    votes = sum(w.counter.restart.again for w in settled if w.counter.restart is not None)
    lead = min(gone, key=lambda w: (-w.entries, w.key))
    restart = lead.counter.restart
    if restart is None:
        return
    old = next((v for w in gone if (v := seen.told("resumed-from-scratch", w.key))), None)
    paused = restart.pause >= 4
    if old is not None:
        yield old
    elif (paused and (votes >= 1 or not restart.anew)) or votes >= 2:
        sure = 0.9 if paused and votes > 0 else 0.7
        yield Verdict("resumed-from-scratch", lead.key, restart.step, restart.time, (), sure, restart)


def _shifted(cls: str, watch: Watch, shift: Shift, also: Sequence[Seen], sure: float) -> Verdict:
    evidence = (Seen(watch.key, watch.sign * shift.before, watch.sign * shift.after), *also)
    return Verdict(cls, watch.key, shift.step, shift.time, evidence, sure, shift)


def _evidence(seen: Watches, roles: Sequence[Role], *, up: bool = True) -> tuple[Seen, ...]:
    """The metrics of `roles` that moved too."""
    found: list[Seen] = []
    for role in roles:
        rule = GRADIENT_UP if role == "gradient_norm" else RULES[role]
        for watch in seen.of(role)[:1]:
            moved = levels.find_shift(watch.level, rule)
            now = levels.find_now(watch.level, rule)
            base = watch.level.base
            if base is None or now is None or (moved if up else -moved) < rule.least / 2:
                continue
            before = math.exp(base) if rule.log else base
            found.append(Seen(watch.key, watch.sign * before, watch.sign * now))
    return tuple(found)


_CLASSES: tuple[Callable[[Watches], Iterable[Verdict]], ...] = (
    _restart,
    _schedule,
    _explosion,
    _divergence,
    _kl,
    _entropy,
    _vanishing,
    _curriculum,
    _throughput,
    _memory,
    _collapse,
    _plateau,
)
