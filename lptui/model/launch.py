"""How a run was started, as its live process or a file that it left tells it."""

from __future__ import annotations

from lptui.model.value import frozen


@frozen
class Launch:
    """`arguments` as the system got them, secrets masked; `folder` is where it was started, '' if not known.

    `source` is for the reader: 'the command of pid 812', 'wandb-metadata.json'. `seen` tells a live process from what
    a file of the run claims. `secrets`: something in it was masked, and has to be put back.
    """

    arguments: tuple[str, ...]
    folder: str = ""
    source: str = ""
    seen: bool = False
    secrets: bool = False
