"""What Metta's trainers resume, in their three eras (git history of Metta-AI/metta: 6ee6b6f9de and 724cde8fc2 of 2025,
5eb9839a3a to 6ddad6cebc of autumn 2025, a8d1ecee19 of 2026). Pure."""

from __future__ import annotations

import shlex
from dataclasses import replace

from lptui.model.readings import CheckpointReading
from lptui.run.readiness import GOOD, Readiness, Situation, accept, doubt, newest, newest_good, refuse
from lptui.run.resume_command import Command, again, plain_run

VERSION = ":v"
_SEED = "trainer_state.pt, and the policy file that it names (Metta, to September 2025)"
_FILES = "the :vN.pt or .mpt file with the highest epoch, and trainer_state.pt beside it (Metta, autumn 2025)"
_HEAD = "the :vN folder with the highest epoch that is complete, and trainer_state.pt beside it (Metta, 2026)"
_FRESH = (
    "a node without these files begins at step 0: this version looks for the newest remote policy and drops the result"
)


def seed(case: Situation) -> Readiness:
    """Required on load: the state, and the policy at its `policy_path`."""
    command = again(case.launch) if case.launch is not None else plain_run("./tools/train.py", case.run)
    state = newest(case.of_role("trainer_state"))
    policies = case.of_role("policy")
    fallback = newest_good(policies)
    if state is None:
        found = f"; {fallback.name} would be loaded as the first policy, with a new optimizer" if fallback else ""
        text = f"there is no trainer_state.pt: it assumes a new run at step 0{found}"
        return Readiness("no", text, _SEED, None, fallback)
    if state.verdict not in GOOD:
        return replace(
            refuse(state, fallback, _SEED, "its loader ends with an error"), next_step=_without_state(fallback)
        )
    if state.policy_file == "missing":
        text = f"the policy file that trainer_state.pt names is gone ({state.policy_path})"
        step = "put that file back, or start from the newest policy"
        return Readiness("no", text, _SEED, state, fallback, "", step)
    named = _named(state, policies)
    if named is not None and named.verdict not in GOOD:
        told = refuse(
            named, newest_good(policies, named), _SEED, "trainer_state.pt names it, and its loader ends there"
        )
        return replace(told, next_step=_without_state(told.fallback)) if told.answer == "no" else told
    if state.policy_file in ("moved", "elsewhere"):
        where = "not where it says, but in checkpoints/" if state.policy_file == "moved" else "not on this disk"
        text = f"the policy file that trainer_state.pt names is {where}"
        return doubt(state, text, _SEED, *command, fallback=fallback)
    return accept(state, _SEED, *command, fallback)


def _named(state: CheckpointReading, policies: list[CheckpointReading]) -> CheckpointReading | None:
    name = state.policy_path.rstrip("/").rpartition("/")[2]
    return next((p for p in policies if name and p.name == name), None)


def _without_state(fallback: CheckpointReading | None) -> str:
    if fallback is None:
        return "move trainer_state.pt away; there is no policy to start from, so it begins at step 0"
    uri = f"trainer.initial_policy.uri={shlex.quote('file://' + fallback.path)}" if fallback.path.isprintable() else ""
    start = f" and start with {uri}" if uri else f" and start from {fallback.name}"
    return f"move trainer_state.pt away{start}: its weights are kept, optimizer and step count begin anew"


def files(case: Situation) -> Readiness:
    """Plain files RUN:vN.pt, and later .mpt; the trainer state in checkpoints/ was not written atomically at first."""
    policies = [c for c in case.of_role("policy") if VERSION in c.name or "__e" in c.name]
    command = again(case.launch)
    told = _by_epoch(case, policies, _FILES, command)
    if told.answer in ("yes", "yes-but"):
        return replace(told, note="; ".join(n for n in (told.note, _FRESH) if n))
    return told


def head(case: Situation) -> Readiness:
    """A folder without its policy_spec.json is passed over. The policy is saved first, then the state."""
    complete = [c for c in case.of_role("policy") if c.verdict != "incomplete"]
    return _by_epoch(case, complete, _HEAD, again(case.launch))


def _by_epoch(case: Situation, policies: list[CheckpointReading], rule: str, command: Command) -> Readiness:
    policy = max(policies, key=lambda c: (c.epoch if c.epoch is not None else -1, c.modified_at), default=None)
    state = newest(case.of_role("trainer_state"))
    if policy is None:
        return Readiness("no", "no complete policy: a new one is created, at step 0", rule)
    fallback = newest_good(policies, policy)
    if policy.verdict not in GOOD:
        told = refuse(policy, fallback, rule, "its loader ends with an error")
        if told.answer == "no" and fallback is not None:
            return replace(told, next_step=f"{told.next_step}: move {policy.name} away and start as before")
        return told
    again_step = "" if command.text else f"start it again as before, with run={case.run}"
    if state is None:
        return _doubt_stateless(policy, fallback, rule, command)
    if state.verdict not in GOOD:
        told = refuse(state, fallback, rule, "its loader ends with an error")
        step = f"move trainer_state.pt away: the weights of {policy.name} are kept, step and epoch begin at 0"
        return replace(
            told, candidate=policy, fallback=policy, next_step=step if told.answer == "no" else told.next_step
        )
    candidate = policy if policy.step is not None else replace(policy, step=state.step)
    if state.epoch is not None and policy.epoch is not None and state.epoch != policy.epoch:
        text = f"policy of epoch {policy.epoch:,} with a trainer state of epoch {state.epoch:,}"
        return doubt(candidate, text, rule, *command, fallback=fallback, next_step=again_step)
    told = accept(candidate, rule, *command, fallback)
    return replace(told, next_step=told.next_step or again_step)


def _doubt_stateless(
    policy: CheckpointReading, fallback: CheckpointReading | None, rule: str, command: Command
) -> Readiness:
    """Metta's own folders do not tell the step; one that does was written by a trainer that can go on from it."""
    if policy.step is not None and policy.format == "metta-bundle":
        text = "there is no trainer_state.pt: the optimizer begins anew; the step stands in the policy folder itself"
        return doubt(policy, text, rule, *command, fallback=fallback)
    text = "trainer_state.pt is missing: the policy is loaded, but step and epoch begin at 0 without a word"
    return doubt(policy, text, rule, *command, fallback=fallback, next_step="bring trainer_state.pt back first")
