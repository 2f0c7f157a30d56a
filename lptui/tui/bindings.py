"""The keys of the run screen: declared once, with an id (to remap) and a tooltip (for help and palette)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from textual.binding import ActiveBinding, Binding

from lptui.tui.panes import PANES

_NAMES = {
    "log": "Log",
    "findings": "Findings",
    "metrics": "Metrics",
    "learning": "Learning progress",
    "machine": "GPU and host",
    "checkpoints": "Checkpoints",
    "config": "Config",
    "run": "Run",
}


def _bind(key: str, action: str, word: str, name: str, tooltip: str, *, show: bool = True) -> Binding:
    return Binding(key, action, word, show=show, id=name, tooltip=tooltip)


_JUMP_KEYS = [(str(i), pane_id, _NAMES[pane_id]) for i, (pane_id, _, _) in enumerate(PANES, 1)]
JUMPS = [
    _bind(key, f"jump('{pane_id}')", name, f"pane.{pane_id}", f"Go to {name}", show=False)
    for key, pane_id, name in _JUMP_KEYS
]
SCREEN_BINDINGS = [
    _bind("enter", "detail", "Detail", "detail", "All there is about what is selected"),
    _bind("y", "copy", "Copy fix", "copy", "Copy the command that fixes the selected or the worst finding"),
    _bind("slash", "search", "Search", "search", "Search in this pane"),
    _bind("f", "filter", "Filter", "filter", "Show only what matches"),
    _bind("n", "finding(1)", "Next finding", "finding.next", "Go to the next finding in all panes"),
    _bind("N", "finding(-1)", "Previous finding", "finding.previous", "Go to the one before", show=False),
    _bind("a", "acknowledge", "Acknowledge", "acknowledge", "Silence this finding, or let it alarm again", show=False),
    _bind("s", "snooze", "Snooze", "snooze", "Silence this finding for a while", show=False),
    _bind("z", "zoom", "Zoom", "zoom", "Give the whole window to this pane, or back"),
    _bind("space", "freeze", "Freeze", "freeze", "Hold the view still while reading goes on"),
    _bind("r", "next_run(1)", "Next run", "run.next", "Show the next of the runs that are attached"),
    _bind("X", "server", "Ask W&B", "server", "Ask the W&B server for its record of this run, or cease to"),
    _bind("R", "runs", "All runs", "runs", "The list of all runs: attach another one, or several", show=False),
    _bind("tab", "cycle(1)", "Next pane", "pane.next", "Go to the next pane", show=False),
    _bind("shift+tab", "cycle(-1)", "Previous pane", "pane.previous", "Go to the pane before", show=False),
    _bind("escape", "back", "Back", "back", "Close what is open, or leave the zoom", show=False),
    *JUMPS,
]
APP_BINDINGS = [
    _bind("t", "cycle_theme", "Theme", "theme", "Next colour theme", show=False),
    _bind("question_mark", "help", "Help", "help", "All keys, pane by pane"),
    Binding(
        "ctrl+p",
        "command_palette",
        "Commands",
        show=False,
        priority=True,
        id="palette",
        tooltip="Find a command",
    ),
    Binding(
        "ctrl+l",
        "draw_anew",
        "Draw anew",
        show=False,
        priority=True,  # in dialogs and entries too
        id="draw",
        tooltip="Draw the screen anew, where others wrote into it",
    ),
    _bind("ctrl+z", "suspend_process", "Suspend", "suspend", "Back to the shell; `fg` returns", show=False),
    _bind("q", "quit", "Quit", "quit", "Leave lptui; the run goes on"),
]

_KEY_WORDS = {
    "slash": "/", "question_mark": "?", "escape": "esc", "left_square_bracket": "[", "right_square_bracket": "]",
    "full_stop": ".", "comma": ",", "minus": "-", "plus": "+", "equals_sign": "=", "less_than_sign": "<",
    "greater_than_sign": ">", "colon": ":", "number_sign": "#", "vertical_line": "|",
    "upper": "", "pageup": "pgup", "pagedown": "pgdn",
}  # fmt: skip


def key_word(key: str) -> str:
    """How a key is written for people: `slash` -> `/`."""
    parts = key.split("+")
    parts[-1] = _KEY_WORDS.get(parts[-1], parts[-1])
    return "+".join(parts)


def grouped(bindings: Iterable[Binding]) -> list[tuple[str, Binding]]:
    """Bindings with all keys of one action joined: ('up k', binding)."""
    keys: dict[str, tuple[list[str], Binding]] = {}
    for binding in bindings:
        entry = keys.setdefault(binding.id or binding.action, ([], binding))
        entry[0].append(key_word(binding.key))
    return [(" ".join(dict.fromkeys(words)), binding) for words, binding in keys.values()]


def footer_bindings(
    active: Mapping[str, ActiveBinding], mine: Container[object], idle: Container[str] = ()
) -> list[tuple[str, str]]:
    """(key, word) to show in the footer: those of the focused pane (its nodes are `mine`) first; `idle` ids do
    nothing there and are left out."""
    shown = [a for a in active.values() if a.binding.show and a.enabled and (a.binding.id or "") not in idle]
    shown.sort(key=lambda a: a.node not in mine)
    words = grouped(a.binding for a in shown)
    return [(key.split(" ")[0], binding.description) for key, binding in words]
