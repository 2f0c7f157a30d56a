"""A trainer that is killed in the middle of a save: the verdict is right at every moment, before and after."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from lptui.checkpoints.worker import Inspector
from lptui.engine.checkpoint_list import as_run
from lptui.model.events import CheckpointsSeen
from lptui.model.readings import CheckpointReading
from lptui.run.checkpoint_writing import Writers
from lptui.run.recovery import assess
from lptui.sources.checkpoints import CheckpointSource

DATA = Path(__file__).parents[1] / "checkpoints" / "data"
NOW = 1_000_000.0
SAVE = """
import os, sys
data, path, how, chunk = open(sys.argv[1], 'rb').read(), sys.argv[2], sys.argv[3], int(sys.argv[4])
target = path + '.tmp' if how == 'replace' else path
with open(target, 'wb', buffering=0) as file:
    for at in range(0, len(data), chunk):
        file.write(data[at:at + chunk])
        print(at, flush=True)
        sys.stdin.readline()
if how == 'replace':
    os.replace(target, path)
print('saved', flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def inspector() -> Iterator[Inspector]:
    with Inspector() as reader:
        yield reader


class Shared:
    """One reader for all sources of a test: closing a source leaves it."""

    def __init__(self, reader: Inspector) -> None:
        self.inspect = reader.inspect

    def close(self) -> None:
        pass


def nobody(_run: str, _paths: Sequence[str]) -> Writers:
    return Writers({}, alive=False)


def age(path: Path, seconds: float) -> None:
    os.utime(path, (NOW - seconds, NOW - seconds))


def read(
    folder: Path,
    inspector: Inspector,
    writers: Callable[[str, Sequence[str]], Writers | None] = nobody,
    now: float = NOW,
) -> dict[str, CheckpointReading]:
    source = CheckpointSource(as_run(str(folder)), Shared(inspector), writers)
    rows: tuple[CheckpointReading, ...] = ()
    more = True
    while more:
        for event in source.poll(now):
            rows = event.checkpoints if isinstance(event, CheckpointsSeen) else rows
        more = source.pending
    return {row.name: row for row in rows}


@pytest.mark.parametrize("name", ["metta_s2_trainer_state.pt", "metta_model_0050.pt", "bf16.pt"])
def test_a_save_that_was_cut_off_anywhere_is_never_called_whole(
    name: str, tmp_path: Path, inspector: Inspector
) -> None:
    whole = (DATA / name).read_bytes()
    rng = random.Random(name)
    for cut in sorted(rng.sample(range(len(whole)), 50)):
        path = tmp_path / "model_0100.pt"
        path.write_bytes(whole[:cut])
        age(path, 5)
        verdict = read(tmp_path, inspector)["model_0100.pt"].verdict
        assert verdict in ("truncated", "zeroed", "incomplete", "unreadable-pickle", "unknown-format"), cut
        held = read(tmp_path, inspector, lambda _, paths: Writers(dict.fromkeys(paths, 812), alive=True))
        assert held["model_0100.pt"].verdict == "being-written", cut
    path.write_bytes(whole)
    age(path, 5)
    assert read(tmp_path, inspector)["model_0100.pt"].verdict in ("ok", "custom-pickle")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells who writes")
@pytest.mark.parametrize(("how", "chunks"), [("in place", 1), ("in place", 4), ("replace", 3), ("replace", 7)])
def test_a_real_process_killed_in_the_middle(how: str, chunks: int, tmp_path: Path, inspector: Inspector) -> None:
    from lptui.sources.checkpoint_writers import find_writers

    old, new = tmp_path / "model_0050.pt", tmp_path / "model_0100.pt"
    old.write_bytes((DATA / "metta_model_0050.pt").read_bytes())
    age(old, 500)
    source, size = DATA / "metta_model_0050.pt", (DATA / "metta_model_0050.pt").stat().st_size
    argv = [sys.executable, "-c", SAVE, str(source), str(new), how, str(size // 8)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for _ in range(chunks):
            child.stdout.readline()
            child.stdin.write(b"\n")
            child.stdin.flush()
        child.stdout.readline()
        written = new if how == "in place" else tmp_path / "model_0100.pt.tmp"
        age(written, 5)
        rows = read(tmp_path, inspector, find_writers)
        assert rows[written.name].verdict == "being-written"
        assert rows[written.name].usual_size == size
        child.send_signal(signal.SIGKILL)
    age(written, 5)
    rows = read(tmp_path, inspector, nobody)
    if how == "in place":
        assert rows["model_0100.pt"].verdict == "truncated"
    else:  # the final name never came to be
        assert "model_0100.pt" not in rows
        later = read(tmp_path, inspector, nobody, NOW + 100)
        assert list(later) == ["model_0050.pt"], "a leftover by now"
    told = assess(tuple(read(tmp_path, inspector, nobody, NOW + 100).values()), "generic", "r")
    best = told.loaded
    assert best is not None
    assert best.name == "model_0050.pt"


def test_safetensors_that_were_allocated_but_never_filled(tmp_path: Path, inspector: Inspector) -> None:
    whole = next(DATA.glob("*.safetensors")).read_bytes()
    head = 8 + int.from_bytes(whole[:8], "little")
    path = tmp_path / "model_1.safetensors"
    with path.open("wb") as file:
        file.truncate(1 << 20 if len(whole) < 1 << 20 else len(whole))
        file.write(whole[:head])
    age(path, 5)
    assert read(tmp_path, inspector)["model_1.safetensors"].verdict in ("zeroed", "mismatch")
