"""A trainer killed at random moments of its saves: is the verdict right each time?

    python benchmarks/kill_saves.py --torch TORCH_PYTHON [--kills 50] [--megabytes 64] [--seed 1]

TORCH_PYTHON has torch and safetensors. For each of three ways to save (torch.save onto the final name, safetensors'
save_file, torch.save to a temporary name and os.replace) a child saves the same state over and over; after a random
delay it gets SIGKILL. What is left is then judged by lptui and, as the truth, by a child that loads it and compares
every number with what was to be saved. Right is: "ok" if and only if the truth is "whole"; anything else must be a bad
verdict, and a temporary name must be known as one.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lptui.checkpoints.names import recognise
from lptui.checkpoints.worker import Inspector, Verifier

WAYS = ("torch", "safetensors", "replace")
GOOD = ("ok-unverified", "ok-verified", "ok")
CHILD = """
import os, sys
from pathlib import Path
import torch
way, folder, megabytes, task = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
count = int(megabytes * 2**20 / 4 / 16)
state = {f"layer.{i}": torch.randn(count, generator=torch.Generator().manual_seed(i)) + 3 for i in range(16)}
if task == "judge":
    path = Path(sys.argv[5])
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file
            found = load_file(path)
        else:
            found = torch.load(path, weights_only=True)["model"]
        same = set(found) == set(state) and all(torch.equal(found[k], state[k]) for k in state)
        print("whole" if same else "loads, but the numbers differ")
    except Exception as error:
        print("refused:", type(error).__name__)
    sys.exit()
number = 0
while True:
    number += 1
    print(number, flush=True)
    if way == "safetensors":
        from safetensors.torch import save_file
        save_file(state, str(folder / f"step_{number}.safetensors"))
    elif way == "torch":
        torch.save({"step": number, "model": state}, folder / f"step_{number}.pt")
    else:
        draft = folder / f".step_{number}.pt.tmp"
        torch.save({"step": number, "model": state}, draft)
        os.replace(draft, folder / f"step_{number}.pt")
    for old in folder.glob(f"step_{number - 1}.*"):
        old.unlink()
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file that a kill left, what it truly is, and what was said of it."""

    way: str
    file: str
    size: int
    truth: str
    first: str
    deep: str
    right: bool


def kill_once(python: str, way: str, folder: Path, megabytes: float, delay: float) -> None:
    """Start the child, wait for its first save to begin, then `delay` seconds, then SIGKILL."""
    command = [python, "-c", CHILD, way, str(folder), str(megabytes), "save"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)


def judge(
    python: str, way: str, folder: Path, megabytes: float, inspector: Inspector, verifier: Verifier
) -> list[Outcome]:
    """Every file in the folder."""
    found: list[Outcome] = []
    for path in sorted(folder.iterdir()):
        name = recognise((path.name,))
        first, deep = inspector.inspect(str(path), 60.0), verifier.verify(str(path))
        temporary = name is not None and name.role == "temporary"
        if temporary:  # no loader takes it by this name: it must be known as what an interrupted save leaves
            found.append(Outcome(way, path.name, path.stat().st_size, "temporary", first.verdict, deep.verdict, True))
            continue
        command = [python, "-c", CHILD, way, str(folder), str(megabytes), "judge", str(path)]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        truth = told.stdout.strip() or "crashed"
        right = name is not None and (truth == "whole") == (deep.verdict in GOOD)
        right = right and not (truth == "whole" and first.damaged)
        found.append(Outcome(way, path.name, path.stat().st_size, truth, first.verdict, deep.verdict, right))
    return found


def run(python: str, kills: int, megabytes: float, seed: int) -> list[Outcome]:
    """All outcomes of `kills` kills of each way."""
    dice = random.Random(seed)
    outcomes: list[Outcome] = []
    with Inspector() as inspector, Verifier() as verifier:
        for way in WAYS:
            for _ in range(kills):
                with tempfile.TemporaryDirectory() as name:
                    kill_once(python, way, Path(name), megabytes, dice.uniform(0.0, megabytes / 250))
                    outcomes += judge(python, way, Path(name), megabytes, inspector, verifier)
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--torch", default=sys.executable, help="an interpreter with torch and safetensors")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--megabytes", type=float, default=64.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    outcomes = run(args.torch, args.kills, args.megabytes, args.seed)
    for way in WAYS:
        mine = [o for o in outcomes if o.way == way]
        print(f"{way}: {args.kills} kills, {len(mine)} files left, {sum(not o.right for o in mine)} verdicts wrong")
        table = Counter((o.truth, o.first, o.deep) for o in mine)
        for (truth, first, deep), count in table.most_common():
            print(f"  {count:>4}  truth: {truth:<28} first look: {first:<18} every byte: {deep}")
    wrong = [o for o in outcomes if not o.right]
    for outcome in wrong:
        print(f"  WRONG {outcome}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
