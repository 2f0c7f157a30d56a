"""trackio's own folder."""

from __future__ import annotations

import os
from collections.abc import Mapping


def trackio_folder(env: Mapping[str, str]) -> str:
    """Where trackio keeps its databases, by the same variables as trackio itself."""
    chosen = env.get("TRACKIO_DIR")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    home = env.get("HF_HOME") or os.path.join(env.get("XDG_CACHE_HOME", "~/.cache"), "huggingface")
    return os.path.abspath(os.path.expanduser(os.path.join(home, "trackio")))
