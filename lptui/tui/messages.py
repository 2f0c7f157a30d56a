"""Messages between the engine's threads and the screen."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from lptui.model.request import Answer
from lptui.model.summary import RunBoard
from lptui.state.run_state import RunState


class StateArrived(Message):
    """An engine published a state; a newer one of the same run takes the place of one that still waits."""

    bubble = False

    def __init__(self, slot: int, state: RunState) -> None:
        super().__init__()
        self.slot = slot
        self.state = state

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StateArrived) and message.slot == self.slot


class BoardArrived(Message):
    """The list of runs changed; a newer one takes the place of one that still waits."""

    bubble = False

    def __init__(self, board: RunBoard) -> None:
        super().__init__()
        self.board = board

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, BoardArrived)


class AnswerArrived(Message):
    """The engine answered a request."""

    bubble = False

    def __init__(self, on_answer: Callable[[Answer], None], answer: Answer) -> None:
        super().__init__()
        self.on_answer = on_answer
        self.answer = answer


class EngineFailed(Message):
    """The engine can make no more states."""

    bubble = False

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
