"""A file in pieces holds each record once, in whatever order the pieces are read."""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lptui.formats.wandb_ranges as ranges
from lptui.formats.leveldb import BLOCK, MAGIC, RecordReader
from lptui.formats.wandb_ranges import Piece, Plan


def write_log(records: list[bytes]) -> bytes:
    out = bytearray(MAGIC)
    for record in records:
        rest, first = record, True
        while True:
            room = BLOCK - len(out) % BLOCK
            if room < 7:
                out += bytes(room)
                room = BLOCK
            piece, rest = rest[: room - 7], rest[room - 7 :]
            kind = (1 if first else 4) if not rest else (2 if first else 3)
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + piece), len(piece), kind) + piece
            first = False
            if not rest:
                break
    return bytes(out)


def read(data: bytes, turn: int, seen: int | None = None) -> tuple[list[Piece], Plan]:
    """All pieces of a file that had `seen` bytes when it was first looked at."""
    plan = Plan(len(data) if seen is None else seen, turn)
    pieces: list[Piece] = []
    while plan.pending(len(data)):
        piece = plan.read_next(lambda at, count: data[at : at + count], len(data))
        pieces += [piece] if piece is not None else []
    return pieces, plan


@pytest.fixture(autouse=True)
def small_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "HEAD", BLOCK)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0, 9, 900, 9_000, 30_000, 32_754, 70_000, 200_000]), max_size=30),
    st.sampled_from([BLOCK, 2 * BLOCK, 5 * BLOCK]),
    st.integers(0, 100),
)
def test_every_record_is_read_once(sizes: list[int], turn: int, share: int) -> None:
    records = [bytes([n % 251]) * size + str(n).encode() for n, size in enumerate(sizes)]
    data = write_log(records)
    pieces, plan = read(data, turn, len(data) * share // 100)
    ordered = sorted(pieces, key=lambda p: p.start)
    assert [r for p in ordered for r in p.payloads] == RecordReader().feed(data) == records
    assert all(a.stop == b.start for a, b in pairwise(ordered))
    assert (plan.done, plan.damaged) == (len(data), 0)


def test_the_beginning_then_the_end_then_the_rest_newest_first() -> None:
    data = write_log([b"x" * 20_000] * 40)
    starts = [p.start for p in read(data, 2 * BLOCK)[0]]
    end = starts.index(max(starts))
    assert starts[0] == 0
    assert starts[1 : end + 1] == sorted(starts)[-end:]
    assert starts[end + 1 :] == sorted(starts[end + 1 :], reverse=True)


def test_damage_costs_its_block_only() -> None:
    records = [str(n).encode() * 300 for n in range(400)]
    data = bytearray(write_log(records))
    data[len(data) // 2] ^= 0xFF
    pieces, plan = read(bytes(data), BLOCK)
    found = [r for p in sorted(pieces, key=lambda p: p.start) for r in p.payloads]
    assert plan.damaged == 1
    assert found == RecordReader().feed(bytes(data))
    assert len(records) - 60 < len(found) < len(records)
