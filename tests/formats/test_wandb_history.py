"""Rows read column by column are those read one item at a time, whatever they hold."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.leveldb import RecordReader
from lptui.formats.wandb import HistoryRow, decode, is_history
from lptui.formats.wandb_history import read_histories

DATA = Path(__file__).parent / "data"
Table = dict[str, list[tuple[str, str, str]]]


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def text(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def item(keys: list[str], value: str, *, old: bool = False) -> bytes:
    key = text(1, ".".join(keys).encode()) if old else b"".join(text(2, k.encode()) for k in keys)
    return key + text(16, value.encode())


def history(items: list[bytes], step: int | None) -> bytes:
    tail = b"" if step is None else text(2, b"\x08" + varint(step) if step else b"")
    return b"\x08" + varint(300) + text(2, b"".join(text(1, i) for i in items) + tail)


def one_by_one(payloads: list[bytes]) -> Table:
    table: Table = {}
    for payload in payloads:
        row = decode(payload)
        if isinstance(row, HistoryRow):
            step = math.nan if row.step is None else float(row.step)
            time = math.nan if row.timestamp is None else row.timestamp
            for key, value in row.values:
                table.setdefault(key, []).append((repr(step), repr(time), repr(value)))
    return table


def at_once(payloads: list[bytes], declared: tuple[str, ...] = ()) -> Table:
    return {
        p.key: [(repr(s), repr(t), repr(v)) for s, t, v in zip(p.steps, p.times, p.values, strict=True)]
        for p in read_histories(payloads, declared)
    }


@pytest.mark.parametrize("name", ["sdk.wandb", "typed.wandb"])
def test_rows_of_the_real_sdk(name: str) -> None:
    payloads = [p for p in RecordReader().feed((DATA / name).read_bytes()) if is_history(p)]
    assert at_once(payloads) == one_by_one(payloads)


NUMBER = st.one_of(
    st.floats().map(lambda v: repr(v).replace("nan", "NaN").replace("inf", "Infinity")),
    st.integers(-(10**20), 10**20).map(str),
)
ODD = st.sampled_from(['"text"', "true", "null", '{"a":1}', '"\x82\x01\x031.5"', '"' + "x" * 300 + '"', "[1]", ""])
KEYS = st.lists(
    st.sampled_from(["loss", "a/b", "é\x01", "k" * 130, "\x82\x01", "n" * 10, "_step", "_timestamp"]),
    min_size=1,
    max_size=2,
)
ITEMS = st.lists(
    st.tuples(KEYS, st.one_of(NUMBER, NUMBER, ODD), st.booleans()), max_size=6, unique_by=lambda i: ".".join(i[0])
)


@settings(deadline=None)
@given(st.lists(st.tuples(ITEMS, st.one_of(st.none(), st.integers(0, 10**9))), min_size=1, max_size=8))
def test_rows_of_any_content(rows: list[tuple[list[tuple[list[str], str, bool]], int | None]]) -> None:
    payloads = [history([item(k, v, old=old) for k, v, old in items], step) for items, step in rows]
    assert at_once(payloads) == one_by_one(payloads)


def test_typed_values_and_rows_cut_short_do_not_take_others_with_them() -> None:
    typed = text(2, b"loss") + b"\x31" + struct.pack("<d", 2.5)
    good = history([item(["loss"], "1.5")], 130)
    payloads = [good, history([typed], 131), good[:-4], b"", good]
    assert [v for _, _, v in at_once(payloads)["loss"]] == [v for _, _, v in one_by_one(payloads)["loss"]]


def test_the_step_that_the_run_declares_counts_and_rows_without_it_lie_between() -> None:
    payloads = [history([item(["loss"], "1"), item(["step"], str(s * 100))], s) for s in (1, 2, 4)]
    payloads.insert(2, history([item(["loss"], "7")], 3))
    assert [s for s, _, _ in at_once(payloads, ("step",))["loss"]] == ["100.0", "200.0", "300.0", "400.0"]


def test_of_a_run_that_declares_its_step_rows_without_it_have_none() -> None:
    payloads = [history([item(["eval/score"], "1")], 3)]
    assert [math.isnan(p.steps[0]) for p in read_histories(payloads, ("step",), only=True)] == [True]
    assert [p.steps[0] for p in read_histories(payloads, ("step",))] == [3.0]


def test_metrics_of_the_same_rows_share_them() -> None:
    names = [f"m{i}" for i in range(20)]
    payloads = [
        history([item([n], repr(s / 7)) for n in np.random.default_rng(s).permutation(names)], s) for s in range(9)
    ]
    found = read_histories(payloads)
    assert len({id(p.steps) for p in found}) == len({id(p.times) for p in found}) == 1
