"""The pickle machine: runs nothing, agrees with the real unpickler, holds its budgets, survives noise."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lptui.checkpoints.globals import classify
from lptui.checkpoints.info import VERDICTS, from_json, to_json
from lptui.checkpoints.inspection import inspect
from lptui.checkpoints.pickles import BrokenPickleError, Budget, OverBudgetError, read_pickle
from lptui.checkpoints.stubs import Instance, Label

DATA = Path(__file__).parent / "data"
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.binary() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=30,
)


@given(PLAIN, st.integers(0, 5))
def test_plain_values_come_back_as_they_are(value: object, protocol: int) -> None:
    raw = pickle.dumps(value, protocol)
    if protocol < 3 and (b"_codecs" in raw or b"__builtin__\nbytes" in raw):
        return  # bytes become a call there, which is not made
    reading = read_pickle(raw)
    assert reading.end == len(raw)
    assert reading.value == value


def torch_zip(path: Path, data_pkl: bytes) -> None:
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("a/data.pkl", data_pkl)
        z.writestr("a/version", "3\n")


def evil_pickles(canary: str) -> dict[str, bytes]:
    """Pickles that run `touch CANARY` when a real unpickler reads them."""
    command = f"touch '{canary}'".encode()
    short = b"X" + struct.pack("<I", len(command)) + command
    size = bytes((len(command),))
    return {
        "global+reduce": b"\x80\x02cposix\nsystem\n" + short + b"\x85R.",
        "stack_global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c" + size + command + b"\x85R.",
        "inst": b"(S'" + command.replace(b"'", b'"') + b"'\nios\nsystem\n.",
        "obj": b"\x80\x02(cos\nsystem\n" + short + b"o.",
        "newobj": b"\x80\x02csubprocess\nPopen\n(" + short + b"I01\nt\x81.",
        "eval": b"\x80\x02cbuiltins\neval\n" + short + b"\x85R.",
        "dotted": b"\x80\x04\x8c\x13torch.serialization\x8c\tos.system\x93\x8c" + size + command + b"\x85R.",
        "getattr": b"\x80\x02cbuiltins\ngetattr\ncmymodule\nthing\nX\x06\x00\x00\x00system\x86R" + short + b"\x85R.",
        "hidden in a state": b"\x80\x02}X\x05\x00\x00\x00epochcposix\nsystem\n" + short + b"\x85Rs.",
        "after memo": b"\x80\x02cos\nsystem\nq\x01" + b"0h\x01" + short + b"\x85R.",
        "escaped name": b"\x80\x04V\\u006fs\nS'\\x73ystem'\n\x93\x8c" + size + command + b"\x85R.",
        "copied module": b"\x80\x02crunpy\nrun_path\n" + short + b"\x85R.",
    }


@pytest.mark.parametrize("name", evil_pickles("x"))
@pytest.mark.parametrize("container", ["zip", "bare"])
def test_evil_pickles_never_run_and_are_named(tmp_path: Path, name: str, container: str) -> None:
    canary = tmp_path / "canary"
    data = evil_pickles(str(canary))[name]
    path = tmp_path / "a.pt"
    if container == "zip":
        torch_zip(path, data)
    elif not data.startswith(b"\x80"):
        pytest.skip("protocol 0 cannot be told from text by its first bytes")
    else:
        path.write_bytes(data)
    info = inspect(str(path))
    assert info.verdict == "unsafe-pickle"
    assert "dangerous" in [g.kind for g in info.globals]
    assert not canary.exists()


def test_the_canary_would_run_elsewhere(tmp_path: Path) -> None:
    """The test above can fail: the same bytes do run in a real unpickler."""
    canary = tmp_path / "canary"
    for name in ("global+reduce", "stack_global", "hidden in a state", "after memo", "escaped name"):
        pickle.loads(evil_pickles(str(canary))[name])
        assert canary.exists()
        canary.unlink()


def test_evil_in_a_truncated_file_is_still_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    torch_zip(path, evil_pickles(str(tmp_path / "canary"))["global+reduce"])
    os.truncate(path, path.stat().st_size - 30)
    assert inspect(str(path)).verdict == "unsafe-pickle"


@pytest.mark.parametrize("rest", [b"\xff", b"", b"R.", b"X\xff\xff\xff\x7f"])
def test_evil_before_the_damage_is_named(tmp_path: Path, rest: bytes) -> None:
    """An unpickler runs each call as it comes: the damage behind it helps nobody."""
    evil = evil_pickles(str(tmp_path / "canary"))["global+reduce"][:-1] + rest
    torch_zip(tmp_path / "a.pt", evil)
    assert inspect(str(tmp_path / "a.pt")).verdict == "unsafe-pickle"
    data = (tmp_path / "a.pt").read_bytes()
    (tmp_path / "b.pt").write_bytes(data[: 30 + len("a/data.pkl") + len(evil)])
    assert inspect(str(tmp_path / "b.pt")).verdict == "unsafe-pickle"


def test_evil_in_a_legacy_file(tmp_path: Path) -> None:
    whole = (DATA / "legacy.pt").read_bytes()
    with (DATA / "legacy.pt").open("rb") as file:
        for _ in range(3):
            pickle.load(file)  # magic, version and system of our own fixture: plain numbers
        front = whole[: file.tell()]
    evil = evil_pickles(str(tmp_path / "canary"))["global+reduce"]
    magic = front[:15]
    proto4 = b"\x80\x04" + magic[2:]  # the magic number in another spelling: torch would read on
    empty = b"\x80\x02}."
    for whole_file in (
        front + evil,
        front + evil + b"\x80\x02].",
        front + empty + evil,
        magic + evil + empty * 3,
        magic + empty + evil + empty * 2,
        proto4 + empty + evil,
        proto4 + empty * 2 + evil[:-1] + b"\xff",
    ):
        (tmp_path / "a.pt").write_bytes(whole_file)
        assert inspect(str(tmp_path / "a.pt")).verdict == "unsafe-pickle"
    assert not (tmp_path / "canary").exists()


def test_bytes_behind_the_pickle(tmp_path: Path) -> None:
    torch_zip(tmp_path / "a.pt", b"\x80\x02}.cos\nsystem\n.")
    assert inspect(str(tmp_path / "a.pt")).verdict == "unsafe-pickle"


def test_a_bound_method_is_no_danger() -> None:
    data = b"\x80\x02cbuiltins\ngetattr\ncmine\nThing\n)\x81X\x04\x00\x00\x00step\x86R."
    assert not read_pickle(data).reaches_out
    assert read_pickle(data.replace(b"step", b"__di")).reaches_out


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("torch FloatStorage", "plain"),
        ("torch float8_e5m2", "plain"),
        ("torch.nn.modules.linear Linear", "known"),
        ("metta.agent.policy_record PolicyRecord", "known"),
        ("numpy.core.multiarray _reconstruct", "known"),
        ("types SimpleNamespace", "known"),
        ("builtins list", "known"),
        ("my_project.agents Brain", "unknown"),
        ("builtins exec", "dangerous"),
        ("__builtin__ eval", "dangerous"),
        ("types FunctionType", "dangerous"),
        ("torch load", "dangerous"),
        ("torch.storage _load_from_bytes", "dangerous"),
        ("operator attrgetter", "dangerous"),
        ("torch.serialization os.system", "dangerous"),
        ("torch.nn sys.modules", "dangerous"),
        ("pip main", "dangerous"),
        ("posix system", "dangerous"),
    ],
)
def test_classes_of_names(name: str, kind: str) -> None:
    assert classify(Label(*name.split())) == kind


@pytest.mark.parametrize(
    ("raw", "budget"),
    [
        (b"\x80\x02" + b"]" * 2000 + b".", Budget(containers=1000)),
        (b"\x80\x02" + b"(" * 2000 + b".", Budget(marks=1000)),
        (b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", i) for i in range(50)) + b".", Budget(memo=20)),
        (b"\x80\x02X" + struct.pack("<I", 100) + b"a" * 100 + b".", Budget(text=99)),
        (b"\x80\x02N" + b"N0" * 1000 + b".", Budget(operations=100)),
        (b"\x80\x02\x8b" + struct.pack("<I", 1 << 20) + bytes(1 << 20) + b".", Budget()),
    ],
)
def test_budgets(raw: bytes, budget: Budget) -> None:
    with pytest.raises(OverBudgetError):
        read_pickle(raw, budget=budget)


def test_the_memo_bomb_costs_nothing() -> None:
    """9 bytes that make the C unpickler take 526 MB (CPython gh-115952)."""
    assert read_pickle(b"\x80\x02Nr\xff\xff\xff\x01.").value is None


def test_deep_and_self_containing_values_are_walked_without_recursion(tmp_path: Path) -> None:
    deep = b"\x80\x02)" + b"\x85" * 100_000 + b"."
    loop = b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."
    keyed = b"\x80\x02}" + b")" + b"2\x86" * 60 + b"Ns."  # hashing this key would take for ever
    nested = b"\x80\x02cm\nC\nq\x00" + b"h\x00" * 100_000 + b")" + b"\x81" * 100_001 + b"."
    for raw, verdict in (
        (deep, "ok-unverified"),
        (loop, "ok-unverified"),
        (keyed, "ok-unverified"),
        (nested, "custom-pickle"),
    ):
        torch_zip(tmp_path / "a.pt", raw)
        assert inspect(str(tmp_path / "a.pt")).verdict == verdict


BROKEN = (
    b"", b".", b"\x80\x02", b"\x80\x02R.", b"\x80\x02h\x07.", b"\x80\x02NN.", b"\xff",
    b"\x80\x02X\xff\xff\xff\xff", b"\x80\x02\x82\x01.", b"\x80\x05\x97.", b"\x80\x02K\x01K\x02s.",
    b"(.", b"\x80\x02NNNu.", b"\x80\x02}(Nu.",
)  # fmt: skip


@pytest.mark.parametrize("raw", BROKEN)
def test_broken_streams(raw: bytes) -> None:
    with pytest.raises(BrokenPickleError):
        read_pickle(raw)


def test_impossible_tensors(tmp_path: Path) -> None:
    whole = (DATA / "bf16.pt").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as z:
        raw = z.read("bf16/data.pkl")
    at = raw.index(b"K\x10K\x08\x86")  # the shape (16, 8)
    for shape in (b"K\x10J\xff\xff\xff\xff\x86", b"K\x10X\x01\x00\x00\x008\x86", b"K\x10\x85"):
        torch_zip(tmp_path / "a.pt", raw[:at] + shape + raw[at + 5 :])
        assert inspect(str(tmp_path / "a.pt")).verdict == "unreadable-pickle"
    huge = b"\x8a\x08" + (1 << 61).to_bytes(8, "little")
    torch_zip(tmp_path / "a.pt", raw[:at] + huge + huge + b"\x86" + raw[at + 5 :])
    assert inspect(str(tmp_path / "a.pt")).damaged


def test_control_characters_of_a_file_are_escaped(tmp_path: Path) -> None:
    torch_zip(tmp_path / "a.pt", pickle.dumps({"\x1b]0;x\x07": 1, "\u202e": 2}, 2))
    info = inspect(str(tmp_path / "a.pt"))
    assert info.keys == ("\\x1b]0;x\\x07", "\\u202e")
    assert all(r.name.isprintable() for r in info.scalars)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=2000)
@given(
    name=st.sampled_from(sorted(p.name for p in DATA.iterdir())),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.floats(0, 1),
)
def test_noise_never_raises(tmp_path: Path, name: str, flips: list[tuple[float, int]], cut: float) -> None:
    data = bytearray((DATA / name).read_bytes())
    for where, value in flips:
        data[int(where * len(data))] = value
    path = tmp_path / name
    path.write_bytes(data if cut > 0.3 else data[: int(len(data) * cut * 3)])
    info = inspect(str(path))
    assert info.verdict in VERDICTS
    assert info.verdict != "reader-failed", info.reason
    assert from_json(to_json(info)) == info


@settings(max_examples=300, deadline=2000)
@given(st.binary(max_size=300), st.integers(0, 5))
def test_random_bytes_are_no_pickle_or_a_value(noise: bytes, protocol: int) -> None:
    small = Budget(operations=10_000, containers=1_000)
    try:
        read_pickle(bytes((0x80, protocol)) + noise + b".", budget=small)
    except (BrokenPickleError, OverBudgetError):
        return


def test_an_instance_keeps_its_parts_only() -> None:
    raw = b"\x80\x02cmine\nThing\n)\x81}X\x01\x00\x00\x00aK\x05sb."
    value = read_pickle(raw).value
    assert isinstance(value, Instance)
    assert value.state == {"a": 5}
