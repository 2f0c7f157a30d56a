"""A few hundred of the hostile files that benchmarks/fuzz_checkpoints.py throws by the hundred thousand."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts import load_script

from lptui.checkpoints.info import VERDICTS
from lptui.checkpoints.worker import Inspector, Verifier


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_hostile_files_get_a_verdict_and_run_nothing(tmp_path: Path, seed: int) -> None:
    script = load_script("fuzz_checkpoints")
    seeds = script.load_seeds(Path(__file__).parent)
    assert len(seeds) > 40
    with Inspector() as inspector, Verifier() as verifier:
        report = script.run(150, seed, seeds, tmp_path, inspector, verifier)
    assert sum(report.verdicts.values()) == 150
    assert set(report.verdicts) <= set(VERDICTS)
    assert len(report.verdicts) > 4
    assert report.failed == 0, report.bad
    assert not [p for p in tmp_path.rglob("*") if "canary" in p.name]
