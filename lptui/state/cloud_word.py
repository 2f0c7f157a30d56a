"""What the W&B server says of a run: the only word on one that has no files here, one witness more on one that has."""

from __future__ import annotations

from dataclasses import replace

from lptui.state.run_state import Condition, RunState, Witness
from lptui.text import short_duration

CRASHED = ("failed", "crashed", "killed")


def conclude_remote(state: RunState) -> tuple[Condition, str]:
    """(condition, reason) of a run that only the server knows."""
    seen = state.seen.get("cloud_state")
    if seen is None:
        status = next((s for s in state.statuses.values() if s.source == "wandb cloud"), None)
        return "unknown", status.detail if status is not None and status.detail else "the W&B server is being asked"
    if seen.value == "finished":
        return "finished", "the W&B server says finished"
    if seen.value in CRASHED:
        return "crashed", f"the W&B server says {seen.value}"
    if seen.value == "pending":
        return "waiting", "the W&B server says pending"
    beat = state.seen.get("wandb_record")
    age = (
        "" if beat is None or beat.at is None else f"; its last heartbeat was {short_duration(state.now - beat.at)} ago"
    )
    return "running", f"the W&B server says {seen.value}{age}"


def why_unread(state: RunState) -> str:
    """Why nothing is known of a run that only the server knows; '' where something is, or where the run has files."""
    if not state.run.remote or state.seen.get("cloud_state") is not None:
        return ""
    status = next((s for s in state.statuses.values() if s.source == "wandb cloud"), None)
    if status is None or not status.detail:
        return "the W&B server is being asked"
    return status.detail if status.condition == "waiting" else f"nothing from the W&B server: {status.detail}"


def find_address(state: RunState) -> str:
    """ENTITY/PROJECT/RUN of the server's record of the run: asked, or known from its files; '' where it is not."""
    known = state.seen.get("wandb_address")
    return state.run.cloud or (known.value if known is not None else "")


def forget_server(state: RunState) -> RunState:
    """The state once the server is not asked any more: its word would grow old without a sign. Its series stay."""
    seen = {name: fact for name, fact in state.seen.items() if not name.startswith("cloud_")}
    return state if len(seen) == len(state.seen) else replace(state, seen=seen)


def cloud_witness(state: RunState) -> tuple[Witness, ...]:
    """What the server says, as one witness among others."""
    seen = state.seen.get("cloud_state")
    if seen is None:
        return ()
    text = f"the W&B server says {seen.value}"
    if seen.value in CRASHED:
        return (Witness("W&B server", "dead", text, seen.at),)
    if seen.value == "finished":
        return (Witness("W&B server", "ended", text, seen.at),)
    return (Witness("W&B server", "alive" if seen.value == "running" else "unknown", text, seen.at),)
