"""Starts a demo training: by itself in a session of its own, or in the foreground."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from lptui.demo.options import DEFAULT_STEPS, Layout, Options, to_arguments


class Started(NamedTuple):
    """A training that runs by itself."""

    run_dir: str
    pid: int


def start(
    out: str, seed: int = 0, speed: float = 1.0, fail: str | None = None, total_steps: int = DEFAULT_STEPS
) -> Started:
    """Start a training that outlives the caller; its output goes to `OUT/console.log`.

    It is no child of the caller: a shell starts it in a new session and ends at once. OSError if `out` cannot
    be written or no process started.
    """
    options = _make_options(out, seed, speed, fail, total_steps)
    layout = Layout(options.out, options.run)
    layout.make_folders()
    command = shlex.join(training_command(options))
    with open(layout.console, "ab") as console:
        shell = subprocess.run(
            ["/bin/sh", "-c", f"exec 3>&1 1>&2; {command} 3>&- & echo $! >&3"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=console,
            env=training_environment(),
            start_new_session=True,
            check=False,
        )
    text = shell.stdout.decode().strip()
    if shell.returncode != 0 or not text.isdigit():
        raise OSError(f"the training did not start: /bin/sh exited with {shell.returncode}")
    return Started(layout.run_dir, int(text))


def run_foreground(
    out: str, seed: int = 0, speed: float = 1.0, fail: str | None = None, total_steps: int = DEFAULT_STEPS
) -> int:
    """Train on this terminal to the end; returns the training's exit code, 128 + N if signal N killed it."""
    options = _make_options(out, seed, speed, fail, total_steps)
    with subprocess.Popen(training_command(options), env=training_environment()) as process:
        code = _wait(process)
    return code if code >= 0 else 128 - code


def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:
        # the terminal sent it to the training too, which ends in its own way
        return process.wait()


def _make_options(out: str, seed: int, speed: float, fail: str | None, total_steps: int) -> Options:
    full = str(Path(out).resolve())
    return Options(_free_name(full, seed, fail), full, seed, speed, fail, total_steps=total_steps)


def _free_name(out: str, seed: int, fail: str | None) -> str:
    """`demo.arena.s0`, or the same with a number if that run exists: a demo never resumes an older one."""
    base = f"demo.{fail or 'arena'}.s{seed}"
    name, number = base, 1
    while os.path.exists(Layout(out, name).run_dir):
        number += 1
        name = f"{base}.{number}"
    return name


def training_command(options: Options) -> list[str]:
    """The training's command line. Without the working directory on the path (`-P`): a `wandb` folder there,
    as runs leave it, would pass for the package."""
    return [sys.executable, "-P", "-m", "lptui.demo.training", *to_arguments(options)]


def training_environment() -> dict[str, str]:
    """The caller's environment, in which this very lptui can be imported."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    home = str(Path(__file__).resolve().parents[2])
    # an installed lptui is found anyway, and site-packages must not come before the standard library
    if Path(home, "pyproject.toml").exists():
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment
