"""Where the user's files lie. `LPTUI_HOME` moves all of them into one folder."""

from __future__ import annotations

import os  # and not pathlib, which costs 10 ms before the first paint
import sys
from collections.abc import Mapping


def config_folder(env: Mapping[str, str]) -> str:
    """The folder of `config.yaml` and `themes/`, as platformdirs names it."""
    home = env.get("LPTUI_HOME", "")
    if home:
        return os.path.abspath(os.path.expanduser(home))
    return _folder(env, "XDG_CONFIG_HOME", "~/.config", "user_config_dir")


def state_folder(env: Mapping[str, str]) -> str:
    """The folder of what lptui remembers between starts."""
    home = env.get("LPTUI_HOME", "")
    if home:
        return os.path.join(os.path.abspath(os.path.expanduser(home)), "state")
    return _folder(env, "XDG_STATE_HOME", "~/.local/state", "user_state_dir")


def _folder(env: Mapping[str, str], variable: str, usual: str, function: str) -> str:
    if sys.platform == "linux":
        # what platformdirs answers there (XDG Base Directory), without the 10 ms of importing it before the
        # first paint
        base = env.get(variable, "").strip()
        return os.path.join(base if base.startswith("/") else os.path.expanduser(usual), "lptui")
    import platformdirs

    return str(getattr(platformdirs, function)("lptui", appauthor=False))
