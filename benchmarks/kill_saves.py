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
import json
import os
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
import json, os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
count = int(float(sys.argv[1]) * 2**20 / 4 / 16)
state = {f"layer.{i}": torch.randn(count, generator=torch.Generator().manual_seed(i)) + 3 for i in range(16)}
def save_for_ever(way, folder):
    number = 0
    while True:
        number += 1
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
def judge(path):
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file
            found = load_file(path)
        else:
            found = torch.load(path, weights_only=True)["model"]
    except Exception as error:
        return "refused: " + type(error).__name__
    same = set(found) == set(state) and all(torch.equal(found[k], state[k]) for k in state)
    return "whole" if same else "loads, but the numbers differ"
print("ready", flush=True)
for line in sys.stdin:
    task, argument = json.loads(line)
    if task == "judge":
        print(judge(Path(argument)), flush=True)
        continue
    pid = os.fork()
    if not pid:
        save_for_ever(task, Path(argument))
    print(pid, flush=True)
    os.waitpid(pid, 0)
"""


class Trainer:
    """One process with torch, which forks a child for each run of saves."""

    def __init__(self, python: str, megabytes: float) -> None:
        command = [python, "-c", CHILD, str(megabytes)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._read()

    def ask(self, task: str, argument: str) -> str:
        """The answer to one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([task, argument]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


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


def kill_once(trainer: Trainer, way: str, folder: Path, delay: float) -> None:
    """Let a child save, wait for its first file, then `delay` seconds, then SIGKILL."""
    pid = int(trainer.ask(way, str(folder)))
    while not any(folder.iterdir()):
        time.sleep(0.001)
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)


def judge(trainer: Trainer, way: str, folder: Path, inspector: Inspector, verifier: Verifier) -> list[Outcome]:
    """Every file in the folder."""
    found: list[Outcome] = []
    for path in sorted(folder.iterdir()):
        name = recognise((path.name,))
        first, deep = inspector.inspect(str(path), 60.0), verifier.verify(str(path))
        truth = trainer.ask("judge", str(path))
        if name is not None and name.role == "temporary":
            # no loader takes it by this name, and it is known as what an interrupted save leaves
            truth = f"temporary name, {truth}"
            right = truth.endswith("whole") or deep.verdict not in GOOD
        else:
            right = name is not None and (truth == "whole") == (deep.verdict in GOOD)
            right = right and not (truth == "whole" and first.damaged)
        found.append(Outcome(way, path.name, path.stat().st_size, truth, first.verdict, deep.verdict, right))
    return found


def run(python: str, kills: int, megabytes: float, seed: int) -> list[Outcome]:
    """All outcomes of `kills` kills of each way."""
    dice = random.Random(seed)
    outcomes: list[Outcome] = []
    trainer = Trainer(python, megabytes)
    try:
        with Inspector() as inspector, Verifier() as verifier:
            for way in WAYS:
                for _ in range(kills):
                    with tempfile.TemporaryDirectory() as name:
                        kill_once(trainer, way, Path(name), dice.uniform(0.0, megabytes / 250))
                        outcomes += judge(trainer, way, Path(name), inspector, verifier)
    finally:
        trainer.close()
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
