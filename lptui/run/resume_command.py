"""The command that resumes the run at hand: how it was started, changed as its framework wants it. Pure, quoted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from lptui.model.launch import Launch
from lptui.model.readings import CheckpointReading

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:=@%+,")
LONGEST = 8_000


class Command(NamedTuple):
    """`text` to type ('' where none can be offered), and what one should know before."""

    text: str
    note: str = ""


NONE = Command("")


def again(launch: Launch | None) -> Command:
    """The same command once more: what the framework resumes it finds by itself."""
    return _compose(launch, launch.arguments) if launch is not None else NONE


def with_flag(
    launch: Launch | None,
    flag: str,
    checkpoint: CheckpointReading | None,
    *,
    value: str = "",
    replaces: Sequence[str] = (),
    drops: Sequence[str] = (),
) -> Command:
    """The command of the run with `flag VALUE` (default: the checkpoint's path) in place of what it had of it; the
    flag alone where nobody knows the command. `replaces` are other spellings that take a value, `drops` ones that take
    none."""
    if checkpoint is None:
        return NONE
    value = value or checkpoint.path
    if not value.isprintable():
        return NONE
    if launch is None:
        return Command(f"{flag} {shlex.quote(value)}", "add this to the command that started the run")
    left = _without(launch.arguments, (flag, *replaces), drops)
    return _compose(launch, (*left, flag, value))


def with_override(launch: Launch | None, key: str, checkpoint: CheckpointReading | None) -> Command:
    """As `with_flag` for Hydra: `key="PATH"`, quoted for its grammar, to which an = in a value is an error."""
    if checkpoint is None or launch is None or not checkpoint.path.isprintable():
        return NONE
    value = checkpoint.path.replace("\\", "\\\\").replace('"', '\\"')
    kept = [a for a in launch.arguments if a.lstrip("+").partition("=")[0] != key]
    return _compose(launch, (*kept, f'{key}="{value}"'))


def uses_overrides(launch: Launch | None) -> bool:
    """Whether the run was started the Hydra way: `key=value` without dashes."""
    if launch is None:
        return False
    return any("=" in a and a.partition("=")[0].lstrip("+~").replace(".", "").isidentifier() for a in launch.arguments)


def plain_run(program: str, run: str) -> Command:
    """`PROGRAM run=NAME`, where nothing tells how it was started and the name can stand in a command."""
    note = "nothing tells how it was started: add the overrides that it had"
    return Command(f"{program} run={run}", note) if run and set(run) <= _PLAIN else NONE


def _without(arguments: Sequence[str], flags: Sequence[str], drops: Sequence[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
            if not argument.startswith("--"):
                continue
        name, equals, _ = argument.partition("=")
        if name in drops:
            continue
        if name in flags:
            skip = not equals
            continue
        kept.append(argument)
    return kept


def _compose(launch: Launch, arguments: Sequence[str]) -> Command:
    if not arguments or not all(a.isprintable() for a in (*arguments, launch.folder)):
        return Command("", "its command line holds control characters: start it again as before")
    text = shlex.join(arguments)
    if launch.folder:
        text = f"cd {shlex.quote(launch.folder)} && {text}"
    if len(text) > LONGEST:
        return Command("", "its command line is too long to be shown: start it again as before")
    notes = [f"from {launch.source}"] if launch.source else []
    if launch.secrets:
        notes.append("a secret in it is masked: put it back")
    return Command(text, "; ".join(notes))
