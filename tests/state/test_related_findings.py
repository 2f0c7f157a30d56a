"""Findings of different detectors that are one incident."""

from __future__ import annotations

from lptui.model.finding import Evidence, Finding
from lptui.state.incidents import relate
from lptui.text.incident import find_followers


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


def test_what_ends_each_attempt_is_told_by_the_loop_it_makes_and_by_itself_again_without_one() -> None:
    death = finding("log:uncaught-exception:5:77", "uncaught-exception", attempt=5)
    other = finding("log:disk-full:5", "disk-full", attempt=5)
    told = Evidence(f"each time: {death.title}")
    loop = finding("restart-loop", "restart-loop", evidence=(told,))
    related = {f.id: f for f in relate([death, other, loop])}
    assert (related[death.id].role, related[death.id].incident) == ("follow-up", "restart-loop")
    assert related[other.id] == other
    assert find_followers(related.values()) == {"restart-loop": [related[death.id]]}
    alone = relate([related[death.id], other])
    assert (alone[0].role, alone[0].incident) == ("root", death.id)
