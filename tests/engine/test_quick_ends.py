"""What the ends of a log and of a W&B file say, however long their lines and rows are."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from lptui.engine.quick_ends import LOG_TAIL, read_facts, read_last_facts, read_log_end, read_wandb_end
from lptui.formats.progress import Lifecycle, Progress
from tests.formats.test_leveldb import write_log
from tests.formats.test_wandb import history, item, number, text


def write_wandb(path: Path, rows: list[bytes]) -> str:
    path.write_bytes(write_log(rows))
    return str(path)


def row(step: int, keys: int = 0, **values: float) -> bytes:
    fill = [item(f"env/stat_{index}", json=str(index / 7)) for index in range(keys)]
    told = [item("_step", json=str(step)), item("_timestamp", json="1000.5")]
    return history(*fill, *told, *(item(name, json=json.dumps(value)) for name, value in values.items()), step=step)


def summary(**values: float) -> bytes:
    return text(3, b"".join(text(1, text(1, name) + text(16, json.dumps(value))) for name, value in values.items()))


def output(size: int) -> bytes:
    return text(13, text(3, "x" * size))


EXIT = text(18, number(1, 3))


def newest(path: str) -> dict[str, float]:
    found = read_wandb_end(path)
    assert found is not None
    return {p.key: p.values[-1] for p in found.points}


@pytest.mark.parametrize("after", [0, 10_000, 400_000, 3_000_000])
def test_the_last_row_is_found_however_long_it_is_and_whatever_follows_it(tmp_path: Path, after: int) -> None:
    rows = [row(step, 5000, reward=step / 10) for step in range(12)]
    path = write_wandb(tmp_path / "r.wandb", [*rows, output(after), EXIT])
    found = read_wandb_end(path)
    assert found is not None
    assert (found.exit_code, found.at, found.points[0].steps[-1]) == (3, 1000.5, 11.0)
    assert newest(path) == {"reward": 1.1}


def test_a_row_without_a_headline_takes_it_from_the_summary(tmp_path: Path) -> None:
    old, new = summary(reward=0.25, _step=7), summary(reward=0.5, _step=9)
    path = write_wandb(tmp_path / "r.wandb", [old, row(8, reward=0.4), new, row(9, lr=0.1), summary(_runtime=5)])
    assert newest(path) == {"reward": 0.5}
    own = write_wandb(tmp_path / "own.wandb", [old, row(8, reward=0.4)])
    assert newest(own) == {"reward": 0.4}


def test_a_summary_alone_tells_the_step_and_rubbish_tells_nothing(tmp_path: Path) -> None:
    path = write_wandb(tmp_path / "r.wandb", [summary(reward=0.5, _step=9, _timestamp=4.0), EXIT])
    found = read_wandb_end(path)
    assert found is not None
    assert (found.points[0].steps[-1], found.at, found.exit_code) == (9.0, 4.0, 3)
    (tmp_path / "x.wandb").write_bytes(b"x" * 100_000)
    assert read_wandb_end(str(tmp_path / "x.wandb")) is None
    (tmp_path / "torn.wandb").write_bytes(write_log([row(1, reward=0.5), row(2, 9000, reward=0.6)])[:-50])
    assert newest(str(tmp_path / "torn.wandb")) == {"reward": 0.5}
    (tmp_path / "empty.wandb").write_bytes(b"")
    assert read_wandb_end(str(tmp_path / "empty.wandb")) is None or newest(str(tmp_path / "empty.wandb")) == {}
    nan = write_wandb(tmp_path / "nan.wandb", [row(1, reward=math.nan)])
    assert math.isnan(newest(nan)["reward"])


def steps_of(path: Path, hits: tuple[int, ...] = (), *, whole: bool = False) -> list[int | None]:
    log = read_log_end(str(path))
    assert log is not None
    return [f.fact.step for f in read_facts(log, hits, whole=whole) if isinstance(f.fact, Progress)]


def test_few_lines_are_read_where_nothing_is_wrong_and_enough_to_prove_that_it_went_on(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_text("".join(f"step={n} loss=0.5 {'.' * 60}\n" for n in range(500)))
    few, whole = steps_of(log), steps_of(log, whole=True)
    assert few[-3:] == whole[-3:] == [497, 498, 499]
    assert len(few) < 20 < len(whole)
    size = log.stat().st_size
    proof = steps_of(log, (size - 6000,))
    assert len(proof) >= 8
    assert proof[-8:] == whole[-8:]


def test_how_an_attempt_began_or_ended_is_seen_in_all_of_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    lines = [f"step={n} loss=0.5 {'.' * 60}\n" for n in range(50)]
    lines[3] = "***** Running training *****\n"
    lines[20] = "Simulation complete\n"
    log.write_text("".join(lines))
    end = read_log_end(str(log))
    assert end is not None
    assert [f.fact.kind for f in read_facts(end) if isinstance(f.fact, Lifecycle)] == ["started"]


def test_tables_and_long_tracebacks_are_not_cut(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    recorded = Path(__file__).parents[1] / "provoked" / "logs" / "healthy-sb3.log"
    log.write_bytes(recorded.read_bytes() * 5)
    assert steps_of(log) == steps_of(log, whole=True)
    assert len(steps_of(log)) > 5
    log.write_text("step=41 loss=0.5\n" + '  File "x.py", line 3, in f\n    g()\n' * ((LOG_TAIL * 2 // 3) // 36))
    assert steps_of(log) == [41]


@pytest.mark.parametrize("length", [600, 1100, 5000])
def test_long_lines_near_the_end_of_a_log_do_not_hold_up_the_look(tmp_path: Path, length: int) -> None:
    path = tmp_path / "train.log"
    path.write_text("step=7 loss=0.5\n" * 600 + f"{'x' * length}\n" * 3)
    log = read_log_end(str(path))
    assert log is not None
    for facts in (read_facts(log), read_last_facts(log)):
        assert {fact.fact.step for fact in facts if isinstance(fact.fact, Progress)} <= {7}
