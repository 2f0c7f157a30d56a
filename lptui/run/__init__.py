"""What a run directory is: which layouts there are, what belongs to a run, and how to find one by name."""

from __future__ import annotations

from lptui.run.description import describe
from lptui.run.discovery import discover
from lptui.run.lookup import Missing, list_runs, resolve

__all__ = ["Missing", "describe", "discover", "list_runs", "resolve"]
