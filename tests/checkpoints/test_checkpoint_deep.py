"""The deep pass and comparisons, on files written by real torch and safetensors, whole and damaged."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from whole_files import safetensors

from lptui.checkpoints.comparison import compare, comparison_from_record, comparison_to_json
from lptui.checkpoints.dcp import items_of
from lptui.checkpoints.deep import ZERO_RUN, verify
from lptui.checkpoints.inspection import inspect
from lptui.checkpoints.kernels import Scanner
from lptui.checkpoints.report import report_from_record, report_to_json
from lptui.checkpoints.worker import Verifier

DATA = Path(__file__).parent / "data"
WHOLE = sorted(p for p in DATA.iterdir() if p.suffix in (".pt", ".pth", ".ckpt", ".mpt", ".safetensors", ".zip"))


def torch_zip() -> Path:
    return next(p for p in WHOLE if verify(str(p)).verdict == "ok-verified" and p.suffix == ".pt")


@pytest.mark.parametrize("path", WHOLE, ids=lambda p: p.name)
def test_no_false_alarm_on_what_real_writers_left(path: Path) -> None:
    report = verify(str(path))
    assert report.verdict in ("ok-verified", "ok", "custom-pickle"), report.reason
    assert report_from_record(json.loads(report_to_json(report))) == report


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x10
    path.write_bytes(raw)


def test_one_flipped_bit_in_a_tensor_is_found_and_named(tmp_path: Path) -> None:
    source = torch_zip()
    with zipfile.ZipFile(source) as archive:
        biggest = max((i for i in archive.infolist() if "/data/" in i.filename), key=lambda i: i.file_size)
    copy = tmp_path / "a.pt"
    copy.write_bytes(source.read_bytes())
    raw = copy.read_bytes()
    name_length, extra = struct.unpack_from("<HH", raw, biggest.header_offset + 26)
    flip(copy, biggest.header_offset + 30 + name_length + extra + biggest.file_size // 2)
    report = verify(str(copy))
    assert report.verdict == "crc-mismatch"
    assert report.culprits
    assert report.next_step
    assert not report.good


def test_nan_and_infinity_are_counted_with_norm_and_extremes(tmp_path: Path) -> None:
    values = np.arange(1000, dtype="f4")
    values[[3, 500, 999]] = [np.nan, np.inf, -np.inf]
    report = verify(str(safetensors(tmp_path / "a.safetensors", {"w": values, "b": np.ones(4, "f4")})))
    assert report.verdict == "non-finite-weights"
    assert report.culprits == ("w",)
    w, b = report.tensors
    assert (w.nan, w.infinite, w.low, w.high) == (1, 2, 0.0, 998.0)
    assert b.norm == 2.0


def test_zeros_to_the_end_are_bytes_that_never_arrived(tmp_path: Path) -> None:
    values = np.ones(ZERO_RUN, "f4")
    values[-ZERO_RUN // 2 :] = 0
    good = np.ones(100, "f4")
    assert verify(str(safetensors(tmp_path / "a.safetensors", {"a": good, "b": values}))).verdict == "zeroed"
    biases = {"a": good, "b": np.zeros(300, "f4")}
    assert verify(str(safetensors(tmp_path / "b.safetensors", biases))).verdict == "ok"


def test_large_numbers_are_not_taken_for_infinity(tmp_path: Path) -> None:
    report = verify(str(safetensors(tmp_path / "a.safetensors", {"w": np.full(64, 3e38, "f4")})))
    assert report.verdict == "ok"
    assert report.tensors[0].norm == pytest.approx(3e38 * 8, rel=1e-5)


@pytest.mark.parametrize(("dtype", "raw", "nan"), [
    ("bfloat16", struct.pack("<4H", 0x3F80, 0x7FC0, 0x4000, 0xC000), 1),
    ("float16", np.array([1, np.nan, 2, -2], "<f2").tobytes(), 1),
    ("float64", np.array([1, np.nan, 2, -2], "<f8").tobytes(), 1),
])  # fmt: skip
def test_every_width_of_number_and_chunks_that_cut_one_in_two(dtype: str, raw: bytes, nan: int) -> None:
    scanner = Scanner(np, dtype)
    for at in range(0, len(raw), 3):
        scanner.add(raw[at : at + 3])
    assert (scanner.tally.count, scanner.tally.nan, scanner.tally.low, scanner.tally.high) == (4, nan, -2.0, 2.0)


def test_without_numpy_checksums_still_count() -> None:
    scanner = Scanner(None, "float32")
    scanner.add(b"\0" * 64)
    assert scanner.tally.count == 0


def test_a_damaged_index_is_told_without_reading_on(tmp_path: Path) -> None:
    cut = tmp_path / "a.pt"
    cut.write_bytes(torch_zip().read_bytes()[:-200])
    report = verify(str(cut))
    assert (report.verdict, report.read) == ("truncated", 0)
    assert verify(str(tmp_path / "none.pt")).verdict == "vanished"


def test_a_compressed_record_gives_no_more_than_it_says(tmp_path: Path) -> None:
    """The weights of an .mpt whose directory lies about their length."""
    tensors = {"w": np.ones(64, "f4")}
    raw = safetensors(tmp_path / "w", tensors).read_bytes()
    path = tmp_path / "a.mpt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights.safetensors", raw)
        archive.writestr("modelarchitecture.txt", "x")
    assert verify(str(path)).verdict == "ok-verified"
    body = bytearray(path.read_bytes())
    at = body.index(struct.pack("<L", zlib.crc32(raw)), body.index(b"PK\1\2"))
    body[at] ^= 1
    assert verify(str(_write(tmp_path / "b.mpt", bytes(body)))).verdict in ("crc-mismatch", "mismatch")


def _write(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def test_what_changed_is_known_from_checksums_alone() -> None:
    path = str(torch_zip())
    same = compare(path, path, measure=False)
    assert same.read == 0
    assert same.count("same") == len(same.rows) > 0


def test_by_how_much_a_tensor_changed(tmp_path: Path) -> None:
    w = np.arange(1, 101, dtype="f4")
    a = safetensors(tmp_path / "a.safetensors", {"w": w, "same": w, "gone": w, "shape": w})
    b = safetensors(tmp_path / "b.safetensors", {"w": w * 1.1, "same": w, "new": w, "shape": w.reshape(10, 10)})
    found = compare(str(a), str(b), measure=True)
    rows = {row.name: row for row in found.rows}
    assert {name: row.kind for name, row in rows.items()} == {
        "w": "changed", "same": "same", "gone": "gone", "shape": "reshaped", "new": "new"
    }  # fmt: skip
    assert rows["w"].relative == pytest.approx(0.1, rel=1e-4)
    assert rows["w"].cosine == pytest.approx(1.0)
    assert comparison_from_record(json.loads(comparison_to_json(found))) == found


def test_a_damaged_file_is_not_compared(tmp_path: Path) -> None:
    whole = torch_zip()
    cut = _write(tmp_path / "a.pt", whole.read_bytes()[:-200])
    assert "a.pt" in compare(str(whole), str(cut), measure=False).reason


def test_the_verifying_process_answers_both_and_tells_how_far_it_is(tmp_path: Path) -> None:
    big = safetensors(tmp_path / "a.safetensors", {"w": np.ones(10 << 20, "f4")})
    told: list[tuple[int, int]] = []
    with Verifier() as verifier:
        report = verifier.verify(str(big), progress=lambda done, total: told.append((done, total)))
        assert report.verdict == "ok"
        assert report.tensors[0].norm == pytest.approx(math.sqrt(10 << 20), rel=1e-4)
        assert told
        assert all(0 < done <= total == 40 << 20 for done, total in told)
        assert verifier.compare(str(big), str(big), measure=True).count("same") == 1
        assert verifier.verify(str(tmp_path / "none")).verdict == "vanished"


@pytest.mark.parametrize("raw", [None, [], {}, {"rows": 3}, {"tensors": [{}]}])
def test_nonsense_from_the_process_is_an_error_and_no_report(raw: object) -> None:
    with pytest.raises(ValueError, match=r"malformed|object"):
        report_from_record(raw)
    with pytest.raises(ValueError, match="malformed"):
        comparison_from_record(raw)


def dcp_copy(tmp_path: Path) -> Path:
    """A folder that torch.distributed.checkpoint of torch 2.13 wrote."""
    import shutil

    return Path(shutil.copytree(DATA.parent / "dcp" / "step-40", tmp_path / "step-40"))


def test_a_distributed_checkpoint_is_listed_and_verified(tmp_path: Path) -> None:
    folder = dcp_copy(tmp_path)
    info = inspect(str(folder / ".metadata"))
    assert (info.verdict, info.format, info.n_tensors, info.n_params) == ("ok-unverified", "dcp", 8, 136)
    assert info.keys == ("model", "optimizer", "step", "epoch")
    assert all(g.kind == "plain" for g in info.globals)
    report = verify(str(folder / ".metadata"))
    assert report.verdict == "ok-verified"
    assert report.checksums > 20


@pytest.mark.parametrize(("damage", "first", "deep"), [
    ("flip", "ok-unverified", "crc-mismatch"), ("cut", "truncated", "truncated"),
    ("zero", "zeroed", "zeroed"), ("gone", "mismatch", "mismatch"),
])  # fmt: skip
def test_damage_to_a_distributed_checkpoint(tmp_path: Path, damage: str, first: str, deep: str) -> None:
    folder = dcp_copy(tmp_path)
    file = folder / "__0_0.distcp"
    raw = file.read_bytes()
    if damage == "flip":
        with zipfile.ZipFile(io.BytesIO(raw[: items_of(str(folder / ".metadata"))[0].length])) as item:
            data = next(i for i in item.infolist() if i.filename.endswith(("/data/0", "/data.pkl")))
            at = data.header_offset + len(item.read(data)) // 2 + 30 + len(data.filename)
        at = raw.index(b"PK\x07\x08", at) - 2  # the last bytes of the first record with data, before its descriptor
        flip(file, at)
    elif damage == "cut":
        file.write_bytes(raw[:-500])
    elif damage == "zero":
        file.write_bytes(raw[: len(raw) // 2] + bytes(len(raw) - len(raw) // 2))
    else:
        file.unlink()
    assert inspect(str(folder / ".metadata")).verdict == first
    assert verify(str(folder / ".metadata")).verdict == deep


def test_a_metadata_file_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    folder = dcp_copy(tmp_path)
    raw = (folder / ".metadata").read_bytes()
    (folder / ".metadata").write_bytes(raw.replace(b"__0_0.distcp", b"../../passwd"))
    assert inspect(str(folder / ".metadata")).verdict == "unsafe-pickle"


def test_a_pickle_in_metadata_that_would_run_code_is_refused(tmp_path: Path) -> None:
    folder = dcp_copy(tmp_path)
    (folder / ".metadata").write_bytes(b"\x80\x04cposix\nsystem\n(X\x04\x00\x00\x00echotR.")
    assert inspect(str(folder / ".metadata")).verdict == "unsafe-pickle"


def test_layers_that_start_from_zero_are_no_lost_bytes(tmp_path: Path) -> None:
    good, bias = np.ones(100, "f4"), np.r_[np.ones(7, "f4"), np.zeros(3, "f4")]
    fresh = {"a": good, "b": bias, "c.lora_B": np.zeros(ZERO_RUN, "f4")}
    report = verify(str(safetensors(tmp_path / "a.safetensors", fresh)))
    assert report.verdict == "ok"
    assert "its last 1 tensors hold only zeros" in report.reason


def test_a_mask_of_infinities_is_no_broken_weight(tmp_path: Path) -> None:
    mask = np.triu(np.full((16, 16), -np.inf, "f4"), 1)
    report = verify(str(safetensors(tmp_path / "a.safetensors", {"attn.mask": mask, "w": np.ones(4, "f4")})))
    assert report.verdict == "ok"
    broken = np.r_[mask.ravel(), np.float32(np.nan)]
    assert verify(str(safetensors(tmp_path / "b.safetensors", {"m": broken}))).nonfinite_tensors == ("m",)
