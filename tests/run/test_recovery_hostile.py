"""Whatever lies in a run and whatever it claims: a verdict, and a command that a shell takes as one."""

from __future__ import annotations

import shlex

from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.model.launch import Launch
from lptui.model.readings import CheckpointPointer, CheckpointReading
from lptui.run.checkpoint_history import CheckpointHistory, remember
from lptui.run.checkpoint_room import forecast, simulate_retention
from lptui.run.checkpoint_series import find_breaks, measure_cadence
from lptui.run.launches import from_hydra, from_wandb
from lptui.run.recovery import assess

NAMES = st.one_of(
    st.sampled_from([
        "trainer_state.pt", "model_0001.pt", "r:v3", "r:v3.pt", "checkpoint-10", "checkpoint-\u0663", "checkpoint-",
        "last.ckpt", "hpc_ckpt_1.ckpt", "epoch=1.ckpt", "m_5_steps.zip", "global_step5", "step-5",
        "x\x1b[2J;rm -rf ~.ckpt",
    ]),
    st.text(min_size=1, max_size=12),
)  # fmt: skip
VERDICTS = ["ok", "unread", "truncated", "being-written", "incomplete", "custom-pickle", "unsafe-pickle", "ok-verified"]
COUNTS = st.one_of(st.none(), st.integers(-5, 10**18))
ROWS = st.builds(
    CheckpointReading,
    NAMES,
    NAMES.map("/r/{}".format),
    st.sampled_from(["policy", "full", "trainer_state", "side", "optimizer", "temporary"]),
    st.just(10),
    st.floats(-1e10, 1e10),
    verdict=st.sampled_from(VERDICTS),
    step=COUNTS,
    epoch=COUNTS,
    framework=st.sampled_from(["", "metta", "hf", "lightning", "sb3", "pufferlib", "dcp", "deepspeed", "orbax"]),
    policy_path=NAMES,
)
LAUNCHES = st.one_of(
    st.none(), st.builds(Launch, st.lists(st.text(max_size=8), max_size=5).map(tuple), st.text(max_size=8))
)
POINTERS = st.lists(
    st.builds(
        CheckpointPointer,
        st.sampled_from(["/r/latest", "/r/latest_checkpointed_iteration.txt"]),
        NAMES,
        st.floats(0, 1e10),
    ),
    max_size=2,
)
LAYOUTS = st.sampled_from(["generic", "metta-s1", "metta-head", "lightning", "huggingface"])


@settings(max_examples=300, deadline=None)
@given(st.lists(ROWS, max_size=8), LAYOUTS, LAUNCHES, POINTERS, st.text(max_size=8))
def test_any_run_has_an_answer(
    rows: list[CheckpointReading], layout: str, launch: Launch | None, pointers: list[CheckpointPointer], run: str
) -> None:
    breaks = find_breaks(rows)
    told = assess(rows, layout, run, step=5, now=9.0, launch=launch, pointers=pointers, breaks=breaks)  # pyright: ignore
    assert told.answer in ("yes", "yes-but", "no", "unknown")
    assert told.reason
    if told.candidate is not None and told.candidate.verdict == "unsafe-pickle":
        assert told.answer == "no"
    if told.command:
        assert told.command.isprintable()
        assert shlex.split(told.command)
    cadence = measure_cadence(rows, remember(CheckpointHistory(), (), rows, 9.0))
    assert forecast(cadence, CheckpointHistory(), None).reason
    kept = simulate_retention(rows, last=2, every=3)
    assert len(kept.keep) + len(kept.drop) == len(rows)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_a_launch_or_none(one: bytes, other: bytes) -> None:
    for found in (from_wandb(one), from_hydra(one, other)):
        assert found is None or found.arguments[0] == "python"
