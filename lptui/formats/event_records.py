"""The scalars in the records of a TensorBoard event file, without tensorboard.

    Event    wall_time 1 (double), step 2 (int64), file_version 3, graph_def 4, summary 5, session_log 7 {status 1}
    Summary  value 1 (repeated): tag 1, simple_value 2 (float), image 4, histo 5, audio 6, tensor 8,
             metadata 9 {plugin_data 1 {plugin_name 1, content 2}}

Sources: tensorflow core/util/event.proto, core/framework/summary.proto. PyTorch's SummaryWriter and tensorboardX write
`simple_value`, or with `new_style=True` a tensor; TF2 and Keras write a tensor.
"""

from __future__ import annotations

import struct
from array import array

from lptui.formats.event_frames import Frames
from lptui.formats.protobuf import FIXED32, FIXED64, LENGTH, VARINT, WireError, fields, read_varint, signed, spans
from lptui.formats.tensor import read_number
from lptui.model.events import Points

_DOUBLE, _FLOAT = struct.Struct("<d"), struct.Struct("<f")
_SETTINGS = b"_hparams_/"
_NAMES_KEPT = 1 << 16
_LONGEST_TAG = 1000
_WALL_TIME, _STEP, _SUMMARY, _VALUE, _SIMPLE = 0x09, 0x10, 0x2A, 0x0A, 0x15


class ScalarReader:
    """Collects the scalars of consecutive records of one file. `prefix` is put before every tag."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.unread = 0
        """Records that are sound by their checksum and yet no event."""
        self._names: dict[bytes, str] = {}
        self._table: dict[str, Points] = {}

    def read(self, frames: Frames) -> tuple[Points, ...]:
        """The scalars of `frames`, a column a tag, in the order of the file."""
        self._table = {}
        data = frames.data
        for start, end in frames.spans:
            if not self._read_plain(data, start, end):
                try:
                    self._read_carefully(data, start, end)
                except WireError:
                    self.unread += 1
        return tuple(self._table.values())

    def _read_plain(self, data: bytes, start: int, end: int) -> bool:
        """An event with one scalar, laid out as every writer does; False for whatever differs."""
        if end - start < 24 or data[start] != _WALL_TIME or data[start + 9] != _STEP:
            return False
        byte, at, shift = data[start + 10], start + 11, 7
        step = byte & 0x7F
        while byte >= 0x80 and at < end:
            byte = data[at]
            step |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
        if end - at < 12 or data[at] != _SUMMARY or data[at + 1] != end - at - 2 or data[at + 2] != _VALUE:
            return False
        if data[at + 3] != end - at - 4 or data[at + 5] != end - at - 11 or data[end - 5] != _SIMPLE:
            return False
        name = self._names.get(data[at + 4 : end - 5])
        if name is None or step >> 63:
            return False
        points = self._table.get(name) or self._column(name)
        points.steps.append(step)
        points.times.append(_DOUBLE.unpack_from(data, start + 1)[0])
        points.values.append(_FLOAT.unpack_from(data, end - 4)[0])
        return True

    def _column(self, name: str) -> Points:
        return self._table.setdefault(name, Points(name, array("d"), array("d"), array("d")))

    def _read_carefully(self, data: bytes, start: int, end: int) -> None:
        when, step = float("nan"), 0
        values: list[tuple[str, float]] = []
        for number, wire, first, stop in spans(data, start, end):
            if number == 1 and wire == FIXED64:
                when = _DOUBLE.unpack_from(data, first)[0]
            elif number == 2 and wire == VARINT:
                step = signed(read_varint(data, first)[0])
            elif number == 5 and wire == LENGTH:
                for inner, kind, at, to in spans(data, first, stop):
                    if inner == 1 and kind == LENGTH and (pair := self._read_value(data, at, to)):
                        values.append(pair)
        for name, value in values:
            points = self._column(name)
            points.steps.append(step)
            points.times.append(when)
            points.values.append(value)

    def _read_value(self, data: bytes, start: int, end: int) -> tuple[str, float] | None:
        """The name and number of one summary value; None for an image, a histogram, text, hyperparameters."""
        tag: tuple[int, int] | None = None
        value: float | None = None
        for number, wire, first, stop in spans(data, start, end):
            if number == 1 and wire == LENGTH:
                tag = (first, stop)
                if data.startswith(_SETTINGS, first):
                    return None
            elif number == 2 and wire == FIXED32:
                value = _FLOAT.unpack_from(data, first)[0]
            elif number == 8 and wire == LENGTH:
                value = read_number(data, first, stop)
            elif number == 9 and wire == LENGTH and _plugin(data[first:stop]) not in ("", "scalars"):
                return None
        if tag is None or value is None or tag[1] - tag[0] > _LONGEST_TAG:
            return None
        return self._name(data, start, tag), value

    def _name(self, data: bytes, start: int, tag: tuple[int, int]) -> str:
        """The tag as the name of a series; what precedes it in its value is remembered with it."""
        raw = data[tag[0] : tag[1]]
        name = self.prefix + raw.decode(errors="replace")
        if len(raw) < 0x80 and tag[0] == start + 2:
            if len(self._names) >= _NAMES_KEPT:
                self._names.clear()
            self._names[data[start : tag[1]]] = name
        return name


def _plugin(metadata: bytes) -> str:
    """The name of the TensorBoard plugin that a value is for."""
    plugin = dict(fields(metadata)).get(1)
    name = dict(fields(plugin)).get(1) if isinstance(plugin, bytes) else None
    return name.decode(errors="replace") if isinstance(name, bytes) else ""
