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

_BINGET, _BINPUT, _LONG_BINPUT, _BININT1 = b"hqrK"
_WORD = struct.Struct("<I").unpack_from
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
    try:
        _execute(machine)
    except StopError:
        if machine.marks or len(machine.stack) != 1:
            raise BrokenPickleError("it stops with values left over", machine.op_at) from None
        return machine.stack[0]
    except (EOFError, IndexError, struct.error) as error:
        ended = not isinstance(error, IndexError) or machine.position >= len(machine.raw)
        text = "it ends early" if ended else "a value is missing"
        raise BrokenPickleError(text, machine.op_at, ends_early=ended) from error
    except DAMAGE as error:
        raise BrokenPickleError(str(error)[:80] or type(error).__name__, machine.op_at) from error
    raise OverBudgetError(f"more than {machine.budget.operations:,} operations")


def _execute(machine: Machine) -> None:
    """One operation after the other, until one raises or the budget is spent. The memo's operations and small numbers
    are more than half of a state of many tensors: they are done here, without a call each."""
    table, raw, memo, most = TABLE, machine.raw, machine.memo, machine.budget.memo
    at = machine.position
    try:
        for _ in range(machine.budget.operations):
            code = raw[at]
            if code == _BINPUT and len(memo) <= most:
                memo[raw[at + 1]] = machine.stack[-1]
                at += 2
            elif code == _LONG_BINPUT and len(memo) <= most:
                memo[_WORD(raw, at + 1)[0]] = machine.stack[-1]
                at += 5
            elif code == _BINGET:
                machine.stack.append(memo[raw[at + 1]])
                at += 2
            elif code == _BININT1:
                machine.stack.append(raw[at + 1])
                at += 2
            else:
                machine.position = at + 1
                table[code](machine)
                at = machine.position
    finally:
        machine.op_at = at
        machine.position = max(machine.position, at + 1)
