"""What the run is doing, judged from several witnesses; no witness alone decides, and absence is never death.

Witnesses: the run's processes on this machine, the growth of its log, its heartbeat file, new checkpoints, W&B records,
and what says that it ended (W&B exit record, termination_reason, the log's own last words). Silence is measured by the
run's own pace, and by whether its processes and devices work: a progress table that goes only to a terminal does not
make a stall.
"""

from __future__ import annotations

from lptui.model.value import frozen
from lptui.state.activity import Activity, alive, learn_power, read_activity
from lptui.state.cloud_word import cloud_witness, conclude_remote
from lptui.state.completion import find_completion
from lptui.state.endings import Ending, count_attempts, find_closing, find_ending, last_attempt, promises_end
from lptui.state.last_words import find_last_words
from lptui.state.pace import Pace, is_sane, learn_pace, name_phase, set_patience
from lptui.state.progress import find_total
from lptui.state.run_state import NOT_LOOKED, Condition, Life, RunState, Witness
from lptui.text import short_duration

WATCH = 3.0
"""Seconds to watch files without a process before "they were written just now" no longer counts as life."""
GROWTH_KEPT = 60
_TELL = ("metta-s1", "metta-s2", "metta-head")
"""Layouts of runs that say how they end."""
_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
_FATAL = ("log:", "kernel:")
LINGER = 6.0
"""Seconds for which processes that worked count as working: between two readings they may rest."""


@frozen
class Silence:
    """What the silence of a run is measured by: `calm` is the patience with one that does not work visibly."""

    last: float | None
    patience: float
    calm: float
    pace: Pace
    activity: Activity
    works: bool


def judge(state: RunState) -> Life:
    """What all witnesses together say at `state.now`."""
    before = state.life
    pace = learn_pace(state, before.pace, before.grown)
    signs = _signs(state)
    ending = find_ending(state)
    last = max(((s.at, s.name) for s in signs if s.at is not None), default=(None, ""))
    activity = read_activity(state.processes, state.gpu, before.usual_power)
    phase = name_phase(pace, last_attempt(state))
    busy_at = state.now if activity.says == "busy" else before.busy_at
    works = busy_at is not None and state.now - busy_at <= LINGER
    calm = set_patience(pace, phase, "idle" if activity.says == "busy" else activity.says)
    patience = set_patience(pace, phase, "busy") if works else calm
    # A stall stays one until something is written, whatever stirs meanwhile.
    stuck = before.condition == "stalled" and before.last_sign == last[0] and before.activity.says != "stopped"
    patience = min(patience, before.patience) if stuck else patience
    condition, reason = _conclude(state, ending, Silence(last[0], patience, calm, pace, activity, works and not stuck))
    told = (*_end_witness(ending), *cloud_witness(state))
    witnesses = (_process_witness(state), *_silence(signs, state.now, calm), *told)
    restarts = state.seen.get("restart_count")
    return Life(
        condition,
        reason,
        tuple(w for w in witnesses if w is not None),
        last[0],
        last[1],
        count_attempts(state),
        int(restarts.value) if restarts and restarts.value.isdigit() else None,
        ending.exit_code if ending else None,
        patience,
        pace,
        activity,
        phase,
        busy_at,
        _note_growth(state, last[0]),
        learn_power(before.usual_power, state.gpu) if _progresses(state, last[0], pace) else before.usual_power,
    )


def _note_growth(state: RunState, last: float | None) -> tuple[float, ...]:
    """The time since the sign of life before this one, if both came while we watched."""
    before = state.life
    if last is None or before.last_sign is None or before.last_sign <= state.began:
        return before.grown
    gap = last - before.last_sign
    return (*before.grown[-GROWTH_KEPT:], gap) if is_sane(gap) else before.grown


def _progresses(state: RunState, last: float | None, pace: Pace) -> bool:
    """Whether the run is at its usual work now, so that what its devices draw is usual."""
    return last is not None and pace.usual is not None and state.now - last <= max(5.0, 2 * pace.usual)


def _signs(state: RunState) -> list[Witness]:
    """Everything that moves while a run lives, with the time it last did."""
    signs: list[Witness] = []
    log_at = max((v.modified_at for v in state.logs.values() if v.modified_at), default=None)
    if log_at is not None:
        signs.append(Witness("log", "alive", "log written", log_at))
    for name, label in (
        ("heartbeat", "heartbeat"),
        ("wandb_record", "W&B record"),
        ("metrics_record", "metrics written"),
    ):
        seen = state.seen.get(name)
        if seen is not None and seen.at is not None:
            signs.append(Witness(label, "alive", f"{label}", seen.at))
    news = state.seen.get("metrics_news")
    recorded = state.seen.keys() & {"wandb_record", "metrics_record"}
    if news is not None and (news.at or 0.0) <= state.now and not recorded:
        signs.append(Witness("metrics", "alive", "metrics recorded", news.at))
    saved = max((c.modified_at for c in state.checkpoints), default=None)
    if saved is not None:
        signs.append(Witness("checkpoint", "alive", "checkpoint saved", saved))
    return signs


def _process_witness(state: RunState) -> Witness | None:
    if state.processes is None:
        return Witness("process", "unknown", state.processes_reason or "not known from here")
    living = alive(state.processes)
    if living:
        names = f"pid {living[0].pid} {living[0].name}" + (f" and {len(living) - 1} more" if len(living) > 1 else "")
        return Witness("process", "alive", names)
    if not state.local:
        return Witness("process", "unknown", "none on this machine, and the run may be on another")
    gone = state.seen.get("process_gone")
    return Witness("process", "dead", gone.value if gone else "no process of this run on this machine")


def _silence(signs: list[Witness], now: float, patience: float) -> list[Witness]:
    """The signs as the reader sees them: silent ones are called so, with their age."""
    return [
        Witness(
            s.name,
            "alive" if s.at is not None and now - s.at <= patience else "silent",
            s.text,
            s.at,
        )
        for s in signs
    ]


def _end_witness(ending: Ending | None) -> list[Witness]:
    return [Witness("end", "ended", ending.text, ending.at)] if ending else []


def _conclude(state: RunState, ending: Ending | None, silence: Silence) -> tuple[Condition, str]:
    process = _process_witness(state)
    says = process.says if process else "unknown"
    if state.run.remote:
        return conclude_remote(state)
    quiet = None if silence.last is None else max(0.0, state.now - silence.last)
    if says == "alive":
        return _conclude_alive(state, quiet, silence, ending)
    if ending is not None:
        return ("finished" if ending.clean else "crashed"), ending.text
    if state.still_reading or state.processes_reason == NOT_LOOKED:
        return "unknown", "still being read"
    if quiet is None:
        return ("waiting", _tell_nothing(state)) if not state.series else ("unknown", "no sign of life")
    if says == "dead":
        return _conclude_dead(state, quiet, silence.calm)
    if quiet <= silence.calm:
        return "running", "its files grow (its process cannot be seen from here)"
    return "unknown", f"silent for {short_duration(quiet)}; its process cannot be seen from here"


def _tell_nothing(state: RunState) -> str:
    """Why nothing is known of the run: a file of metrics that is there and cannot be read is not nothing."""
    failed = next((s for s in state.statuses.values() if s.condition == "failed" and s.source.endswith(_TABLES)), None)
    return (
        "nothing has been written yet" if failed is None else f"nothing can be read: {failed.source}: {failed.detail}"
    )


def _conclude_alive(
    state: RunState, quiet: float | None, silence: Silence, ending: Ending | None
) -> tuple[Condition, str]:
    """A living process that is silent may work, wait or stand stopped."""
    activity = silence.activity
    if activity.says == "stopped":
        return "stalled", activity.texts[0]
    if quiet is None or quiet <= silence.calm:
        return "running", "its process lives" + ("" if quiet is None else " and its files grow")
    over = ending.text if ending is not None and ending.clean else find_completion(state)
    if over and not silence.works and not _too_early(state):
        return "finished", f"{over}, and nothing was written since; its process lives on"
    said = "; ".join(activity.texts)
    silent = f"silent for {short_duration(quiet)}"
    if silence.works and (quiet <= silence.patience or not silence.pace.known):
        doing = "it may be evaluating, saving or compiling"
        if not silence.pace.known:
            doing = "nothing that it writes tells its pace, so this is no stall"
        return "running", f"{silent}, but its processes work ({said}): {doing}"
    if not silence.works and _too_early(state):
        return "running", f"{silent}; what its processes do is being watched"
    usual = f" ({silence.pace.tell()})" if silence.pace.known else ""
    return "stalled", f"its process lives, but nothing was written for {short_duration(quiet)}{usual}" + (
        f"; {said}" if said else ""
    )


def _too_early(state: RunState) -> bool:
    """Whether the processes were seen only once, so that nobody knows yet what they do."""
    unknown = any(p.cpu_percent is None for p in alive(state.processes))
    return bool(state.still_reading) or (
        unknown and state.life.condition != "stalled" and state.began > 0 and state.now - state.began < WATCH
    )


def _conclude_dead(state: RunState, quiet: float, patience: float) -> tuple[Condition, str]:
    """No process is left: it was killed, failed, or did all that it was to do and ended without a word."""
    gone = state.seen.get("process_gone")
    grew = state.now - quiet > state.began or state.now - state.began < WATCH
    if gone is None and quiet <= min(patience, 15.0) and grew:
        return "running", "its files grow (its process was not recognised)"
    failure = next((f for f in state.findings if f.active and f.severity == "error" and f.id.startswith(_FATAL)), None)
    if failure is not None:
        return "crashed", f"no process, and the last words are a failure: {failure.title}"
    if done := find_completion(state):
        return "finished", f"{done}, and its process has ended"
    if (last := find_last_words(state)) is not None:
        return "crashed", f"no process, and its last words are an exception: {last.title}"
    if closed := find_closing(state):
        return "finished", f"{closed}, and its process has ended"
    if gone is not None and (promises_end(state) or state.run.layout in _TELL or find_total(state)):
        return "crashed", f"{gone.value}, without an end record"
    if gone is not None:
        return "unknown", f"{gone.value}; nothing says how it ended, or how much there was to do"
    if promises_end(state):
        return "crashed", f"no process and no end record; the last sign of life was {short_duration(quiet)} ago"
    return "unknown", f"no process here, silent for {short_duration(quiet)}, and nothing says how it ended"
