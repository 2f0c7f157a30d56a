"""Tensors, differences and drift as rows: pure, values in and text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lptui.checkpoints.bisection import FirstNonFinite, Sighting
from lptui.checkpoints.comparison import TensorChange
from lptui.checkpoints.contents import Contents, Measured, collect, collect_reports
from lptui.checkpoints.difference import Difference, NumberChange
from lptui.checkpoints.drift import Drift, DriftStep, Jump, LayerDrift, NotCompared
from lptui.checkpoints.info import CheckpointInfo, GlobalName, Reading, TensorEntry
from lptui.checkpoints.report import DeepReport, TensorStats
from lptui.tui.widgets.checkpointhead import judge, progress_row, standing_rows
from lptui.tui.widgets.contentrows import content_rows
from lptui.tui.widgets.differencerows import difference_page
from lptui.tui.widgets.driftrows import drift_page, nonfinite_rows, sparkline
from lptui.tui.widgets.rows import Page
from lptui.tui.widgets.spans import Row
from lptui.tui.widgets.tensorlist import Listing, first_opened, list_nodes
from lptui.tui.widgets.tensorsheet import TensorSheet


def text(row: Row) -> str:
    return "".join(part for part, _ in row)


def lines(page: Page) -> list[str]:
    return [text(row).rstrip() for row in page.rows]


def contents(*names: str, size: int = 1000) -> Contents:
    tensors = tuple(TensorEntry(name, (4, 4), "float32", 64 * (i + 1)) for i, name in enumerate(names))
    info = CheckpointInfo("/c/a.pt", "ok-unverified", "", "", size=size, n_tensors=len(names), tensors=tensors)
    return collect("/c/a.pt", [info])


def measured(known: Contents, **stats: TensorStats) -> Measured:
    rows = tuple(replace(one, name=name.replace("__", ".")) for name, one in stats.items())
    return collect_reports(known, [DeepReport("/c/a.pt", "ok-verified", "", "", tensors=rows)])


def labels(known: Contents, listing: Listing) -> list[str]:
    return [node.label for node in list_nodes(known, listing, {})]


def test_layer_two_stands_before_layer_ten() -> None:
    known = contents("m.10.w", "m.2.w", "m.1.w")
    assert labels(known, Listing(frozenset({"m."}))) == ["m", "10.w", "2.w", "1.w"]
    assert labels(known, Listing(frozenset({"m."}), "name")) == ["m", "1.w", "2.w", "10.w"]
    assert labels(known, Listing(order="size", flat=True)) == ["1.w", "2.w", "10.w"]


@pytest.mark.parametrize(
    ("needle", "found"),
    [("fc", 2), ("FC", 2), ("*.weight", 2), ("m.?.weight", 0), ("[", 0), ("m.[ab]*", 2), ("", 4), ("a" * 5000, 0)],
)
def test_a_needle_is_a_text_in_any_case_or_a_glob(needle: str, found: int) -> None:
    known = contents("m.a.fc.weight", "m.b.fc.bias", "head.weight", "x")
    nodes = list_nodes(known, Listing(flat=True, needle=needle), {})
    assert len(nodes) == found


def test_at_the_start_as_much_is_unfolded_as_fits() -> None:
    known = contents(*(f"m.{i}.{j}" for i in range(5) for j in range(5)))
    assert first_opened(known.tree, 100) == {"m.", *(f"m.{i}." for i in range(5))}
    assert first_opened(known.tree, 12) == {"m.", "m.0."}
    assert first_opened(known.tree, 10) == {"m."}
    assert first_opened(known.tree, 2) == {"m."}  # a lone group that hides everything is opened anyway


def test_columns_of_numbers_come_with_the_deep_pass() -> None:
    known = contents("m.good", "m.bad", "m.zero")
    sheet = TensorSheet()
    sheet.take(known, 20)
    assert "norm" not in lines(sheet.page(120, plain=False))[0]
    stats = measured(
        known,
        m__good=TensorStats("", "float32", 64, 2.5, -1.0, 2.0),
        m__bad=TensorStats("", "float32", 128, None, None, None, nan=3),
        m__zero=TensorStats("", "float32", 192, 0.0, 0.0, 0.0, zero_run=192),
    )
    sheet.measure(stats)
    head, group, good, bad, zero = lines(sheet.page(120, plain=False))
    assert "norm" in head
    assert group.startswith("▾ m")
    assert "3 tensors" in group
    assert "2.5" in good
    assert "-1" in good
    assert bad.endswith("✖ 3 NaN")
    assert zero.endswith("all 0")
    assert lines(sheet.page(120, plain=True))[3].endswith("X 3 NaN")
    assert sheet.next_broken(None) == "m.bad"
    assert sheet.next_broken("m.bad") == "m.bad"


def test_what_matters_most_stays_in_a_narrow_window() -> None:
    known = contents("model.layers.0.attention.query.weight", "model.layers.0.attention.key.weight")
    sheet = TensorSheet()
    sheet.take(known, 20)
    for width in (30, 44, 59, 79, 119, 199):
        page = sheet.page(width, plain=False)
        assert all(len(text(page.rows[i])) <= width for i in range(len(page.rows)))
        assert "query.weight" in lines(page)[2]
    assert "bytes" in lines(sheet.page(44, plain=False))[0]


def test_several_files_of_a_checkpoint_say_whether_they_belong_together() -> None:
    good = CheckpointInfo("/c/ckpt/a.pt", "ok-unverified", "fine", "")
    whole = CheckpointInfo("/c/ckpt", "mismatch", "rank 3 is missing", "take the one before")
    standing = judge(None, collect("/c/ckpt", [good], whole), None)
    assert (standing.verdict, standing.reason) == ("mismatch", "rank 3 is missing")


def test_a_share_is_of_all_files_also_where_only_their_index_was_read() -> None:
    known = contents("m.a", "m.b", size=10)
    assert known.size == 192
    sheet = TensorSheet()
    sheet.take(known, 20)
    assert "100 %" in lines(sheet.page(100, plain=False))[1]


def test_the_head_never_takes_more_lines_than_it_may() -> None:
    bad = CheckpointInfo("/c/a.pt", "truncated", "word " * 200, "step " * 200)
    standing = judge(None, collect("/c/a.pt", [bad]), None)
    for room in (2, 3, 6):
        rows = standing_rows(standing, "a.pt", None, 60, room, plain=False)
        assert len(rows) <= room
        assert "CUT OFF" in text(rows[0])
    assert text(progress_row("reading", 1, 4, 60, plain=True)).startswith("reading 25% ###")


def test_contents_name_what_a_pickle_would_run_first() -> None:
    info = CheckpointInfo(
        "/c/a.pt", "unsafe-pickle", "", "", epoch=Reading("epoch", 7, "scalar: epoch"), learning_rates=(3e-4,),
        globals=(GlobalName("torch.Size", "plain"), GlobalName("posix.system", "dangerous")),
        scalars=(Reading("loss", float("nan"), "scalar: loss"),), notes=("token=hf_abcdefghijklmnopqrstuvwxyz0123",),
    )  # fmt: skip
    told = [text(row) for row in content_rows(None, collect("/c/a.pt", [info]), None, 80, plain=False)]
    danger, plain = (next(i for i, line in enumerate(told) if word in line) for word in ("dangerous", "plain:"))
    assert danger < plain
    assert "posix.system" in told[danger + 1]
    assert any("0.0003" in line for line in told)
    assert any("loss" in line and "NaN" in line for line in told)
    assert not any("hf_abc" in line for line in told)  # a secret in a note is masked


def test_a_difference_says_numbers_then_tensors_with_the_largest_change_on_top() -> None:
    rows = (
        TensorChange("m.shape", "reshaped", (4, 8), "float32", "float32 [4, 4]"),
        TensorChange("m.big", "changed", (4,), "float32", relative=0.5, cosine=0.9),
        TensorChange("m.small", "changed", (4,), "float32", relative=0.01, cosine=0.999),
        TensorChange("m.same", "same", (4,), "float32"),
    )
    found = Difference(
        "/c/a", "/c/b", rows, (NumberChange("epoch", 3, 4), NumberChange("lr", 0.1, None)), (), 512, True
    )
    told = lines(difference_page(found, ("a.pt", "b.pt"), 110, "", plain=False))
    assert told[0] == "a.pt → b.pt"
    assert told[1] == "4 tensors: 1 reshaped, 2 changed, 1 same"
    assert "512 B of tensors read" in told[2]
    assert any("epoch" in line and "3 → 4   +1" in line for line in told)
    assert any("lr" in line and "0.1 → none" in line for line in told)
    assert [line.split()[2] for line in told[-4:]] == ["m.shape", "m.big", "m.small", "m.same"]
    assert "0.5" in told[-3]
    assert "0.9000" in told[-3]
    only = lines(difference_page(found, ("a.pt", "b.pt"), 60, "m.s*", plain=True))
    assert [line.split()[2] for line in only[-3:]] == ["m.shape", "m.small", "m.same"]


def test_what_could_not_be_compared_is_said() -> None:
    found = Difference("/c/a", "/c/b", alone=("/c/b/rank1.pt",), reason="a is truncated")
    told = lines(difference_page(found, ("a", "b"), 80, "", plain=False))
    assert "not compared: a is truncated" in told
    assert "only in one of them: rank1.pt" in told


def drift(values: Sequence[float | None], **changes: object) -> Drift:
    paths = tuple(f"/c/model_{i}.pt" for i in range(len(values) + 1))
    steps = tuple(DriftStep(paths[i], paths[i + 1], relative=v, changed=1) for i, v in enumerate(values))
    layers = (LayerDrift("fc1", 2, tuple(values)), LayerDrift("fc2", 2, tuple(0.0 for _ in values)))
    return replace(Drift(paths, steps, layers, 2), **changes)  # type: ignore[arg-type]


def test_a_layer_that_jumped_is_marked_with_the_checkpoint_it_jumped_to() -> None:
    found = drift([0.01, 0.01, 0.1, 0.01, 0.01], jumps=(Jump("fc1", 2, 0.1, 0.01),))
    told = lines(drift_page(found, {"/c/model_3.pt": "step 3"}, 120, "", "file", plain=False))
    assert any(
        line.startswith("fc1") and "▲ ×10 to step 3" in line and "▁▁█▁▁" in line.replace("▂", "▁") for line in told
    )
    plain = lines(drift_page(found, {}, 120, "fc1", "jump", plain=True))
    assert any("! ×10 to model_3.pt" in line for line in plain)
    assert not any(line.startswith("fc2") for line in plain)


def test_a_change_that_cannot_be_told_is_no_zero() -> None:
    found = drift([0.01, 0.0])
    hidden = replace(found.steps[1], n_not_compared=1, not_compared=(NotCompared("fc1.weight", "NaN"),))
    found = replace(found, steps=(found.steps[0], hidden))
    row = next(line for line in lines(drift_page(found, {}, 120, "", "file", plain=False)) if line.startswith("fc1"))
    assert row.split()[-2:] == ["0.01", "-"]
    assert "·" in row


def test_a_sparkline_keeps_the_largest_of_what_shares_a_cell() -> None:
    spans = sparkline([0.1] * 50 + [0.9] + [0.1] * 49, 10, 50, plain=False)
    assert len("".join(t for t, _ in spans)) == 10
    assert spans[-5] == ("█", "warn bold reverse")
    assert "".join(t for t, _ in sparkline([None, 0.0, 0.2], 6, None, plain=True)) == "   ._="
    assert "".join(t for t, _ in sparkline([], 4, None, plain=False)) == "    "


def test_the_first_nan_is_one_sentence() -> None:
    looked = (Sighting("/c/model_2.pt", True), Sighting("/c/model_3.pt", False, ("policy.fc1.weight",)))
    found = FirstNonFinite("/c/model_3.pt", ("policy.fc1.weight",), "/c/model_2.pt", (), True, looked, "told")
    told = [text(row) for row in nonfinite_rows(found, {}, 200, plain=False)]
    assert told[0] == "✖ first NaN in model_3.pt: policy.fc1.weight, last finite model_2.pt"
    assert "2 checkpoints read" in told[1]
    none = FirstNonFinite(None, looked=looked[:1], conclusion="the newest one that can be read is finite")
    assert text(nonfinite_rows(none, {}, 200, plain=True)[0]).startswith("o no NaN found: the newest one")
    unread = FirstNonFinite(None, conclusion="none of them could be read")
    assert nonfinite_rows(unread, {}, 200, plain=False)[0][0][1] == "dim"
