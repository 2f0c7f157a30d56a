"""lptui: a terminal cockpit for ML training runs."""

__version__ = "0.1.0"
