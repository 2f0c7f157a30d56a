"""The command line: argv -> calls, exit codes. Each command lies in a file of its own and loads only what it needs.

Exit codes: 0 fine, 1 findings (`check`), 2 usage, 3 run not found, 4 something could not be read or lptui failed.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any

import click

from lptui import __version__

FOUND, USAGE, NOT_FOUND, FAILED = 1, 2, 3, 4
GARBAGE = (20_000, 20, 50)
"""When Python looks for cycles: values here are frozen and hold none, and at its own 700 a tenth of a screen's work was
that search."""
_COMMANDS = {
    "attach": ("Watch a run: open the screen on it.", "lptui.cli.attach"),
    "check": ("Print the verdict on a run and set the exit code.", "lptui.cli.check"),
    "explain": ("Explain a class of failure, or list them all.", "lptui.cli.explain"),
    "runs": ("List the runs below a folder.", "lptui.cli.runs"),
    "ckpt": ("List, verify and compare checkpoints; can the run resume?", "lptui.cli.ckpt"),
    "demo": ("Start a real small training and watch it.", "lptui.cli.demo"),
}
_HELP = """A cockpit for ML training runs: what it is doing, whether it is healthy, what broke, why, what to type next.

\b
  lptui                           watch what trains here, or choose among all runs
  lptui attach train_dir/RUN      watch a run (q leaves, the training goes on)
  lptui attach                    watch the newest run below here
  lptui check train_dir/RUN       the same verdict as text, with an exit code
  lptui explain cuda-oom          what a failure means, and what helps
  lptui demo                      no run at hand? train one here, now
  lptui demo --fail nan           ... and see what a failure looks like

It only reads. It needs no change to the training code, no account and no network.
"""


class LazyGroup(click.Group):
    """Commands are imported when they are called; their one line of help is not worth an import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return getattr(importlib.import_module(_COMMANDS[cmd_name][1]), "command")  # noqa: B009

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (text, _) in _COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in _COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], [*_COMMANDS], 1)
            hint = f"; did you mean `lptui {near[0]}`?" if near else f"; to watch a run: `lptui attach {args[0]}`"
            raise click.UsageError(f"there is no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup, help=_HELP, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, "--version", prog_name="lptui")
@click.pass_context
def group(ctx: click.Context) -> int:
    """The commands; without one in a terminal, the run that is going on here, or the list of runs."""
    if ctx.invoked_subcommand is not None:
        return 0
    from lptui.cli.attach import has_terminal

    if not has_terminal():
        click.echo(ctx.get_help())
        return 0
    from lptui.cli.alone import begin

    return begin(ctx.get_help())


def run(argv: list[str]) -> int:
    """Call the command in `argv`; its exit code."""
    gc.set_threshold(*GARBAGE)
    try:
        code = group.main(argv, prog_name="lptui", standalone_mode=False)
        return int(code or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last fence: a bug is ours, and is told as such
        path = _write_report(error)
        from lptui.text import sanitise

        told = sanitise(f"{type(error).__name__}: {error}"[:500])  # it may quote what the run wrote
        say(f"lptui itself failed: {told}; " + (f"details in {path}" if path else "no folder for the details"))
        return FAILED


def say(text: str) -> None:
    """One line of narration on stderr; stdout is for data."""
    click.echo(f"lptui: {text}", err=True)


def _write_report(error: Exception) -> str:
    """The traceback goes to a file in the user's state folder, not to the terminal."""
    import traceback

    from lptui.config.folders import state_folder

    try:
        folder = state_folder(os.environ)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "crash.log")
        with open(path, "w", encoding="utf-8") as out:
            out.write("".join(traceback.format_exception(error)))
    except OSError:
        return ""
    return path
