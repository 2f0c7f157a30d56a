"""Record what real libraries print while small trainings run: python tests/printed/record.py [NAME ...].

Needs torch, tqdm, rich, lightning, transformers, keras, stable-baselines3, alive-progress, progressbar2, click,
fastprogress, pytorch-ignite, loguru, structlog, absl-py, omegaconf and ray in the environment that runs this. A case of
`cases.yaml` is a command, run by bash among the programs, whose output goes to a file as it is, or (`tty`) as a
terminal of so many columns gets it. Only what would name this machine is replaced: its name, its user, its paths.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import ModuleType

import yaml

HERE = Path(__file__).parent
LAB = Path("/home/researcher/lab")
LONGEST = 120.0
MOST = 30_000
"""Bytes kept: of a longer recording the start and the end, cut at lines."""


def load_provoked() -> ModuleType:
    """The recorder of failures, which knows how to leave out what names this machine."""
    spec = importlib.util.spec_from_file_location("provoked", HERE.parent / "provoked" / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run(command: str, columns: int | None, provoked: ModuleType) -> bytes:
    """What `command` prints, to a terminal of `columns` or to a pipe."""
    shutil.rmtree(LAB, ignore_errors=True)
    shutil.copytree(HERE / "programs", LAB)
    (LAB / ".venv").symlink_to(sys.prefix)
    environment = {**provoked.environment(LAB), "PYTHONHASHSEED": "0", "MASTER_ADDR": "127.0.0.1"}
    if columns is not None:
        environment["TERM"] = "xterm-256color"
    reader, writer = pty.openpty() if columns is not None else os.pipe()
    if columns is not None:
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=LAB, env=environment, stdin=writer if columns is not None else subprocess.DEVNULL,
        stdout=writer, stderr=writer, start_new_session=True,
    )  # fmt: skip
    os.close(writer)
    parts: list[bytes] = []
    begun = time.monotonic()
    while time.monotonic() - begun < LONGEST:
        if not select.select([reader], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(reader, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not part:
            break
        parts.append(part)
    process.kill()
    process.wait()
    os.close(reader)
    return provoked.scrub(b"".join(parts), LAB)


def shorten(text: bytes) -> bytes:
    """The start and the end of a long recording."""
    if len(text) <= MOST:
        return text
    half = MOST // 2
    return text[: text.rfind(b"\n", 0, half) + 1] + text[text.find(b"\n", len(text) - half) + 1 :]


def main(names: list[str]) -> None:
    provoked = load_provoked()
    cases = yaml.safe_load((HERE / "cases.yaml").read_text())
    for name in names or list(cases):
        case = cases[name]
        text = shorten(run(case["run"], case.get("tty"), provoked))
        (HERE / "logs" / f"{name}.log").write_bytes(text)
        print(f"{name}: {len(text):,} bytes", flush=True)
    shutil.rmtree(LAB, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
