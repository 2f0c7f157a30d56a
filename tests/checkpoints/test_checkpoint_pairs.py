"""Model and optimizer that do not belong together, and everything that only looks so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lptui.checkpoints.folders import inspect_path
from lptui.checkpoints.info import TensorEntry
from lptui.checkpoints.inspection import inspect
from lptui.checkpoints.pairs import find_shape_mismatch

HERE = Path(__file__).parent


def model(*shapes: tuple[int, ...], prefix: str = "net") -> list[TensorEntry]:
    return [TensorEntry(f"{prefix}.{i}.weight", shape, "float32", 4) for i, shape in enumerate(shapes)]


def adam(*shapes: tuple[int, ...]) -> list[TensorEntry]:
    names = ("step", "exp_avg", "exp_avg_sq")
    return [
        TensorEntry(f"optimizer.state.{i}.{name}", () if name == "step" else shape, "float32", 4, "", "optimizer")
        for i, shape in enumerate(shapes)
        for name in names
    ]


def test_moments_of_another_width_are_told() -> None:
    text = find_shape_mismatch(model((64, 8), (64,)), adam((128, 8), (128,)))
    assert text.startswith("the optimizer has a moment optimizer.state.0.exp_avg of [128, 8]")
    assert "net.0.weight has [64, 8]" in text


@pytest.mark.parametrize(
    ("weights", "optimizer"),
    [
        (model((64, 8), (64,)), adam((64,), (64, 8))),  # another order
        (model((64, 8), (64,)), adam((576,))),  # one flat piece, as sharded optimizers keep it
        (model((64, 8), (64,)), adam((256, 17), (256,), (256, 8))),  # the optimizer of another net too
        (model((64, 8), (64,)), adam((32, 8))),  # only a part is trained
        ([*model((64, 8)), TensorEntry("bn.running_mean", (9,), "float32", 36)], adam((64, 8))),
        (model((64, 8), (64, 8)), adam((64, 8))),  # a second copy, or shared weights
        ([], adam((64, 8))),
        (model((64, 8)), []),
    ],
)
def test_what_is_honest_is_not_told(weights: list[TensorEntry], optimizer: list[TensorEntry]) -> None:
    assert find_shape_mismatch(weights, optimizer) == ""


def test_files_of_real_trainers_agree() -> None:
    for name in ("plain_dict.pth", "legacy.pt", "lightning.ckpt", "ppo_1000_steps.zip"):
        assert inspect(str(HERE / "data" / name)).verdict in ("ok-unverified", "custom-pickle")
    assert inspect_path(str(HERE / "folders/checkpoint-40")).verdict == "ok-unverified"
