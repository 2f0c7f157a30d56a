"""Which part a process plays, by its command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.formats.command_line import classify, find_run_name, find_script, is_launcher, shorten


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("python train.py", "trainer"),
        ("/opt/env/bin/python3.11 -u -W ignore tools/run.py train", "trainer"),
        ("python -m torch.distributed.run --nproc 8 train.py", "trainer"),
        ("./my_trainer --x", "trainer"),
        ("tee -a out.log", "carrier"),
        ("/usr/bin/vim out.log", "onlooker"),
        ("-zsh", "shell"),
        ("tmux: server", "onlooker"),
        ("ssh node7 python train.py", "remote"),
        ("python", "bystander"),
        ("python -m ipykernel_launcher -f x.json", "bystander"),
        ("/usr/bin/python /usr/bin/jupyter-lab", "bystander"),
        ("python -m tensorboard.main --logdir .", "bystander"),
        ("/x/wandb-core --port-filename f", "service"),
        ("lptui", "onlooker"),
        ("python /usr/bin/lptui attach run", "onlooker"),
        ("python -m lptui run -- python train.py", "supervisor"),
        ("python -m lptui.checkpoints.probe x", "onlooker"),
        ("python -m lptui.demo.training", "trainer"),
        ("python train.py lptui", "trainer"),
    ],
)
def test_parts(line: str, part: str) -> None:
    assert classify(["tmux: server"] if line.startswith("tmux:") else line.split()) == part


@pytest.mark.parametrize(
    ("line", "script", "short"),
    [
        ("python -u train.py -m x", "train.py", "python train.py"),
        ("/usr/bin/python3 -X dev -m pkg.train --x", "pkg.train", "python3 pkg.train"),
        ("python -c pass", "-c", "python -c"),
        ("python", "", "python"),
        ("python -m", "", "python"),
    ],
)
def test_scripts(line: str, script: str, short: str) -> None:
    assert find_script(line.split()) == script
    assert shorten(line.split()) == short


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("python train.py run=foo", "run=foo"),
        ("python train.py +trainer.run_name=foo", "+trainer.run_name=foo"),
        ("python train.py --run foo", "--run foo"),
        ("python train.py --run-name=foo", "--run-name=foo"),
        ("python train.py dir=/runs/foo", "dir=/runs/foo"),
        ("python train.py --out ../runs/foo/", "../runs/foo/"),
        ("python train.py run=foobar", ""),
        ("python train.py --dataset foo", ""),
        ("python train.py foo", ""),
        ("python train.py /runs/foo/ckpt.pt", ""),
        ("python run=foo.py", ""),
    ],
)
def test_who_names_the_run(line: str, named: str) -> None:
    assert find_run_name(line.split(), "foo", ["/runs/foo"], "/work") == named


def test_launchers() -> None:
    assert is_launcher(["torchrun", "x.py"])
    assert is_launcher(["/usr/bin/python3.12", "x.py"])
    assert not is_launcher(["python3.12"])
    assert not is_launcher(["htop"])
    assert not is_launcher([])


@given(st.lists(st.text(max_size=12), max_size=6), st.text(max_size=6), st.text(max_size=8))
def test_any_command_line_is_taken(arguments: list[str], name: str, folder: str) -> None:
    classify(arguments)
    shorten(arguments)
    find_run_name(arguments, name, ["/runs/foo"], folder)
