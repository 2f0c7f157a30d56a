"""Keys are answered in the order in which they were typed, each where the one before it led.

Textual hands a key to what has the focus at once; when what it does moves the focus, keys of the same instant (a paste,
a fast hand over SSH) have gone to the old place already. Here each waits until the one before has come round.
"""

from __future__ import annotations

from collections import deque

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widgets import Input


class Answered(Message):
    """Follows a key through the same queues: when it arrives, the key was taken below."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class OrderedApp(App[int]):
    """Holds keys and pastes back while one is under way."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._under_way: events.Event | None = None
        self._target: MessagePump | None = None
        self._number = 0

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif event.is_forwarded:  # nobody below took it: what it is bound to is done now
            await super().on_event(event)
            if event is self._under_way:
                await self._hand_on()
        else:
            self._waiting.append(event)
            if self._target is None or not self._target.is_attached:
                await self._hand_on()

    async def on_answered(self, message: Answered) -> None:
        message.stop()
        if message.number == self._number:
            await self._hand_on()

    async def _hand_on(self) -> None:
        """Give the next key to what has the focus now."""
        self._under_way = self._target = None
        while self._waiting and self._target is None:
            event = self._under_way = self._waiting.popleft()
            target = self.focused or self.screen
            await super().on_event(event)
            if isinstance(target, Input) and isinstance(event, events.Key) and event.is_printable:
                continue  # a letter in a line moves no focus: fast typing is taken as a whole
            self._number += 1
            if target.post_message(Answered(self._number)):
                self._target = target
