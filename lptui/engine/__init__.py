"""The only threads of the monitor: lanes that poll sources, one thread that folds and detects, one that answers."""

from __future__ import annotations

import logging

# Without a handler Python prints warnings and tracebacks on stderr, which belongs to the user.
logging.getLogger("lptui").addHandler(logging.NullHandler())
