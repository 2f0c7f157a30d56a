"""Theme files: which there are, and one read as plain data. What the colours mean is the screen's
business."""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint
from collections.abc import Mapping

from lptui.config.folders import config_folder
from lptui.config.settings import SettingsError
from lptui.config.yaml_tree import Tree, TreeError, parse_tree
from lptui.files import FileFailure, list_folder, open_file
from lptui.model.value import frozen

MAX_BYTES = 64 * 1024


@frozen
class ThemeFiles:
    """All readable themes by name (the file's, without its ending), and what was wrong with the others."""

    themes: Mapping[str, Mapping[str, Tree]]
    errors: tuple[SettingsError, ...] = ()


def theme_folders(env: Mapping[str, str]) -> tuple[str, ...]:
    """Ours in the wheel, ours in an editable checkout (beside our own pyproject.toml only), the user's."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    checkout = os.path.dirname(package)
    ours = [os.path.join(package, "themes")]
    if _is_our_checkout(os.path.join(checkout, "pyproject.toml")):
        ours.append(os.path.join(checkout, "themes"))
    return (*ours, os.path.join(config_folder(env), "themes"))


def theme_files(env: Mapping[str, str]) -> tuple[str, ...]:
    """Paths of all `*.yaml` in the theme folders; a user's file comes after ours, so that it can replace
    it."""
    paths: list[str] = []
    for folder in theme_folders(env):
        try:
            entries = list_folder(folder)
        except FileFailure:
            continue
        paths += sorted(e.path for e in entries if e.stat.is_file and e.name.endswith((".yaml", ".yml")))
    return tuple(paths)


def load_theme(path: str) -> Mapping[str, Tree] | SettingsError:
    """One theme as a mapping of names to text or to further mappings."""
    try:
        tree = parse_tree(_read(path), path, MAX_BYTES)
    except FileFailure as failure:
        return SettingsError(f"theme {path} cannot be read", failure.cause)
    except TreeError as error:
        return SettingsError(f"theme {path} cannot be understood", str(error))
    if not isinstance(tree, dict) or not tree:
        return SettingsError(f"theme {path} holds no colours", "it must be a mapping of names to colours")
    return tree


def load_themes(env: Mapping[str, str]) -> ThemeFiles:
    """Every theme; a broken one is reported and does not keep the others from loading."""
    themes: dict[str, Mapping[str, Tree]] = {}
    errors: list[SettingsError] = []
    for path in theme_files(env):
        theme = load_theme(path)
        if isinstance(theme, SettingsError):
            errors.append(theme)
        else:
            themes[os.path.basename(path).rpartition(".")[0]] = theme
    return ThemeFiles(themes, tuple(errors))


def _is_our_checkout(path: str) -> bool:
    try:
        head = _read(path)
    except FileFailure:
        return False
    return b'\nname = "lptui"\n' in head


def _read(path: str) -> bytes:
    handle = open_file(path)
    try:
        return handle.pread(0, MAX_BYTES + 1)
    finally:
        handle.close()
