"""Screens that go on while they are open: each new workspace is handed to all of them."""

from __future__ import annotations

from lptui.tui.thrift import ThriftyScreen
from lptui.tui.workspace import Workspace


class LiveScreen(ThriftyScreen):
    """A screen that draws the workspace."""

    def show(self, workspace: Workspace) -> None:
        """Draw `workspace`; called with each new one, also while another screen lies above."""
        raise NotImplementedError
