"""The W&B server and this machine contradict each other: what a reader of the web page would believe wrongly."""

from __future__ import annotations

from collections.abc import Sequence

from lptui.detect import Detector
from lptui.model.events import Event, Tick
from lptui.model.finding import Change, Evidence, Finding, Fix, age_out
from lptui.state.activity import alive
from lptui.state.cloud_word import CRASHED
from lptui.state.run_state import RunState

CLASS = "cloud-disagrees"


def step(memory: Finding | None, event: Event, state: RunState) -> tuple[Finding | None, Sequence[Change]]:
    """Raised while the server's word and what is seen here differ; past once they agree."""
    finding = _find(state)
    if finding is None:
        words = "the server and this machine agree" if state.run.cloud else "the server is not asked any more"
        return None, () if memory is None else (Change.raised(age_out(memory, words)),)
    if memory is not None and memory.title == finding.title:
        return memory, ()
    return finding, (Change.raised(finding),)


def _find(state: RunState) -> Finding | None:
    seen = state.seen.get("cloud_state")
    if seen is None or state.run.remote:
        return None
    living = alive(state.processes) if state.processes is not None else []
    if seen.value in CRASHED and living and state.life.condition in ("running", "stalled"):
        title = f"W&B says {seen.value}, but the training lives (pid {living[0].pid}): its upload has stopped"
        what = "Let the training go on; logs/debug-internal.log of the run's W&B folder says why nothing is sent."
        why = (
            "The server calls a run crashed after some minutes without a heartbeat; what is logged stays on this disk."
        )
        verify = "after the end, `wandb sync` of the run's W&B folder sends what is missing"
        return _make(state, title, Fix(what, why, "", verify, 0.8), seen.value)
    if seen.value in CRASHED and state.life.condition == "finished":
        title = f"W&B says {seen.value}, but the run finished here: its end was not sent"
        why = "The server learns of an end from the process itself; what was logged last may be missing there too."
        return _make(state, title, Fix("`wandb sync` the run's W&B folder.", why), seen.value)
    if seen.value == "running" and state.life.condition in ("crashed", "finished"):
        title = f"W&B says running, but the run {state.life.condition} here"
        why = "The server learns of an end from the process itself, or after some minutes without a heartbeat."
        return _make(state, title, Fix("Wait some minutes, then `wandb sync` the run's W&B folder.", why), seen.value)
    return None


def _make(state: RunState, title: str, fix: Fix, said: str) -> Finding:
    told = [Evidence(f"the W&B server says {said}", "process", at=state.seen["cloud_state"].at)]
    told += [Evidence(f"{w.name}: {w.text}", "process", at=w.at) for w in state.life.witnesses if w.name == "process"]
    severity = "warning" if said in CRASHED else "info"
    return Finding(CLASS, CLASS, severity, title, "symptom", evidence=tuple(told), fix=fix, first_seen=state.now)


CLOUD = Detector("cloud", None, step, (Tick,))
