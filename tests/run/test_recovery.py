"""What would be resumed, by each framework's own rule."""

from __future__ import annotations

import pytest

from lptui.model.readings import CheckpointReading
from lptui.run.recovery import assess


def row(name: str, at: float = 0.0, verdict: str = "ok", **more: object) -> CheckpointReading:
    return CheckpointReading(name, f"/r/{name}", str(more.pop("role", "policy")), 10, at, verdict=verdict, **more)  # pyright: ignore


STATE = {"role": "trainer_state"}


def test_no_checkpoint_is_a_restart_from_nothing() -> None:
    assert assess((), "metta-s1", "r").answer == "no"


def test_metta_2025_needs_the_policy_that_the_state_names() -> None:
    here = row("trainer_state.pt", 2, step=100, policy_file="exists", **STATE)
    told = assess((row("model_0100.pt", 1), here), "metta-s2", "me.run", step=160, now=62.0)
    assert (told.answer, told.command) == ("yes", "./tools/train.py run=me.run")
    assert (told.steps_at_risk, told.seconds_at_risk) == (60, 60.0)
    gone = row("trainer_state.pt", 2, policy_file="missing", **STATE)
    told = assess((row("model_0100.pt", 1), gone), "metta-s1", "r")
    assert told.answer == "no"
    assert told.fallback is not None
    assert assess((row("model_0100.pt"),), "metta-s1", "r").answer == "no"


def test_metta_2026_without_a_state_begins_at_0_silently() -> None:
    told = assess((row("r:v1", 1, epoch=1), row("r:v2", 2, epoch=2)), "metta-head", "r")
    assert told.answer == "yes-but"
    assert told.candidate is not None
    assert told.candidate.name == "r:v2"
    assert "begin at 0" in told.reason


def test_metta_2026_pairs_that_do_not_fit() -> None:
    rows = (row("r:v2", 2, epoch=2), row("trainer_state.pt", 1, epoch=1, step=7, **STATE))
    told = assess(rows, "metta-head", "r")
    assert told.answer == "yes-but"
    assert "epoch 2 with a trainer state of epoch 1" in told.reason
    whole = (row("r:v2", 2, epoch=2), row("trainer_state.pt", 3, epoch=2, step=9, **STATE))
    told = assess(whole, "metta-head", "r", step=12)
    assert (told.answer, told.steps_at_risk) == ("yes", 3)


def test_a_folder_without_its_spec_is_passed_over() -> None:
    rows = (
        row("r:v2", 2, epoch=2),
        row("r:v3", 3, "incomplete", epoch=3),
        row("trainer_state.pt", 2, epoch=2, **STATE),
    )
    told = assess(rows, "metta-head", "r")
    assert told.candidate is not None
    assert (told.answer, told.candidate.name) == ("yes", "r:v2")


def test_transformers_takes_the_highest_number_even_if_it_is_torn() -> None:
    rows = (row("checkpoint-900", 1, step=900), row("checkpoint-1000", 2, "incomplete", step=1000))
    told = assess(rows, "huggingface", "r", step=1100)
    assert told.answer == "no"
    assert told.fallback is not None
    assert told.fallback.name == "checkpoint-900"
    assert told.command == "--resume_from_checkpoint /r/checkpoint-900"
    assert told.steps_at_risk == 200


def test_lightning_takes_the_newest_last() -> None:
    rows = (row("epoch=5.ckpt", 9, role="full"), row("last.ckpt", 3, role="full"), row("last-v1.ckpt", 5, role="full"))
    told = assess(rows, "lightning", "r")
    assert told.candidate is not None
    assert told.candidate.name == "last-v1.ckpt"


@pytest.mark.parametrize(("verdict", "answer"), [
    ("ok", "yes"), ("custom-pickle", "yes-but"), ("unread", "unknown"), ("being-written", "unknown"),
    ("truncated", "no"), ("unsafe-pickle", "no"), ("non-finite-weights", "no"),
])  # fmt: skip
def test_what_each_verdict_means_for_a_resume(verdict: str, answer: str) -> None:
    assert assess((row("a.pt", 1, verdict, role="full"),), "generic", "r").answer == answer


def test_a_copy_with_one_mtime_is_ordered_by_step() -> None:
    told = assess((row("z_1.pt", 1.0, step=1, role="full"), row("a_9.pt", 1.5, step=9, role="full")), "generic", "r")
    assert told.candidate is not None
    assert told.candidate.step == 9


def test_a_hostile_name_enters_no_command() -> None:
    rows = (row("trainer_state.pt", 1, policy_file="exists", **STATE),)
    assert assess(rows, "metta-s1", "x; rm -rf ~").command == ""
    assert assess((row("checkpoint-1\x1b[2J", 1),), "huggingface", "r").command == ""
    assert assess((row("checkpoint-1", 1),), "huggingface", "r").command == "--resume_from_checkpoint /r/checkpoint-1"


def test_what_was_saved_after_the_numbers_broke_is_doubted_and_the_last_one_before_is_named() -> None:
    rows = (row("r:v1", 1, epoch=1, step=100), row("r:v2", 2, epoch=2, step=200), row("r:v3", 3, epoch=3, step=300))
    state = row("trainer_state.pt", 3, epoch=3, step=300, **STATE)
    told = assess((*rows, state), "metta-head", "r", broke_at=150)
    assert told.answer == "yes-but"
    assert "after step 150" in told.reason
    assert told.fallback is not None
    assert told.fallback.name == "r:v1"
    assert "r:v1" in told.next_step
    assert assess((*rows, state), "metta-head", "r", broke_at=301).answer == "yes"
    late = assess((rows[2], state), "metta-head", "r", broke_at=150)
    assert (late.answer, late.fallback) == ("yes-but", None)
