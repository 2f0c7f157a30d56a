from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.crc32c import find_wrong, masked_crc
from lptui.formats.event_frames import FrameReader
from lptui.formats.event_records import ScalarReader
from lptui.formats.tensor import read_number

RECORDED = Path(__file__).parent / "recorded" / "events"
Table = dict[str, list[tuple[float, float]]]


def files(folder: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((RECORDED / folder).glob("events.*"))]


def scalars(data: bytes, turn: int = 1 << 20) -> Table:
    """(step, value) of every tag, read in pieces of `turn` bytes."""
    frames, reader = FrameReader(), ScalarReader()
    table: Table = {}
    for start in range(0, len(data), turn):
        for points in reader.read(frames.feed(data[start : start + turn])):
            table.setdefault(points.key, []).extend(zip(points.steps, points.values, strict=True))
    assert frames.damaged == reader.unread == 0
    return table


def test_the_checksum_is_castagnolis_masked() -> None:
    # crc32c("123456789") is e3069283, the check value of the CRC catalogue
    assert masked_crc(b"123456789") == (((0xE3069283 >> 15) | (0xE3069283 << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def test_many_records_are_checked_as_one_by_one() -> None:
    data = bytes(range(256)) * 8
    starts, ends = list(range(0, 1000, 10)), list(range(7, 1007, 10))
    sums = [masked_crc(data[a:b]) for a, b in zip(starts, ends, strict=True)]
    assert find_wrong(data, starts, ends, sums) == set()
    sums[3] ^= 1
    sums[77] ^= 0x80000000
    assert find_wrong(data, starts, ends, sums) == {3, 77}


def test_pytorchs_writer() -> None:
    first, restarted = files("torch")
    table = scalars(first)
    assert [step for step, _ in table["train/loss"]] == [step * 10 for step in range(20)]
    assert [value for _, value in table["train/loss"]] == pytest.approx([1 / (step + 1) for step in range(20)])
    rewards = [value for _, value in table["train/reward"]]  # new style: a tensor
    assert math.isnan(rewards.pop(7))
    assert rewards == [step * 0.5 for step in range(20) if step != 7]
    assert table["late/double"] == [(190, 0.1)]
    assert table["odd/negative step"] == [(-1, -3.5)]
    # hyperparameters, histogram, text and image are no series
    assert table.keys() == {"train/loss", "train/reward", "late/double", "odd/negative step"}
    assert [step for step, _ in scalars(restarted)["train/loss"]] == [step * 10 for step in range(15, 25)]


def test_hyperparameters_are_skipped_and_their_metric_is_kept() -> None:
    (trial,) = files("torch/trial")
    assert scalars(trial) == {"hparam/accuracy": [(0, 0.75)]}


def test_tensorboardx() -> None:
    (data,) = files("tensorboardx")
    assert scalars(data)["eval/return"] == [(step * 100, step) for step in range(10)]


def test_tensorflow_2() -> None:
    (train,), (validation,) = files("tf2/train"), files("tf2/validation")
    table = scalars(train)
    assert table["epoch_loss"] == [(epoch, epoch) for epoch in range(5)]
    assert (table["half"], table["count"]) == ([(4, 0.5)], [(4, 7)])
    assert table["double"] == [(4, pytest.approx(0.1))]  # TF2 casts to float
    assert table.keys() == {"epoch_loss", "half", "double", "count"}
    assert scalars(validation)["epoch_loss"] == [(epoch, 100 + epoch) for epoch in range(5)]


@pytest.mark.parametrize("turn", [1, 7, 64, 1000])
def test_pieces_of_any_size_give_the_same(turn: int) -> None:
    data = files("torch")[0]
    assert repr(scalars(data, turn)) == repr(scalars(data))


def test_a_torn_tail_waits() -> None:
    data = files("tensorboardx")[0]
    whole = sum(map(len, scalars(data).values()))
    for cut in range(len(data)):
        frames, reader = FrameReader(), ScalarReader()
        before = sum(len(p.values) for p in reader.read(frames.feed(data[:cut])))
        after = sum(len(p.values) for p in reader.read(frames.feed(data[cut:])))
        assert (before + after, frames.damaged) == (whole, 0)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 1021), bits=st.integers(1, 255))
def test_damage_costs_what_it_hit_and_is_counted(at: int, bits: int) -> None:
    data = bytearray(files("tensorboardx")[0])
    data[at] ^= bits
    frames, reader = FrameReader(), ScalarReader()
    found = sum(len(p.values) for p in reader.read(frames.feed(bytes(data))))
    assert frames.damaged == 1
    assert 18 <= found <= 20  # of 20: the record that was hit, and its neighbour if a length was hit
    assert reader.unread == 0


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=200))
def test_garbage_neither_raises_nor_hangs(noise: bytes, more: bytes) -> None:
    sound = files("tensorboardx")[0]
    frames, reader = FrameReader(), ScalarReader()
    reader.read(frames.feed(noise))
    reader.read(frames.feed(more + sound))
    found = reader.read(frames.feed(sound))
    assert sum(len(p.values) for p in found) >= 19


@given(st.binary(max_size=120))
def test_any_record_with_a_sound_checksum_is_survived(payload: bytes) -> None:
    head = struct.pack("<Q", len(payload))
    record = head + struct.pack("<I", masked_crc(head)) + payload + struct.pack("<I", masked_crc(payload))
    frames, reader = FrameReader(), ScalarReader()
    reader.read(frames.feed(record))
    assert (frames.damaged, frames.waiting) == (0, 0)


def test_a_file_of_zeros_is_one_damage() -> None:
    frames = FrameReader()
    for _ in range(5):
        frames.feed(bytes(10_000))
    assert frames.damaged == 1
    assert frames.waiting < 16


def tensor(*parts: bytes) -> float | None:
    data = b"".join(parts)
    return read_number(data, 0, len(data))


def test_numbers_in_tensors() -> None:
    scalar = b"\x12\x00"
    one = b"\x12\x04\x12\x02\x08\x01"
    assert tensor(b"\x08\x01", scalar, b"\x2d", struct.pack("<f", 0.5)) == 0.5  # float_val, not packed
    assert tensor(b"\x08\x01", one, b"\x2a\x04", struct.pack("<f", 0.5)) == 0.5  # packed, of shape [1]
    assert tensor(b"\x08\x02", scalar, b"\x22\x08", struct.pack("<d", 0.1)) == 0.1  # tensor_content
    assert tensor(b"\x08\x09", scalar, b"\x50", b"\xff" * 9 + b"\x01") == -1.0  # int64_val
    assert tensor(b"\x08\x13", scalar, b"\x68\x80\x70") == 0.5  # half_val 0x3800
    assert tensor(b"\x08\x0e", scalar, b"\x22\x02\x80\x3f") == 1.0  # bfloat16
    assert tensor(b"\x08\x07", scalar, b"\x42\x01a") is None  # text
    assert tensor(b"\x08\x01", b"\x12\x04\x12\x02\x08\x02", b"\x22\x08", bytes(8)) is None  # two elements
