"""The key-value items inside a `.wandb` record: the hot loop of reading one.

`HistoryItem{key 1, nested_key 2 (repeated), none 3, boolean 4, integer 5 (zigzag), number 6 (double), text 7,
json 8, value_json 16}`; `SummaryItem`, `StatsItem`, `ConfigItem`: the same numbers for key and value_json.
"""

from __future__ import annotations

from lptui.formats.protobuf import LENGTH, WireError, double, fields, read_varint, spans, zigzag

_ITEM, _KEY, _NESTED, _INTEGER, _NUMBER, _JSON = 0x0A, 1, 2, 5, 6, 16
_NESTED_KEY = 0x12  # field 2, length-delimited
_JSON_TAG = 0x82  # field 16, length-delimited: 0x82 0x01
_NO_NUMBER = b'"[tfn'  # how JSON text, lists, true, false and null begin
_LONGEST_OBJECT = 1 << 16
_LONGEST_NUMBER = 400
_NAMES_KEPT = 1 << 16

# Raw key bytes -> name. A run repeats the same few names in every row, and every row shares the one string.
_names: dict[bytes, str] = {}


class Numbers:
    """Names and numbers of one record's items, as two lists: cheaper to fill and to search than pairs."""

    __slots__ = ("names", "numbers")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.numbers: list[float] = []

    def take(self, name: str) -> float | None:
        """Remove an item; its number, None when there is no such item."""
        if name not in self.names:
            return None
        place = self.names.index(name)
        del self.names[place]
        return self.numbers.pop(place)

    def pairs(self) -> tuple[tuple[str, float], ...]:
        return tuple(zip(self.names, self.numbers, strict=True))


def read_numbers(data: bytes, start: int, end: int, into: Numbers) -> int:
    """Add the items of field 1 that begin at `start`; where they stop.

    Names are the nested keys joined with dots. Items that hold no number are left out; NaN and infinities are
    numbers. Raises WireError.
    """
    known = _names.get
    add_name, add_number = into.names.append, into.numbers.append
    at = start
    while at < end - 1 and data[at] == _ITEM:
        head = at + 2
        length = data[at + 1]
        if length > 0x7F:
            length, head = read_varint(data, at + 1)
        at = head + length
        if at > end:
            raise WireError(f"item at {head} runs past the end")
        edge = head + 2 + data[head + 1] if length > 2 else at  # behind the first key, if it is a short one
        while edge < at - 1 and data[edge] == _NESTED_KEY:
            edge += 2 + data[edge + 1]
        if at - 131 < edge < at and data[edge] == _JSON_TAG:  # 128 bytes of value have a longer length field
            name = known(data[head:edge])
            if name is not None:
                try:
                    number = float(data[edge + 3 : at])
                except ValueError:
                    if data[edge + 3 : edge + 4] in _NO_NUMBER:
                        continue
                else:
                    add_name(name)
                    add_number(number)
                    continue
        read_item(data, head, at, into)
    return at


def read_item(data: bytes, start: int, end: int, into: Numbers) -> None:
    """One item the careful way; remembers its name for the quick way. Raises WireError."""
    parts: list[bytes] = []
    value: float | None = None
    nested = b""
    name_end = start
    for number, wire, first, stop in spans(data, start, end):
        if number in (_KEY, _NESTED) and wire == LENGTH:
            parts.append(data[first:stop])
            name_end = stop
        elif number == _JSON and wire == LENGTH:
            value = read_number(data[first:stop])
            nested = data[first:stop] if data[first:stop].startswith(b"{") else b""
        elif number == _NUMBER:
            value = double(data[first:stop])
        elif number == _INTEGER:
            value = float(zigzag(read_varint(data, first)[0]))
    name = join_name(parts)
    if len(_names) >= _NAMES_KEPT:
        _names.clear()
    _names[data[start:name_end]] = name
    if value is not None:
        into.names.append(name)
        into.numbers.append(value)
    elif nested:
        for inner, number in read_object(nested):
            into.names.append(f"{name}.{inner}")
            into.numbers.append(number)


def read_object(text: bytes) -> tuple[tuple[str, float], ...]:
    """The numbers of a nested object, as SDKs up to 0.18 log one and summaries hold them; none of a histogram, table or
    other object of W&B's own kinds."""
    if len(text) > _LONGEST_OBJECT or b'"_type"' in text:
        return ()
    from lptui.formats.tables import flatten, parse_json  # json costs 2 ms: only where there is such a value

    return flatten(parse_json(text), ".")


def name_of(raw: bytes) -> str:
    """The name that the key fields of an item give, as they lie in the file."""
    try:
        return join_name([raw[first:stop] for _, _, first, stop in spans(raw)])
    except WireError:
        return raw.decode(errors="replace")


def read_number(text: bytes) -> float | None:
    """A JSON number, or Python's NaN and Infinity; None for anything else."""
    if not text or len(text) > _LONGEST_NUMBER or text[0] in _NO_NUMBER:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def read_pair(item: bytes) -> tuple[str, str]:
    """(name, JSON text) of one item, whatever its value. Raises WireError."""
    parts: list[bytes] = []
    text = b""
    for number, value in fields(item):
        if isinstance(value, bytes):
            if number in (_KEY, _NESTED):
                parts.append(value)
            elif number == _JSON:
                text = value
    return join_name(parts), text.decode(errors="replace")


def join_name(parts: list[bytes]) -> str:
    """Nested keys as one name, joined with dots. An empty `key` beside nested keys does not count."""
    if len(parts) > 1:
        parts = [part for part in parts if part]
    return b".".join(parts).decode(errors="replace")
