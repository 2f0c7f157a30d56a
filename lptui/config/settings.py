"""Settings of the monitor: defaults < user file < project file < LPTUI_* < key=value arguments.

With no file, variable or argument the answer is the defaults, and neither OmegaConf nor YAML is imported.
"""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, fields

from lptui.config.folders import config_folder
from lptui.files import FileFailure, open_file
from lptui.model.value import frozen

USER_FILE = "config.yaml"
PROJECT_FILE = "lptui.yaml"
PREFIX = "LPTUI_"
RULES = "failures"
"""No setting: rules for failures, which `lptui.config.rules` finds."""
MAX_BYTES = 256 * 1024
PARENTS = 12
# a project file may come with a cloned repository: what starts something or leaves the machine is the user's
# alone
NOT_FROM_PROJECT = ("command", "host", "notif", "python", "interpreter", "hook", "url", "shell", "exec")


@frozen
class Settings:
    """What a user can choose."""

    theme: str = "auto"
    """A theme's name; auto: the first screen's default."""
    refresh: float = 10.0
    """Screens drawn a second at most (1 to 20)."""
    ascii: bool = False
    mouse: bool = True
    low_bandwidth: bool = False
    bell: bool = False
    """Whether the terminal's bell rings when something new is found."""
    roots: tuple[str, ...] = ()
    """Folders that hold runs, searched before $DATA_DIR, ./train_dir and here."""
    keys: dict[str, str] = field(default_factory=dict[str, str])
    """Binding id -> key (a dict, because OmegaConf checks it; nobody writes to it), in Textual's spelling
    ('ctrl+f', 'f2,question_mark')."""


@frozen
class SettingsError:
    """Settings that cannot be used: which file, variable or argument, which key, why, and what was meant
    perhaps."""

    title: str
    message: str


@frozen
class Layer:
    """One place that settings come from. `origin` is what an error names; `base` is what its paths are
    relative to."""

    origin: str
    values: Mapping[str, object]
    base: str = ""
    trusted: bool = True


def load_settings(
    arguments: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    *,
    here: str = ".",
    run: str = "",
) -> Settings | SettingsError:
    """The merged settings. `run` is the run directory if it is known already: no `lptui.yaml` in it is
    read."""
    env = env or {}
    layers = _collect(arguments, env, os.path.abspath(here), run)
    if isinstance(layers, SettingsError):
        return layers
    if not layers:
        return Settings()
    from lptui.config.merge import merge

    return merge(layers)


def names() -> tuple[str, ...]:
    """The names of all settings."""
    return tuple(entry.name for entry in fields(Settings))


def user_file(env: Mapping[str, str]) -> str:
    """Where the user's own settings are (whether or not the file exists)."""
    return os.path.join(config_folder(env), USER_FILE)


def project_file(here: str, run: str = "") -> str:
    """The `lptui.yaml` of the working directory or the nearest one above: a regular file that is the user's
    own and that no one else can write, not in the run. '' if there is none."""
    run = os.path.realpath(run) if run else ""
    folder = os.path.realpath(here)
    for _ in range(PARENTS):
        path = os.path.join(folder, PROJECT_FILE)
        in_run = bool(run) and (folder + "/").startswith(run.rstrip("/") + "/")
        if not in_run and _is_mine(path):
            return path
        if folder == "/":
            break
        folder = os.path.dirname(folder)
    return ""


def _is_mine(path: str) -> bool:
    import stat

    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & stat.S_IWOTH


def _collect(arguments: Sequence[str], env: Mapping[str, str], here: str, run: str) -> list[Layer] | SettingsError:
    layers: list[Layer] = []
    for path, trusted in ((user_file(env), True), (project_file(here, run), False)):
        layer = _read_layer(path, trusted) if path else None
        if isinstance(layer, SettingsError):
            return layer
        if layer is not None:
            layers.append(layer)
    layers += _from_env(env, here)
    for argument in arguments:
        key, separator, value = argument.partition("=")
        if not separator or not key.strip():
            return SettingsError(
                f"{argument!r} is no setting",
                "write key=value, e.g. theme=light; `lptui config` lists the keys",
            )
        layers.append(Layer(f"argument {key.strip()}=", _nest(key.strip(), value), here))
    return layers


def _from_env(env: Mapping[str, str], here: str) -> Iterable[Layer]:
    known = {PREFIX + name.upper(): name for name in names()}
    for variable in sorted(known.keys() & env.keys()):
        if env[variable]:
            values = _nest(known[variable], env[variable], os.pathsep)
            yield Layer(f"environment variable {variable}", values, here)


def _nest(key: str, value: str, separator: str = ",") -> dict[str, object]:
    """`keys.quit=x` -> {keys: {quit: x}}; a list may be written [a, b] or a,b (a:b in the environment)."""
    name, _, rest = key.partition(".")
    if rest:
        return {name: {rest: value}}
    if name == "roots":
        parts = value.strip().removeprefix("[").removesuffix("]").split("," if value.strip()[:1] == "[" else separator)
        return {name: [part.strip() for part in parts if part.strip()]}
    return {name: value}


def _read_layer(path: str, trusted: bool) -> Layer | SettingsError | None:
    try:
        handle = open_file(path)
    except FileFailure as failure:
        return None if failure.missing else SettingsError(f"{path} cannot be read", failure.cause)
    try:
        data = handle.pread(0, MAX_BYTES + 1)
    except FileFailure as failure:
        return SettingsError(f"{path} cannot be read", failure.cause)
    finally:
        handle.close()
    from lptui.config.merge import parse_layer

    return parse_layer(path, data, trusted)
