"""Who writes a file: on this very machine, with a real process, and where nobody can be seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lptui.sources.checkpoint_writers import find_writers
from lptui.sources.procfs import ProcFs

HOLD = "import sys; f = open(sys.argv[1], sys.argv[2]); print('open', flush=True); sys.stdin.read()"


def hold(path: Path, mode: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_a_writer_is_seen_and_a_reader_is_none(tmp_path: Path) -> None:
    one, other = tmp_path / "m_1.pt", tmp_path / "log.txt"
    one.write_bytes(b"x")
    other.write_bytes(b"")
    with hold(one, "ab") as writer:
        found = find_writers(str(tmp_path), [str(one)])
        assert found is not None
        assert (dict(found.holders), found.alive) == ({str(one): writer.pid}, True)
        writer.kill()
    with hold(one, "rb") as reader, hold(other, "a") as training:
        found = find_writers(str(tmp_path), [str(one)])
        assert found is None or (not found.holders and found.alive)
        reader.kill()
        training.kill()
    found = find_writers(str(tmp_path), [str(one)])
    assert found is None or not found.alive


def test_absence_proves_nothing_where_others_may_write(tmp_path: Path) -> None:
    proc = tmp_path / "proc" / "self"
    proc.mkdir(parents=True)
    (proc / "mountinfo").write_text(f"1 1 0:1 / {tmp_path} rw - nfs4 server:/x rw\n")
    assert find_writers(str(tmp_path), [], ProcFs(str(tmp_path / "proc"))) is None
    (proc / "mountinfo").write_text("")
    assert find_writers(str(tmp_path), [], ProcFs(str(tmp_path / "proc"))) is None
