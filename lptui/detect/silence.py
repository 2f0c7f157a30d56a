"""A run that hangs, and one that died without a word: what the witnesses agree on becomes a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lptui.detect import Detector
from lptui.model.events import Event, Tick
from lptui.model.finding import Change, Evidence, Finding, Fix, age_out
from lptui.model.value import frozen
from lptui.state.activity import alive, trainers
from lptui.state.last_words import find_last_words
from lptui.state.run_state import RunState, Witness
from lptui.text import clock, short_duration

STANDS, STANDS_AT_LEAST = 5.0, 900.0
"""So many times the patience, and so many seconds, a run may write without a step before that is said."""


@frozen
class Memory:
    """The finding that is raised now, and what the processes did then; whether the run's clock agrees with ours."""

    raised: Finding | None = None
    says: str = ""
    trusted: bool = False


def step(memory: Memory, event: Event, state: RunState) -> tuple[Memory, Sequence[Change]]:
    """A stall or a death, raised once and updated when its words change; recovered from when the run goes on."""
    if not memory.trusted and _agrees(state):
        memory = replace(memory, trusted=True)
    finding = _find(state, trusted=memory.trusted)
    old = memory.raised
    if finding is None:
        if old is None:
            return memory, ()
        ended = state.life.condition in ("crashed", "finished")
        gone = age_out(old, f"the run {state.life.condition}" if ended else f"the run is {state.life.condition} again")
        return Memory(trusted=memory.trusted), (Change.raised(gone),)
    says = state.life.activity.says
    if old is not None and (old.id, memory.says) == (finding.id, says) and _same_end(old, finding):
        return memory, ()
    changes = [Change.raised(finding)]
    if old is not None and old.id != finding.id:
        changes.insert(0, Change.cleared(old.id))
    return replace(memory, raised=finding, says=says), changes


def _same_end(old: Finding, new: Finding) -> bool:
    """Of a death every word counts; a stall's figures move while it lasts."""
    return new.cls == "hung-no-progress" or (old.title, old.evidence) == (new.title, new.evidence)


def _agrees(state: RunState) -> bool:
    """Whether the clock in the run's records is ours: else their age says nothing."""
    pace = state.life.pace
    return (
        pace.recorded is not None and pace.usual is not None and abs(state.now - pace.recorded) < 2 * pace.usual + 30.0
    )


def _find(state: RunState, *, trusted: bool) -> Finding | None:
    if state.life.condition == "stalled":
        return _stop(state) if state.life.activity.says == "stopped" else _stall(state)
    if state.life.condition == "crashed" and not _explained(state):
        return _death(state)
    if state.life.condition == "running" and trusted:
        return _standstill(state)
    return None


def _explained(state: RunState) -> bool:
    """Whether another finding already names why the run ended. A damaged file that lies there does not; one that the
    log says could not be read does."""
    return find_last_words(state) is not None or any(
        f.active
        and f.severity == "error"
        and f.cls != "worker-process-died"
        and (f.cls != "checkpoint-corrupt" or f.anchor is not None)
        for f in state.findings
    )


def _witness_evidence(state: RunState) -> tuple[Evidence, ...]:
    # Ages change each second; the times they stand for do not.
    told = [Evidence(_tell_witness(w), kind="process", at=w.at) for w in state.life.witnesses]
    if state.life.condition == "stalled":
        told += [
            Evidence(text, kind="gpu" if text.startswith("GPU") else "process") for text in state.life.activity.texts
        ]
        if state.life.pace.known:
            told.append(Evidence(f"its pace: {state.life.pace.tell()}", kind="metric"))
    return tuple(told)


def _tell_witness(witness: Witness) -> str:
    """'log: silent since 12:04:46', 'process: alive, pid 812 python'."""
    if witness.at is None:
        return f"{witness.name}: {witness.says}, {witness.text}"
    if witness.says == "ended":
        return f"{witness.name}: {witness.text} ({clock(witness.at)})"
    return f"{witness.name}: {'silent since' if witness.says == 'silent' else 'last at'} {clock(witness.at)}"


def _stall(state: RunState) -> Finding:
    life, activity = state.life, state.life.activity
    silent = _join([w.name for w in life.witnesses if w.says == "silent"]) or "everything that it writes is"
    pace = life.pace.tell()
    doing = f"; {activity.texts[0]}" if activity.texts else ""
    what, why, command = _advise(state)
    return Finding(
        id=f"hung-no-progress:{life.attempts}:{int(life.last_sign or 0)}",
        cls="hung-no-progress",
        severity="error",
        title=f"no progress for more than {short_duration(life.patience)}: {silent} silent"
        f"{f' ({pace})' if pace else ''}, and its process lives{doing}",
        role="root",
        attempt=life.attempts,
        evidence=_witness_evidence(state),
        fix=Fix(what, why, command, "the log grows again and the header says running"),
        confidence={"idle": 0.9, "busy": 0.6}.get(activity.says, 0.75),
        first_seen=life.last_sign,
        step=state.progress.step,
        ranks=tuple(sorted({p.rank for p in trainers(state.processes) if p.rank is not None})),
    )


def _advise(state: RunState) -> tuple[str, str, str]:
    """(what, why, command) for a run that hangs, by what its processes do."""
    life = state.life
    pids = [p.pid for p in trainers(state.processes)] or [p.pid for p in alive(state.processes)]
    dump = "; ".join(f"py-spy dump --pid {pid}" for pid in pids[:8])
    told = " ".join(life.activity.texts)
    if "state D" in told:
        what = (
            "see which mount does not answer (df and ls on the run's folders), mend or unmount it, then resume the run"
        )
        return what, "a process in state D waits in the kernel and cannot even be killed", dump
    if "collective" in told:
        what = (
            "dump the stacks of all ranks: those that wait stand in the same collective, the cause is the one elsewhere"
        )
        return what, "a collective that waits keeps its device at 100 % and draws little power", dump
    if life.phase == "evaluating":
        what = (
            "see where the evaluation stands; if it is only longer than before, leave it, else end and resume the run"
        )
        return (
            what,
            f"the last words of the log are of an evaluation; {life.pace.tell() or 'none was timed before'}",
            dump,
        )
    pace = f": it is {life.pace.tell()}" if life.pace.known else ""
    return (
        "see where every process waits, then end and resume it if it is stuck",
        f"{short_duration(life.patience)} of silence is far more than this run's own pace explains{pace}",
        dump,
    )


def _stop(state: RunState) -> Finding:
    """Somebody stopped the process: it neither works nor ends until it is told to go on."""
    life = state.life
    pids = life.activity.pids
    return Finding(
        id=f"hung-no-progress:{life.attempts}:{int(life.last_sign or 0)}",
        cls="hung-no-progress",
        severity="error",
        title=f"the training is stopped: {life.activity.texts[0]}",
        role="root",
        attempt=life.attempts,
        evidence=_witness_evidence(state),
        fix=Fix(
            "let it go on; if it was started in a terminal, bring it back there with fg",
            "a stopped process keeps its memory and its GPU, and does nothing until it gets SIGCONT",
            f"kill -CONT {' '.join(str(pid) for pid in pids)}",
            "the log grows again and the header says running",
        ),
        confidence=1.0,
        first_seen=life.last_sign,
        step=state.progress.step,
    )


def _standstill(state: RunState) -> Finding | None:
    """The log grows, but no step is recorded any more."""
    life, pace, progress = state.life, state.life.pace, state.progress
    over = progress.total is not None and progress.step is not None and progress.step >= progress.total
    if pace.recorded is None or not pace.known or life.phase or over or state.still_reading:
        return None
    stands = state.now - pace.recorded
    if stands < max(STANDS_AT_LEAST, STANDS * life.patience):
        return None
    where = f" since step {progress.step:,}" if progress.step is not None else ""
    return Finding(
        id=f"hung-no-progress:{life.attempts}:{int(pace.recorded)}",
        cls="hung-no-progress",
        severity="warning",
        title=f"files still grow, but no progress was recorded{where} for more than {short_duration(STANDS_AT_LEAST)} "
        f"({pace.tell()})",
        role="symptom",
        attempt=life.attempts,
        evidence=(Evidence("newest record of progress", kind="metric", at=pace.recorded), *_witness_evidence(state)),
        fix=Fix(
            "read the newest lines of the log: they say what it does instead of training", "", "", "steps come again"
        ),
        confidence=0.6,
        first_seen=pace.recorded,
        step=progress.step,
    )


def _join(names: list[str]) -> str:
    """'log is', 'log and heartbeat are'."""
    if not names:
        return ""
    return f"{names[0]} is" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} are"


def _death(state: RunState) -> Finding:
    life = state.life
    newest = next((c for c in reversed(state.checkpoints) if c.verdict in ("ok", "custom-pickle", "unread")), None)
    resume = f"resume from {newest.name}" if newest else "there is no checkpoint to resume from: it starts at step 0"
    return Finding(
        id=f"worker-process-died:{life.attempts}",
        cls="worker-process-died",
        severity="error",
        title=f"the run died: {life.reason}",
        role="root",
        attempt=life.attempts,
        evidence=_witness_evidence(state),
        fix=Fix(
            f"look for a kill from outside, then {resume}",
            "its log holds no error; killed processes leave none (out of memory, time limit, preemption, kill -9)",
            "dmesg -T | grep -i -E 'killed process|out of memory' | tail",
            "after the restart the header says running and the step grows",
        ),
        confidence=0.7,
        first_seen=life.last_sign,
        step=state.progress.step,
    )


SILENCE = Detector("silence", Memory(), step, (Tick,))
