"""The process that reads checkpoints whole, with the user's ledger of what was read before."""

from __future__ import annotations

import os
from collections.abc import Mapping

from lptui.checkpoints.ledger import Ledger
from lptui.checkpoints.worker import Verifier
from lptui.config.folders import state_folder


def open_verifier(env: Mapping[str, str] = os.environ) -> Verifier:
    """A verifier that remembers, unless `LPTUI_NO_CACHE` asks it not to. Close it, or use it in a `with`."""
    folder = "" if env.get("LPTUI_NO_CACHE") else os.path.join(state_folder(env), "checksums")
    return Verifier(ledger=Ledger(folder))
