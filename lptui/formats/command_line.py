"""What a command line says of a process: its program, whether it only looks on, whether it names a run."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Literal

Part = Literal["trainer", "onlooker", "carrier", "service", "supervisor", "shell", "remote", "bystander"]
"""trainer: may be the run itself. onlooker: reads, edits, shows. carrier: writes what another process says (tee).
service: a helper that a trainer started and that may outlive it. supervisor: starts trainers again. shell: starts
others, and has its own reasons to stand in a directory. remote: brings what a process elsewhere says.
bystander: Python that trains only if it writes a run's files (a notebook's kernel, an interactive session)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CARRIERS = _words("tee ts cat sed awk gawk mawk grep unbuffer stdbuf logger multilog rotatelogs pv perl")
_SERVICES = _words("wandb-core wandb-service gpu_stats wandb-xpu tensorboard")
_SHELLS = _words("sh bash zsh dash fish ksh tcsh csh ash busybox nohup setsid timeout")
_REMOTES = _words("ssh docker podman kubectl nerdctl")
_ONLOOKERS = _words(
    "vi vim nvim view emacs emacsclient nano micro hx helix code code-server cursor gedit kate subl less "
    "more most tail head watch lnav toolong tl multitail grep egrep fgrep rg ag find ls du df stat file "
    "wc sort diff md5sum sha256sum tmux screen zellij sshd mosh-server scp sftp-server rsync rclone cp mv "
    "ln tar gzip zstd git htop top btop nvtop nvitop gpustat strace gdb lsof fuser inotifywait jupyter "
    "jupyter-lab jupyter-notebook ipython node systemd sudo su login man mlflow aim"
)
_BYSTANDERS = _words(
    "jupyter jupyterlab notebook ipykernel ipykernel_launcher IPython ipython tensorboard http pip pylsp "
    "jedi mypy pyright basedpyright ruff black isort wandb mlflow aim nvitop gpustat py-spy debugpy"
)
_INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*t?\Z")
_LAUNCHERS = _words("torchrun accelerate deepspeed mpirun mpiexec orterun srun horovodrun julia composer")
_TAKES_VALUE = frozenset(("-W", "-X", "--check-hash-based-pycs"))
_RUN_KEYS = _words("run run_name run-name run_id run-id experiment experiment_name exp exp_name name")


_PARTS: tuple[tuple[Part, frozenset[str]], ...] = (
    ("service", _SERVICES),
    ("carrier", _CARRIERS),
    ("shell", _SHELLS),
    ("remote", _REMOTES),
    ("onlooker", _ONLOOKERS),
)


def find_script(arguments: Sequence[str]) -> str:
    """What a Python interpreter runs: a module's dotted name, a script's path, '-c', or '' (interactive)."""
    position = 1
    while position < len(arguments):
        argument = arguments[position]
        if argument in ("-m", "-c"):
            following = arguments[position + 1] if position + 1 < len(arguments) else ""
            return following if argument == "-m" else "-c"
        if not argument.startswith("-"):
            return argument
        position += 2 if argument in _TAKES_VALUE else 1
    return ""


def classify(arguments: Sequence[str]) -> Part:
    """Which part a process can play in a run, by its program alone."""
    program = os.path.basename(arguments[0].split(" ", 1)[0].rstrip(":")).lstrip("-") if arguments else ""
    if program == "lptui":
        return _classify_lptui(arguments[1:])
    for part, names in _PARTS:
        if program in names:
            return part
    if _INTERPRETER.match(program):
        return _classify_script(find_script(arguments), arguments)
    return "trainer"


def _classify_script(script: str, arguments: Sequence[str]) -> Part:
    stem = os.path.basename(script)
    if stem == "lptui" or script.startswith("lptui."):
        if script.startswith("lptui.demo"):
            return "trainer"
        return _classify_lptui(arguments[list(arguments).index(script) + 1 :])
    if stem in _SERVICES:
        return "service"
    module = stem.removesuffix(".py").split(".", 1)[0]
    aside = not script or module in _BYSTANDERS or module in _ONLOOKERS
    return "bystander" if aside else "trainer"


def _classify_lptui(rest: Sequence[str]) -> Part:
    command = next((argument for argument in rest if not argument.startswith("-")), "")
    return "supervisor" if command == "run" else "onlooker"


def is_launcher(arguments: Sequence[str]) -> bool:
    """Whether standing in a run's directory makes this process likely to be of the run: an interpreter with a
    script, or a launcher of such."""
    program = os.path.basename(arguments[0]) if arguments else ""
    return program in _LAUNCHERS or bool(_INTERPRETER.match(program) and find_script(arguments))


def find_run_name(arguments: Sequence[str], name: str, paths: Sequence[str], folder: str) -> str:
    """The argument that names a run (`run=NAME`, `--run NAME`, the path of its directory), or ''.

    `paths` are the run directory's absolute names, `folder` is what relative paths of the process start from.
    """
    before = ""
    for argument in arguments[1:]:
        key, equals, value = argument.lstrip("-+").partition("=")
        if not equals:
            key, value = (before.lstrip("-") if before.startswith("-") else ""), argument
        if name and value == name and key.rsplit(".", 1)[-1] in _RUN_KEYS:
            return argument if equals else f"{before} {argument}"
        if "/" in value or value in (".", os.path.basename(paths[0]) if paths else ""):
            absolute = os.path.normpath(os.path.join(folder, value)) if folder else value
            if absolute in paths:
                return argument
        before = argument
    return ""


def shorten(arguments: Sequence[str]) -> str:
    """Program and script, as one would say it: 'python train.py', 'torchrun train.py'."""
    if not arguments:
        return ""
    program = os.path.basename(arguments[0])
    script = find_script(arguments)
    if script == "-c" or script.startswith("/dev/"):
        return f"{program} -c"
    return f"{program} {os.path.basename(script)}" if script else program
