"""Folders that are one checkpoint: Hugging Face, DeepSpeed, orbax, Metta's bundle, torch.distributed.checkpoint."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lptui.checkpoints.comparison import compare
from lptui.checkpoints.folders import inspect_path
from lptui.checkpoints.verification import verify_path
from lptui.checkpoints.worker import Inspector, Verifier

HERE = Path(__file__).parent
FOLDERS = {
    "hf": HERE / "folders/checkpoint-40",
    "deepspeed": HERE / "folders/deepspeed",
    "tag": HERE / "folders/deepspeed/global_step20",
    "orbax": HERE / "folders/orbax/40",
    "zarr": HERE / "folders/orbax-zarr",
    "bundle": HERE / "folders/metta-bundle",
    "dcp": HERE / "dcp/step-40",
}


@pytest.mark.parametrize("name", FOLDERS)
def test_whole_folders_are_called_whole(name: str) -> None:
    path = str(FOLDERS[name])
    with Inspector() as inspector, Verifier() as verifier:
        info, report = inspector.inspect(path), verifier.verify(path)
    assert (info.verdict, info.damaged) == ("ok-unverified", False), info.reason
    assert info.n_tensors
    assert info.files
    assert report.verdict in ("ok", "ok-verified") or info.format == "orbax", report.reason
    assert not compare(path, path, measure=True).reason


def test_the_tensors_and_numbers_of_a_sharded_folder() -> None:
    info = inspect_path(str(FOLDERS["hf"]))
    assert {t.name: t.shape for t in info.tensors if t.group == "model"} == {
        "0.weight": (16, 8), "0.bias": (16,), "2.weight": (4, 16), "2.bias": (4,)
    }  # fmt: skip
    assert "optimizer/state.0.exp_avg" in {t.name for t in info.tensors}
    assert info.n_params == 212
    assert info.epoch is not None
    assert (info.epoch.value, info.epoch.source) == (0.5, "json: epoch")
    assert info.global_step is not None
    assert info.global_step.value == 40
    assert info.schedule_step is not None
    assert info.schedule_step.value == 40
    assert info.optimizer_step is not None
    assert info.optimizer_step.value == 1
    assert dict(info.bytes_by_group)["model"] == 212 * 4


def test_the_tensors_of_orbax() -> None:
    tensors = {t.name: (t.shape, t.dtype) for t in inspect_path(str(FOLDERS["zarr"])).tensors}
    assert tensors["params.dense.kernel"] == ((4, 3), "float32")
    assert inspect_path(str(FOLDERS["orbax"])).n_params == 16


def test_a_save_folder_of_deepspeed_shows_its_newest_tag() -> None:
    info = inspect_path(str(FOLDERS["deepspeed"]))
    assert info.global_step is not None
    assert info.global_step.value == 20
    assert info.framework == "deepspeed"
    assert info.n_params == 212
    names = {t.name for t in info.tensors}
    rank = "zero_pp_rank_1_mp_rank_00_optim_states"
    assert f"{rank}/optimizer_state_dict.base_optimizer_state.state.0.exp_avg" in names


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def cut(name: str, keep: float = 0.6) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        os.truncate(folder / name, int((folder / name).stat().st_size * keep))

    return damage


def rewrite(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(change((folder / name).read_text())) and None


def rename_tensor(text: str) -> str:
    table = json.loads(text)
    table["weight_map"]["0.gain"] = table["weight_map"].pop("0.bias")
    return json.dumps(table)


def name_another_tag(folder: Path) -> None:
    (folder.parent / "latest").write_text("global_step10")


RANK = "global_step20/zero_pp_rank_1_mp_rank_00_optim_states.pt"


@pytest.mark.parametrize(
    ("name", "damage", "verdict", "says"),
    [
        ("hf", remove("trainer_state.json"), "incomplete", "trainer_state.json, which is written last"),
        ("hf", remove("model-00002-of-00002.safetensors"), "mismatch", "model-00002-of-00002.safetensors"),
        ("hf", cut("model-00002-of-00002.safetensors"), "truncated", "model-00002-of-00002.safetensors"),
        ("hf", cut("optimizer.pt"), "truncated", "optimizer.pt"),
        ("hf", cut("optimizer.pt", 0), "truncated", "optimizer.pt"),
        ("hf", rewrite("model.safetensors.index.json", rename_tensor), "mismatch", "0.gain is not in the shard"),
        ("hf", cut("model.safetensors.index.json"), "mismatch", "model.safetensors.index.json"),
        ("deepspeed", remove(RANK), "mismatch", "zero_pp_rank_1_mp_rank_00_optim_states.pt of 3 rank files"),
        ("deepspeed", cut(RANK), "truncated", "zero_pp_rank_1"),
        ("deepspeed", cut(RANK, 0), "truncated", "zero_pp_rank_1"),
        ("deepspeed", remove("global_step20/mp_rank_00_model_states.pt"), "mismatch", "model states"),
        ("deepspeed", rewrite("latest", lambda _: "global_step40"), "incomplete", "global_step40, which is not there"),
        ("tag", name_another_tag, "incomplete", "global_step10"),
        ("orbax", remove("default/_METADATA"), "incomplete", "_METADATA"),
        ("orbax", cut("default/_METADATA"), "mismatch", "JSON"),
        ("zarr", lambda folder: shutil.rmtree(folder / "params.dense.kernel"), "mismatch", "params.dense.kernel"),
        ("bundle", remove("policy_spec.json"), "incomplete", "policy_spec.json"),
        ("bundle", cut("weights.safetensors"), "truncated", "weights.safetensors"),
        ("dcp", remove(".metadata"), "incomplete", ".metadata"),
        ("dcp", remove("__0_0.distcp"), "mismatch", "__0_0.distcp"),
        ("dcp", cut("__0_0.distcp"), "truncated", "__0_0.distcp"),
    ],
)  # fmt: skip
def test_what_is_missing_or_short(
    tmp_path: Path, name: str, damage: Callable[[Path], None], verdict: str, says: str
) -> None:
    source = FOLDERS[name]
    copy = tmp_path / "save" / ("x:v30" if name == "bundle" else source.name)
    shutil.copytree(source, copy)
    damage(copy)
    info = inspect_path(str(copy))
    assert info.verdict == verdict, info.reason
    assert says in info.reason
    assert info.next_step
    assert verify_path(str(copy)).verdict == verdict


def test_an_uncommitted_orbax_folder_is_incomplete(tmp_path: Path) -> None:
    shutil.copytree(FOLDERS["orbax"], tmp_path / "40.orbax-checkpoint-tmp-1700000000")
    info = inspect_path(str(tmp_path / "40.orbax-checkpoint-tmp-1700000000"))
    assert (info.verdict, "temporary name" in info.reason) == ("incomplete", True)


def test_one_flipped_bit_in_a_rank_is_named(tmp_path: Path) -> None:
    shutil.copytree(FOLDERS["deepspeed"], tmp_path / "ds")
    path = tmp_path / "ds" / RANK
    raw = bytearray(path.read_bytes())
    at = raw.index(b"FB", raw.index(b"/data/1")) + 64  # padding in front of the storage, then its bytes
    raw[at + 64] ^= 4
    path.write_bytes(raw)
    report = verify_path(str(tmp_path / "ds"))
    assert report.verdict == "crc-mismatch"
    assert report.culprits[0].startswith("zero_pp_rank_1_mp_rank_00_optim_states/")


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    copy = tmp_path / "checkpoint-40"
    shutil.copytree(FOLDERS["hf"], copy)
    (copy / "extra.safetensors").symlink_to("/etc/passwd")
    info = inspect_path(str(copy))
    assert info.verdict == "ok-unverified"
    assert "1 symbolic links in it were not followed" in info.notes


def test_other_folders_are_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert inspect_path(str(tmp_path)).verdict == "not-regular"
    assert inspect_path(str(tmp_path / "gone")).verdict == "vanished"


def test_two_folders_are_compared_tensor_by_tensor(tmp_path: Path) -> None:
    first, second = FOLDERS["hf"], tmp_path / "checkpoint-60"
    shutil.copytree(first, second)
    shard = second / "model-00002-of-00002.safetensors"
    raw = bytearray(shard.read_bytes())
    raw[-4:] = b"\0\0\x80?"
    shard.write_bytes(raw)
    found = compare(str(first), str(second), measure=True, groups=("model",))
    assert [(r.name, r.kind) for r in found.rows if r.kind != "same"] == [("2.weight", "changed")]
    assert found.count("same") == 3


@pytest.mark.parametrize("name", ["dcp", "deepspeed", "bundle"])
def test_every_kind_of_folder_can_be_compared(name: str) -> None:
    found = compare(str(FOLDERS[name]), str(FOLDERS[name]), measure=True)
    assert found.count("same") == len(found.rows) > 3


def test_folders_that_name_each_other_end(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-1"
    deepest = folder
    for _ in range(60):
        deepest.mkdir(exist_ok=True)
        (deepest / "trainer_state.json").write_text("{}")
        (deepest / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
        (deepest / "latest").write_text("in")
        deepest = deepest / "in"
    assert len(inspect_path(str(folder)).reason) < 300


def test_a_tag_that_leads_out_by_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "latest").write_text("step")
    shutil.copytree(FOLDERS["tag"], tmp_path / "elsewhere")
    (tmp_path / "run" / "step").symlink_to(tmp_path / "elsewhere")
    assert inspect_path(str(tmp_path / "run")).verdict == "incomplete"


def test_pipes_in_a_folder_do_not_block(tmp_path: Path) -> None:
    for name in ("latest", "model.safetensors", ".metadata", "trainer_state.json"):
        os.mkfifo(tmp_path / name)
    assert inspect_path(str(tmp_path)).verdict == "not-regular"
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    assert inspect_path(str(tmp_path)).verdict in ("incomplete", "mismatch")
