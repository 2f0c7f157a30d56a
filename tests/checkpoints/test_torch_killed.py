"""A real trainer killed in the middle of its saves (`make test-torch`); benchmarks/kill_saves.py does it 150 times."""

from __future__ import annotations

import sys

import pytest
from scripts import load_script

pytestmark = pytest.mark.torch


def test_the_verdict_is_right_whenever_the_kill_came() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    outcomes = load_script("kill_saves").run(sys.executable, kills=3, megabytes=16.0, seed=5)
    assert outcomes
    assert [outcome for outcome in outcomes if not outcome.right] == []
