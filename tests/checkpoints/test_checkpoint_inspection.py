"""Whole checkpoints of real torch are listed right; each kind of damage gets its verdict."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lptui.checkpoints.info import CheckpointInfo, from_json, to_json
from lptui.checkpoints.inspection import inspect
from lptui.checkpoints.legacy import read_keys, read_object
from lptui.checkpoints.probe import FileBytes

DATA = Path(__file__).parent / "data"
WHOLE = {
    "metta_s1_trainer_state.pt": ("torch-zip", "metta", "ok-unverified"),
    "metta_s2_trainer_state.pt": ("torch-zip", "metta", "ok-unverified"),
    "metta_head_trainer_state.pt": ("torch-zip", "metta", "ok-unverified"),
    "metta_model_0050.pt": ("torch-zip", "metta", "custom-pickle"),
    "metta_v5.mpt": ("mpt", "metta", "ok-unverified"),
    "bf16.pt": ("torch-zip", "torch", "ok-unverified"),
    "dtypes.pt": ("torch-zip", "torch", "ok-unverified"),
    "legacy.pt": ("torch-legacy", "torch", "ok-unverified"),
    "plain_dict.pth": ("torch-zip", "torch", "ok-unverified"),
    "lightning.ckpt": ("torch-zip", "lightning", "custom-pickle"),
    "model.safetensors": ("safetensors", None, "ok-unverified"),
    "ppo_1000_steps.zip": ("sb3", "sb3", "ok-unverified"),
    "script.pt": ("torchscript", "torch", "ok-unverified"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files_raise_no_alarm(name: str) -> None:
    info = inspect(str(DATA / name))
    assert (info.format, info.framework, info.verdict) == WHOLE[name]
    assert not info.damaged
    assert info.size == (DATA / name).stat().st_size
    assert from_json(to_json(info)) == info


def test_metta_trainer_state_of_the_first_era() -> None:
    info = inspect(str(DATA / "metta_s1_trainer_state.pt"))
    assert info.epoch is not None
    assert (info.epoch.value, info.epoch.source) == (100, "scalar: epoch")
    assert info.agent_step is not None
    assert info.agent_step.value == 26214400
    assert info.policy_path == "file:///runs/me/checkpoints/model_0100.pt"
    assert info.learning_rates == (4.5e-4,)
    assert info.n_params is None
    assert dict(info.bytes_by_group) == {"optimizer": 1712, "python state": 1354}
    assert info.optimizer_step is not None
    assert (info.optimizer_step.value, info.optimizer_step.source) == (
        1, "tensor: optimizer_state_dict.state.0.step"
    )  # fmt: skip
    assert "total_agent_step" in info.keys
    assert {r.name: r.value for r in info.scalars}["total_agent_step"] == 52428800


def test_whole_module_pickle_shows_its_tensors_and_metadata() -> None:
    info = inspect(str(DATA / "metta_model_0050.pt"))
    assert [t.name for t in info.tensors] == [
        "_cached_policy.0.weight",
        "_cached_policy.0.bias",
        "_cached_policy.2.weight",
        "_cached_policy.2.bias",
    ]
    assert info.n_params == 212
    assert info.epoch is not None
    assert info.epoch.value == 50
    assert ("metta.agent.policy_record.PolicyRecord", "known") in [(g.name, g.kind) for g in info.globals]
    assert "weights_only=False" in info.next_step


def test_dtypes_views_and_sizes() -> None:
    tensors = {t.name: t for t in inspect(str(DATA / "dtypes.pt")).tensors}
    assert tensors["short"].dtype == "uint16"
    assert tensors["f8"].dtype == "float8_e4m3fn"
    assert tensors["nothing"].shape == (0, 5)
    assert tensors["scalar"].shape == ()
    assert (tensors["turned"].shape, tensors["turned"].nbytes) == ((4, 3), 48)
    assert tensors["view"].shape == (4,)


def test_bf16_has_two_bytes_a_number() -> None:
    info = inspect(str(DATA / "bf16.pt"))
    assert info.dtypes == (("bfloat16", 4),)
    assert sum(t.nbytes for t in info.tensors) == 212 * 2


def test_lightning_and_sb3_counters() -> None:
    lightning = inspect(str(DATA / "lightning.ckpt"))
    assert lightning.global_step is not None
    assert lightning.epoch is not None
    assert (lightning.global_step.value, lightning.epoch.value) == (600, 5)
    assert lightning.learning_rates == (2e-4,)
    sb3 = inspect(str(DATA / "ppo_1000_steps.zip"))
    assert sb3.global_step is not None
    assert (sb3.global_step.value, sb3.global_step.source) == (1000, "json: num_timesteps")


def test_safetensors_metadata_counts() -> None:
    info = inspect(str(DATA / "model.safetensors"))
    assert info.step is not None
    assert info.step.value == 700
    assert info.has_crc is False
    assert "no checksum" in info.reason


def test_hugging_face_trainer_state_json(tmp_path: Path) -> None:
    path = tmp_path / "trainer_state.json"
    log = [{"step": 10, "loss": 1.0}]
    path.write_text(json.dumps({"epoch": 1.5, "global_step": 500, "max_steps": 900, "log_history": log}))
    info = inspect(str(path))
    assert (info.format, info.framework, info.step) == ("json", "hf", None)
    assert info.global_step is not None
    assert info.global_step.source == "json: global_step"
    assert info.epoch is not None
    assert info.epoch.value == 1.5


# -- damage ------------------------------------------------------------------------------------------------
def keep(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def zero_tail(data: bytes) -> bytes:
    at = int(len(data) * 0.6)
    return data[:at] + bytes(len(data) - at)


def rewrite(source: Path, target: Path, edit: Callable[[str, bytes], bytes], **extra: int) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for item in old.infolist():
            data = edit(item.filename, old.read(item))
            new.writestr(item.filename, data, compress_type=extra.get(item.filename.split("/")[-1]))


def damaged(tmp_path: Path, name: str, data: bytes) -> CheckpointInfo:
    path = tmp_path / name
    path.write_bytes(data)
    return inspect(str(path))


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_never_called_whole(tmp_path: Path, name: str, share: float) -> None:
    info = damaged(tmp_path, name, keep((DATA / name).read_bytes(), share))
    assert info.damaged, info.verdict
    if share >= 0.5:
        assert info.verdict in ("truncated", "zeroed")


def test_a_cut_torch_zip_tells_what_is_missing(tmp_path: Path) -> None:
    whole = (DATA / "plain_dict.pth").read_bytes()
    info = damaged(tmp_path, "a.pt", keep(whole, 0.7))
    assert info.verdict == "truncated"
    assert info.expected_size == pytest.approx(len(whole), rel=0.2)
    assert info.n_tensors == 16
    assert info.epoch is not None
    assert info.epoch.value == 7


@pytest.mark.parametrize("name", ["plain_dict.pth", "legacy.pt", "ppo_1000_steps.zip", "metta_v5.mpt"])
def test_zeros_where_the_end_should_be(tmp_path: Path, name: str) -> None:
    info = damaged(tmp_path, name, zero_tail((DATA / name).read_bytes()))
    assert info.damaged
    if len((DATA / name).read_bytes()) * 0.4 > 4096:
        assert info.verdict == "zeroed"


@pytest.mark.parametrize("name", ["plain_dict.pth", "model.safetensors"])
def test_a_hole_is_seen(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    data = (DATA / name).read_bytes()
    if name == "model.safetensors":  # a tensor long enough for a hole
        shape = {"w": {"dtype": "F32", "shape": [1 << 18], "data_offsets": [0, 1 << 20]}}
        header = json.dumps(shape).encode()
        data = struct.pack("<Q", len(header)) + header + b"\1" * (1 << 20)
    path.write_bytes(data[:4096])
    os.truncate(path, max(len(data), 1 << 20) if name != "model.safetensors" else len(data))
    with path.open("rb") as file:
        if os.lseek(file.fileno(), 0, os.SEEK_HOLE) >= path.stat().st_size:
            pytest.skip("this file system has no holes")
    info = inspect(str(path))
    assert info.verdict == "zeroed"
    assert "hole" in info.reason


def test_a_flipped_bit_in_the_pickle_is_a_checksum_error(tmp_path: Path) -> None:
    data = bytearray((DATA / "plain_dict.pth").read_bytes())
    data[data.index(b"epoch") + 1] ^= 1
    assert damaged(tmp_path, "a.pt", bytes(data)).verdict == "crc-mismatch"


def test_a_pickle_that_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    rewrite(DATA / "plain_dict.pth", path, lambda n, d: d[: len(d) // 2] if n.endswith("data.pkl") else d)
    info = inspect(str(path))
    assert info.verdict == "unreadable-pickle"
    assert "ends early" in info.reason


def test_a_missing_and_a_short_storage(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    rewrite(DATA / "plain_dict.pth", path, lambda n, d: d[:-4] if n.endswith("data/0") else d)
    assert inspect(str(path)).verdict == "mismatch"
    with zipfile.ZipFile(DATA / "plain_dict.pth") as old, zipfile.ZipFile(path, "w") as new:
        for item in old.infolist():
            if not item.filename.endswith("data/3"):
                new.writestr(item.filename, old.read(item))
    info = inspect(str(path))
    assert info.verdict == "mismatch"
    assert "storage 3" in info.reason


def test_two_records_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes((DATA / "plain_dict.pth").read_bytes())
    with zipfile.ZipFile(path) as z:
        name = z.namelist()[0]
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as z:
        z.writestr(name, b"\x80\x02}.")
    info = inspect(str(path))
    assert info.verdict == "unsafe-pickle"
    assert "twice" in info.reason


def test_a_deflated_record_is_not_inflated(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes((DATA / "plain_dict.pth").read_bytes())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as z:
        z.writestr("plain_dict/data/99", bytes(8 << 20))
    info = inspect(str(path))
    assert info.verdict == "unsafe-pickle"
    assert "compressed" in info.reason


def test_a_record_outside_of_the_root(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes((DATA / "plain_dict.pth").read_bytes())
    with zipfile.ZipFile(path, "a") as z:
        z.writestr("../../evil", b"x")
    assert inspect(str(path)).verdict == "unsafe-pickle"


def test_the_two_headers_of_a_record_must_agree(tmp_path: Path) -> None:
    data = (DATA / "plain_dict.pth").read_bytes()
    at = data.index(b"plain_dict/data.pkl")
    info = damaged(tmp_path, "a.pt", data[:at] + b"plain_dict/tada.pkl" + data[at + 19 :])
    assert info.verdict == "unsafe-pickle"
    assert "two different names" in info.reason


def test_trailing_bytes_behind_the_archive(tmp_path: Path) -> None:
    info = damaged(tmp_path, "a.pt", (DATA / "plain_dict.pth").read_bytes() + b"x")
    assert info.verdict == "unsafe-pickle"


def test_legacy_with_wrong_counts_and_too_short(tmp_path: Path) -> None:
    data = (DATA / "legacy.pt").read_bytes()
    with (DATA / "legacy.pt").open("rb") as file:
        source = FileBytes(file.fileno(), len(data))
        at = read_keys(source, *read_object(source)).storages_at
    wrong = damaged(tmp_path, "a.pt", data[:at] + struct.pack("<Q", 999) + data[at + 8 :])
    lost = damaged(tmp_path, "c.pt", data[:at] + bytes(len(data) - at))
    cut = damaged(tmp_path, "b.pt", (DATA / "legacy.pt").read_bytes()[:-10])
    assert (wrong.verdict, lost.verdict) == ("mismatch", "zeroed")
    assert cut.verdict == "truncated"
    assert cut.expected_size == (DATA / "legacy.pt").stat().st_size


def test_a_sparse_copy_of_honest_zeros_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    payload = bytes(1 << 20)
    pickle = (
        b"\x80\x02}(X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"
        b"FloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuJ\x00\x00\x04\x00tQK\x00J\x00\x00\x04\x00\x85K\x01"
        b"\x85\x89ccollections\nOrderedDict\n)RtRu."
    )
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("a/data.pkl", pickle)
        z.writestr("a/data/0", payload)
        z.writestr("a/version", "3\n")
    data = path.read_bytes()
    at = (data.index(payload[:65536]) + 4096) & ~4095
    with path.open("r+b") as file:
        file.truncate(at)
        file.seek(at + (1 << 19))
        file.write(data[at + (1 << 19) :])
        if os.lseek(file.fileno(), 0, os.SEEK_HOLE) >= len(data):
            pytest.skip("this file system has no holes")
    assert path.read_bytes() == data
    info = inspect(str(path))
    assert info.verdict == "ok-unverified"
    assert any("sparse copy" in note for note in info.notes)


# -- files that are no files -------------------------------------------------------------------------------
def test_what_is_no_readable_file(tmp_path: Path) -> None:
    fifo, link, empty, zeros = (tmp_path / n for n in ("fifo.pt", "link.pt", "empty.pt", "zeros.pt"))
    os.mkfifo(fifo)
    link.symlink_to(DATA / "bf16.pt")
    empty.touch()
    zeros.write_bytes(bytes(10_000))
    verdicts = {p.name: inspect(str(p)).verdict for p in (fifo, link, empty, zeros, tmp_path)}
    assert verdicts.pop(tmp_path.name) == "not-regular"
    assert verdicts == {
        "fifo.pt": "not-regular",
        "link.pt": "not-regular",
        "empty.pt": "truncated",
        "zeros.pt": "zeroed",
    }
    assert inspect(str(tmp_path / "gone.pt")).verdict == "vanished"
    assert inspect("a\0b").verdict == "vanished"
    (tmp_path / "notes.pt").write_text("hello")
    assert inspect(str(tmp_path / "notes.pt")).verdict == "unknown-format"


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.geteuid() == 0:  # root reads everything: let the call itself refuse

        def refuse(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    assert inspect(str(path)).verdict == "no-permission"


def test_a_file_written_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes((DATA / "bf16.pt").read_bytes())
    from lptui.checkpoints import inspection

    honest = inspection.read_archive

    def write_meanwhile(*args: object) -> None:
        honest(*args)  # type: ignore[arg-type]
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(inspection, "read_archive", write_meanwhile)
    assert inspect(str(path)).verdict == "changed"


@pytest.mark.parametrize("text", ["{}", "[]", "3", '{"path": 1}', "nonsense"])
def test_json_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)


def test_json_with_a_wrong_type_is_refused() -> None:
    record = json.loads(to_json(inspect(str(DATA / "bf16.pt"))))
    for field, value in [("size", "x"), ("tensors", [[1]]), ("keys", [1]), ("dtypes", [[]]), ("has_crc", 3)]:
        with pytest.raises(ValueError):
            from_json(json.dumps({**record, field: value}))
