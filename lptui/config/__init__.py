"""Settings of the monitor (`settings`), folders (`folders`), themes (`themes`), a run's own configuration
(`run_config`)."""

from __future__ import annotations

from lptui.config.settings import Settings, SettingsError, load_settings

__all__ = ["Settings", "SettingsError", "load_settings"]
