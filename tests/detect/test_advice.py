"""Remedies in the run's own numbers; what comes from a run enters a command only quoted."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.detect.advice import choose_fix, fill_fix, fill_title, halve_minibatch
from lptui.detect.catalogue import FixRule, load_catalogue


@pytest.mark.parametrize(
    ("batch", "minibatch", "horizon", "expected"),
    [
        (524288, 16384, 64, 8192),
        (524288, 32768, 64, 16384),
        (522240, 16320, 64, 7680),
        (4096, 64, 64, None),
        (4096, 128, 64, 64),
        (1000, 300, 64, None),
        (0, 0, 0, None),
    ],
)
def test_halve_minibatch(batch: int, minibatch: int, horizon: int, expected: int | None) -> None:
    assert halve_minibatch(batch, minibatch, horizon) == expected


@given(st.integers(1, 2**22), st.integers(1, 2**17), st.integers(1, 512))
def test_a_halved_minibatch_is_one_that_the_trainer_takes(batch: int, minibatch: int, horizon: int) -> None:
    size = halve_minibatch(batch, minibatch, horizon)
    if size is not None:
        assert 0 < size <= minibatch // 2
        assert batch % size == 0
        assert size % horizon == 0


def test_a_missing_value_leaves_the_fix_out() -> None:
    rule = FixRule("set {config:a.b}", "because of {x}", "a={config:a.b}")
    assert fill_fix(rule, {"x": "1"}, {}) is None
    fix = fill_fix(rule, {"x": "1"}, {"a.b": "7"})
    assert fix is not None
    assert (fix.what, fix.why, fix.command) == ("set 7", "because of 1", "a=7")


def test_half_and_double_want_whole_numbers() -> None:
    rule = FixRule("{half:n} {double:n}")
    fix = fill_fix(rule, {}, {"n": "8_192"})
    assert fix is not None
    assert fix.what == "4096 16384"
    for value in ("1", "abc", "1e9", "${x}", ""):
        assert fill_fix(rule, {}, {"n": value}) is None


def test_batch_too_small_for_its_agents() -> None:
    entry = load_catalogue().entries["config-error"]
    config = {"trainer.bptt_horizon": "64", "trainer.minibatch_size": "16384"}
    fix = choose_fix(entry, {"batch": "16384", "agents": "8160"}, config)
    assert fix is not None
    assert fix.command == "trainer.batch_size=524288"
    assert 524288 >= 8160 * 64
    assert 524288 % 16384 == 0


@given(st.text(max_size=60))
def test_a_command_is_words_of_ours_and_one_of_the_runs(value: str) -> None:
    fix = fill_fix(FixRule("x", command="ls -la {path}"), {"path": value}, {})
    assert fix is not None
    assert fix.command.isprintable() or fix.command.replace("\xa0", "").isascii() is False
    if fix.command:
        words = shlex.split(fix.command)
        assert words[:2] == ["ls", "-la"]
        assert len(words) == 3
        assert words[2] in (value, f"./{value}")


@pytest.mark.parametrize("value", ["a\nb", "a\x1b[2Jb", "a\x00", "token=ghp_abcdefghijklmnopqrstuvwxyz0123"])
def test_no_command_with_control_bytes_or_secrets(value: str) -> None:
    fix = fill_fix(FixRule("x", command="ls {path}"), {"path": value}, {})
    assert fix is not None
    assert fix.command == ""


def test_an_option_in_disguise_becomes_a_path() -> None:
    fix = fill_fix(FixRule("x", command="ls {path}"), {"path": "-rf"}, {})
    assert fix is not None
    assert fix.command == "ls ./-rf"


def test_titles_say_what_is_known() -> None:
    assert fill_title("The program ended with {exception}", {"exception": "KeyError: 'a'"}).endswith("KeyError: 'a'")
    assert fill_title("The program ended with {exception}", {}) == "The program ended with an error"


def test_every_entry_has_a_fix_when_nothing_is_known() -> None:
    for entry in load_catalogue().entries.values():
        fix = choose_fix(entry, {}, {})
        assert fix is not None, entry.id
        assert "{" not in fix.what + fix.why + fix.verify, entry.id


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({}, "x."),
        ({"asked": "2.00 GiB"}, "x (asked for 2.00 GiB)."),
        (
            {"asked": "2.00 GiB", "free": "1.10 GiB", "total": "79.1 GiB", "holder": "812", "held": "3.02 GiB"},
            "x (asked for 2.00 GiB, 1.10 GiB of 79.1 GiB free; pid 812 holds 3.02 GiB).",
        ),
        ({"asked": "2.00 GiB", "unused": "512.00 MiB"}, "x (asked for 2.00 GiB)."),
        (
            {"asked": "20.00 MiB", "unused": "3.20 GiB"},
            "x (asked for 20.00 MiB; 3.20 GiB is reserved and unused:"
            " try PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True first).",
        ),
        ({"asked": "no size", "unused": "x"}, "x (asked for no size)."),
    ],
)
def test_the_note_on_memory_says_who_holds_it(groups: dict[str, str], expected: str) -> None:
    filled = fill_fix(FixRule("x{memory_note}."), groups, {})
    assert filled is not None
    assert filled.what == expected
