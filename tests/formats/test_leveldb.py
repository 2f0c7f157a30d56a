from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.leveldb import BLOCK, MAGIC, NotWandbFile, RecordReader

SDK = (Path(__file__).parent / "data" / "sdk.wandb").read_bytes()


def chunk(kind: int, payload: bytes) -> bytes:
    return struct.pack("<IHB", zlib.crc32(bytes([kind]) + payload), len(payload), kind) + payload


def write_log(records: list[bytes]) -> bytes:
    """The records as LevelDB's writer frames them."""
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
            out += chunk(kind, piece)
            first = False
            if not rest:
                break
    return bytes(out)


def read_all(data: bytes, pieces: list[int] | None = None) -> tuple[list[bytes], RecordReader]:
    reader = RecordReader()
    records: list[bytes] = []
    at = 0
    for size in pieces or []:
        records += reader.feed(data[at : at + size])
        at += size
    records += reader.feed(data[at:])
    return records, reader


RECORDS = [bytes([n]) * size for n, size in enumerate([3, 0, 40_000, 5, 32_740, 1, 100_000, 7, 20_000, 9, 30_000])]
LOG = write_log(RECORDS)


def test_reads_what_was_written_across_blocks_and_padding() -> None:
    records, reader = read_all(LOG)
    assert records == RECORDS
    assert (reader.damaged, reader.waiting) == (0, 0)


@pytest.mark.parametrize("gap", range(12))
def test_a_record_that_ends_near_the_end_of_a_block(gap: int) -> None:
    records = [b"a" * (BLOCK - 7 - 7 - gap), b"b" * 10, b"c"]
    assert read_all(write_log(records))[0] == records


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60_000), max_size=12))
def test_any_split_gives_the_same_records(pieces: list[int]) -> None:
    assert read_all(LOG, pieces)[0] == RECORDS
    assert read_all(SDK, pieces)[0] == read_all(SDK)[0]


def test_byte_by_byte() -> None:
    records, reader = read_all(SDK[:40_000], [1] * 40_000)
    assert records == read_all(SDK[:40_000])[0]
    assert reader.damaged == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(LOG)))
def test_a_torn_file_gives_a_prefix_and_no_damage(size: int) -> None:
    reader = RecordReader()
    records = reader.feed(LOG[:size])
    assert records == RECORDS[: len(records)]
    assert reader.damaged == 0
    assert records + reader.feed(LOG[size:]) == RECORDS


def test_every_tear_of_one_block() -> None:
    log = write_log([b"one" * 50, b"two" * 80, b"three"])
    for size in range(len(log)):
        reader = RecordReader()
        assert reader.feed(log[:size]) + reader.feed(log[size:]) == [b"one" * 50, b"two" * 80, b"three"]
        assert reader.damaged == 0


@settings(max_examples=120, deadline=None)
@given(st.integers(len(MAGIC), len(SDK) - 1), st.integers(1, 255))
def test_a_flipped_byte_costs_its_block_and_is_counted(place: int, flip: int) -> None:
    damaged = bytearray(SDK)
    damaged[place] ^= flip
    whole = read_all(SDK)[0]
    records, reader = read_all(bytes(damaged))
    if reader.damaged == 0:  # only where nobody looks: padding, or a length that makes the tail wait
        assert records == whole or reader.waiting or place % BLOCK > BLOCK - 7
        return
    assert place // BLOCK in {damage.offset // BLOCK for damage in reader.damages}
    kept = set(records)
    assert kept <= set(whole)
    lost = [record for record in whole if record not in kept]
    assert sum(map(len, lost)) <= 2 * BLOCK + 2 * max(map(len, whole))


def test_reading_goes_on_behind_damage() -> None:
    log = bytearray(LOG)
    log[BLOCK + 100] ^= 1  # inside record 2, which spans blocks 0 and 1
    records, reader = read_all(bytes(log))
    assert reader.damaged == 1
    assert reader.damages[0].offset == BLOCK
    assert reader.damages[0].reason == "checksum mismatch"
    assert records[:2] == RECORDS[:2]
    assert records[-4:] == RECORDS[-4:]


def test_start_at_any_block_waits_for_a_beginning() -> None:
    for block in range(1, len(LOG) // BLOCK + 1):
        reader = RecordReader(block * BLOCK)
        records = reader.feed(LOG[block * BLOCK :])
        assert records == RECORDS[len(RECORDS) - len(records) :]
        assert reader.damaged == 0
    with pytest.raises(ValueError, match="multiple"):
        RecordReader(5)


def test_a_hole_of_zeros_is_damage_not_silence() -> None:
    log = write_log([b"a" * 100])
    log += bytes(BLOCK - len(log)) + chunk(1, b"later")
    records, reader = read_all(log)
    assert records == [b"a" * 100, b"later"]
    assert [damage.reason for damage in reader.damages] == ["no data was written here"]


def test_a_record_cut_off_by_another_is_counted() -> None:
    records, reader = read_all(MAGIC + chunk(2, b"begin") + chunk(1, b"whole") + chunk(4, b"end"))
    assert records == [b"whole"]
    assert reader.damaged == 2


@pytest.mark.parametrize("head", [b"PK\x03\x04", b":W&C", b"\x00", b":W&B\xe1\xbf\x00"])
def test_another_file_is_refused_as_soon_as_it_shows(head: bytes) -> None:
    with pytest.raises(NotWandbFile) as caught:
        RecordReader().feed(head)
    assert caught.value.reason


def test_a_newer_version_is_named() -> None:
    with pytest.raises(NotWandbFile) as caught:
        RecordReader().feed(MAGIC[:-1] + b"\x01")
    assert "version 1" in caught.value.reason


def test_an_empty_or_half_header_waits() -> None:
    reader = RecordReader()
    assert reader.feed(b"") == reader.feed(MAGIC[:4]) == reader.feed(MAGIC[4:]) == []
    assert reader.feed(chunk(1, b"x")) == [b"x"]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=5000))
def test_garbage_never_raises(garbage: bytes) -> None:
    reader = RecordReader()
    reader.feed(MAGIC)
    reader.feed(garbage)
