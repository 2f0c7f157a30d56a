"""A bounded pickle machine: reads what a pickle says, runs nothing of it.

No name is ever looked up: GLOBAL gives a Label, REDUCE an inert value (see `stubs`, `opcodes`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lptui.checkpoints.machine import (
    DAMAGE,
    BrokenPickleError,
    Budget,
    Machine,
    OverBudgetError,
    PickleError,
    StopError,
)
from lptui.checkpoints.opcodes import TABLE
from lptui.checkpoints.stubs import Label

__all__ = ["BrokenPickleError", "Budget", "OverBudgetError", "PickleError", "PickleReading", "read_pickle"]


@dataclass(frozen=True, slots=True)
class PickleReading:
    """What one pickle holds: its value, where it ended, the names it imports, and whether it uses getattr on
    something that is no object of its own."""

    value: object
    end: int
    labels: tuple[Label, ...]
    reaches_out: bool


def read_pickle(raw: bytes, start: int = 0, budget: Budget | None = None) -> PickleReading:
    """Read the pickle at `start`. Raises BrokenPickleError (damage) or OverBudgetError (too much)."""
    machine = Machine(raw, start, budget or Budget())
    try:
        value = _run(machine)
    except PickleError as error:
        error.labels, error.reaches_out = tuple(machine.labels.values()), machine.reaches_out
        raise
    return PickleReading(value, machine.position, tuple(machine.labels.values()), machine.reaches_out)


def _run(machine: Machine) -> object:
    table = TABLE
    raw = machine.raw
    op_at = machine.position
    try:
        for _ in range(machine.budget.operations):
            op_at = machine.position
            machine.position = op_at + 1
            table[raw[op_at]](machine)
    except StopError:
        if machine.marks or len(machine.stack) != 1:
            raise BrokenPickleError("it stops with values left over", op_at) from None
        return machine.stack[0]
    except (EOFError, IndexError, struct.error) as error:
        ended = not isinstance(error, IndexError) or machine.position >= len(raw)
        raise BrokenPickleError("it ends early" if ended else "a value is missing", op_at, ends_early=ended) from error
    except DAMAGE as error:
        raise BrokenPickleError(str(error)[:80] or type(error).__name__, op_at) from error
    raise OverBudgetError(f"more than {machine.budget.operations:,} operations")
