"""YAML and JSON from anyone, as a tree of dict, list and text; nothing is constructed, every limit is checked
first.

A tree keeps scalars as they were written (`1e-3` stays `1e-3`). An alias is the same object again, and its
whole size counts against the limit, so that ten lines of nested aliases ("billion laughs") are refused before
anything grows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from lptui.model.value import frozen

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 100_000

Tree = str | list["Tree"] | dict[str, "Tree"]


class TreeError(Exception):
    """Why a file gives no tree; `line` (1-based) where that is known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason, self.line = reason, line


def parse_tree(data: bytes, path: str, max_bytes: int = MAX_BYTES) -> Tree:
    """The first document of `data` (JSON when `path` ends in .json). Raises TreeError, nothing else."""
    if len(data) > max_bytes:
        raise TreeError(f"it is larger than {max_bytes // 1024:,} KiB")
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    return _parse_json(text) if path.endswith(".json") else _parse_yaml(text)


def _parse_json(text: str) -> Tree:
    try:
        # numbers stay as written
        parsed: object = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise TreeError(error.msg.lower(), error.lineno) from error
    except RecursionError as error:
        raise TreeError(f"it is nested deeper than {MAX_DEPTH} levels") from error
    return _from_json(parsed, _Budget(), 0)


@dataclass(slots=True)
class _Budget:
    nodes: int = 0

    def take(self, count: int, line: int | None = None) -> None:
        self.nodes += count
        if self.nodes > MAX_NODES:
            raise TreeError(f"it has more than {MAX_NODES:,} values once its aliases are written out", line)


def _from_json(value: object, budget: _Budget, depth: int) -> Tree:
    budget.take(1)
    if depth > MAX_DEPTH:
        raise TreeError(f"it is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: _from_json(item, budget, depth + 1) for key, item in items}
    if isinstance(value, list):
        return [_from_json(item, budget, depth + 1) for item in cast("list[object]", value)]
    return {None: "null", True: "true", False: "false"}.get(cast("bool | None", value), str(value))


def _parse_yaml(text: str) -> Tree:
    import yaml  # 15 ms: only when there is a file to read

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            if builder.accept(event, type(event).__name__):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TreeError(_one_line(error.problem or "it is no YAML"), mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise TreeError(_one_line(str(error))) from error
    return builder.root if builder.root is not None else {}


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


@frozen
class _Piece:
    """A finished part of the tree: how many values it holds, how deep it is."""

    value: Tree
    weight: int
    height: int


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being filled."""

    value: dict[str, Tree] | list[Tree]
    anchor: str | None
    before: int
    height: int = 1
    key: str | None = None
    merged: list[Tree] = field(default_factory=list["Tree"])


@dataclass(slots=True)
class _Builder:
    """YAML events -> tree, without recursion."""

    root: Tree | None = None
    budget: _Budget = field(default_factory=_Budget)
    _open: list[_Open] = field(default_factory=list[_Open])
    _anchors: dict[str, _Piece] = field(default_factory=dict[str, "_Piece"])

    def accept(self, event: Any, kind: str) -> bool:
        """Take one event; True when the first document is complete."""
        line: int = event.start_mark.line + 1
        if kind == "ScalarEvent":
            self.budget.take(1, line)
            plain_empty = event.value == "" and event.implicit[0]
            text = "null" if plain_empty else str(event.value)
            self._put(_Piece(text, 1, 0), event.anchor, line)
        elif kind == "AliasEvent":
            self._put_alias(str(event.anchor), line)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._begin({} if kind[0] == "M" else [], event.anchor, line)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._end(line)
        return kind == "DocumentEndEvent"

    def _begin(self, value: dict[str, Tree] | list[Tree], anchor: str | None, line: int) -> None:
        self.budget.take(1, line)
        self._check_depth(1, line)
        self._open.append(_Open(value, anchor, self.budget.nodes - 1))

    def _check_depth(self, height: int, line: int) -> None:
        if len(self._open) + height > MAX_DEPTH:
            raise TreeError(f"it is nested deeper than {MAX_DEPTH} levels", line)

    def _end(self, line: int) -> None:
        done = self._open.pop()
        value: Tree = done.value
        for mapping in done.merged:  # `<<: *defaults`: what is written here wins
            if isinstance(mapping, dict) and isinstance(value, dict):
                value = {**mapping, **value}
        self._put(_Piece(value, self.budget.nodes - done.before, done.height), done.anchor, line)

    def _put_alias(self, anchor: str, line: int) -> None:
        piece = self._anchors.get(anchor)
        if piece is None:
            raise TreeError(f"the alias *{anchor[:40]} refers to itself or to nothing", line)
        self.budget.take(piece.weight, line)
        self._check_depth(piece.height, line)
        self._put(piece, None, line)

    def _put(self, piece: _Piece, anchor: str | None, line: int) -> None:
        if anchor:
            self._anchors[anchor] = piece
        if not self._open:
            self.root = piece.value
            return
        top = self._open[-1]
        top.height = max(top.height, piece.height + 1)
        if isinstance(top.value, list):
            top.value.append(piece.value)
        elif top.key is None:
            if not isinstance(piece.value, str):
                raise TreeError("a mapping or list as a key is not supported", line)
            top.key = piece.value
        else:
            if top.key == "<<":
                top.merged += piece.value if isinstance(piece.value, list) else [piece.value]
            else:
                top.value[top.key] = piece.value
            top.key = None
