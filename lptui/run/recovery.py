"""Which checkpoint a run would resume from by its own framework's rule, whether it can, and what is at risk since it.

The rules stand in `recovery_metta` and `recovery_rules`; here it is decided whose holds. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lptui.model.launch import Launch
from lptui.model.readings import CheckpointPointer, CheckpointReading
from lptui.model.run import Layout
from lptui.run import recovery_metta, recovery_rules
from lptui.run.checkpoint_series import SeriesBreak
from lptui.run.readiness import GOOD, LOADED, Answer, Readiness, Situation, newest_good

__all__ = ["GOOD", "Answer", "Readiness", "assess", "name_rule"]
_VERSION = recovery_metta.VERSION


def assess(
    checkpoints: Sequence[CheckpointReading],
    layout: Layout,
    run: str,
    *,
    step: int | None = None,
    now: float | None = None,
    launch: Launch | None = None,
    pointers: Sequence[CheckpointPointer] = (),
    breaks: Sequence[SeriesBreak] = (),
    alive: bool = False,
    broke_at: int | None = None,
) -> Readiness:
    """`step` is where the run is (or ended), `now` the time up to which work counts, `launch` how it was started;
    `alive`: its process still runs, so that a command is for later; `broke_at`: the step since which its numbers are
    not finite."""
    if not checkpoints:
        return Readiness("no", "there is no checkpoint yet: a restart begins at step 0", "none")
    case = Situation(tuple(checkpoints), run, layout, tuple(pointers), launch)
    judged = _doubt_series(_look_past_a_save(case, _RULES[name_rule(case)]), case, breaks)
    if broke_at is not None:
        judged = _doubt_broken_numbers(judged, case, broke_at)
    loaded = judged.loaded
    risk = None if loaded is None or loaded.step is None or step is None else max(0, step - loaded.step)
    seconds = None if loaded is None or now is None else max(0.0, now - loaded.modified_at)
    judged = replace(judged, steps_at_risk=risk, seconds_at_risk=seconds)
    if alive and judged.command:
        judged = replace(judged, note="; ".join(n for n in ("the run is alive: for after its end", judged.note) if n))
    return judged


def _look_past_a_save(case: Situation, rule: Callable[[Situation], Readiness]) -> Readiness:
    """A save in progress decides nothing: until it has ended what was there before it counts."""
    judged = rule(case)
    saving = judged.candidate
    if judged.answer != "unknown" or saving is None or saving.verdict != "being-written":
        return judged
    others = tuple(c for c in case.checkpoints if c.verdict != "being-written" or c.role == "trainer_state")
    if saving.role == "trainer_state" or not any(c.role in LOADED for c in others):
        return judged
    before = rule(replace(case, checkpoints=others))
    return replace(before, reason=f"{saving.name} is being written; until that has ended: {before.reason}")


def _doubt_series(judged: Readiness, case: Situation, breaks: Sequence[SeriesBreak]) -> Readiness:
    """A rule that goes by number may take one of a series that the run left when it began anew; one that goes by time
    takes one of the new series, and what was reached before is lost."""
    newest = next((b for b in reversed(breaks) if not b.overtaken), None)
    chosen = judged.candidate
    if newest is None or chosen is None or judged.answer not in ("yes", "unknown"):
        return judged
    fell = f"{newest.after.name} came after {newest.before.name}"
    if chosen.modified_at >= newest.after.modified_at:
        return _doubt_new_series(judged, case, newest, fell) if newest.kind == "restarted" else judged
    text = f"it is of an older series: the run has begun anew since ({fell}), and its newer work would not be used"
    return replace(judged, answer="yes-but", reason=text)


def _doubt_new_series(judged: Readiness, case: Situation, newest: SeriesBreak, fell: str) -> Readiness:
    sound = newest_good([c for c in case.of_role(*LOADED) if c.modified_at <= newest.before.modified_at])
    text = f"the run began from scratch ({fell}): what it had reached before would not be used"
    step = f"resume from {sound.name} to keep it" if sound is not None else ""
    return replace(judged, answer="yes-but", reason=text, fallback=sound, next_step=step)


def _doubt_broken_numbers(judged: Readiness, case: Situation, broke_at: int) -> Readiness:
    """It would be loaded, but it was saved when the metrics were no longer finite: what broke them is likely in it."""
    chosen = judged.loaded
    if chosen is None or chosen.step is None or chosen.step < broke_at:
        return judged
    sound = newest_good([c for c in case.of_role(*LOADED) if c.step is not None and c.step < broke_at])
    text = f"{chosen.name} was saved after step {broke_at:,}, from which on the metrics are not finite"
    step = f"resume from {sound.name} (step {sound.step:,}), the last one before that" if sound else ""
    if judged.answer == "no":
        return replace(judged, reason=f"{judged.reason}; and {text}", fallback=sound, next_step=step or "start anew")
    reason = text if judged.answer == "yes" else f"{text}; {judged.reason}"
    return replace(judged, answer="yes-but", reason=reason, fallback=sound, next_step=step or judged.next_step)


def name_rule(case: Situation) -> str:
    """Whose rule holds: told by the layout, by files that only one framework writes, then by names and keys."""
    names = [c.name for c in case.checkpoints]
    frameworks = {c.framework for c in case.checkpoints}
    pointers = {p.path.rpartition("/")[2] for p in case.pointers}
    if case.layout.startswith("metta"):
        return _name_metta(case)
    if "latest_checkpointed_iteration.txt" in pointers:
        return "megatron"
    if case.layout in ("lightning", "huggingface"):
        return case.layout
    for framework, rule in _BY_FRAMEWORK.items():
        if framework in frameworks:
            return rule
    if "latest" in pointers or any(n.startswith("global_step") for n in names):
        return "deepspeed"
    return _name_by_names(case, names)


def _name_by_names(case: Situation, names: Sequence[str]) -> str:
    if any(n.startswith("checkpoint-") for n in names):
        return "huggingface"
    if any(n.endswith(".ckpt") for n in names):
        return "lightning"
    if any(c.format == "sb3" or c.name.endswith("_steps.zip") for c in case.checkpoints):
        return "sb3"
    if any(n == "trainer_state.pt" or _VERSION in n for n in names):
        return _name_metta(case)
    return "any"


def _name_metta(case: Situation) -> str:
    """Policy folders are of 2026, files of a :vN name of autumn 2025, whatever else lies there."""
    names = [c.name for c in case.checkpoints if c.role == "policy"]
    versions = [n for n in names if _VERSION in n]
    if any(not n.endswith((".pt", ".mpt")) for n in versions):
        return "metta-head"
    return "metta-files" if versions or any("__e" in n for n in names) else "metta-seed"


_BY_FRAMEWORK = {
    "pufferlib": "pufferlib",
    "deepspeed": "deepspeed",
    "megatron": "megatron",
    "orbax": "orbax",
    "dcp": "dcp",
    "sb3": "sb3",
}
_RULES: dict[str, Callable[[Situation], Readiness]] = {
    "metta-seed": recovery_metta.seed,
    "metta-files": recovery_metta.files,
    "metta-head": recovery_metta.head,
    "huggingface": recovery_rules.huggingface,
    "lightning": recovery_rules.lightning,
    "sb3": recovery_rules.stable_baselines,
    "pufferlib": recovery_rules.pufferlib,
    "deepspeed": recovery_rules.deepspeed,
    "megatron": recovery_rules.megatron,
    "dcp": recovery_rules.distributed,
    "orbax": recovery_rules.orbax,
    "any": recovery_rules.anything,
}
