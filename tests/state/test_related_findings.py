"""Findings of different detectors that are one incident."""

from __future__ import annotations

from lptui.model.finding import Finding
from lptui.state.incidents import relate


def finding(key: str, cls: str, **more: object) -> Finding:
    return Finding(key, cls, "error", cls, **more)  # type: ignore[arg-type]


def test_what_a_line_says_and_witnesses_prove_is_told_once() -> None:
    line = finding("log:host-oom-kill:1", "host-oom-kill")
    lost = finding("log:peer-connection-lost:1", "peer-connection-lost", role="follow-up", incident=line.id)
    proof = finding("kernel:host-oom-kill:1", "host-oom-kill")
    related = {f.id: (f.role, f.incident) for f in relate([line, lost, proof])}
    assert related == {
        line.id: ("follow-up", proof.id),
        lost.id: ("follow-up", proof.id),
        proof.id: ("root", ""),
    }


def test_a_line_alone_and_a_past_proof_change_nothing() -> None:
    line = finding("log:restart-loop:3", "restart-loop")
    assert relate([line]) == [line]
    past = finding("restart-loop", "restart-loop", past=True)
    assert relate([line, past]) == [line, past]
