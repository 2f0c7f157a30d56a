"""The small language that picks runs of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.model.summary import RunSummary
from lptui.run.selection import read_selection

NOW = 1_790_000_000.0
NAV = RunSummary(
    "nav.seed13", "/runs/nav.seed13", "metta-s2", "quick", "running", "", NOW - 600, 5_000_000, 10_000_000, 40,
    41_000.0, "overview/reward", 0.7, 2, "warning", "GPU memory is nearly full", "gpu-memory", 1, 4, 3 * 2**30,
    ("sweep",),
)  # fmt: skip
OOM = RunSummary(
    "arena", "/runs/arena", "generic", "quick", "crashed", "", NOW - 90_000, 100, severity="error",
    finding="GPU memory ran out", cls="cuda-oom", findings=1,
)  # fmt: skip
NEW = RunSummary("fresh", "/runs/fresh")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "nav arena fresh"),
        ("nav", "nav"),
        ("NAV", "nav"),
        ("crashed", "arena"),
        ("sweep", "nav"),
        ("nav*", "nav"),
        ("*a*", "nav arena"),
        ("nav.seed?[13]", "nav"),
        ("state:running", "nav"),
        ("state:running,crashed", "nav arena"),
        ("-state:crashed", "nav fresh"),
        ("!oom", "nav fresh"),
        ("finding:memory severity:error", "arena"),
        ("tag:sw*", "nav"),
        ("reward>0.5", "nav"),
        ("reward>0.7", ""),
        ("-reward>0.5", "arena fresh"),  # what has no reward does not beat it
        ("step>=5M", "nav"),
        ("step<1k", "arena"),
        ("progress=50", "nav"),
        ("age<1h", "nav"),
        ("age>1d", "arena"),
        ("age>30m age<2d", "arena"),
        ("size>1G", "nav"),
        ("size>1GiB", "nav"),
        ("restarts>1", "nav"),
        ("findings>0 -nav", "arena"),
        ("rate>=41k", "nav"),
        ("'nav.seed13", "nav"),  # a quote that is still open does not match, but does not raise either
    ],
)
def test_words(text: str, names: str) -> None:
    found = read_selection(text)
    assert found.error == ""
    expected = set(names.split()) if not text.startswith("'") else set()
    assert {run.name.split(".")[0] for run in (NAV, OOM, NEW) if found.has(run, NOW)} == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [("colour:red", "no field 'colour'"), ("step>many", "no number"), ("age<1x", "no number")],
)
def test_what_is_not_understood_is_said_and_hides_nothing(text: str, words: str) -> None:
    found = read_selection(text)
    assert words in found.error
    assert all(found.has(run, NOW) for run in (NAV, OOM, NEW))


@given(st.text(max_size=40))
def test_anything_can_be_typed(text: str) -> None:
    found = read_selection(text)
    for run in (NAV, OOM, NEW):
        found.has(run, NOW)
