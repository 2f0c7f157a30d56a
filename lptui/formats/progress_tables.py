"""Tables of numbers that a training prints once an update: a row each line, joined into one statement of progress.

Known: boxes of Stable-Baselines, Spinning Up and Rich (`| name | value |`, `│ name   value │`), the reports of rsl_rl
and Isaac Lab (`Learning iteration 3/500`, then `Mean reward: 1.0`), other headings (`--- iter: [ 500/900] ---`).
Every repetition is bounded: a line costs time in proportion to its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from lptui.formats.log_prefix import find_message, strip_escapes
from lptui.formats.progress_labels import COUNTED
from lptui.formats.progress_pairs import speaks
from lptui.formats.progress_values import Progress
from lptui.text.regex import Regex

_BAR = rb"(?:\||\xe2\x94[\x82\x83]|\xe2\x95\x91)"
_VALUE = Regex(
    rb"(?P<number>[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d{1,40})(?:\.\d{0,40})?(?:[eE][-+]?\d{1,4})?|\.\d{1,40}"
    rb"|nan|NaN|NAN|inf|Inf|Infinity))(?P<unit>[kKMGBT]?)"
    rb" ?(?P<rest>%|[mu]?s|(?:steps|it|samples|frames)/s(?:ec)?)?(?: \([^()]{0,200}\))?"
)
_NAME = Regex(rb"[A-Za-z_][\w ./()\[\]%-]{0,100}(?:\.{0,3}|\xe2\x80\xa6)")
_GAP = Regex(rb" {2,}")
_CELL = Regex(rb"([A-Za-z_][\w ./()%-]{0,60}?) {2,60}(\S{1,40})")
_LABEL = Regex(rb"\s{0,80}([A-Za-z_][\w ./()-]{0,100}?): {1,40}(\S.{0,200})")
_HEADING = Regex(
    rb"[-=*# ]{0,200}(?:Learning )?(iter(?:ation)?|step|update|epoch)s?[ :=]{1,3}\[? {0,8}([\d,]{1,20}) {0,2}"
    rb"(?:/|of) {0,8}([\d,]{1,20}) {0,2}\]?[-=*# :]{0,200}",
    re.IGNORECASE,
)
_ENDS = frozenset(bytes([c]) for c in b"0123456789]-=*#:")
_RULER = Regex(rb"[-=+*#_ \t|\xe2\x80-\xbf]*")
_STEPS = (
    "total_timesteps",
    "total timesteps",
    "totalenvinteracts",
    "agent steps",
    "agent_steps",
    "env steps",
    "num_env_steps",
    "global_step",
    "global step",
    "num_timesteps",
    "timesteps",
    "steps",
    "step",
    "iteration",
    "iterations",
    "n_updates",
    "nupdates",
)
_SPEEDS = frozenset(("computation", "fps", "sps", "steps/s", "steps_per_second", "time/fps", "total/fps"))
_CONSTANTS = frozenset(("params",))
_SCALE = {b"": 1.0, b"k": 1e3, b"K": 1e3, b"M": 1e6, b"G": 1e9, b"B": 1e9, b"T": 1e12}
MOST_ROWS = 120
_MOST_METRICS = 100
_LONGEST_ROW = 400

GATE: tuple[bytes, ...] = (
    _BAR + rb" +[A-Za-z_][\w/ .()%-]*(?:" + _BAR + rb"|  ) +[-+]?[0-9.nNiI]",
    rb"\b[A-Z]\w*[_ ]?[A-Z]?[\w /]*(?:[Ll]oss|[Rr]eward|[Rr]eturn|[Ss]core|[Nn]oise std|length): +[-0-9nNiI]",
)
"""Patterns in RE2 syntax, one of which occurs in a row that opens a table (headings: see progress_lines.GATE)."""
GATE_WORDS: tuple[bytes, ...] = (
    b"| ", b"\xe2\x94\x82 ", b"\xe2\x94\x83 ", b"\xe2\x95\x91 ", b"oss: ", b"eward: ", b"eturn: ", b"core: ", b"std: ",
    b"length: ",
)  # fmt: skip
"""Literals, one of which is in whatever a pattern of GATE matches."""

Row = tuple[tuple[str, float], ...]


@dataclass(slots=True)
class Table:
    """What the rows of one table say so far."""

    step: int | None = None
    total: int | None = None
    epoch: float | None = None
    epochs: int | None = None
    speed: float | None = None
    values: dict[str, float] = field(default_factory=dict[str, float])
    section: str = ""
    step_rank: int = len(_STEPS)
    seen: set[str] = field(default_factory=set[str])
    """Rows so far: one that comes again begins the next table."""

    def add(self, row: Row) -> None:
        """Take in a row; what counts steps is told apart from what is measured."""
        for name, value in row:
            self.seen.add(self.name(name))
            low = name.lower()
            rank = _STEPS.index(low) if low in _STEPS else len(_STEPS)
            if low in _CONSTANTS:
                continue
            if low == "epoch":
                self.epoch = value
            elif rank < len(_STEPS):
                if rank < self.step_rank and value == value and abs(value) < 1e18:
                    self.step, self.step_rank = int(value), rank
            elif len(self.values) < _MOST_METRICS:
                if low in _SPEEDS:
                    self.speed = value
                self.values[self.name(name)] = value

    def name(self, name: str) -> str:
        """A row's name with its section."""
        return f"{self.section}/{name}" if self.section else name

    def enter(self, section: str) -> bool:
        """Go on in a section; False when the table had it already, so that the next one begins."""
        if f"{section}/" in self.seen:
            return False
        self.seen.add(f"{section}/")
        self.section = section
        return True


def read_heading(message: bytes) -> tuple[str, int, int] | None:
    """(what is counted, number, of how many) of a line that says nothing else; None for any other line."""
    message = message.rstrip()
    if len(message) > _LONGEST_ROW or message[-1:] not in _ENDS or b"=" in message[:-1].strip(b"="):
        return None
    match = _HEADING.fullmatch(message)
    if not match:
        return None
    done, total = match[2].replace(b",", b""), match[3].replace(b",", b"")
    return (match[1].decode().lower(), int(done), int(total)) if done.isdigit() and total.isdigit() else None


def read_row(line: bytes) -> Row | None:
    """The names and values in a row of a box; None for a line that is no such row. Empty: a heading of a section."""
    if len(line) > 4 * _LONGEST_ROW or not is_boxed(line):
        return None
    pairs: list[tuple[str, float]] = []
    name = b""
    for raw in _split_cells(line):
        cell = raw.strip()
        if not cell:
            continue
        value = read_value(cell) if name else None
        if value is not None:
            pairs.append((_tidy(name), value))
            name = b""
            continue
        columns = _GAP.split(cell)
        if len(columns) > 2:
            pairs += _read_columns(columns)
            name = b""
            continue
        together = _CELL.fullmatch(cell)
        if together and (value := read_value(together[2])) is not None:
            pairs.append((_tidy(together[1]), value))
            name = b""
        else:
            name = cell if _NAME.fullmatch(cell) else b""
    if pairs:
        return tuple(pairs)
    return () if name.endswith(b"/") else None


def _read_columns(columns: list[bytes]) -> list[tuple[str, float]]:
    """The pairs among columns of tables side by side (PufferLib's frame). A name with two values is a share of the time
    (`Evaluate  12s  40%`), which comes several times under one name: left out."""
    values = [read_value(column) for column in columns]
    pairs: list[tuple[str, float]] = []
    for index, column in enumerate(columns[:-1]):
        value = values[index + 1]
        alone = index + 2 == len(columns) or values[index + 2] is None
        if values[index] is None and value is not None and alone and _NAME.fullmatch(column):
            pairs.append((_tidy(column), value))
    return pairs


def read_section(line: bytes) -> str:
    """The section that a row `| rollout/ |  |` opens; empty for any other line."""
    cells = [c.strip() for c in _split_cells(line)] if is_boxed(line) and len(line) <= _LONGEST_ROW else []
    named = [c for c in cells if c]
    return named[0][:-1].decode(errors="replace") if len(named) == 1 and named[0].endswith(b"/") else ""


def read_label(line: bytes) -> Row | None:
    """`Mean reward: 15.92` as the only thing on a line; not `Epoch 3 loss: 0.5`, whose name changes."""
    if len(line) > _LONGEST_ROW or b"=" in line or COUNTED.match(line):
        return None
    match = _LABEL.fullmatch(line.rstrip())
    value = read_value(match[2]) if match else None
    return ((_tidy(match[1]), value),) if match and value is not None else None


def is_boxed(line: bytes) -> bool:
    """Whether a line begins as a row of a box does."""
    start = line.lstrip()[:3]
    return start[:1] == b"|" or start in (b"\xe2\x94\x82", b"\xe2\x94\x83", b"\xe2\x95\x91")


def is_drawn(line: bytes) -> bool:
    """Whether a line begins and ends with a bar of a box that a program drew."""
    bars = (b"\xe2\x94\x82", b"\xe2\x94\x83", b"\xe2\x95\x91")
    return line.lstrip()[:3] in bars and line.rstrip()[-3:] in bars


def is_ruler(line: bytes) -> bool:
    """Whether a line is blank or only draws."""
    return len(line) <= 2 * _LONGEST_ROW and _RULER.fullmatch(line.strip()) is not None


def read_opening(message: bytes) -> Table | None:
    """A table with what its first line says; None for a line that opens none."""
    table = Table()
    if heading := read_heading(message):
        counted, done, total = heading
        if counted == "epoch":
            table.epoch, table.epochs = done, total
        else:
            table.step, table.total, table.step_rank = done, total, -1
        return table
    row = read_row(message) or read_label(message)
    if not row:
        return None
    table.add(row)
    return table


def close_table(table: Table) -> Progress | None:
    """What a whole table says; None for one of settings or the like, which holds no result of training."""
    metrics = tuple(table.values.items())
    headed = table.step_rank < 0 or (table.epoch is not None and not metrics)
    if not headed and not any(speaks(name) for name, _ in metrics):
        return None
    return Progress("table", table.epoch, table.step, table.total, 1, table.speed, metrics=metrics, epochs=table.epochs)


def join_rows(data: bytes, end: int, table: Table) -> int:
    """Add the rows of a table after the line that ends at `end`; where the last of them ends.

    A table is over with the first line that is no row; blank lines and rulers do not end one. `table` has the
    first line.
    """
    stop = end
    for _ in range(MOST_ROWS):
        after = data.find(b"\n", end + 1)
        after = len(data) if after < 0 else after
        if end >= len(data) or after - end > 4 * _LONGEST_ROW:
            break
        line = strip_escapes(data[end + 1 : after]).rstrip(b"\r")
        line = line[find_message(line) :]
        if not _add_line(line, table):
            break
        if not is_ruler(line):
            stop = after
        end = after
    return stop


def _add_line(line: bytes, table: Table) -> bool:
    """Whether a line still belongs to the table; if so its values are in it."""
    if is_ruler(line):
        return True
    if section := read_section(line):
        return table.enter(section)
    row = read_row(line) or read_label(line)
    if not row and is_drawn(line):
        return True  # a row of titles, or one without numbers
    if not row or read_heading(line.strip()):
        return False
    if any(table.name(name) in table.seen for name, _ in row):
        return False  # the same name again: the next table
    table.add(row)
    return True


def read_value(text: bytes) -> float | None:
    """A number with its unit: `41.2M`, `45%`, `1.5s`, `58211 steps/s (collection: 1.5s)`, `-inf`."""
    match = _VALUE.fullmatch(text)
    if not match:
        return None
    return float(match["number"].replace(b",", b"")) * _SCALE[match["unit"]]


def _split_cells(line: bytes) -> list[bytes]:
    for bar in (b"\xe2\x94\x82", b"\xe2\x94\x83", b"\xe2\x95\x91"):
        if bar in line:
            return line.split(bar)
    return line.split(b"|")


@lru_cache(2048)
def _tidy(name: bytes) -> str:
    return name.strip().removesuffix(b"\xe2\x80\xa6").decode(errors="replace")
