"""`lptui demo`: a real small training, and the screen on it."""

from __future__ import annotations

import os
import tempfile

import click

from lptui.cli import FAILED, say
from lptui.demo.options import FAILURES


@click.command("demo", short_help="Start a real small training and watch it.")
@click.option("--fail", type=click.Choice(FAILURES), help="Let the training fail, for real, in this way.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the training.")
@click.option(
    "--speed", type=click.FloatRange(min=0.01), default=1.0, show_default=True, help="Pace; 1 takes about six minutes."
)
@click.option("--out", metavar="DIR", help="Where to write (default: a new temporary folder).")
@click.option("--no-attach", is_flag=True, help="Only train, in the foreground; exits as the training does.")
@click.option("--theme", metavar="NAME", help="Colours of the screen.")
def command(fail: str | None, seed: int, speed: float, out: str | None, no_attach: bool, theme: str | None) -> int:
    """Train a small policy on 12 tasks with a learning-progress curriculum, in a process of its own, and watch it.

    It writes what a Metta run writes. q leaves the screen; the training goes on, and you are told how to end it.
    """
    folder = os.path.abspath(out) if out else tempfile.mkdtemp(prefix="lptui-demo-")
    try:
        return _train_here(folder, seed, speed, fail) if no_attach else _watch(folder, seed, speed, fail, theme)
    except OSError as error:
        say(f"the demo cannot start in {folder}: {error.strerror or error}; name another folder with --out")
        return FAILED


def _train_here(folder: str, seed: int, speed: float, fail: str | None) -> int:
    from lptui.demo.launch import run_foreground

    return run_foreground(folder, seed, speed, fail)


def _watch(folder: str, seed: int, speed: float, fail: str | None, theme: str | None) -> int:
    from lptui.cli.attach import has_terminal, open_screen, print_once
    from lptui.cli.target import Target
    from lptui.demo.launch import start
    from lptui.run import Missing, discover

    started = start(folder, seed, speed, fail)
    target = Target(started.run_dir)
    try:
        if has_terminal():
            return open_screen([(discover(started.run_dir), target.find)], [f"theme={theme}"] if theme else [])
        found = target.find()
        return print_once(discover(started.run_dir) if isinstance(found, Missing) else found)
    finally:  # the training lives on whatever becomes of the screen, and the user must know how to end it
        _say_goodbye(started.run_dir, started.pid)


def _say_goodbye(run_dir: str, pid: int) -> None:
    alive = os.path.exists(f"/proc/{pid}") or not os.path.exists("/proc")
    say(f"the demo run is in {run_dir}")
    if alive:
        say(f"it is still training (pid {pid}); watch it again: lptui attach {run_dir}   end it: kill {pid}")
    else:
        say(f"its training has ended; look again: lptui attach {run_dir}")
