from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.alignment import Alignment
from lptui.formats.axes import Axis, choose_axis
from lptui.formats.table_names import holds_metrics, is_one_document
from lptui.formats.tables import (
    MOST_COLUMNS,
    DelimitedReader,
    Document,
    JsonLinesReader,
    Row,
    flatten,
    read_document,
    read_number,
)
from lptui.formats.timeline import Timeline

RECORDED = Path(__file__).parent / "recorded" / "tables"


def rows(name: str) -> list[Row]:
    data = (RECORDED / name).read_bytes()
    if is_one_document(data):
        found = read_document(data)
        assert found is not None
        return found.rows
    reader = JsonLinesReader() if data.startswith(b"{") else DelimitedReader()
    found = reader.feed(data)
    assert reader.odd == 0
    return found


def column(name: str, key: str) -> list[tuple[float, float]]:
    """(step, value) of one series of a recorded file."""
    timeline = Timeline()
    return [(step, dict(values)[key]) for step, _, values in timeline.place(rows(name)) if key in dict(values)]


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("lightning/lightning_logs/version_0/metrics.csv", Axis("step", "step", "")),
        ("sb3/csv/progress.csv", Axis("time/total_timesteps", "step", "")),
        ("sb3/json/progress.json", Axis("time/total_timesteps", "step", "")),
        ("keras/training.csv", Axis("epoch", "epoch", "")),
        ("timm/summary.csv", Axis("epoch", "epoch", "")),
        ("ultralytics/results.csv", Axis("epoch", "epoch", "time")),
        ("ray/result.json", Axis("num_env_steps_sampled_lifetime", "step", "timestamp")),
        ("ray/progress.csv", Axis("num_env_steps_sampled_lifetime", "step", "timestamp")),
        ("huggingface/trainer_state.json", Axis("step", "step", "")),
    ],
)
def test_the_axis_of_each_framework(name: str, axis: Axis) -> None:
    assert choose_axis(dict.fromkeys(key for row in rows(name) for key, _ in row)) == axis


def test_lightnings_sparse_rows() -> None:
    name = "lightning/lightning_logs/version_0/metrics.csv"
    assert column(name, "val_loss") == [(3, 0.5), (7, 0.25)]
    assert [step for step, _ in column(name, "train_loss")] == list(range(8))
    assert column(name, "epoch")[:5] == [(0, 0), (1, 0), (2, 0), (3, 0), (3, 0)]  # the other axis stays a series


def test_sb3_names_are_those_of_its_table() -> None:
    assert [step for step, _ in column("sb3/csv/progress.csv", "rollout/ep_rew_mean")] == [64, 128, 192, 256]
    by_csv, by_json = (column(f"sb3/{k}/progress.{k}", "train/n_updates") for k in ("csv", "json"))
    assert by_csv == by_json == [(128, 1), (192, 2), (256, 3)]


def test_a_monitor_counts_the_steps_of_its_episodes() -> None:
    reader, timeline = DelimitedReader(), Timeline()
    found = timeline.place(reader.feed((RECORDED / "sb3/monitor.csv").read_bytes()), reader.about)
    assert (found[0][0], found[1][0], timeline.unit) == (15, 55, "step")
    assert dict(found[1][2]) == {"episode/reward": 40.0, "episode/length": 40.0}
    assert found[0][1] == pytest.approx(reader.about["t_start"] + 1.168997)


def test_huggingface_holds_its_whole_history_in_each_checkpoint() -> None:
    early, late = (rows(f"huggingface/checkpoint-{n}/trainer_state.json") for n in (4, 8))
    assert late[: len(early)] == early
    assert [step for step, _ in column("huggingface/trainer_state.json", "eval_loss")] == [4, 8]


def test_rllib_is_nested_and_repeats_no_settings() -> None:
    keys = {key for row in rows("ray/result.json") for key, _ in row}
    assert "config/lr" not in keys
    losses = column("ray/result.json", "learners/default_policy/total_loss")
    assert math.isnan(losses[2][1])
    assert [step for step, _ in losses] == [4000, 8000, 12000, 16000]
    timeline = Timeline()
    assert [when for _, when, _ in timeline.place(rows("ray/result.json"))][:2] == [1_700_000_010, 1_700_000_020]


def test_ultralytics_pads_with_blanks() -> None:
    # as 8.2 and older wrote it
    text = b"                  epoch,         train/box_loss,\n                      1,                 1.2345,\n"
    assert DelimitedReader().feed(text) == [(("epoch", 1.0), ("train/box_loss", 1.2345))]
    assert column("ultralytics/results.csv", "train/box_loss")[1] == (2, 0.75)


def test_spinning_ups_table() -> None:
    # EpochLogger.dump_tabular: tabs, no padding
    text = b"Epoch\tAverageEpRet\tTotalEnvInteracts\tTime\n0\t-12.5\t4000\t3.25\n1\t-10.0\t8000\t6.5\n"
    found = DelimitedReader().feed(text)
    assert choose_axis([name for name, _ in found[0]]) == Axis("TotalEnvInteracts", "step", "Time")
    timeline = Timeline()
    placed = timeline.place(found)
    assert [step for step, _, _ in placed] == [4000, 8000]
    assert all(math.isnan(when) for _, when, _ in placed)  # seconds since the start are no time of day
    assert dict(placed[0][2]) == {"Epoch": 0, "AverageEpRet": -12.5, "Time": 3.25}


def test_rows_without_an_axis_are_counted() -> None:
    timeline = Timeline("val/")
    assert timeline.place([(("loss", 1.0),), (("loss", 0.5),)])[1][::2] == (1.0, (("val/loss", 0.5),))
    assert timeline.place([(("loss", 0.25),)])[0][0] == 2.0
    assert timeline.unit == "row"


def test_a_step_that_begins_anew_each_epoch_is_no_axis() -> None:
    timeline = Timeline()
    timeline.place([(("epoch", e), ("step", s), ("loss", 1.0)) for e in (0.0, 1.0) for s in (0.0, 1.0, 2.0)])
    assert timeline.unit == "row"


def test_numbers_as_loggers_write_them() -> None:
    written = ["1", " 2.5 ", "nan", "-inf", "Infinity", "1e-3", "tensor(0.5, device='cuda:0')", "np.float64(2.0)"]
    assert repr([read_number(text) for text in written]) == "[1.0, 2.5, nan, -inf, inf, 0.001, 0.5, 2.0]"
    assert [read_number(text) for text in ("", "True", "1_000", "abc", "tensor([1, 2])", "2023-11-14")] == [None] * 6
    assert read_number("2023-11-14T22:13:20+00:00", "timestamp") == 1_700_000_000


def test_json_lines_with_nan_and_text() -> None:
    reader = JsonLinesReader()
    text = b'{"step": 1, "loss": NaN, "note": "x", "ok": true, "a": {"b": -Infinity}}\nnot json\n{"step": 2'
    assert repr(reader.feed(text)) == "[(('step', 1.0), ('loss', nan), ('a/b', -inf))]"
    assert reader.odd == 1
    assert reader.feed(b', "loss": 3}\n') == [(("step", 2.0), ("loss", 3.0))]


def test_a_torn_row_and_a_second_header() -> None:
    reader = DelimitedReader()
    assert reader.feed(b"step,loss\n1,0.5\n2,0.")[0] == (("step", 1.0), ("loss", 0.5))
    assert reader.feed(b"25\n3,0.1,9\nstep,loss,acc\n4,0.1,0.9\n") == [
        (("step", 2.0), ("loss", 0.25)),
        (("step", 4.0), ("loss", 0.1), ("acc", 0.9)),
    ]
    assert reader.odd == 1


def test_history_as_lists() -> None:
    made = [(("loss", 1.0), ("val_loss", 2.0), ("epoch", 0.0)), (("loss", 0.5), ("epoch", 1.0))]
    assert read_document(b'{"loss": [1.0, 0.5], "val_loss": [2.0]}') == Document(made)
    assert read_document(b'[{"step": 1, "loss": 2}') is None


def test_huggingface_says_how_far_it_goes_and_that_it_got_there() -> None:
    folder = RECORDED / "huggingface"
    names = ("checkpoint-4/trainer_state.json", "trainer_state.json")
    early, late = (read_document((folder / name).read_bytes()) for name in names)
    assert early is not None
    assert late is not None
    assert (early.total_steps, early.completed) == (8, False)
    assert (late.total_steps, late.completed) == (8, True)
    for odd in (
        b'{"log_history": [], "max_steps": true}',
        b'{"log_history": [{"train_runtime": 1}], "max_steps": "8"}',
    ):
        assert read_document(odd) in (Document([]), Document([(("train_runtime", 1.0),)]))


def test_deep_and_wide_objects_are_bounded() -> None:
    deep: object = 1
    for _ in range(500):
        deep = {"a": deep}
    assert flatten(deep) == ()
    assert len(flatten({str(i): 1 for i in range(50_000)})) == 20_000
    assert flatten({"big": 10**400}) == ()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=8))
def test_garbage_is_survived(pieces: list[bytes]) -> None:
    for reader in (DelimitedReader(), JsonLinesReader()):
        for piece in pieces:
            reader.feed(piece)
    read_document(b"".join(pieces))


def row(step: float, **values: float) -> Row:
    return (("step", step), *values.items())


def test_alignment_after_a_column_appeared() -> None:
    old = [row(1, loss=1.0), row(2, loss=math.nan)]
    alignment = Alignment()
    assert alignment.take(old) == old
    alignment.rewind()
    moved = [tuple(reversed(r)) for r in old]
    new = row(3, loss=0.1, val=2.0)
    assert alignment.take([*moved, new]) == [new]
    assert not alignment.changed


def test_alignment_when_old_rows_were_dropped() -> None:
    alignment = Alignment()
    alignment.take([row(n) for n in range(5)])
    alignment.rewind()
    assert alignment.take([row(3), row(4), row(5)]) == [row(5)]


def test_alignment_of_another_attempt() -> None:
    alignment = Alignment()
    alignment.take([row(n, loss=1.0) for n in range(5)])
    alignment.rewind()
    again = [row(n, loss=0.5) for n in range(3, 6)]
    assert alignment.take([row(n, loss=1.0) for n in range(3)]) == []
    assert alignment.take(again) == again
    assert alignment.changed
    alignment.rewind()
    assert alignment.take([*[row(n, loss=1.0) for n in range(3)], *again]) == []


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("metrics.csv", b"epoch,step,train_loss\n", True),
        ("metrics.csv", b"", True),
        ("progress.txt", b"Epoch\tAverageEpRet\tTime\n", True),
        ("progress.txt", b"downloading 5%\n", False),
        ("anything.csv", b"epoch,loss,val_loss\n0,1,2\n", True),
        ("train.csv", b"id,text,label\n1,hello,0\n", False),
        ("predictions.csv", b"0.1,0.9\n0.2,0.8\n", False),
        ("log.txt", b'{"train_loss": 1.5, "epoch": 0, "n_parameters": 5}\n', True),
        ("app.log.json", b'{"level": "info", "message": "step"}\n', False),
        ("data.jsonl", b'{"text": "a", "label": 1}\n', False),
        ("eval.jsonl", b'{"step": 1, "loss": NaN}\n', True),
        ("history.json", b'{"loss": [1, 2], "val_loss": [1, 2]}', True),
        ("trainer_state.json", b'{\n  "best_metric": null,\n "log_history": [', True),
    ],
)
def test_what_holds_metrics(name: str, head: bytes, expected: bool) -> None:
    assert holds_metrics(name, head) is expected


def test_odd_headers() -> None:
    reader = DelimitedReader()
    header = f"step,loss,loss,Unnamed: 0,{'n' * 2000}\n"
    assert reader.feed(header.encode() + b"1,2,3,4,5\n") == [(("step", 1.0), ("loss", 2.0))]
    assert flatten({"n" * 2000: 1, "a": 2}) == (("a", 2.0),)


def test_rows_of_numbers_alone_are_read_as_any_other() -> None:
    text = b"step,loss,note\n1,nan,2\n2, 0.5 ,x\n3,1e999,\n"
    rows = ["(('step', 1.0), ('loss', nan), ('note', 2.0))", "(('step', 2.0), ('loss', 0.5))"]
    assert [repr(row) for row in DelimitedReader().feed(text)] == [*rows, "(('step', 3.0), ('loss', inf))"]


def test_of_a_table_of_too_many_columns_the_first_are_read() -> None:
    reader = DelimitedReader()
    names = ["step", "loss", *(f"c{i}" for i in range(MOST_COLUMNS + 50))]
    plain = ",".join(["1", "0.5", *["1.5"] * (len(names) - 2)])
    odd = ",".join(["2", "0.25", "text", *["1.5"] * (len(names) - 3)])
    rows = reader.feed("\n".join([",".join(names), plain, odd, ""]).encode())
    assert (reader.odd, reader.left_out) == (0, 52)
    assert [dict(row)["loss"] for row in rows] == [0.5, 0.25]
    assert [len(row) for row in rows] == [MOST_COLUMNS, MOST_COLUMNS - 1]
