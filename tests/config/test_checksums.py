"""The verifying process remembers in the user's state folder, and nowhere if that is not wanted."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from lptui.config.checksums import open_verifier


def test_what_was_read_is_remembered_until_it_rots(tmp_path: Path) -> None:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    path = tmp_path / "run" / "a.safetensors"
    path.parent.mkdir()
    env = {"LPTUI_HOME": str(tmp_path / "home")}
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0\x80?")
    status = path.stat()
    with open_verifier({**env, "LPTUI_NO_CACHE": "1"}) as verifier:
        assert verifier.verify(str(path)).verdict == "ok"
    assert not (tmp_path / "home").exists()
    with open_verifier(env) as verifier:
        assert verifier.verify(str(path)).verdict == "ok"
    path.write_bytes(path.read_bytes()[:-1] + b"@")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with open_verifier(env) as verifier:
        assert verifier.verify(str(path)).verdict == "crc-mismatch"
    assert [p.parent.name for p in (tmp_path / "home").rglob("*.json.z")] == ["checksums"]
