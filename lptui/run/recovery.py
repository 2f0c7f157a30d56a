"""Which checkpoint a run would resume from by its own framework's rule, whether it can, and what is at risk since it.

Rules as each framework has them: Metta's trainers of 2025 and 2026, transformers.Trainer (`get_last_checkpoint`),
Lightning (`ckpt_path="last"`), Stable-Baselines3 and PufferLib (the user or the trainer state names the file). Pure.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lptui.model.readings import CheckpointReading
from lptui.model.run import Layout

Answer = Literal["yes", "yes-but", "no", "unknown"]
_VERSION = ":v"
GOOD = ("ok", "ok-verified", "custom-pickle", "unread")
_PLAIN_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:=@%+,")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether and from what the run can resume. `rule` says how the candidate is chosen, `command` what to type.

    `fallback` is the newest good checkpoint where the candidate is none. `steps_at_risk` and `seconds_at_risk` is the
    work since what would really be loaded; None where it is not known.
    """

    answer: Answer
    reason: str
    rule: str
    candidate: CheckpointReading | None = None
    fallback: CheckpointReading | None = None
    command: str = ""
    next_step: str = ""
    steps_at_risk: int | None = None
    seconds_at_risk: float | None = None


def assess(
    checkpoints: Sequence[CheckpointReading],
    layout: Layout,
    run: str,
    *,
    step: int | None = None,
    now: float | None = None,
) -> Readiness:
    """`step` is where the run is (or ended), `now` the time up to which work counts."""
    if not checkpoints:
        return Readiness("no", "there is no checkpoint yet: a restart begins at step 0", "none")
    judged = _RULES.get(_kind(checkpoints, layout), _any)(checkpoints, run)
    loaded = judged.candidate if judged.answer in ("yes", "yes-but") else judged.fallback
    risk = None if loaded is None or loaded.step is None or step is None else max(0, step - loaded.step)
    seconds = None if loaded is None or now is None else max(0.0, now - loaded.modified_at)
    return replace(judged, steps_at_risk=risk, seconds_at_risk=seconds)


def _kind(checkpoints: Sequence[CheckpointReading], layout: Layout) -> str:
    names = [c.name for c in checkpoints]
    if layout.startswith("metta"):  # policy folders are of 2026, whatever else lies there
        return "metta-head" if any(_VERSION in n for n in names) else "metta-seed"
    if layout in ("lightning", "huggingface"):
        return layout
    if any(n.startswith("checkpoint-") for n in names):
        return "huggingface"
    if any(n.endswith(".ckpt") for n in names):
        return "lightning"
    if any(c.format == "sb3" or n.endswith("_steps.zip") for c, n in zip(checkpoints, names, strict=True)):
        return "sb3"
    if any(n == "trainer_state.pt" for n in names):
        return "metta-head" if any(_VERSION in n for n in names) else "metta-seed"
    return "any"


def _metta_seed(checkpoints: Sequence[CheckpointReading], run: str) -> Readiness:
    rule = "trainer_state.pt, and the policy file that it names (Metta, 2025)"
    command = f"./tools/train.py run={run}" if _is_plain(run) else ""
    state = _newest(c for c in checkpoints if c.role == "trainer_state")
    policies = [c for c in checkpoints if c.role == "policy"]
    fallback = _newest(c for c in policies if c.verdict in GOOD)
    if state is None:
        found = f"; {fallback.name} would be loaded as the first policy, with a new optimizer" if fallback else ""
        text = f"there is no trainer_state.pt: it assumes a new run at step 0{found}"
        return Readiness("no", text, rule, None, fallback)
    if state.verdict not in GOOD:
        return _refuse(state, fallback, rule, "its loader ends with an error")
    policy = dict(state.facts).get("policy file", "")
    if policy.startswith("missing"):
        text = "the policy file that trainer_state.pt names is gone"
        return Readiness("no", text, rule, state, fallback, "", "put that file back, or start from the newest policy")
    if policy.startswith("not"):
        return Readiness("yes-but", f"the policy file is {policy}", rule, state, fallback, command)
    return _accept(state, rule, command, fallback)


def _metta_head(checkpoints: Sequence[CheckpointReading], run: str) -> Readiness:
    rule = "the :vN folder with the highest epoch that is complete, and trainer_state.pt beside it (Metta, 2026)"
    command = f"./tools/run.py arena.train run={run}" if _is_plain(run) else ""
    complete = [c for c in checkpoints if c.role == "policy" and c.verdict != "incomplete"]
    policy = max(complete, key=lambda c: (c.epoch or -1, c.modified_at), default=None)
    state = _newest(c for c in checkpoints if c.role == "trainer_state")
    if policy is None:
        return Readiness("no", "no complete policy folder: a new policy is created, at step 0", rule)
    fallback = _newest(c for c in complete if c.verdict in GOOD and c is not policy)
    if policy.verdict not in GOOD:
        return _refuse(policy, fallback, rule, "its loader ends with an error")
    if state is None or state.verdict not in GOOD:
        why = "missing" if state is None else state.verdict
        text = f"trainer_state.pt is {why}: the policy is loaded, but step and epoch begin at 0 without a word"
        return Readiness("yes-but", text, rule, policy, fallback, command, "bring trainer_state.pt back first")
    if state.epoch is not None and policy.epoch is not None and state.epoch != policy.epoch:
        text = f"policy of epoch {policy.epoch:,} with a trainer state of epoch {state.epoch:,}"
        return Readiness("yes-but", text, rule, _with_step(policy, state), fallback, command)
    return _accept(_with_step(policy, state), rule, command, fallback)


def _huggingface(checkpoints: Sequence[CheckpointReading], run: str) -> Readiness:
    rule = "the checkpoint-N folder with the highest N (transformers.Trainer); whether it is whole is not looked at"
    folders = [c for c in checkpoints if c.name.startswith("checkpoint-")]
    candidate = max(folders, key=lambda c: (_number(c.name), c.modified_at), default=None)
    if candidate is None:
        return _any(checkpoints, run)
    fallback = _newest(c for c in folders if c.verdict in GOOD and c is not candidate)
    if candidate.verdict not in GOOD:
        refusal = _refuse(candidate, fallback, rule, "resume_from_checkpoint=True raises on it")
        command = _flag("--resume_from_checkpoint", fallback)
        return replace(refusal, command=command)
    return _accept(candidate, rule, _flag("--resume_from_checkpoint", candidate), fallback)


def _lightning(checkpoints: Sequence[CheckpointReading], run: str) -> Readiness:
    rule = "ckpt_path='last': the last*.ckpt that was written last, else the newest .ckpt (Lightning)"
    files = [c for c in checkpoints if c.name.endswith(".ckpt")]
    candidate = _newest(c for c in files if c.name.startswith("last")) or _newest(files)
    if candidate is None:
        return _any(checkpoints, run)
    fallback = _newest(c for c in files if c.verdict in GOOD and c is not candidate)
    if candidate.verdict not in GOOD:
        refusal = _refuse(candidate, fallback, rule, "ckpt_path='last' raises on it")
        return replace(refusal, command=_flag("--ckpt_path", fallback))
    return _accept(candidate, rule, _flag("--ckpt_path", candidate), fallback)


def _any(checkpoints: Sequence[CheckpointReading], run: str) -> Readiness:
    rule = "the newest one: nothing tells which framework wrote them, or it takes the file that you name"
    payload = [c for c in checkpoints if c.role in ("full", "policy", "trainer_state")] or list(checkpoints)
    candidate = _newest(payload)
    fallback = _newest(c for c in payload if c.verdict in GOOD and c is not candidate)
    if candidate is None or candidate.verdict not in GOOD:
        return _refuse(candidate or checkpoints[-1], fallback, rule, "it cannot be loaded")
    return _accept(candidate, rule, "", fallback)


def _accept(candidate: CheckpointReading, rule: str, command: str, fallback: CheckpointReading | None) -> Readiness:
    if candidate.verdict == "unread":
        return Readiness("unknown", "it has not been looked into yet", rule, candidate, fallback, command)
    if candidate.verdict == "custom-pickle":
        text = f"it loads only with weights_only=False, which runs code: {candidate.reason}"
        return Readiness("yes-but", text, rule, candidate, fallback, command)
    return Readiness("yes", "it is whole as far as its index and sizes tell", rule, candidate, fallback, command)


def _refuse(bad: CheckpointReading, fallback: CheckpointReading | None, rule: str, what: str) -> Readiness:
    reason = f"{bad.name} is {bad.verdict} ({bad.reason or 'see lptui ckpt show'}): {what}"
    step = f"resume from {fallback.name} instead" if fallback else "there is no other one: a restart begins at step 0"
    if bad.verdict == "being-written":
        return Readiness("unknown", f"{bad.name} is being written", rule, bad, fallback, "", "wait for the save to end")
    return Readiness("no", reason, rule, bad, fallback, "", step)


def _with_step(policy: CheckpointReading, state: CheckpointReading) -> CheckpointReading:
    return policy if policy.step is not None else replace(policy, step=state.step)


def _newest(checkpoints: Iterable[CheckpointReading]) -> CheckpointReading | None:
    """By time; of those written within two seconds (a copy of a whole run) the one that is furthest."""
    return max(checkpoints, key=lambda c: (c.modified_at // 2, _progress(c), c.name), default=None)


def _progress(checkpoint: CheckpointReading) -> int:
    return next((n for n in (checkpoint.step, checkpoint.epoch) if n is not None), -1)


def _number(name: str) -> int:
    digits = name.removeprefix("checkpoint-")
    return int(digits) if digits.isdecimal() and len(digits) < 19 else -1


def _flag(flag: str, checkpoint: CheckpointReading | None) -> str:
    if checkpoint is None or not checkpoint.path.isprintable():
        return ""
    return f"{flag} {shlex.quote(checkpoint.path)}"


def _is_plain(name: str) -> bool:
    return bool(name) and set(name) <= _PLAIN_NAME


_RULES: dict[str, Callable[[Sequence[CheckpointReading], str], Readiness]] = {
    "metta-seed": _metta_seed,
    "metta-head": _metta_head,
    "huggingface": _huggingface,
    "lightning": _lightning,
}
