from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.leveldb import BLOCK, MAGIC, NotWandbFile, RecordReader
from lptui.formats.wandb import (
    Alert,
    ConfigUpdate,
    Environment,
    HistoryRow,
    OutputChunk,
    RunExit,
    RunStart,
    StatsRow,
    decode,
    decode_summary,
    sample,
)

DATA = Path(__file__).parent / "data"
SDK = (DATA / "sdk.wandb").read_bytes()
TYPED = (DATA / "typed.wandb").read_bytes()


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def text(field: int, value: bytes | str) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def double(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d", value)


def history(*items: bytes, step: int | None = None) -> bytes:
    tail = b"" if step is None else text(2, number(1, step) if step else b"")
    return number(1, 7) + text(2, b"".join(text(1, item) for item in items) + tail)


def item(*keys: str, json: str) -> bytes:
    return b"".join(text(2, key) for key in keys) + text(16, json)


def rows(data: bytes) -> list[HistoryRow]:
    records = map(decode, RecordReader().feed(data))
    return [record for record in records if isinstance(record, HistoryRow)]


def one(payload: bytes) -> HistoryRow:
    row = decode(payload)
    assert isinstance(row, HistoryRow)
    return row


def expect(step: int) -> dict[str, float]:
    """The numbers that make_wandb_fixture.row logs."""
    values = {f"env_curriculum_task_probs/task_{task}": (task + step) / 1000 for task in range(30)}
    values["losses/value_loss"] = math.nan if step == 7 else 1 / (step + 1)
    values["losses/policy_loss"] = {8: math.inf, 9: -math.inf}.get(step, -0.25)
    return values | {"overview.reward": step, "overview.deep.er": step * 2, "agent_steps": step * 524288}


@pytest.mark.parametrize(("data", "steps"), [(SDK, 45), (TYPED, 10)], ids=["json", "typed"])
def test_history_of_the_real_sdk(data: bytes, steps: int) -> None:
    found = rows(data)
    assert [row.step for row in found] == list(range(steps))
    for row in found:
        values = dict(row.values)
        assert repr(sorted(values.items())) == repr(sorted((k, float(v)) for k, v in expect(row.step or 0).items()))
        assert row.timestamp is not None
        assert row.timestamp > 1.7e9
        assert row.runtime is not None
        assert 0 <= row.runtime < 60


def test_the_typed_file_really_is_typed() -> None:
    assert b"\x31" + struct.pack("<d", -0.25) in TYPED
    assert b"\x31" + struct.pack("<d", -0.25) not in SDK


def test_the_other_records_of_the_real_sdk() -> None:
    records = [decode(payload) for payload in RecordReader().feed(SDK)]
    start = next(record for record in records if isinstance(record, RunStart))
    assert (start.run_id, start.project, start.entity) == ("fixture1", "demo-project", "demo-entity")
    assert (start.display_name, start.group, start.job_type) == ("fixture run", "g", "train")
    assert (start.tags, start.host) == (("one", "two"), "trainer")
    assert ("net", '{"hidden":128}') in start.config
    assert ("lr", "0.001") in start.config
    assert start.start_time is not None
    assert start.start_time > 1.7e9
    assert ConfigUpdate((("late", "[1,2]"),)) in records
    assert Alert("Loss is high", "above 3", "WARN") in records
    exits = [record for record in records if isinstance(record, RunExit)]
    assert [record.exit_code for record in exits] == [3]
    printed = [record for record in records if isinstance(record, OutputChunk)]
    assert "".join(chunk.text for chunk in printed if chunk.stream == "stdout") == "hello from the run\n"
    stats = [record for record in records if isinstance(record, StatsRow)]
    assert stats
    assert "memory_percent" in dict(stats[0].values)
    assert stats[0].timestamp is not None


def test_summaries_are_read_only_on_request() -> None:
    payloads = RecordReader().feed(SDK)
    summaries = [summary for payload in payloads if (summary := decode_summary(payload)) is not None]
    assert sum(decode(payload) is None for payload in payloads) >= len(summaries) > 45
    assert any(dict(summary).get("overview.reward") == 44.0 for summary in summaries)
    assert decode_summary(history(item("a", json="1"))) is None


def test_nested_old_and_odd_keys() -> None:
    row = one(
        history(
            item("a", "b", "c", json="1"),
            text(1, "old/key") + text(16, "2.5"),
            text(1, "") + text(2, "x") + text(2, "y") + text(16, "3"),
            text(16, "4e-3") + text(2, "value first"),
            item("k" * 300, json="5"),
            item("täsk", json="6"),
        )
    )
    assert row.values == (
        ("a.b.c", 1),
        ("old/key", 2.5),
        ("x.y", 3),
        ("value first", 0.004),
        ("k" * 300, 5),
        ("täsk", 6),
    )


def test_numbers_in_every_form() -> None:
    for _ in range(2):  # the second time every name is known, and the quick way is taken
        row = one(
            history(
                item("nan", json="NaN"),
                item("inf", json="Infinity"),
                item("ninf", json="-Infinity"),
                text(2, "double") + double(6, 0.1),
                text(2, "integer") + number(5, 9),  # zigzag of -5
                item("long", json="1" * 130),
                item("exp", json="-1.5E+3"),
            )
        )
        values = dict(row.values)
        assert math.isnan(values.pop("nan"))
        assert values == {
            "inf": math.inf,
            "ninf": -math.inf,
            "double": 0.1,
            "integer": -5.0,
            "long": float("1" * 130),
            "exp": -1500.0,
        }


def test_what_is_no_number_is_left_out() -> None:
    for _ in range(2):
        row = one(
            history(
                item("text", json='"12"'),
                item("true", json="true"),
                item("null", json="null"),
                item("list", json="[1]"),
                item("histogram", json='{"_type": "histogram", "bins": [1], "n": 2}'),
                item("empty", json=""),
                item("long", json='"' + "9" * 9000 + '"'),
                text(2, "typed text") + text(7, "5"),
                text(2, "flag") + number(4, 1),
                item("good", json="1"),
            )
        )
        assert row.values == (("good", 1.0),)


def test_an_object_is_several_numbers() -> None:
    for _ in range(2):  # the second time its name is known
        row = one(history(item("train", json='{"loss": NaN, "deep": {"er": 2, "note": "x"}, "list": [1]}')))
        assert repr(row.values) == "(('train.loss', nan), ('train.deep.er', 2.0))"
    assert one(history(item("broken", json='{"a": 1'))).values == ()


def test_the_step() -> None:
    assert one(history(item("a", json="1"), step=300)).step == 300
    assert one(history(item("a", json="1"), step=0)).step == 0
    assert one(history(item("a", json="1"))).step is None
    assert one(history(item("_step", json="12"), step=11)).step == 12
    assert one(history(item("_step", json="NaN"), step=4)).step == 4
    assert one(history(step=4)).values == ()


def test_fields_in_another_order() -> None:
    body = text(2, number(1, 9)) + text(1, item("a", json="1")) + text(200, b"info") + text(1, item("b", json="2"))
    assert one(text(200, b"first") + text(2, body)) == HistoryRow(9, None, None, (("a", 1.0), ("b", 2.0)))


def test_environment_leaves_secrets_alone() -> None:
    body = (
        text(1, "Linux")
        + text(2, "CPython 3.11.7")
        + text(3, number(1, 1_700_000_000) + number(2, 500_000_000))
        + text(5, "--api-key=hunter2")
        + text(6, "train.py")
        + text(9, text(1, "https://me:hunter2@host/repo"))
        + text(10, "hunter2@example.org")
        + text(12, "node7")
        + number(17, 64)
        + text(18, "NVIDIA H100")
        + number(19, 8)
        + text(25, "12.4")
    )
    found = decode(number(1, 1) + text(26, body))
    assert isinstance(found, Environment)
    assert (found.os, found.host, found.program, found.gpu_count) == ("Linux", "node7", "train.py", 8)
    assert (found.started_at, found.cpu_count) == (1_700_000_000.5, 64)
    assert "hunter2" not in repr(found)


def test_other_kinds_and_broken_messages() -> None:
    assert decode(b"") is None
    assert decode(number(1, 5) + text(11, b"telemetry")) is None
    assert decode(text(3, b"\xff\xff\xff")) is None
    assert decode(history(item("a", json="1"))[:-1]) is None
    assert decode(text(18, number(1, (1 << 64) - 9) + number(2, 60))) == RunExit(-9, 60)
    assert decode(text(13, text(3, "x\n"))) == OutputChunk("stderr", None, "x\n")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_garbage_never_raises(garbage: bytes) -> None:
    for payload in (garbage, text(2, garbage), number(1, 3) + text(7, garbage), text(17, garbage), text(26, garbage)):
        decode(payload)
        decode_summary(payload)
    decode_summary(text(3, garbage))


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.text(min_size=1, max_size=200), st.floats(), max_size=30),
    st.integers(0, 1 << 62),
)
def test_what_is_written_is_read(values: dict[str, float], step: int) -> None:
    clocks = {"_step", "_timestamp", "_runtime"}
    values = {key: value for key, value in values.items() if key not in clocks}
    wire = [
        item(key, json=repr(value).replace("inf", "Infinity").replace("nan", "NaN")) for key, value in values.items()
    ]
    row = one(history(*wire, step=step))
    assert row.step == step
    assert repr(row.values) == repr(tuple(values.items()))


def test_a_sample_has_both_ends_and_the_order() -> None:
    reads: list[int] = []

    def data_at(offset: int, size: int) -> bytes:
        reads.append(offset)
        return SDK[offset : offset + size]

    found = [one(p) for p in sample(data_at, len(SDK), 3)]
    steps = [row.step for row in found]
    assert steps[0] == 0
    assert steps[-1] == 44
    assert len(steps) == 4
    assert steps == sorted(set(steps))
    assert all(offset % BLOCK == 0 for offset in reads)
    assert all(row in rows(SDK) for row in found if row.step not in (7, 8, 9))


def test_a_sample_of_little_or_nothing() -> None:
    assert sample(lambda offset, size: MAGIC[offset : offset + size], len(MAGIC), 10) == []
    assert sample(lambda offset, size: b"", 0, 10) == []
    short = SDK[:BLOCK]
    assert one(sample(lambda o, n: short[o : o + n], len(short), 10)[0]).step == 0
    with pytest.raises(NotWandbFile):
        sample(lambda offset, size: b"x" * size, 10_000, 10)


def test_a_sample_survives_damage_and_records_longer_than_a_block() -> None:
    damaged = bytearray(SDK)
    damaged[2 * BLOCK + 500] ^= 0xFF
    steps = [one(p).step for p in sample(lambda o, n: bytes(damaged[o : o + n]), len(damaged), 100)]
    assert steps[0] == 0
    assert steps[-1] == 44
