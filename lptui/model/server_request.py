"""Whether the W&B server is asked: what the screen requests of the engine."""

from __future__ import annotations

from lptui.model.value import frozen


@frozen
class AskServer:
    """Ask the W&B server for its record of the run, `path` (ENTITY/PROJECT/RUN), from now on. Not answered."""

    path: str


@frozen
class LeaveServer:
    """Ask it no more. Not answered."""


ServerRequest = AskServer | LeaveServer
