"""The profiles as a source: told once, a broken one with file and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from lptui.model.events import ProfilesSeen, StatusSeen
from lptui.model.run import RunInfo
from lptui.sources.profiles import ProfileSource


def test_profiles_are_told_once_with_a_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LPTUI_HOME", str(tmp_path))
    source = ProfileSource(RunInfo("r", "/r"))
    seen, status = source.poll(1.0)
    assert isinstance(seen, ProfilesSeen)
    assert isinstance(status, StatusSeen)
    assert len(seen.profiles) == 5
    assert status.status.complete
    assert list(source.poll(2.0)) == []


def test_a_broken_profile_of_the_user_is_named_and_the_rest_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LPTUI_HOME", str(tmp_path))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.yaml").write_text("id: mine\napplies: ['a']\nexpectations: [{keys: ['a']}]\n")
    seen, status = ProfileSource(RunInfo("r", "/r")).poll(1.0)
    assert isinstance(seen, ProfilesSeen)
    assert isinstance(status, StatusSeen)
    assert seen.profiles[0].id == "mine"
    assert status.status.condition == "partial"
    assert "mine.yaml: mine: expectation 1: should: ''" in status.status.detail
