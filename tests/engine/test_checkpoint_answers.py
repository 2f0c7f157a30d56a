"""What a reader asks of checkpoints: looks, deep passes, comparisons; told as they go on, cancelled when unwanted."""

from __future__ import annotations

import json
import os
import queue
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lptui.checkpoints.bisection import FirstNonFinite
from lptui.checkpoints.contents import Contents, Measured
from lptui.checkpoints.difference import Difference, NumberChange
from lptui.checkpoints.drift import Drift
from lptui.engine.checkpoint_answers import CheckpointAnswers
from lptui.engine.checkpoint_list import as_run, find_payloads, read_checkpoints
from lptui.model.events import CheckpointsSeen
from lptui.model.readings import CheckpointReading
from lptui.model.request import (
    CheckpointAnswer,
    CheckpointRequest,
    CompareCheckpoints,
    FindNonFinite,
    InspectCheckpoint,
    MeasureDrift,
    VerifyCheckpoint,
)
from lptui.sources.checkpoints import CheckpointSource

DATA = Path(__file__).parents[1] / "checkpoints" / "data"
NOW = 1e9 + 100


def folder(tmp_path: Path, source: str = "bf16.pt", flip: bool = False) -> Path:
    file = tmp_path / "model_1.pt"
    shutil.copy(DATA / source, file)
    if flip:
        raw = bytearray(file.read_bytes())
        at = raw.index(b"FB", raw.index(b"/data/0")) + 40  # in the padding or bytes of the first record
        while raw[at] in b"FBZ":
            at += 1
        raw[at] ^= 0x40
        file.write_bytes(raw)
    os.utime(file, (1e9, 1e9))
    return file


def rows_of(source: CheckpointSource, now: float) -> list[CheckpointReading]:
    found: list[CheckpointReading] = []
    for event in source.poll(now):
        if isinstance(event, CheckpointsSeen):
            found = list(event.checkpoints)
    return found


@contextmanager
def answering(*sources: CheckpointSource) -> Iterator[CheckpointAnswers]:
    answers = CheckpointAnswers(lambda: sources)
    answers.start()
    try:
        yield answers
    finally:
        answers.stop()
        for source in sources:
            source.close()


def ask(answers: CheckpointAnswers, request: CheckpointRequest) -> list[CheckpointAnswer]:
    box: queue.SimpleQueue[CheckpointAnswer] = queue.SimpleQueue()
    answers.ask(request, box.put)
    told = [box.get(timeout=60)]
    while not told[-1].ended:
        told.append(box.get(timeout=60))
    return told


def test_the_verdict_of_a_deep_pass_replaces_the_first_look(tmp_path: Path) -> None:
    file = folder(tmp_path)
    source = CheckpointSource(as_run(str(file)))
    with answering(source) as answers:
        assert rows_of(source, NOW)[0].verdict == "ok"
        told = ask(answers, VerifyCheckpoint(str(file)))
        assert told[-1].verdict == "ok-verified"
        assert all(0 <= t.done <= t.total for t in told)
        assert rows_of(source, NOW + 10)[0].verdict == "ok-verified"
        os.utime(file, (1e9 + 5, 1e9 + 5))  # another file by now: what was verified says nothing of it
        assert rows_of(source, NOW + 20)[0].verdict == "ok"


def test_a_flipped_bit_is_shown_as_damage(tmp_path: Path) -> None:
    file = folder(tmp_path, flip=True)
    source = CheckpointSource(as_run(str(file)))
    with answering(source) as answers:
        rows_of(source, NOW)
        assert ask(answers, VerifyCheckpoint(str(file)))[-1].verdict == "crc-mismatch"
        assert rows_of(source, NOW + 10)[0].verdict == "crc-mismatch"


def test_what_is_gone_is_told(tmp_path: Path) -> None:
    with answering(CheckpointSource(as_run(str(tmp_path / "x.pt")))) as answers:
        last = ask(answers, VerifyCheckpoint(str(tmp_path / "x.pt")))[-1]
        assert (last.verdict, last.reason) == ("vanished", "the file is no longer there")
        assert ask(answers, VerifyCheckpoint(str(tmp_path)))[-1].verdict == "not-regular"
        gone = ask(answers, InspectCheckpoint(str(tmp_path / "x.pt")))[-1].found
        assert isinstance(gone, Contents)
        assert [info.verdict for info in gone.infos] == ["vanished"]


def test_a_look_gives_the_tensors_as_a_tree_and_a_deep_pass_their_numbers(tmp_path: Path) -> None:
    file = str(DATA / "plain_dict.pth")  # a path that no run knows
    with answering() as answers:
        contents = ask(answers, InspectCheckpoint(file))[-1].found
        measured = ask(answers, VerifyCheckpoint(file))[-1].found
    assert isinstance(contents, Contents)
    assert isinstance(measured, Measured)
    assert [node.key for node in contents.tree] == ["model.", "optimizer.state."]
    assert sum(node.count for node in contents.tree) == contents.infos[0].n_tensors
    norms = [measured.numbers[node.key].norm for node in contents.tree[0].children]
    whole = measured.numbers["model."].norm
    assert whole is not None
    assert abs(whole - sum((n or 0) ** 2 for n in norms) ** 0.5) < 1e-6


def test_a_checkpoint_of_several_files_is_one_tree(tmp_path: Path) -> None:
    folder_ = tmp_path / "checkpoint-100"
    folder_.mkdir()
    shutil.copy(DATA / "model.safetensors", folder_)
    shutil.copy(DATA / "plain_dict.pth", folder_ / "optimizer.pt")
    (folder_ / "trainer_state.json").write_text('{"global_step": 100}')
    source = CheckpointSource(as_run(str(tmp_path)))
    with answering(source) as answers:
        rows_of(source, NOW)
        contents = ask(answers, InspectCheckpoint(str(folder_)))[-1].found
        measured = ask(answers, VerifyCheckpoint(str(folder_)))[-1].found
    assert isinstance(contents, Contents)
    assert isinstance(measured, Measured)
    assert {node.label for node in contents.tree} == {"model_safetensors", "optimizer_pt"}
    assert all(node.key in measured.numbers for node in contents.tree)


def test_two_checkpoints_differ_in_tensors_and_numbers() -> None:
    one, two = str(DATA / "metta_s1_trainer_state.pt"), str(DATA / "metta_s2_trainer_state.pt")
    with answering() as answers:
        difference = ask(answers, CompareCheckpoints(one, two))[-1].found
        measured = ask(answers, CompareCheckpoints(one, one, measure=True))[-1].found
        unlike = ask(answers, CompareCheckpoints(one, "/nowhere.pt"))[-1].found
    assert isinstance(difference, Difference)
    assert NumberChange("agent_step", 26214400, 52428800) in difference.numbers
    assert difference.read == 0  # checksums tell what changed
    assert isinstance(measured, Difference)
    assert measured.count("same") == len(measured.rows) == 12
    assert isinstance(unlike, Difference)
    assert unlike.reason


def shards(folder_: Path, count: int, broken: int) -> None:
    """A model of transformers in `count` files; the last number of file `broken` is NaN."""
    folder_.mkdir()
    places: dict[str, str] = {}
    for i in range(1, count + 1):
        header = json.dumps({f"h.{i}.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
        numbers = struct.pack("<2f", 1.0, float("nan") if i == broken else 2.0)
        name = f"model-{i:05d}-of-{count:05d}.safetensors"
        (folder_ / name).write_bytes(struct.pack("<Q", len(header)) + header + numbers)
        places[f"h.{i}.weight"] = name
    index = {"metadata": {"total_size": 8 * count}, "weight_map": places}
    (folder_ / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder_ / "trainer_state.json").write_text('{"global_step": 100}')
    for path in folder_.iterdir():
        os.utime(path, (1e9, 1e9))


def test_every_shard_is_read_however_many_there_are(tmp_path: Path) -> None:
    shards(tmp_path / "checkpoint-100", 20, broken=20)
    path = str(tmp_path / "checkpoint-100")
    source = CheckpointSource(as_run(str(tmp_path)))
    with answering(source) as answers:
        assert [row.verdict for row in rows_of(source, NOW)] == ["ok"]
        contents = ask(answers, InspectCheckpoint(path))[-1].found
        last = ask(answers, VerifyCheckpoint(path))[-1]
        assert rows_of(source, NOW + 10)[0].verdict == "non-finite-weights"
    assert isinstance(contents, Contents)
    assert sum(node.count for node in contents.tree) == 20
    assert last.verdict == "non-finite-weights"


def series_of_runs(tmp_path: Path, broken_from: int) -> list[str]:
    """Files of safetensors with one weight each that grows; NaN from one of them on."""
    paths: list[str] = []
    for i in range(7):
        header = b'{"fc.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
        value = float("nan") if i >= broken_from else 1.0 + i / 10
        path = tmp_path / f"model_{i}.safetensors"
        path.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<2f", value, 1.0))
        paths.append(str(path))
    return paths


def test_drift_is_told_pair_by_pair_and_the_first_nan_is_found(tmp_path: Path) -> None:
    paths = tuple(series_of_runs(tmp_path, 5))
    with answering(CheckpointSource(as_run(str(tmp_path)))) as answers:
        told = ask(answers, MeasureDrift(paths))
        first = ask(answers, FindNonFinite(paths))[-1].found
    drift = told[-1].found
    assert isinstance(drift, Drift)
    assert [layer.layer for layer in drift.layers] == ["fc"]
    assert drift.paths == paths
    assert len([t for t in told if t.found is not None and not t.ended]) == 6
    assert isinstance(first, FirstNonFinite)
    assert (first.first, first.last_finite, first.tensors) == (paths[5], paths[4], ("fc.weight",))


def test_what_was_cancelled_is_not_answered() -> None:
    box: queue.SimpleQueue[CheckpointAnswer] = queue.SimpleQueue()
    unwanted, wanted = VerifyCheckpoint(str(DATA / "legacy.pt")), VerifyCheckpoint(str(DATA / "bf16.pt"))
    answers = CheckpointAnswers(lambda: ())
    answers.ask(unwanted, box.put)
    answers.ask(wanted, box.put)
    answers.cancel(unwanted)
    answers.start()
    told = [box.get(timeout=60)]
    while not told[-1].ended:
        told.append(box.get(timeout=60))
    answers.stop()
    assert {t.request for t in told} == {wanted}


def test_a_pass_that_runs_ends_when_it_is_cancelled() -> None:
    box: queue.SimpleQueue[CheckpointAnswer] = queue.SimpleQueue()
    request, next_one = VerifyCheckpoint(str(DATA / "bf16.pt")), VerifyCheckpoint(str(DATA / "legacy.pt"))
    answers = CheckpointAnswers(lambda: ())

    def cancel_at_once(answer: CheckpointAnswer) -> None:
        box.put(answer)
        answers.cancel(request)

    answers.ask(request, cancel_at_once)
    answers.ask(next_one, box.put)
    answers.start()
    told = [box.get(timeout=60)]
    while not told[-1].ended:
        told.append(box.get(timeout=60))
    answers.stop()
    assert told[-1].request == next_one
    assert not any(t.ended for t in told if t.request == request)


def test_more_checkpoints_than_are_looked_into_unasked_are_all_read(tmp_path: Path) -> None:
    for i in range(60):
        file = tmp_path / f"model_{i}.pt"
        shutil.copy(DATA / "bf16.pt", file)
        os.utime(file, (1e9, 1e9))
    rows, leftovers = read_checkpoints(as_run(str(tmp_path)), clock=iter(range(10**9 + 100, 2 * 10**9)).__next__)
    assert [row.verdict for row in rows] == ["ok"] * 60
    assert [row.name for row in rows][:3] == ["model_0.pt", "model_1.pt", "model_2.pt"]
    assert leftovers == ()
    assert len(find_payloads(as_run(str(tmp_path)))) == 60
