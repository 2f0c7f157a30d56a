"""Which keys do nothing where the reader is now: the footer leaves them out."""

from __future__ import annotations

from lptui.state.cloud_word import find_address
from lptui.tui.moments import fix_command
from lptui.tui.panes import Pane
from lptui.tui.workspace import Workspace

SERVER_PANES = ("metrics", "run")
"""Where the key that asks the W&B server is shown, if the server knows the run."""


def idle_bindings(pane: Pane, workspace: Workspace | None) -> set[str]:
    """Ids of the bindings that do nothing in this pane, or with this run."""
    own = {"search": "action_search", "filter": "action_filter", "detail": "action_detail"}
    idle = {name for name, action in own.items() if getattr(type(pane), action) is getattr(Pane, action)}
    run = workspace.run if workspace is not None and workspace.runs else None
    if run is None or pane.pane_id not in SERVER_PANES or run.run.remote or not find_address(run):
        idle.add("server")
    if workspace is None or workspace.attached < 2:
        idle.add("run.next")
    if run is None or len(run.logs) < 2:
        idle.add("log.merge")
    findings = run.findings if run is not None else ()
    if not findings:
        idle.add("finding.next")
    if not any(fix_command(f) for f in findings) and not pane.copied()[0]:
        idle.add("copy")
    return idle
