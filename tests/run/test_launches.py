"""How a run was started: by its processes, or by what it wrote down, which is not trusted."""

from __future__ import annotations

import json

import pytest

from lptui.model.readings import ProcessReading
from lptui.run.launches import find_launch, from_hydra, from_wandb
from lptui.text.secrets import mask_arguments


def process(pid: int, *arguments: str, parent: int = 1, rank: int | None = None) -> ProcessReading:
    return ProcessReading(pid, parent, arguments[0], " ".join(arguments), rank=rank, arguments=arguments, folder="/w")


def test_the_topmost_launcher_is_the_command() -> None:
    rows = (
        process(9, "tee", "log"),
        process(11, "python", "train.py", parent=10, rank=0),
        process(10, "/usr/bin/torchrun", "--nproc_per_node=4", "train.py"),
    )
    found = find_launch(rows)
    assert found is not None
    assert (found.arguments[0], found.folder, found.source) == ("/usr/bin/torchrun", "/w", "the command of pid 10")
    assert find_launch((process(9, "tee", "log"),)) is None
    assert find_launch(()) is None


def test_ranks_without_their_launcher_say_so() -> None:
    found = find_launch((process(11, "python", "t.py", rank=0), process(12, "python", "t.py", rank=1)))
    assert found is not None
    assert "launcher" in found.source


def wandb(**values: object) -> bytes:
    return json.dumps({"program": "/w/train.py", "args": ["--lr", "1e-3"], "root": "/w", **values}).encode()


def test_wandb_wrote_it_down() -> None:
    found = from_wandb(wandb())
    assert found is not None
    assert (found.arguments, found.folder) == (("python", "/w/train.py", "--lr", "1e-3"), "/w")
    module = from_wandb(wandb(program="-m pkg.train", executable="/tmp/evil"))
    assert module is not None
    assert module.arguments[:3] == ("python", "-m", "pkg.train"), "an interpreter that a file names is not believed"


@pytest.mark.parametrize("values", [
    {"program": "-c"}, {"program": "x; rm -rf ~"}, {"program": None}, {"args": "--x"}, {"args": [["x"]]},
    {"program": "-m a;b"}, {"program": "--evil.py"},
])  # fmt: skip
def test_what_is_no_script_is_not_offered(values: dict[str, object]) -> None:
    assert from_wandb(wandb(**values)) is None
    assert from_wandb(b"\xff{") is None


def test_hydra_wrote_it_down() -> None:
    settings = b"hydra:\n  job:\n    name: train\n  runtime:\n    cwd: /w\n"
    found = from_hydra(b"- run=me\n- trainer.lr=1e-3\n", settings)
    assert found is not None
    assert (found.arguments, found.folder) == (("python", "train.py", "run=me", "trainer.lr=1e-3"), "/w")
    assert from_hydra(b"- run=me\n", b"{}") is None
    assert from_hydra(b"a: b\n", settings) is None


def test_secrets_never_leave() -> None:
    given = ("python", "t.py", "--api-key", "abc123def456", "--wandb.api_key=abc123def456", "password=hunter2", "run=x")
    assert mask_arguments(given) == (
        "python",
        "t.py",
        "--api-key",
        "***",
        "--wandb.api_key=***",
        "password=***",
        "run=x",
    )
    found = from_wandb(wandb(args=["--token", "abcd1234efgh5678"]))
    assert found is not None
    assert found.secrets
    assert found.arguments[-1] == "***"
