"""The worker process: answers, dies well, and can do nothing else."""

from __future__ import annotations

import ast
import os
import signal
import struct
import sys
from pathlib import Path

import pytest

import lptui.checkpoints
from lptui.checkpoints import inspection
from lptui.checkpoints.worker import Inspector

DATA = Path(__file__).parent / "data"


def test_answers_are_those_of_the_reader(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"odd \xff\n.pt")
    odd.write_bytes((DATA / "bf16.pt").read_bytes())
    with Inspector() as inspector:
        for path in (DATA / "bf16.pt", DATA / "legacy.pt", odd, tmp_path / "gone.pt"):
            assert inspector.inspect(str(path)) == inspection.inspect(str(path))


def test_a_killed_worker_is_a_verdict_and_starts_again() -> None:
    with Inspector() as inspector:
        inspector.start()
        child = inspector._child.process
        assert child is not None
        os.kill(child.pid, signal.SIGSTOP)  # it hangs: the deadline must end it
        info = inspector.inspect(str(DATA / "bf16.pt"), timeout_s=0.05)
        assert info.verdict == "reader-failed"
        assert "took too long" in info.reason
        assert child.poll() is not None
        assert inspector.inspect(str(DATA / "bf16.pt")).verdict == "ok-unverified"


def test_a_crash_in_the_middle_names_the_signal() -> None:
    with Inspector() as inspector:
        inspector.start()
        child = inspector._child.process
        assert child is not None
        os.kill(child.pid, signal.SIGSTOP)
        os.kill(child.pid, signal.SIGSEGV)  # delivered when it goes on, which is after the question
        child_poll, child.poll = child.poll, lambda: None  # the parent has not noticed yet
        os.kill(child.pid, signal.SIGCONT)
        info = inspector.inspect(str(DATA / "bf16.pt"))
        child.poll = child_poll
        assert info.verdict == "reader-failed"
        assert inspector.inspect(str(DATA / "bf16.pt")).verdict == "ok-unverified"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_worker_is_limited() -> None:
    with Inspector() as inspector:
        inspector.start()
        assert inspector.refused_limits == ()
        proc = Path(f"/proc/{inspector.pid}")
        limits = {line[:26].strip(): line[26:].split()[0] for line in (proc / "limits").read_text().splitlines()}
        assert limits["Max address space"] == str(272 << 20)
        assert limits["Max file size"] == "0"
        assert limits["Max core file size"] == "0"
        assert limits["Max open files"] == "32"
        assert "NoNewPrivs:\t1" in (proc / "status").read_text()
        assert (proc / "environ").read_bytes().strip(b"\0") in (b"", b"LC_CTYPE=C.UTF-8")
        assert os.getpriority(os.PRIO_PROCESS, inspector.pid) == 19
        maps = (proc / "maps").read_text()
        assert "site-packages" not in maps


def test_a_memory_bomb_is_a_verdict(tmp_path: Path) -> None:
    """4 bytes of JSON for each list of 64 and more: the header needs more than the worker may have."""
    path = tmp_path / "a.safetensors"
    head = b'{"a":[' + b"[1]," * 2_000_000 + b"1]}"
    path.write_bytes(struct.pack("<Q", len(head)) + head)
    with Inspector(memory=128 << 20) as inspector:
        info = inspector.inspect(str(path))
        assert (info.verdict, "memory" in info.reason) == ("not-read", True)
        assert inspector.inspect(str(DATA / "bf16.pt")).verdict == "ok-unverified"


def test_processor_time_is_bounded(tmp_path: Path) -> None:
    """Keys with one hash make a dictionary quadratic; the operation budget alone would take hours."""
    prime = (1 << 61) - 1
    path = tmp_path / "a.pkl"
    keys = b"".join(b"\x8a\x0b" + (prime * i).to_bytes(11, "little") + b"N" for i in range(1, 60_000))
    path.write_bytes(b"\x80\x02}(" + keys + b"u.")
    with Inspector(cpu_seconds=1) as inspector:
        info = inspector.inspect(str(path), timeout_s=60)
        assert info.verdict == "reader-failed"
        assert "CPU time" in info.reason
        assert inspector.inspect(str(DATA / "bf16.pt")).verdict == "ok-unverified"


def test_the_room_imports_the_standard_library_itself_and_two_modules_only() -> None:
    folder = Path(next(iter(lptui.checkpoints.__path__)))
    for file in [*folder.glob("*.py"), folder.parent / "child.py", folder.parent / "model" / "value.py"]:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                if (file.name, top) in (("kernels.py", "numpy"), ("kernels.py", "isal")):
                    continue  # optional, in the verifying process only
                if (file.name, name) == ("worker.py", "lptui.child"):
                    continue  # the parent side; what runs in the process does not import it
                if name == "lptui.model.value":
                    continue  # classes of values: the standard library only
                assert top in sys.stdlib_module_names or name.startswith("lptui.checkpoints"), (
                    file.name,
                    name,
                )
                assert top not in ("pickle", "_pickle", "marshal", "shelve"), file.name
