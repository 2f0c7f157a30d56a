"""A bug of ours is one harmless line, a file and exit code 4, never a traceback."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from lptui import cli


def test_a_bug_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def broken() -> None:
        raise ValueError("what the run wrote: \x1b]0;title\x07 and\na second line")

    monkeypatch.setattr(cli, "group", broken)
    assert cli.run([]) == cli.FAILED
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "\x1b" not in told.err
    assert "lptui itself failed: ValueError: what the run wrote" in told.err
    path = Path(told.err.rsplit("details in ", 1)[1].strip())
    assert "Traceback" in path.read_text()
