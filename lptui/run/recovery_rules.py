"""What other frameworks resume, each by its own rule (transformers `get_last_checkpoint`; Lightning's checkpoint
connector; PufferLib 3.0 `load_policy`; DeepSpeed `load_checkpoint`; Megatron's tracker file; torchtitan
`_find_load_step`; orbax `CheckpointManager.latest_step`). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lptui.model.readings import CheckpointPointer, CheckpointReading
from lptui.run.readiness import GOOD, LOADED, Readiness, Situation, accept, doubt, newest, newest_good, refuse
from lptui.run.resume_command import NONE, Command, again, uses_overrides, with_flag, with_override

_HF_FLAG = "--resume_from_checkpoint"
_HF_OPTIMIZER = ("optimizer.pt", "optimizer.bin")


def huggingface(case: Situation) -> Readiness:
    """The highest N, whether it is whole or not; nothing is said when the optimizer is missing."""
    rule = "the checkpoint-N folder with the highest N (transformers.Trainer); whether it is whole is not looked at"
    folders = [c for c in case.checkpoints if c.name.startswith("checkpoint-")]
    candidate = max(folders, key=lambda c: (_number(c.name), c.modified_at), default=None)
    if candidate is None:
        return anything(case)
    fallback = newest_good(folders, candidate)
    if candidate.verdict not in GOOD:
        told = refuse(candidate, fallback, rule, "resume_from_checkpoint=True raises on it")
        return _command(told, _hf_command(case, fallback))
    command = _hf_command(case, candidate)
    if candidate.parts and not any(p in _HF_OPTIMIZER or "optim" in p for p in candidate.parts):
        text = "no optimizer state is in it (save_only_model?): the weights are loaded, the optimizer begins anew"
        return doubt(candidate, text, rule, *command, fallback=fallback)
    return accept(candidate, rule, *command, fallback)


def _hf_command(case: Situation, chosen: CheckpointReading | None) -> Command:
    return with_flag(case.launch, _HF_FLAG, chosen, drops=("--overwrite_output_dir",))


def lightning(case: Situation) -> Readiness:
    """A checkpoint that SLURM's resubmission left goes before any that is named; then `last` by time."""
    files = [c for c in case.checkpoints if c.name.endswith(".ckpt")]
    left = [c for c in files if c.name.startswith("hpc_ckpt_")]
    last = [c for c in files if c.name.startswith("last")]
    if left:
        rule = "hpc_ckpt_N.ckpt with the highest N (Lightning, left by SLURM's requeue): it goes before any other"
        candidate: CheckpointReading | None = max(left, key=lambda c: _number(c.name))
    else:
        rule = "ckpt_path='last': the last*.ckpt that was written last (Lightning)"
        candidate = newest(last) or newest(files)
    if candidate is None:
        return anything(case)
    fallback = newest_good(files, candidate)
    if candidate.verdict not in GOOD:
        told = refuse(candidate, fallback, rule, "loading it raises")
        return _command(told, _lightning_command(case, fallback))
    command = again(case.launch) if left else _lightning_command(case, candidate)
    if not last and not left:
        text = "there is no last*.ckpt, so that ckpt_path='last' loads nothing and begins at step 0: name this one"
        return doubt(candidate, text, rule, *command, fallback=fallback)
    return accept(candidate, rule, *command, fallback)


def _lightning_command(case: Situation, chosen: CheckpointReading | None) -> Command:
    if uses_overrides(case.launch):
        return with_override(case.launch, "ckpt_path", chosen)
    return with_flag(case.launch, "--ckpt_path", chosen)


def stable_baselines(case: Situation) -> Readiness:
    """The user names the file; what is beside it (replay buffer, normalisation) has to be loaded as well."""
    rule = "the file that you name; this is the *_steps.zip that came furthest (Stable-Baselines3)"
    files = [c for c in case.of_role(*LOADED) if c.path.endswith(".zip")]
    candidate = max(files, key=lambda c: (c.step if c.step is not None else -1, c.modified_at), default=None)
    if candidate is None:
        return anything(case)
    fallback = newest_good(files, candidate)
    if candidate.verdict not in GOOD:
        return refuse(candidate, fallback, rule, "load() raises on it")
    zoo = case.launch is not None and any("rl_zoo3" in a for a in case.launch.arguments)
    command = with_flag(case.launch, "-i", candidate, replaces=("--trained-agent",)) if zoo else NONE
    step = "" if zoo else f"MODEL.load({candidate.path!r}), then learn(..., reset_num_timesteps=False)"
    beside = {kind for c in case.checkpoints if c.role == "side" for kind in _SB3_KINDS if kind in c.name}
    here = {
        k for c in case.checkpoints if c.step == candidate.step and c.role == "side" for k in _SB3_KINDS if k in c.name
    }
    missing = sorted(beside - here)
    if missing:
        text = f"no {' and no '.join(missing)} file of this step: earlier saves have one"
        return doubt(candidate, text, rule, *command, fallback=fallback, next_step=step)
    told = accept(candidate, rule, *command, fallback)
    if told.answer == "yes-but":  # SB3 writes classes as cloudpickle in JSON: that is how it is
        told = replace(told, answer="yes", reason="its zip is whole as far as its index tells")
    return replace(told, next_step=step)


_SB3_KINDS = ("replay_buffer", "vecnormalize")


def pufferlib(case: Situation) -> Readiness:
    """trainer_state.pt names a model file; what PufferLib itself loads is that file alone."""
    rule = "the model file that trainer_state.pt names (PufferLib)"
    state = newest(case.of_role("trainer_state"))
    models = case.of_role("policy", "full")
    name = state.policy_path.rpartition("/")[2] if state is not None else ""
    candidate = next((m for m in models if m.name == name), None) if name else newest(models)
    fallback = newest_good(models, candidate)
    if candidate is None:
        gone = f"{name}, which trainer_state.pt names, is gone" if name else "there is no model file"
        step = f"load {fallback.name} instead" if fallback else ""
        return _command(Readiness("no", gone, rule, state, fallback, "", step), _puffer_command(case, fallback))
    if candidate.verdict not in GOOD:
        return _command(refuse(candidate, fallback, rule, "it cannot be loaded"), _puffer_command(case, fallback))
    if state is not None and candidate.step is None:
        candidate = replace(candidate, step=state.step)
    text = "--load-model-path loads the weights alone: optimizer, step count and schedule begin anew"
    return doubt(candidate, text, rule, *_puffer_command(case, candidate), fallback=fallback)


def _puffer_command(case: Situation, chosen: CheckpointReading | None) -> Command:
    return with_flag(case.launch, "--load-model-path", chosen)


def deepspeed(case: Situation) -> Readiness:
    """The folder that `latest` names; without the file nothing is loaded, and only a warning says so."""
    return _pointed(case, "the folder that the file `latest` names (DeepSpeed)", _find_pointer(case, "latest"))


def megatron(case: Situation) -> Readiness:
    """The iteration in the tracker file."""
    pointer = _find_pointer(case, "latest_checkpointed_iteration.txt")
    rule = "the iteration that latest_checkpointed_iteration.txt names (Megatron)"
    told = _pointed(case, rule, pointer)
    if pointer is not None and told.candidate is not None and told.command:
        folder = pointer.path.rpartition("/")[0]
        return _command(told, with_flag(case.launch, "--load", told.candidate, value=folder))
    return told


def _pointed(case: Situation, rule: str, pointer: CheckpointPointer | None) -> Readiness:
    if pointer is None:
        return Readiness("no", "the file that names the newest checkpoint is missing: it begins at step 0", rule)
    tag = pointer.names
    folder = f"{pointer.path.rpartition('/')[0]}/{tag}"
    rows = [c for c in case.of_role(*LOADED, "optimizer") if c.path == folder or c.path.startswith(f"{folder}/")]
    others = [c for c in case.of_role(*LOADED) if c not in rows]
    fallback = newest_good(others)
    if not rows:
        step = f"take {fallback.name}: write its name into {pointer.path}" if fallback else ""
        return Readiness("no", f"{tag}, which {pointer.path} names, is not there", rule, None, fallback, "", step)
    bad = next((c for c in rows if c.verdict not in GOOD), None)
    if bad is not None:
        return refuse(bad, fallback, rule, f"it is part of {tag}, which would be loaded")
    return accept(rows[-1], rule, *again(case.launch), fallback)


def _find_pointer(case: Situation, name: str) -> CheckpointPointer | None:
    found = [p for p in case.pointers if p.path.rpartition("/")[2] == name]
    return max(found, key=lambda p: p.modified_at, default=None)


def distributed(case: Situation) -> Readiness:
    """A folder without .metadata is not committed, and passed over."""
    rule = "the folder with the highest step that has its .metadata (torch.distributed.checkpoint, torchtitan)"
    return _committed(case, [c for c in case.checkpoints if c.framework == "dcp"], rule)


def orbax(case: Situation) -> Readiness:
    """A rename commits: a folder with a temporary name is passed over."""
    rule = "the folder with the highest step whose rename has committed it (orbax)"
    return _committed(case, [c for c in case.checkpoints if c.framework == "orbax"], rule)


def _committed(case: Situation, folders: Sequence[CheckpointReading], rule: str) -> Readiness:
    done = [c for c in folders if c.verdict not in ("incomplete", "being-written")]
    candidate = max(done, key=lambda c: (c.step if c.step is not None else -1, c.modified_at), default=None)
    if candidate is None:
        return Readiness("no", "no save was ever committed: it begins at step 0", rule, newest(folders))
    fallback = newest_good(done, candidate)
    if candidate.verdict not in GOOD:
        told = refuse(candidate, fallback, rule, "loading it raises")
        if fallback is None or fallback.step is None:
            return told
        titan = case.launch is not None and any("torchtitan" in a for a in case.launch.arguments)
        command = (
            with_flag(case.launch, "--checkpoint.load_step", fallback, value=str(fallback.step)) if titan else NONE
        )
        return _command(told, command)
    told = accept(candidate, rule, *again(case.launch), fallback)
    passed = [c for c in folders if c.verdict == "incomplete" and (c.step or 0) > (candidate.step or 0)]
    return replace(told, reason=f"{told.reason}; {passed[-1].name} is passed over") if passed else told


def anything(case: Situation) -> Readiness:
    """Nobody's rule."""
    rule = "the newest one: nothing tells which framework wrote them, or it takes the file that you name"
    payload = case.of_role(*LOADED) or case.of_role("temporary")  # the first save of all is being written
    candidate = newest(payload)
    if candidate is None:
        return Readiness("no", "no file here holds weights: a restart begins at step 0", rule)
    fallback = newest_good(payload, candidate)
    if candidate.verdict not in GOOD:
        return refuse(candidate, fallback, rule, "it cannot be loaded")
    return accept(candidate, rule, "", "", fallback)


def _command(told: Readiness, command: Command) -> Readiness:
    """With a command, but never for what is unsafe or may still be whole."""
    if told.answer == "unknown":
        return told
    return replace(told, command=command.text, note=command.note)


def _number(name: str) -> int:
    digits = name.rpartition("-" if name.startswith("checkpoint-") else "_")[2].removesuffix(".ckpt")
    return int(digits) if digits.isdecimal() and len(digits) < 19 else -1
