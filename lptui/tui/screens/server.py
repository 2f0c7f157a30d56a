"""Before the network is used: what would be asked of the W&B server, and whether it shall be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from lptui.model.server_request import AskServer, LeaveServer
from lptui.state.cloud_word import find_address
from lptui.state.run_state import RunState
from lptui.tui.screens.dialog import Dialog
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row, clean, wrap

if TYPE_CHECKING:
    from lptui.tui.app import LptuiApp

UNKNOWN = "no W&B record is known: neither wandb_ipc.json nor a .wandb file names entity, project and run"
ALONE = "this run is the server's alone: it is asked anyway"
ABOUT = (
    "Its state, tags, history and system metrics are fetched over the network, now and then every 10 seconds, with "
    "your API key. A process of its own does it; nothing of this run is sent.",
    "The server is the one of WANDB_BASE_URL or of `wandb login`, else api.wandb.ai. X again ends it.",
)


class ServerScreen(Dialog):
    """`enter` or `X` asks, `esc` leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,X", "ask", "Ask", id="server.ask", tooltip="Ask the server from now on"),
        Binding("escape,q", "close", "Close", id="server.close", tooltip="Ask nobody"),
    ]

    def __init__(self, address: str, on_yes: Callable[[], None]) -> None:
        super().__init__()
        self._address, self._on_yes = address, on_yes

    def compose(self) -> ComposeResult:
        yield from self.framed("Ask the W&B server?", "enter asks   esc leaves it", self._page)

    def action_ask(self) -> None:
        self.dismiss()
        self._on_yes()

    def _page(self, width: int) -> Page:
        rows: list[Row] = [((line, "title"),) for line in wrap(clean(self._address), width, 3)]
        for text in ABOUT:
            rows += [(), *(((line, "value"),) for line in wrap(text, width, 9))]
        return Page(rows)


def press_server(app: LptuiApp, state: RunState) -> None:
    """What the key does now: ask whether to ask, cease to ask, or say why neither."""
    address = find_address(state)
    if state.run.remote or not address:
        app.notify(ALONE if state.run.remote else UNKNOWN, markup=False, timeout=4)
    elif state.run.cloud:
        app.ask(LeaveServer(), lambda _answer: None)
        app.notify("the W&B server is not asked any more", markup=False, timeout=3)
    else:
        app.push_screen(ServerScreen(address, lambda: app.ask(AskServer(address), lambda _answer: None)))
