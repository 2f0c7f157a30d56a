"""numpy's .npy and .npz, and Flax's msgpack, written by numpy and flax."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from lptui.checkpoints.comparison import compare
from lptui.checkpoints.deep import verify
from lptui.checkpoints.inspection import inspect

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", ["params_30.npz", "weights.npz"])
def test_an_archive_of_arrays_is_listed_and_verified(name: str) -> None:
    info, report = inspect(str(DATA / name)), verify(str(DATA / name))
    with np.load(DATA / name) as archive:
        wanted = {key: (archive[key].shape, archive[key].nbytes) for key in archive.files}
        norms = {key: float(np.linalg.norm(archive[key])) for key in archive.files if archive[key].dtype == "f4"}
    assert {t.name: (t.shape, t.nbytes) for t in info.tensors} == wanted
    assert report.verdict == "ok-verified"
    assert {t.name: t.norm for t in report.tensors if t.norm is not None} == pytest.approx(norms)


def test_two_compressed_archives_are_compared(tmp_path: Path) -> None:
    with np.load(DATA / "weights.npz") as archive:
        values = {key: archive[key] for key in archive.files}
    values["2.bias"] = values["2.bias"] * 2
    np.savez_compressed(tmp_path / "b.npz", **dict(reversed(values.items())))
    found = compare(str(DATA / "weights.npz"), str(tmp_path / "b.npz"), measure=True)
    assert {r.name: r.kind for r in found.rows} == {key: "changed" if key == "2.bias" else "same" for key in values}
    assert next(r for r in found.rows if r.name == "2.bias").relative == pytest.approx(1.0)


def test_objects_are_refused_with_a_reason() -> None:
    info = inspect(str(DATA / "state.npy"))
    assert info.verdict == "custom-pickle"
    assert "allow_pickle=True" in info.reason


class Worse:
    def __reduce__(self) -> object:
        import os

        return (os.system, ("true",))


@pytest.mark.parametrize("archive", [True, False])
def test_an_array_that_would_run_something_is_unsafe(tmp_path: Path, archive: bool) -> None:
    array = np.empty(1, dtype=object)
    array[0] = Worse()
    path = tmp_path / ("a.npz" if archive else "a.npy")
    if archive:
        np.savez(path, a=array)
    else:
        np.save(path, array, allow_pickle=True)
    info = inspect(str(path))
    assert info.verdict == "unsafe-pickle"
    assert "system" in info.reason


def npy(header: str) -> bytes:
    raw = header.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(raw)) + raw


@pytest.mark.parametrize(
    ("raw", "verdict"),
    [
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }\n"), "truncated"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os'),), }\n"), "mismatch"),
        (npy("{'descr': '<q9', 'fortran_order': False, 'shape': (), }\n"), "not-read"),
        (npy("{'descr': [('a', '<f4'), ('b', '|O')], 'fortran_order': False, 'shape': (0,), }\n"), "custom-pickle"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }\n"), "mismatch"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "truncated"),
        (b"\x93NUMPY", "mismatch"),
    ],
)
def test_hostile_headers(tmp_path: Path, raw: bytes, verdict: str) -> None:
    (tmp_path / "a.npy").write_bytes(raw)
    assert inspect(str(tmp_path / "a.npy")).verdict == verdict


def test_a_short_array_in_an_archive(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.save(out, np.ones(9, "f4"))
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("w.npy", out.getvalue()[:-4])
    assert inspect(str(tmp_path / "a.npz")).verdict == "mismatch"


def test_two_records_of_one_name_are_a_trick(tmp_path: Path) -> None:
    raw = (DATA / "params_30.npz").read_bytes()
    twice = raw.replace(b"0.weight.npy", b"0.ab\\xff.npy").replace(b"2.weight.npy", b"0.ab\\xff.npy")
    (tmp_path / "a.npz").write_bytes(twice)
    info = inspect(str(tmp_path / "a.npz"))
    assert (info.verdict, "twice" in info.reason) == ("unsafe-pickle", True)


def test_flax_msgpack() -> None:
    info, report = inspect(str(DATA / "checkpoint_7")), verify(str(DATA / "checkpoint_7"))
    assert {t.name: (t.shape, t.dtype, t.group) for t in info.tensors} == {
        "params.dense.kernel": ((4, 3), "float32", "model"),
        "params.dense.bias": ((3,), "bfloat16", "model"),
        "opt_state.0.mu": ((4, 3), "float32", "optimizer"),
    }
    assert info.step is not None
    assert info.step.value == 7
    assert report.verdict == "ok"
    assert [t.norm for t in report.tensors] == pytest.approx([12**0.5, 0.0, 0.12**0.5])


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
def test_a_cut_msgpack_is_truncated(tmp_path: Path, keep: float) -> None:
    raw = (DATA / "checkpoint_7").read_bytes()
    (tmp_path / "checkpoint_7").write_bytes(raw[: int(len(raw) * keep)])
    assert inspect(str(tmp_path / "checkpoint_7")).verdict == "truncated"


def test_deep_msgpack_ends_in_bounds(tmp_path: Path) -> None:
    (tmp_path / "checkpoint_1").write_bytes(b"\x81\xa1a" * 100_000 + b"\xc0")
    assert inspect(str(tmp_path / "checkpoint_1")).verdict == "not-read"
