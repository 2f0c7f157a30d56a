"""All there is about one thing: a finding, a config row, a task; a checkpoint has a browser of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from lptui.state.run_state import RunState
from lptui.tui.moments import fix_command
from lptui.tui.screens.dialog import Dialog
from lptui.tui.screens.finding import finding_rows, paragraph
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row, clean, wrap

Draw = Callable[[int], list[Row]]


class DetailScreen(Dialog):
    """A framed page over the run screen; `y` copies its command."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", "Close", id="detail.close", tooltip="Back to the run"),
        Binding("y", "copy", "Copy", id="detail.copy", tooltip="Copy the command"),
    ]

    def __init__(self, title: str, draw: Draw, copied: str = "") -> None:
        super().__init__()
        self._title = title
        self._draw = draw
        self._copied = copied

    def compose(self) -> ComposeResult:
        hint = "esc closes" + ("   y copies" if self._copied else "")
        yield from self.framed(self._title, hint, lambda width: Page(self._draw(width)))

    def action_copy(self) -> None:
        if not self._copied:
            self.notify("nothing to copy here", markup=False, timeout=2)
            return
        self.app.copy_to_clipboard(self._copied)
        self.notify(clean(self._copied), title="copied", markup=False, timeout=4)


def open_detail(state: RunState, kind: str, key: str, *, plain: bool, other: str = "") -> Screen[None] | None:
    """The detail of what `key` names, or None if it is gone; of a checkpoint, compared with the one at `other`."""
    if kind == "finding":
        finding = next((f for f in state.findings if f.id == key), None)
        if finding is not None:
            return DetailScreen("Finding", lambda w: finding_rows(state, finding, w, plain=plain), fix_command(finding))
    elif kind == "checkpoint":
        from lptui.tui.screens.checkpoint import CheckpointScreen

        if any(c.path == key for c in state.checkpoints):
            return CheckpointScreen(key, sheet="difference" if other else "tensors", partner=other)
    elif kind == "config":
        value = next((v for k, v in state.config if k == key), None)
        if value is not None:
            return DetailScreen("Config", lambda w: _value_rows(key, value, w), f"{clean(key)}={clean(value, 20000)}")
    elif kind == "expectations":
        from lptui.tui.widgets.expectationrows import expectation_rows

        judgements = [one.judgement for one in state.judged.values()]
        return DetailScreen("Expectations", lambda w: expectation_rows(judgements, w, plain=plain))
    elif kind == "task":
        from lptui.tui.panes.learning import facts

        task = next((t for t in state.curriculum.rows if t.task == key), None)
        if task is not None:
            return DetailScreen("Task", lambda w: [*fact_rows(facts(task), w), *void_rows(state, w)])
    return None


def fact_rows(facts: list[tuple[str, str]], width: int) -> list[Row]:
    """(name, value) as two columns; long values wrap."""
    name = min(24, max((len(n) for n, _ in facts), default=0) + 2)
    rows: list[Row] = []
    for key, value in facts:
        for i, line in enumerate(wrap(value, max(10, width - name), 20) or [""]):
            rows.append(((f"{key if not i else '':<{name}}"[:name], "key"), (line, "value")))
    return rows


def void_rows(state: RunState, width: int) -> list[Row]:
    """Why some of the reported signals say nothing."""
    from lptui.curriculum.signals import VOID_SIGNALS

    known = [(name, VOID_SIGNALS[name]) for name, _ in state.curriculum.stats if name in VOID_SIGNALS]
    rows: list[Row] = [(), (("Signals that say nothing", "accent bold"),)] if known else []
    for name, why in known:
        rows += [((clean(name), "key"),), *paragraph(f"  {why}", width, "dim")]
    return rows


def _value_rows(key: str, value: str, width: int) -> list[Row]:
    return [((clean(key), "key"),), (), *paragraph(clean(value, 20000), width, "value", 400)]
