"""`lptui ckpt PATH`: the checkpoint browser on a run, a folder or a file; without a terminal the list as text."""

from __future__ import annotations

import os
from difflib import get_close_matches

import click

from lptui.cli import NOT_FOUND, USAGE, say
from lptui.cli.ckpt_target import find, is_named
from lptui.model.run import RunInfo

_HELP = ("-h", "--help")


class BrowseGroup(click.Group):
    """What is no subcommand is a path to browse: `lptui ckpt PATH` is `lptui ckpt browse PATH`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in _HELP:
            args = ["browse", *args]
        return super().parse_args(ctx, args)


@click.command("browse", short_help="Look around in them on a screen (also: lptui ckpt PATH).")
@click.argument("path", metavar="RUN_OR_PATH")
@click.option("--theme", metavar="NAME", help="Colours: night, paper, high-contrast, okabe, mono, ...")
@click.option("--ascii", "plain", is_flag=True, help="No box-drawing or other non-ASCII signs.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal (native selection).")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
@click.pass_context
def browse(
    ctx: click.Context, path: str, theme: str | None, plain: bool, no_mouse: bool, overrides: tuple[str, ...]
) -> int:
    """Browse checkpoints: a folder or a run gives the list, a file or a checkpoint folder its own page.

    Not on a terminal it prints what `lptui ckpt ls` prints.
    """
    from lptui.cli.attach import has_terminal

    if not os.path.exists(path) and (near := _near_command(ctx, path)):
        say(f"nothing is called {path!r}; did you mean `lptui ckpt {near}`?")
        return NOT_FOUND
    if not has_terminal():
        from lptui.cli.ckpt_list import command as list_

        return int(ctx.invoke(list_, path=path))
    run = find(path)
    if isinstance(run, int):
        return run
    flags = {"theme": theme, "ascii": "true" if plain else None, "mouse": "false" if no_mouse else None}
    given = [*overrides, *(f"{name}={value}" for name, value in flags.items() if value is not None)]
    return _open(run, os.path.abspath(path) if is_named(path) else "", given)


def _near_command(ctx: click.Context, word: str) -> str:
    """The subcommand that a word may have been meant for."""
    group = ctx.parent.command if ctx.parent is not None else None
    names = [*group.commands] if isinstance(group, click.Group) else []
    return next(iter(get_close_matches(word, names, 1, 0.7)), "")


def _open(run: RunInfo, file: str, given: list[str]) -> int:
    from lptui.cli.attach import finish
    from lptui.paint import FirstScreen

    with FirstScreen(run, about="its checkpoints") as first:
        from lptui.config.settings import SettingsError, load_settings

        settings = load_settings(given, os.environ, here=os.getcwd(), run=run.path)
        if isinstance(settings, SettingsError):
            first.restore()
            say(f"{settings.title}: {settings.message}")
            return USAGE
        from lptui.cli.screen import make_browser

        app = make_browser(run, settings, file)
        app.run(mouse=settings.mouse)
    return finish(app)
