"""What to do about a trend, with the run's own keys, values and checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from lptui.model.finding import Fix
from lptui.state.run_state import RunState
from lptui.text import format_value, sanitise, short_number
from lptui.trends.plan import Plan
from lptui.trends.standing import Verdict

_RATE = ("learning_rate", "lr")
_ENTROPY = ("ent_coef", "entropy_coef", "ppo_ent_coef", "entropy_coeff", "entropy_loss_scale")
_CLIP = ("clip_coef", "ppo_clip_coef", "clip_range", "clip_param")
_UNUSABLE = frozenset({"truncated", "zeroed", "incomplete", "being-written", "unreadable-pickle"})


def advise(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    """The remedy of a class, filled from the configuration and the checkpoints."""
    return _FIXES[verdict.cls](verdict, plan, state)


def _change(state: RunState, names: tuple[str, ...], factor: float) -> tuple[str, str]:
    """('set trainer.lr from 0.003 to 0.001', 'trainer.lr=0.001') for the first key of these names; else ''."""
    for key, value in sorted(state.config, key=lambda row: (row[0].count("."), row[0])):
        if key.rpartition(".")[2].lower() not in names:
            continue
        try:
            number = float(value)
        except ValueError:
            continue
        if math.isfinite(number) and number > 0:
            new = f"{number * factor:.2g}"
            plain = key.isascii() and key.replace(".", "").replace("_", "").isalnum()
            return f"set {sanitise(key)} from {format_value(number)} to {new}", f"{key}={new}" if plain else ""
    return "", ""


def _roll_back(verdict: Verdict, state: RunState) -> str:
    """'; resume from X (step N), the last one before it', as far as checkpoints and their steps are known."""
    known = [c for c in state.checkpoints if c.step is not None and c.verdict not in _UNUSABLE]
    before = [c for c in known if c.step is not None and verdict.step == verdict.step and c.step < verdict.step]
    if before:
        newest = max(before, key=lambda c: c.step or 0)
        return f"; resume from {sanitise(newest.name)} (step {short_number(newest.step)}), the last one before it"
    return "; every checkpoint with a known step is from after it, so start anew" if known else ""


def _explosion(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    lower, command = _change(state, _RATE, 1 / 3)
    what = f"{lower or 'lower the learning rate to a third'} and clip gradients tighter"
    why = "steps became too large for what the loss allows; it seldom comes back by itself"
    return Fix(what + _roll_back(verdict, state), why, command, "the loss stays at its old level past that step")


def _divergence(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    lower, command = _change(state, _RATE, 1 / 3)
    what = f"normalise returns or rewards, clip the value loss, and {lower or 'lower the learning rate to a third'}"
    why = "a critic worse than the mean of the returns turns the advantages into noise; the score follows"
    return Fix(what + _roll_back(verdict, state), why, command, "explained variance rises above 0 and stays there")


def _kl(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    lower, command = _change(state, _RATE, 1 / 3)
    clip, _ = _change(state, _CLIP, 0.5)
    what = f"{lower or 'lower the learning rate to a third'}, fewer update epochs per batch, or a KL limit (target_kl)"
    what += f"; or {clip}" if clip else ""
    why = "the policy moves too far in one update, away from the data it was measured on"
    return Fix(what + _roll_back(verdict, state), why, command, "KL below 0.02 and a clip fraction below 0.3")


def _entropy(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    raised, command = _change(state, _ENTROPY, 3)
    what = raised or "raise the entropy bonus to three times what it is"
    why = "a policy that is nearly certain no longer tries anything else, so it cannot recover by itself"
    return Fix(what + _roll_back(verdict, state), why, command, "the entropy falls slowly, while the score rises")


def _vanishing(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    what = "look for what cut the gradient: saturated or dead units, a loss coefficient of 0, frozen parameters, a mask"
    why = "with gradients this small the weights stay as they are, whatever the learning rate"
    return Fix(what + _roll_back(verdict, state), why, "", "the gradient norm is back in its old range")


def _throughput(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    throttled = [(d.index, ", ".join(d.throttle)) for d in (state.gpu.devices if state.gpu else ()) if d.throttle]
    if throttled:
        what = f"GPU {throttled[0][0]} is throttled ({sanitise(throttled[0][1])}): check cooling and power first"
    else:
        what = "see what else took the CPUs, the disk or the GPU at that time; a worker may have died"
    why = "the same work takes longer since then, so the cause came then: another job, a throttled device, a slow disk"
    return Fix(what, why, "top -o %CPU", "steps a second are back at their old level")


def _memory(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    what = "look for what is kept from step to step: losses or outputs in a list without detach/item, a growing buffer"
    why = "memory that grows evenly ends in out of memory; save a checkpoint before that"
    return Fix(what, why, "", "the figure stays flat over several checkpoints")


def _schedule(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    what = (
        "check where scheduler.step() is called (once an update, not a minibatch), and that a resume restores its state"
    )
    key = sanitise(plan.rate_key) if plan.rate_key else "the configured rate"
    return Fix(
        what + _roll_back(verdict, state),
        f"the rate no longer is what {key} and its schedule ask for",
        "",
        "the logged rate follows the schedule again",
    )


def _curriculum(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    what = "check task sampling: mix in a uniform share, check success threshold and smoothing of the learning progress"
    why = "tasks that are never drawn are never scored, so nothing brings them back"
    return Fix(what, why, "", "the number of active tasks rises again")


def _collapse(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    lower, command = _change(state, _RATE, 1 / 3)
    what = f"{lower or 'lower the learning rate to a third'}; raise the entropy bonus, stop updates at a KL limit"
    return Fix(
        what + _roll_back(verdict, state),
        "what was learned is lost, and seldom comes back by itself",
        command,
        "the score climbs back and stays",
    )


def _plateau(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    what = "check the rate schedule, exploration and the task's difficulty before more steps are spent"
    return Fix(what, "it did not rise over the last fifth of the plan", "", "the success rate rises again")


def _restart(verdict: Verdict, plan: Plan, state: RunState) -> Fix:
    saved = [c for c in state.checkpoints if c.step is not None and c.verdict not in _UNUSABLE]
    newest = max(saved, key=lambda c: c.step or 0, default=None)
    what = "stop it before it overwrites the old checkpoints, and resume"
    if newest is not None and newest.step is not None and verdict.step == verdict.step and newest.step > verdict.step:
        what += f" from {sanitise(newest.name)} (step {short_number(newest.step)})"
    else:
        what += ": check the path and the run name with which it looked for a checkpoint"
    return Fix(what, "it repeats steps that were paid for already", "", "the step counter goes on where it was")


_FIXES: Mapping[str, Callable[[Verdict, Plan, RunState], Fix]] = {
    "loss-explosion": _explosion,
    "value-divergence": _divergence,
    "kl-blowup": _kl,
    "entropy-collapse": _entropy,
    "gradient-vanishing": _vanishing,
    "throughput-collapse": _throughput,
    "memory-leak": _memory,
    "lr-off-schedule": _schedule,
    "curriculum-stuck": _curriculum,
    "reward-collapse": _collapse,
    "loss-plateau": _plateau,
    "resumed-from-scratch": _restart,
}
