"""Drift over a list of checkpoints, and the search for the first that is not finite."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from whole_files import safetensors

from lptui.checkpoints.bisection import FirstNonFinite, find_first_nonfinite
from lptui.checkpoints.comparison import Comparison, TensorChange, compare
from lptui.checkpoints.drift import NotCompared, layer_of, measure_drift
from lptui.checkpoints.kernels import Gap
from lptui.checkpoints.report import STOPPED, DeepReport
from lptui.checkpoints.worker import Verifier


def series(folder: Path, count: int) -> list[str]:
    """Checkpoints in which `encoder` moves by one hundredth of its norm each time, `head` never."""
    paths: list[str] = []
    for i in range(count):
        encoder = np.ones(100, "f4")
        encoder[0] += 0.1 * i
        tensors = {"encoder.weight": encoder, "encoder.bias": np.ones(4, "f4"), "head.weight": np.full(9, 2, "f4")}
        paths.append(str(safetensors(folder / f"{i}.safetensors", tensors)))
    return paths


def test_layers_move_by_what_was_added(tmp_path: Path) -> None:
    paths = series(tmp_path, 3)
    told: list[tuple[int, int]] = []
    with Verifier() as verifier:
        drift = verifier.drift(paths, progress=lambda done, total: told.append((done, total)))
    layers = {layer.layer: layer for layer in drift.layers}
    assert [*layers] == ["encoder", "head"]
    first, second = layers["encoder"].relative
    assert first == pytest.approx(0.01, rel=1e-5)
    assert second == pytest.approx(0.1 / math.sqrt(99 + 1.1**2), rel=1e-5)
    assert layers["head"].relative == (0.0, 0.0)
    assert layers["encoder"].tensors == 2
    assert [(s.changed, s.same, s.reason) for s in drift.steps] == [(1, 2, "")] * 2
    assert drift.steps[0].largest[0].name == "encoder.weight"
    assert told[-1] == (2000, 2000)


def test_what_cannot_be_compared_is_named_with_its_reason(tmp_path: Path) -> None:
    whole = {"a": np.ones(4, "f4"), "b": np.ones((2, 3), "f4"), "c": np.ones(2, "f4"), "n": np.ones(2, "f4")}
    other = {"a": np.ones(4, "f4"), "b": np.ones((3, 3), "f4"), "d": np.ones(2, "f4"), "n": np.full(2, np.nan, "f4")}
    paths = [str(safetensors(tmp_path / "1.safetensors", whole)), str(safetensors(tmp_path / "2.safetensors", other))]
    (step,) = measure_drift(paths, lambda a, b, tell: compare(a, b, measure=True)).steps
    assert set(step.not_compared) == {
        NotCompared("b", "another shape or type: float32 [2, 3] before, float32 [3, 3] after"),
        NotCompared("c", "only in the earlier one"),
        NotCompared("d", "only in the later one"),
        NotCompared("n", "NaN or infinity in it"),
    }
    assert (step.relative, step.same) == (0.0, 1)


def test_a_stop_keeps_what_was_measured(tmp_path: Path) -> None:
    paths = series(tmp_path, 4)
    asked: list[str] = []

    def compare_twice(first: str, second: str, tell: object) -> Comparison:
        asked.append(first)
        return compare(first, second, measure=True) if len(asked) < 3 else Comparison(first, second, STOPPED)

    drift = measure_drift(paths, compare_twice)
    assert drift.stopped
    assert [step.reason for step in drift.steps] == [STOPPED, "", ""]
    assert drift.layers[0].relative[0] is None


def test_stopping_the_process_ends_it(tmp_path: Path) -> None:
    with Verifier() as verifier:
        paths = series(tmp_path, 2)
        assert verifier.drift(paths, stop=lambda: True).stopped
        assert verifier.verify(paths[0], stop=lambda: True).reason == STOPPED
        assert verifier.verify(paths[0]).verdict == "ok"  # a new process answers


def test_an_unreadable_neighbour_costs_its_two_steps_only(tmp_path: Path) -> None:
    paths = series(tmp_path, 4)
    Path(paths[1]).write_bytes(Path(paths[1]).read_bytes()[:-9])
    drift = measure_drift(paths, lambda a, b, tell: compare(a, b, measure=True))
    assert [bool(step.reason) for step in drift.steps] == [True, True, False]
    assert drift.layers[0].relative[2] == pytest.approx(0.01, rel=0.05)


def test_a_jump_is_a_step_three_times_the_usual() -> None:
    def moved(first: str, second: str, tell: object) -> Comparison:
        far = 0.9 if first == "3" else 0.1
        row = TensorChange("l.weight", "changed", relative=far, distance=far, norm=1.0)
        return Comparison(first, second, "", (row,))

    (jump,) = measure_drift([str(i) for i in range(7)], moved).jumps
    assert (jump.layer, jump.step, jump.relative, jump.usual) == ("l", 3, pytest.approx(0.9), pytest.approx(0.1))


def test_layers() -> None:
    assert layer_of("net.0.weight") == "net.0"
    assert layer_of("net.0.gain") == "net.0.gain"
    assert layer_of("rnn.weight_ih_l0") == "rnn"
    assert layer_of("weight") == "weight"


@pytest.mark.parametrize("scale", [1.0, 1e-22, 1e30])
def test_a_gap_is_that_of_double_precision(scale: float) -> None:
    rng = np.random.default_rng(3)
    a = (rng.standard_normal(1000) * scale).astype("f4")
    b = (a * 1.001).astype("f4")
    gap = Gap("float32")
    gap.add(np, a.tobytes(), b.tobytes())
    exact, wide = a.astype("f8"), b.astype("f8")
    assert gap.relative == pytest.approx(np.linalg.norm(wide - exact) / np.linalg.norm(exact), rel=1e-4)
    assert gap.cosine == pytest.approx(1.0)


def report(path: str, *, nan: bool = False, seen: bool = True) -> DeepReport:
    verdict = "non-finite-weights" if nan else "ok" if seen else "truncated"
    names = ("w",) if nan else ()
    return DeepReport(path, verdict, "why", "", numbers_seen=seen, nonfinite=len(names), nonfinite_tensors=names)


def search(kinds: str) -> tuple[FirstNonFinite, list[int]]:
    """`kinds`: f finite, n NaN, x unreadable, one letter a checkpoint."""
    read: list[int] = []

    def look(path: str) -> DeepReport:
        read.append(int(path))
        return report(path, nan=kinds[int(path)] == "n", seen=kinds[int(path)] != "x")

    found = find_first_nonfinite([str(i) for i in range(len(kinds))], look)
    return found, read


@pytest.mark.parametrize("first", range(1, 40))
def test_the_first_is_found_in_a_few_looks(first: int) -> None:
    found, read = search("f" * first + "n" * (40 - first))
    assert found.first == str(first)
    assert found.last_finite == str(first - 1)
    assert found.tensors == ("w",)
    assert found.stays is not False
    assert len(read) == len(set(read)) <= 10


@pytest.mark.parametrize(
    ("kinds", "first", "last_finite", "between", "stays"),
    [
        ("ffff", None, None, (), None),
        ("xxxx", None, None, (), None),
        ("", None, None, (), None),
        ("nnn", "0", None, (), True),
        ("n", "0", None, (), None),
        ("ffxxn", "4", "1", ("2", "3"), True),
        ("xxfn", "3", "2", (), None),
        ("ffnx", "2", "1", (), True),
        ("xn", "1", None, ("0",), None),
        ("nfffnfn", "0", None, (), False),
    ],
)
def test_every_shape_of_list(
    kinds: str, first: str | None, last_finite: str | None, between: tuple[str, ...], stays: bool | None
) -> None:
    found, _ = search(kinds)
    assert found.first == first
    if first is not None:
        assert (found.last_finite, found.between, found.stays) == (last_finite, between, stays)
    assert found.conclusion or not kinds


def test_a_stopped_search_says_so() -> None:
    found = find_first_nonfinite(["a", "b"], lambda path: report(path), stop=lambda: True)
    assert found.stopped
    assert found.first is None


DATA = Path(__file__).parent / "data"
LISTED = sorted(
    p for p in DATA.iterdir() if p.suffix in (".pt", ".pth", ".ckpt", ".mpt", ".safetensors", ".zip", ".npz")
)


@pytest.mark.parametrize("path", [*LISTED, DATA / "checkpoint_7", DATA / "params.npy"], ids=lambda p: p.name)
def test_every_format_is_compared_with_itself(path: Path, tmp_path: Path) -> None:
    found = compare(str(path), str(path), measure=True)
    assert found.reason == ""
    assert {row.kind for row in found.rows} == {"same"}, [row for row in found.rows if row.kind != "same"]
    drift = measure_drift([str(path)] * 3, lambda a, b, tell: compare(a, b, measure=True))
    assert {r for layer in drift.layers for r in layer.relative} == {0.0}
