"""Names and groups: what a directory listing alone tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.checkpoints.groups import group
from lptui.checkpoints.names import recognise

NAMES = [
    ("checkpoints/model_0100.pt", "policy", "metta", {"epoch": 100}),
    ("checkpoints/model_000123.pt", "policy", "metta", {"epoch": 123}),
    ("checkpoints/me__e5__s100__t60__sc5000.pt", "policy", "metta", {"epoch": 5, "agent_step": 100}),
    ("checkpoints/me.run:v5.pt", "policy", "metta", {"epoch": 5}),
    ("checkpoints/me:v5.mpt", "policy", "metta", {"epoch": 5}),
    ("checkpoints/me:v7/weights.safetensors", "policy", "metta-bundle", {"epoch": 7}),
    ("checkpoints/me:v7/policy_spec.json", "side", "metta-bundle", {"epoch": 7}),
    ("trainer_state.pt", "trainer_state", "metta", {}),
    ("checkpoints/trainer_state.pt", "trainer_state", "metta", {}),
    ("tmpk3x9.pt", "temporary", "any", {}),
    ("checkpoints/model_0100.pt.tmp", "temporary", "any", {}),
    ("checkpoints/.trainer_state.pt.a1b2c3.tmp", "temporary", "any", {}),
    (".tmpHALF01", "temporary", "any", {}),
    ("epoch=5-step=600.ckpt", "full", "lightning", {"epoch": 5, "global_step": 600}),
    ("a/epoch=05-val_loss=0.31.ckpt", "full", "lightning", {"epoch": 5}),
    ("last.ckpt", "full", "lightning", {}),
    ("last-v1.ckpt", "full", "lightning", {}),
    ("checkpoint-500/model.safetensors", "policy", "hf", {"global_step": 500}),
    ("checkpoint-500/optimizer.pt", "optimizer", "hf", {"global_step": 500}),
    ("checkpoint-500/rng_state_0.pth", "side", "hf", {"global_step": 500}),
    ("checkpoint-500/trainer_state.json", "trainer_state", "hf", {"global_step": 500}),
    ("models/ppo_10000_steps.zip", "full", "sb3", {"global_step": 10000}),
    ("step_100.pt", "full", "generic", {"global_step": 100}),
    ("net_epoch_10.pth", "full", "generic", {"epoch": 10}),
    ("model-1200.safetensors", "policy", "generic", {"number": 1200}),
    ("best.pt", "full", "generic", {}),
    ("optimizer_200.pt", "optimizer", "generic", {"number": 200}),
]


@pytest.mark.parametrize(("path", "role", "layout", "counters"), NAMES)
def test_names(path: str, role: str, layout: str, counters: dict[str, int]) -> None:
    found = recognise(path.split("/"))
    assert found is not None
    assert (found.role, found.layout) == (role, layout)
    fields = ("epoch", "agent_step", "global_step", "number")
    assert {f: getattr(found, f) for f in fields if getattr(found, f) is not None} == counters


@pytest.mark.parametrize("path", ["config.yaml", "logs/script.log", "log.tmp", "a.txt", "", "events.out.tfevents.1"])
def test_other_files_are_none(path: str) -> None:
    assert recognise(path.split("/")) is None


@given(st.lists(st.text(max_size=400), max_size=5))
def test_any_name_is_answered(parts: list[str]) -> None:
    recognise(parts)


@pytest.mark.parametrize("unit", ["a1", "epoch=1-", "__e1__s1", "1", "a", "-", "optim."])
def test_long_names_cost_nothing_worth_mentioning(unit: str) -> None:
    assert recognise([unit * 3000 + ".pt"]) is None
    recognise([(unit * 300)[:250] + ".pt"])


def test_a_run_of_the_bundle_era() -> None:
    rows = group(
        [
            ("config.json", 100, 1.0),
            ("checkpoints/me:v100/weights.safetensors", 5000, 10.0),
            ("checkpoints/me:v100/policy_spec.json", 50, 11.0),
            ("checkpoints/me:v200/weights.safetensors", 5000, 20.0),
            ("checkpoints/me:v200/.policy_spec.json.x.tmp", 0, 20.0),
            ("checkpoints/trainer_state.pt", 9000, 12.0),
            ("checkpoints/.trainer_state.pt.ab12.tmp", 300, 21.0),
        ]
    )
    assert [r.path for r in rows] == [
        "checkpoints/me:v100",
        "checkpoints/trainer_state.pt",
        "checkpoints/me:v200",
        "checkpoints/.trainer_state.pt.ab12.tmp",
    ]
    whole, state, torn, left = rows
    assert (whole.complete, whole.size, whole.mtime, whole.name.epoch) == (True, 5050, 11.0, 100)
    assert whole.payload == "checkpoints/me:v100/weights.safetensors"
    assert state.complete
    assert not torn.complete
    assert "policy_spec.json is missing" in torn.reason
    assert (left.complete, left.name.role) == (False, "temporary")


def test_a_hugging_face_folder() -> None:
    files = [
        ("out/checkpoint-500/model-00001-of-00002.safetensors", 10, 1.0),
        ("out/checkpoint-500/model-00002-of-00002.safetensors", 10, 1.0),
        ("out/checkpoint-500/model.safetensors.index.json", 10, 1.0),
        ("out/checkpoint-500/optimizer.pt", 10, 2.0),
        ("out/checkpoint-500/scheduler.pt", 10, 2.0),
        ("out/checkpoint-500/trainer_state.json", 10, 3.0),
    ]
    (row,) = group(files)
    assert (row.complete, row.name.global_step, len(row.files)) == (True, 500, 6)
    (torn,) = group(files[:-1])
    assert "trainer_state.json" in torn.reason
    (short,) = group(files[1:])
    assert short.reason == "model-00001-of-00002.safetensors is missing"
    (empty,) = group([*files[1:], ("out/checkpoint-500/model-00001-of-00002.safetensors", 0, 1.0)])
    assert not empty.complete


def test_a_numbered_folder_that_is_not_hugging_face() -> None:
    (row,) = group([("checkpoint-7/model.pt", 10, 1.0)])
    assert (row.complete, row.payload) == (True, "checkpoint-7/model.pt")


def test_empty_files_and_order() -> None:
    rows = group([("b_2.pt", 0, 5.0), ("a_1.pt", 3, 2.0)])
    assert [(r.path, r.complete) for r in rows] == [("a_1.pt", True), ("b_2.pt", False)]
    assert "empty" in rows[1].reason
