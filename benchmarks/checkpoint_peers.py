"""Checkpoints made by a generator, and what torch.load, picklescan and sft make of them. For the scripts beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# one process makes all: importing torch costs more than making a small file
MAKE = """
import json, runpy, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    sys.argv = json.loads(line)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code:
            print(json.dumps({"failed": True}))
    except Exception as error:
        print(json.dumps({"failed": True, "why": repr(error)}))
"""
# weights_only=True, as torch's default is; a folder of torch.distributed.checkpoint goes through its own loader
LOAD = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
began = time.process_time()
import torch
imported = time.process_time() - began
def load(path, mmap):
    if path.endswith("/.metadata"):
        from torch.distributed.checkpoint.format_utils import _EmptyStateDictLoadPlanner
        from torch.distributed.checkpoint.state_dict_loader import _load_state_dict
        from torch.distributed.checkpoint import FileSystemReader
        _load_state_dict({}, storage_reader=FileSystemReader(path.removesuffix("/.metadata")),
                         planner=_EmptyStateDictLoadPlanner(), no_dist=True)
    elif path.endswith(".safetensors"):
        from safetensors.torch import load_file
        return load_file(path)
    else:
        return torch.load(path, weights_only=True, mmap=mmap)
def finite(value):
    if isinstance(value, torch.Tensor):
        return not value.is_floating_point() or bool(value.isfinite().all())
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return all(map(finite, inner))
for path in sys.argv[2:]:
    began = time.process_time()
    try:
        found = load(path, sys.argv[1] == "mmap")
        spent = time.process_time() - began
        word = "loads" if sys.argv[1] != "look" or finite(found) else "loads NaN"
    except BaseException as error:
        spent = time.process_time() - began
        word = type(error).__name__
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps([word, spent, peak, imported]), flush=True)
"""


def make(python: str, generator: str, wanted: Sequence[Sequence[str]]) -> list[dict[str, object]]:
    """Run the generator with each of these arguments in one process; what it prints of each."""
    lines = "".join(json.dumps([generator, *arguments]) + "\n" for arguments in wanted)
    told = subprocess.run([python, "-c", MAKE], input=lines, capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    if len(rows) != len(wanted):
        sys.exit(f"the generator made {len(rows)} of {len(wanted)} files:\n{told.stderr[-2000:]}")
    return rows


def load(python: str, paths: Sequence[Path], how: str = "whole") -> list[tuple[str, float, int, float]]:
    """What torch does with each file, all in one process: (word, CPU seconds, peak MB so far, CPU seconds of its
    import).
    `how`: whole, mmap, or look (for NaN in what was loaded, too). A crash is a word; another process goes on."""
    rows: list[tuple[str, float, int, float]] = []
    while len(rows) < len(paths):
        command = [python, "-c", LOAD, how, *map(str, paths[len(rows) :])]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        rows += [tuple(json.loads(line)) for line in told.stdout.splitlines()]
        if len(rows) < len(paths):
            rows.append(("crashes", 0.0, 0, 0.0))
    return rows


def run(command: Sequence[str]) -> tuple[int, float, int]:
    """(exit code, CPU seconds, peak MB) of a command; its output is thrown away."""
    program = (
        "import resource,subprocess,sys;"
        "code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL).returncode;"
        "used=resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(code,used.ru_utime+used.ru_stime,used.ru_maxrss//1024)"
    )
    told = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=False)
    code, spent, peak = (told.stdout.split() or ["-1", "0", "0"])[:3]
    return int(code), float(spent), int(peak)
