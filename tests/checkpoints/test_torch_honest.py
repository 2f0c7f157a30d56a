"""No false alarm: what is honest and written by a real torch is called whole, first look and every byte."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lptui.checkpoints.deep import verify
from lptui.checkpoints.inspection import inspect

pytestmark = pytest.mark.torch
GOOD = ("ok-unverified", "ok-verified", "ok")


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


def trained(torch: Any, make: Callable[[Any], Any], steps: int = 2) -> dict[str, Any]:
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.BatchNorm1d(12), torch.nn.ReLU(), torch.nn.Linear(12, 3))
    optimizer = make(net.parameters())
    for _ in range(steps):
        optimizer.zero_grad()
        net(torch.randn(8, 6)).square().sum().backward()
        optimizer.step()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    state = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "lr_scheduler": schedule.state_dict()}
    return {**state, "epoch": 3, "global_step": 300}


def tied(torch: Any) -> dict[str, Any]:
    table = torch.nn.Embedding(50, 8)
    head = torch.nn.Linear(8, 50, bias=False)
    head.weight = table.weight
    return {"embed.weight": table.weight, "head.weight": head.weight, "mask": torch.full((9, 9), -np.inf).triu(1)}


def odd_tensors(torch: Any) -> dict[str, Any]:
    whole = torch.arange(4096.0)
    return {
        "scalar": torch.tensor(1.5),
        "empty": torch.zeros(0, 3),
        "views": [whole[i * 100 : i * 100 + 50] for i in range(20)],
        "strided": whole.view(64, 64)[::2, ::3],
        "turned": whole.view(64, 64).t(),
        "expanded": torch.ones(1).expand(1000),
        "sparse": torch.eye(5).to_sparse(),
        "csr": torch.eye(5).to_sparse_csr(),
        "complex": torch.ones(3, dtype=torch.complex64),
        "quantized": torch.quantize_per_tensor(torch.randn(10), 0.1, 2, torch.qint8),
        "f8": torch.ones(4).to(torch.float8_e5m2),
        "conj": torch.ones(3, dtype=torch.complex64).conj(),
        "buffer": torch.nn.Parameter(torch.randn(3), requires_grad=False),
        "storage": torch.ones(9).untyped_storage(),
        "u16": torch.ones(3, dtype=torch.uint16),
    }


def python_values(torch: Any) -> dict[str, Any]:
    return {
        "counts": Counter("abca"),
        "ordered": OrderedDict(a=1),
        "bytes": b"\x00\xff" * 9,
        "set": {1, 2},
        "none": None,
        "big": 2**200,
        "nan": float("nan"),
        "inf": float("inf"),
        "size": torch.Size((2, 3)),
        "dtype": torch.bfloat16,
        "device": torch.device("cpu"),
        "tuple": ((1, (2, (3,))),),
        "text": "\x1b[31mred\u202e",
        "keys": {1: 2, (1, 2): 3},
        "rng": torch.get_rng_state(),
        "w": torch.zeros(3),
    }


def fresh_zeros(torch: Any) -> dict[str, Any]:
    """A LoRA that has not learned yet, and a best score that starts at infinity."""
    lora = {"lora_A": torch.randn(8, 4096), "z.lora_B": torch.zeros(4096, 8)}
    return {"model": lora, "callbacks": {"EarlyStopping": {"best_score": torch.tensor(np.inf)}}, "epoch": 0}


MAKERS: dict[str, Callable[[Any], Any]] = {
    "adam": lambda t: trained(t, lambda p: t.optim.Adam(p, lr=1e-3)),
    "adamw amsgrad": lambda t: trained(t, lambda p: t.optim.AdamW(p, amsgrad=True)),
    "sgd": lambda t: trained(t, lambda p: t.optim.SGD(p, lr=0.1)),
    "momentum": lambda t: trained(t, lambda p: t.optim.SGD(p, lr=0.1, momentum=0.9)),
    "adafactor": lambda t: trained(t, lambda p: t.optim.Adafactor(p)),
    "not stepped": lambda t: trained(t, lambda p: t.optim.Adam(p), 0),
    "tied": tied,
    "odd": odd_tensors,
    "python": python_values,
    "zeros": fresh_zeros,
    "list": lambda t: [t.ones(2), {"a": t.zeros(2)}],
    "tensor": lambda t: t.ones(5),
    "many": lambda t: {f"l{i}.weight": t.full((3,), float(i)) for i in range(3000)},
    "large zeros": lambda t: {"w": t.zeros(1 << 20)},
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("name", MAKERS)
def test_honest_files_are_whole(tmp_path: Path, torch: Any, name: str, zipped: bool) -> None:
    path = tmp_path / "a.pt"
    value = MAKERS[name](torch)
    if name == "odd" and not zipped:
        value = {key: inner for key, inner in value.items() if key not in ("u16", "storage")}
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    info, report = inspect(str(path)), verify(str(path))
    assert info.verdict in GOOD, info.reason
    assert report.verdict in GOOD, report.reason


def test_the_count_of_updates_is_read(tmp_path: Path, torch: Any) -> None:
    torch.save(trained(torch, lambda p: torch.optim.Adam(p), 7), tmp_path / "a.pt")
    info = inspect(str(tmp_path / "a.pt"))
    assert info.optimizer_step is not None
    assert info.optimizer_step.value == 7
    assert info.schedule_step is not None
    assert info.schedule_step.value == 0
    assert info.epoch is not None
    assert info.epoch.value == 3


@pytest.mark.parametrize("traced", [True, False])
def test_scripts_are_whole(tmp_path: Path, torch: Any, traced: bool) -> None:
    class Net(torch.nn.Module):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 4)

        def forward(self, x):  # type: ignore[no-untyped-def]
            return self.layer(x) + torch.ones(4) * 3

    net = torch.jit.trace(Net(), torch.randn(2, 4)) if traced else torch.jit.freeze(torch.jit.script(Net().eval()))
    net.save(str(tmp_path / "a.pt"))
    info, report = inspect(str(tmp_path / "a.pt")), verify(str(tmp_path / "a.pt"))
    assert info.verdict in GOOD, info.reason
    assert report.verdict in GOOD, report.reason


def test_classes_are_told_and_are_no_damage(tmp_path: Path, torch: Any) -> None:
    torch.save({"args": defaultdict(list), "w": torch.ones(2)}, tmp_path / "a.pt")
    assert verify(str(tmp_path / "a.pt")).verdict == "custom-pickle"
