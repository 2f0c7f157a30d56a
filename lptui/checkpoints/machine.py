"""The state of the bounded pickle machine, and the budgets that keep a hostile pickle small."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

from lptui.checkpoints.stubs import Instance, Label, Opaque


class StopError(Exception):
    """The STOP opcode: the value on top of the stack is the result."""


class PickleError(Exception):
    """A pickle was not read to its end. `labels` are the names imported until then: a real unpickler would
    have looked them up, and called some, before it failed.
    """

    def __init__(self, text: str, position: int, *, ends_early: bool = False) -> None:
        super().__init__(text)
        self.position = position
        self.ends_early = ends_early
        self.labels: tuple[Label, ...] = ()
        self.reaches_out = False


class BrokenPickleError(PickleError):
    """The stream is damaged or not a pickle; `position` is where. `ends_early`: more bytes might help."""


class OverBudgetError(PickleError):
    """The stream asks for more than a safe reader gives: this is no proof of damage."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 0)


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper limits of one pickle. `marks` bounds nesting, `text` the bytes of strings. A state of 40,000 tensors takes
    a tenth of them; a hostile one that uses them up takes some seconds."""

    operations: int = 10_000_000
    marks: int = 1_000
    containers: int = 1_500_000
    memo: int = 3_000_000
    names: int = 10_000
    text: int = 64 << 20
    long_bytes: int = 1_024
    line: int = 1 << 16


@dataclass(slots=True)
class Machine:
    """One pickle being read: bytes, position, stack, marks, memo, and every name that it imports.

    `reaches_out` is set when it asks for getattr on anything but an object of its own.
    """

    raw: bytes
    position: int = 0
    budget: Budget = field(default_factory=Budget)
    stack: list[object] = field(default_factory=list[object])
    marks: list[list[object]] = field(default_factory=list[list[object]])
    memo: dict[int, object] = field(default_factory=dict[int, object])
    labels: dict[tuple[str, str], Label] = field(default_factory=dict[tuple[str, str], Label])
    reaches_out: bool = False
    containers: int = 0
    text: int = 0
    op_at: int = 0
    """Where the operation began that ended it."""

    def take(self, length: int) -> bytes:
        at = self.position
        end = at + length
        if end > len(self.raw):
            raise EOFError
        self.position = end
        return self.raw[at:end]

    def take_int(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def take_line(self) -> bytes:
        at = self.position
        end = self.raw.find(b"\n", at, at + self.budget.line)
        if end < 0:
            raise EOFError
        self.position = end + 1
        return self.raw[at:end]

    def take_text(self, length: int) -> str:
        at = self.position
        end = at + length
        if end > len(self.raw):
            raise EOFError
        self.text += length
        if self.text > self.budget.text:
            raise OverBudgetError(f"more than {self.budget.text:,} B of text")
        self.position = end
        return str(self.raw[at:end], "utf-8", "surrogatepass")

    def take_bytes(self, length: int) -> bytes:
        taken = self.take(length)
        self.text += length
        if self.text > self.budget.text:
            raise OverBudgetError(f"more than {self.budget.text:,} B of bytes")
        return taken

    def take_latin(self, length: int) -> str:
        return self.take_bytes(length).decode("latin-1")

    def count_container(self) -> None:
        self.containers += 1
        if self.containers > self.budget.containers:
            raise OverBudgetError(f"more than {self.budget.containers:,} containers")

    def mark(self) -> None:
        if len(self.marks) >= self.budget.marks:
            raise OverBudgetError(f"nested deeper than {self.budget.marks:,} levels")
        self.marks.append(self.stack)
        self.stack = []

    def pop_mark(self) -> list[object]:
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def remember(self, slot: int) -> None:
        if len(self.memo) > self.budget.memo:
            raise OverBudgetError(f"more than {self.budget.memo:,} remembered values")
        self.memo[slot] = self.stack[-1]

    def label(self, module: str, name: str) -> Label:
        label = self.labels.get((module, name))
        if label is None:
            if len(self.labels) >= self.budget.names:
                raise OverBudgetError(f"more than {self.budget.names:,} names imported")
            label = self.labels[module, name] = Label(module, name)
        return label

    def note_getattr(self, args: object) -> None:
        """A bound method of an object is honest (getattr(obj, "step")); anything else is a way out."""
        match args:
            case (Instance(), str() as name, *_) if not name.startswith("_") and "." not in name:
                pass
            case _:
                self.reaches_out = True

    def set_entries(self, target: object, items: list[object]) -> None:
        """SETITEM and SETITEMS: `items` alternates keys and values."""
        if isinstance(target, Instance):
            if target.entries is None:
                target.entries = {}
            entries = target.entries
        elif isinstance(target, dict):
            entries = target
        else:
            raise TypeError("items set on a value that has none")
        if len(items) % 2:
            raise ValueError("a key without a value")
        keys = iter(items)
        for key in keys:
            plain = key if isinstance(key, str | int | float | bytes | Instance) or key is None else Opaque()
            entries[plain] = next(keys)

    def add_elements(self, target: object, items: list[object]) -> None:
        """APPEND, APPENDS and ADDITEMS."""
        if isinstance(target, Instance):
            if target.elements is None:
                target.elements = []
            target.elements.extend(items)
        elif isinstance(target, list):
            target.extend(items)
        else:
            raise TypeError("elements added to a value that has none")


DAMAGE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class CollectorPaused:
    """No cyclic collection while millions of small containers are made: nearly half the time otherwise."""

    def __enter__(self) -> None:
        self._was_on = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._was_on:
            gc.enable()
