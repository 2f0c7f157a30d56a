"""Proof after a resume: what each fact says, and what follows from all of them."""

from __future__ import annotations

import pytest

from lptui.run.resume_proof import Restart, prove


@pytest.mark.parametrize(
    ("expected", "restart"),
    [
        ("proven", Restart(2, claimed=4000, saved=(3000, 4000), first=4010, reached=4500, stride=20)),
        ("proven", Restart(2, claimed=4000, first=4000, reached=4500, stride=20)),  # the state was overwritten since
        ("proven", Restart(2, saved=(4000,), first=4010, reached=4500, stride=20)),  # a log that says nothing
        ("proven", Restart(2, claimed=4000, saved=(4000,), rates=(1e-3, 1e-3))),  # no step yet, two others
        ("proven", Restart(2, claimed=4000, optimizer=(100.0, 130.0))),
        ("contradicted", Restart(2, claimed=4000, saved=(4000,), first=10, reached=4500, stride=20)),
        ("contradicted", Restart(2, policy_only=True, first=10, reached=4500, stride=20)),  # Metta's silent restart
        ("contradicted", Restart(2, claimed=4000, first=3000, reached=4500, stride=20)),
        ("contradicted", Restart(2, claimed=4000, saved=(4000,), first=4010, stride=20, optimizer=(100.0, 3.0))),
        ("open", Restart(2, claimed=4000, saved=(4000,))),
        ("open", Restart(2, claimed=4000, saved=(9,), rates=(1e-3, 5e-3))),
        ("open", Restart(2, claimed=4000, first=9000, reached=4500, stride=20)),  # recorded too late to tell
        ("open", Restart(2, policy_only=True)),
    ],
)
def test_what_follows(expected: str, restart: Restart) -> None:
    found = prove(restart)
    assert found is not None
    assert found.says == expected


def test_nothing_to_go_by() -> None:
    assert prove(Restart(2)) is None


def test_each_check_has_words() -> None:
    found = prove(Restart(3, claimed=4000, saved=(4000,), first=10, reached=4500, rates=(1e-3, 2e-3)))
    assert found is not None
    assert {c.name: c.says for c in found.checks} == {"log": "proven", "steps": "contradicted", "schedule": "open"}
    assert all(c.text for c in found.checks)
    assert (found.attempt, found.step) == (3, 10)
