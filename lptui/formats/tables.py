"""Metrics files as rows of numbers, read as they grow: CSV and its relatives, JSON lines, whole JSON documents.

Known by name: Lightning's metrics.csv (sparse), Stable-Baselines3's progress.csv and .json, gym's Monitor (a first
line `#{json}`), Ultralytics' results.csv (padded with blanks), timm's summary.csv, Keras' CSVLogger, Spinning Up's
progress.txt (tabs), RLlib's result.json (nested), Hugging Face's trainer_state.json. Text is left out; NaN and
infinities are numbers.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from typing import Protocol, cast

from lptui.formats.axes import TIMES

Row = tuple[tuple[str, float], ...]
LONGEST_LINE = 8 << 20
LONGEST_NAME = 1000
MOST_COLUMNS = 20_000
_DEEPEST = 12
_SETTINGS = frozenset(("config", "hparams", "args"))
"""Objects within a row that repeat how the run was set up (RLlib), not what it measured."""
_TENSOR = re.compile(r"(?:tensor|array|np\.float\d+)\(([^,()]{1,40})[,)]")
_SEPARATORS = (",", "\t", ";")


class TableReader(Protocol):
    """Takes consecutive bytes of a file and gives the rows that they complete. `odd`: lines that are no row."""

    odd: int

    def feed(self, data: bytes) -> list[Row]: ...


class _Lines:
    """Whole lines out of consecutive bytes; one longer than LONGEST_LINE is dropped and counted."""

    def __init__(self) -> None:
        self.odd = 0
        self._rest = b""
        self._dropping = False

    def split(self, data: bytes) -> list[bytes]:
        lines = (self._rest + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop()
        if self._dropping and lines:
            self._dropping = False
            del lines[0]
        if len(self._rest) > LONGEST_LINE:
            self.odd += not self._dropping
            self._rest, self._dropping = b"", True
        return lines


class DelimitedReader(_Lines):
    """CSV, TSV and the like with a line of names first. `about`: what a first line `#{json}` says (gym's Monitor)."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.about: dict[str, float] = {}
        self._separator = ","
        self._plain = False
        self._width = 0
        """Columns of the table; those beyond MOST_COLUMNS have no name and are left out."""

    @property
    def left_out(self) -> int:
        """Columns that are not read."""
        return self._width - len(self.names)

    def feed(self, data: bytes) -> list[Row]:
        """The rows that `data` completes. A second line of names (appended by a restart) replaces the first."""
        rows: list[Row] = []
        for raw in self.split(data):
            line = raw.decode("utf-8-sig" if not self.names else "utf-8", errors="replace")
            row = self._read_plain(line)
            if row is not None:
                rows.append(row)
                continue
            if not line.strip() or self._take_comment(line):
                continue
            fields = self._split(line)
            if not self.names or self._is_header(fields):
                self._take_names(line)
            elif len(fields) != self._width:
                self.odd += 1  # torn by a killed writer, or of another table
            else:
                pairs = ((name, read_number(text, name)) for name, text in zip(self.names, fields, strict=False))
                row = tuple((name, value) for name, value in pairs if value is not None and name)
                if row:
                    rows.append(row)
        return rows

    def _read_plain(self, line: str) -> Row | None:
        """A row of nothing but numbers, which most are; None for any other line."""
        fields = line.split(self._separator)
        if len(fields) != self._width or "_" in line or not self._plain:
            return None
        try:
            return tuple(zip(self.names, map(float, fields), strict=False))
        except ValueError:
            return None

    def _take_comment(self, line: str) -> bool:
        if not line.startswith("#"):
            return False
        if line.startswith("#{"):
            self.about = dict(flatten(parse_json(line[1:])))
            return True
        if not self.names and any(mark in line for mark in _SEPARATORS):
            self._take_names(line.lstrip("# "))
        return True

    def _take_names(self, line: str) -> None:
        self._separator = max(_SEPARATORS, key=line.count)
        names = [name.strip() for name in self._split(line)]
        self._width, names = len(names), names[:MOST_COLUMNS]
        # pandas writes its index as a first column without a name
        seen: set[str] = set()
        self.names = []
        for name in names:
            taken = name in seen or name.startswith("Unnamed:") or len(name) > LONGEST_NAME
            self.names.append("" if taken else name)
            seen.add(name)
        self._plain = all(self.names)

    def _is_header(self, fields: list[str]) -> bool:
        texts = [field.strip() for field in fields]
        known = set(self.names)
        return len(texts) > 1 and texts[0] in known and sum(text in known for text in texts) * 2 > len(texts)

    def _split(self, line: str) -> list[str]:
        if '"' not in line:
            return line.split(self._separator)
        try:
            return next(csv.reader([line], delimiter=self._separator, skipinitialspace=True))
        except (csv.Error, StopIteration):
            return []


class JsonLinesReader(_Lines):
    """One JSON object a line; nested keys are joined with `/`."""

    def feed(self, data: bytes) -> list[Row]:
        rows: list[Row] = []
        for line in self.split(data):
            if not line.strip():
                continue
            row = flatten(parse_json(line))
            if row:
                rows.append(row)
            elif not line.lstrip().startswith(b"{"):
                self.odd += 1
        return rows


@dataclass(frozen=True, slots=True)
class Document:
    """A whole JSON file of metrics. `total_steps`: how many the training was told to take, where it says so (Hugging
    Face's `max_steps`). `completed`: whether the summary that Hugging Face's Trainer adds at its end stands in it."""

    rows: list[Row]
    total_steps: int | None = None
    completed: bool = False


def read_document(data: bytes) -> Document | None:
    """A whole JSON file: a list of objects, an object with `log_history`, or one of lists of equal length (Keras'
    `history`). None when it is no JSON (yet)."""
    parsed = parse_json(data)
    if parsed is None:
        return None
    table = cast("dict[str, object]", parsed) if isinstance(parsed, dict) else {}
    found = table.get("log_history") if table else parsed
    if not isinstance(found, list):
        return Document(_read_lists(table))
    rows = [row for item in cast("list[object]", found) if (row := flatten(item))]
    planned = table.get("max_steps")
    total = planned if isinstance(planned, int) and not isinstance(planned, bool) and planned > 0 else None
    return Document(rows, total, total is not None and any(name == "train_runtime" for row in rows for name, _ in row))


def _read_lists(table: dict[str, object]) -> list[Row]:
    columns = {k: cast("list[object]", v) for k, v in table.items() if isinstance(v, list)}
    longest = max((len(column) for column in columns.values()), default=0)
    rows: list[Row] = []
    for index in range(longest):
        row = {name: column[index] for name, column in columns.items() if index < len(column)}
        rows.append((*flatten(row), *(() if "epoch" in columns else (("epoch", float(index)),))))
    return rows


def flatten(value: object, joint: str = "/") -> Row:
    """The numbers in a JSON object, with the names of nested ones joined by `joint`. Lists and text are left out."""
    pairs: list[tuple[str, float]] = []
    stack: list[tuple[str, object, int]] = [("", value, 0)]
    while stack and len(pairs) < MOST_COLUMNS:
        name, item, depth = stack.pop()
        if len(name) > LONGEST_NAME:
            continue
        if isinstance(item, dict) and depth < _DEEPEST:
            if name in _SETTINGS:
                continue
            inner = cast("dict[object, object]", item).items()
            stack += [
                (f"{name}{joint}{key}" if name else str(key), child, depth + 1) for key, child in reversed([*inner])
            ]
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            number = _to_float(item)
            if number is not None and name:
                pairs.append((name, number))
        elif isinstance(item, str) and (number := read_number(item, name)) is not None and name:
            pairs.append((name, number))
    return tuple(pairs)


def read_number(text: str, name: str = "") -> float | None:
    """A number as loggers write it, a tensor's included; of a column that is called so, a date. None for text."""
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        pass
    text = text.strip()
    if text.startswith(("tensor(", "array(", "np.float")) and (match := _TENSOR.match(text)):
        return read_number(match[1])
    if len(text) >= 10 and text[4:5] == "-" and name.rpartition("/")[2].strip().lower() in TIMES:
        from datetime import datetime

        try:
            return datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    return None


def _to_float(value: float) -> float | None:
    try:
        return float(value)
    except OverflowError:  # an integer of hundreds of digits
        return None


def parse_json(text: bytes | str) -> object:
    """A JSON value (NaN and Infinity as Python writes them too); None for anything else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
