"""The W&B server, asked through the installed `wandb` SDK in a process of its own.

`worker` is that process, `client` its parent side. Nothing is asked before a reader names a run of the server.
"""

from __future__ import annotations
