"""Provoke the failures of `cases/*.yaml` for real and keep their logs: python tests/provoked/record.py [NAME ...].

Needs torch, gymnasium, lightning, transformers, stable-baselines3, hydra-core, wandb and tqdm in the environment that
runs this, and root for the cases that mount a small disk or live in a memory cgroup. Each script runs in a folder of
its own; what it printed is kept whole. Only what would name this machine is replaced: its name, its user, its paths.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parent
LAB = Path(os.environ.get("PROVOKED_LAB", "/home/researcher/lab"))
LONGEST = 150.0
"""Seconds that one script may take; what is left of it then is killed."""


@dataclass(frozen=True)
class Case:
    """`script` and `fixed` are run by bash among the programs; `before` prepares, and is not in the log.

    `expected` is the root class ("" for a healthy run), `moment` a part of the line that says so, `beside` classes that
    may rightly be told as well. `strike` is (a part of the log, a command): once the one is seen the other is run.
    `apart` are namespaces of `unshare` that the run gets for itself, `exec` a command put before bash.
    """

    name: str
    expected: str = ""
    moment: str = ""
    script: str = ""
    fixed: str = ""
    before: str = ""
    fixed_before: str | None = None
    beside: tuple[str, ...] = ()
    strike: tuple[str, ...] = ()
    apart: str = ""
    exec: str = "exec"


def load_cases() -> dict[str, Case]:
    """All cases by name, in the order of their files."""
    found: dict[str, Case] = {}
    for path in sorted((HERE / "cases").glob("*.yaml")):
        for name, values in yaml.safe_load(path.read_text()).items():
            found[name] = Case(name, **{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    return found


def lay_out(lab: Path) -> None:
    """The folder of a researcher: the programs, and an environment beside them."""
    shutil.rmtree(lab, ignore_errors=True)
    shutil.copytree(HERE / "programs", lab)
    (lab / ".venv").symlink_to(sys.prefix)


def environment(lab: Path) -> dict[str, str]:
    """Nothing of the one that records, but for where programs lie."""
    return {
        "PATH": f"{lab}/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(lab.parent),
        "USER": "researcher",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "WANDB_ERROR_REPORTING": "false",
        "HF_HUB_OFFLINE": "1",
    }


def run(script: str, before: str, case: Case, lab: Path, strike: tuple[str, ...]) -> tuple[bytes, int]:
    """What `script` printed, and its exit code."""
    lay_out(lab)
    (lab / "run.sh").write_text(script.rstrip() + "\n")
    log = lab.parent / "run.log"
    exec_ = case.exec
    (lab / "launch.sh").write_text(
        f"{{ {before.rstrip() or ':'}\n}} > {lab.parent}/before.log 2>&1\n{exec_} bash run.sh\n"
    )
    apart = ["unshare", *case.apart.split()] if case.apart else []
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [*apart, "bash", "launch.sh"],
            cwd=lab,
            env=environment(lab),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code = _attend(process, log, strike)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    time.sleep(0.1)
    return scrub(log.read_bytes(), lab), code


def _attend(process: subprocess.Popen[bytes], log: Path, strike: tuple[str, ...]) -> int:
    """Wait for the end; strike when the log says that it is time."""
    begun, struck = time.monotonic(), not strike
    while process.poll() is None and time.monotonic() - begun < LONGEST:
        time.sleep(0.02)
        if not struck and strike[0].encode() in log.read_bytes():
            struck = True
            subprocess.run(
                ["bash", "-c", strike[1]], env={**os.environ, "PGID": str(process.pid), "LOG": str(log)}, check=False
            )
    return process.poll() if process.poll() is not None else -999


def scrub(text: bytes, lab: Path) -> bytes:
    """Without the names of this machine and of whoever records."""
    base = Path(sys.base_prefix)
    places = [(str(lab), "/home/researcher/lab"), (str(lab.parent), "/home/researcher")]
    places += [(p, "/home/researcher/lab/.venv") for p in (sys.prefix, os.path.realpath(sys.prefix))]
    places += [(p, "/usr/local") for p in (str(base), os.path.realpath(base))]
    for place, neutral in sorted(places, key=lambda p: -len(p[0])):
        text = text.replace(place.encode(), neutral.encode())
    for address in subprocess.run(["hostname", "-I"], capture_output=True, check=False).stdout.split():
        text = text.replace(address, b"10.0.0.5")
    return re.sub(rb"(?<![\w.-])" + re.escape(socket.gethostname().encode()) + rb"(?![\w-])", b"node01", text)


def find_moment(text: bytes, moment: str) -> int | None:
    """The 1-based number of the first line that has `moment`."""
    lines = re.split(rb"\n", text)
    return next((n for n, line in enumerate(lines, 1) if moment.encode() in line), None) if moment else None


def tell(case: Case) -> dict[str, object]:
    """What a case expects of its recorded log."""
    text = (HERE / "logs" / f"{case.name}.log").read_bytes()
    row = {"expected": case.expected, "beside": list(case.beside), "moment": case.moment}
    return row | {"line": find_moment(text, case.moment)}


def record(case: Case, index: dict[str, dict[str, object]], lab: Path = LAB) -> None:
    """One case: its log, the log after the fix, its row of the index."""
    text, code = run(case.script, case.before, case, lab, case.strike)
    (HERE / "logs" / f"{case.name}.log").write_bytes(text)
    row = tell(case) | {"exit_code": code, "ended_at": round(time.time(), 1)}
    if case.fixed:
        before = case.before if case.fixed_before is None else case.fixed_before
        text, row["fixed_exit_code"] = run(case.fixed, before, case, lab, ())
        (HERE / "logs" / f"{case.name}.fixed.log").write_bytes(text)
    index[case.name] = row
    print(f"{case.name}: exit {code}, line {row['line']}, fixed: exit {row.get('fixed_exit_code', '-')}", flush=True)


def main(names: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, and so in the programs
    cases = load_cases()
    path = HERE / "logs" / "index.json"
    index = json.loads(path.read_text()) if path.exists() else {}
    for name in names or list(cases):
        record(cases[name], index)
        index = {n: index[n] | tell(cases[n]) for n in cases if n in index}
        path.write_text(json.dumps(index, indent=1) + "\n")
    shutil.rmtree(LAB, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
