"""Fresh checkpoints of the torch at hand: our listing is torch's own (`make test-torch`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lptui.checkpoints.globals import classify
from lptui.checkpoints.inspection import inspect
from lptui.checkpoints.stubs import Label

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


def flatten(value: Any, torch: Any, way: str = "") -> dict[str, tuple[tuple[int, ...], str]]:
    if isinstance(value, torch.Tensor):
        return {way: (tuple(value.shape), str(value.dtype).removeprefix("torch."))}
    items: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list | tuple):
        items = enumerate(value)
    found: dict[str, tuple[tuple[int, ...], str]] = {}
    for key, inner in items:
        found |= flatten(inner, torch, f"{way}.{key}" if way else str(key))
    return found


def make_state(torch: Any) -> dict[str, Any]:
    net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.LayerNorm(16), torch.nn.Linear(16, 3, bias=False))
    optimizer = torch.optim.AdamW(net.parameters(), lr=2.5e-4)
    net(torch.ones(2, 8)).sum().backward()
    optimizer.step()
    every = (
        "float64",
        "float16",
        "bfloat16",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "bool",
        "complex64",
    )
    return {
        "epoch": 12,
        "agent_step": 3456,
        "model": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "kinds": [torch.zeros(2, 3, dtype=getattr(torch, name)) for name in every],
        "views": (torch.arange(10)[3:7], torch.ones(4, 5).t(), torch.zeros(0, 2), torch.tensor(1.0)),
        "text": "ünïcode \x1b[31m",
    }


@pytest.mark.parametrize("zipped", [True, False])
def test_names_shapes_and_types_agree(tmp_path: Path, torch: Any, zipped: bool) -> None:
    path = tmp_path / "fresh.pt"
    torch.save(make_state(torch), path, _use_new_zipfile_serialization=zipped)
    loaded = flatten(torch.load(path, weights_only=True), torch)
    info = inspect(str(path))
    assert {t.name: (t.shape, t.dtype) for t in info.tensors} == loaded
    assert info.verdict == "ok-unverified"
    assert info.epoch is not None
    assert info.epoch.value == 12
    assert info.learning_rates == (2.5e-4,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_pickle_protocol(tmp_path: Path, torch: Any, protocol: int) -> None:
    path = tmp_path / "fresh.pt"
    torch.save(make_state(torch), path, pickle_protocol=protocol)
    loaded = flatten(torch.load(path, weights_only=False), torch)  # our own file, made a line above
    assert {t.name: (t.shape, t.dtype) for t in inspect(str(path)).tensors} == loaded


def test_plain_is_what_weights_only_takes(torch: Any) -> None:
    allowed = torch._weights_only_unpickler._get_allowed_globals()
    assert [n for n in allowed if classify(Label(*n.rsplit(".", 1))) != "plain"] == []


def test_a_whole_module(tmp_path: Path, torch: Any) -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    torch.save(net, tmp_path / "module.pt")
    info = inspect(str(tmp_path / "module.pt"))
    assert info.verdict == "custom-pickle"
    names = {t.name: t.shape for t in info.tensors}
    assert names == {k: tuple(v.shape) for k, v in net.state_dict().items()}


def test_without_checksums(tmp_path: Path, torch: Any) -> None:
    if not hasattr(torch.serialization, "set_crc32_options"):
        pytest.skip("this torch always writes checksums")
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"w": torch.ones(3)}, tmp_path / "a.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    info = inspect(str(tmp_path / "a.pt"))
    assert (info.verdict, info.has_crc) == ("ok-unverified", False)
