"""Run every training in this folder and keep what it prints: long logs in which nothing is wrong.

    python make_logs.py --out FOLDER [--share 1.0] [--python PYTHON_WITH_TORCH]

At share 1.0 about 900,000 lines and ten to twenty minutes of one core. PYTHON needs torch, numpy, tqdm and rich.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def list_runs(share: float) -> dict[str, list[str]]:
    """File name -> arguments."""

    def count(full: int) -> str:
        return str(max(2, int(full * share)))

    steps = {"plain": 120_000, "logging": 100_000, "dict": 100_000, "tqdm": 60_000, "rich": 15_000, "table": 60_000}
    steps |= {"keras": 80_000, "json": 60_000}
    updates = {"rsl_rl": 4_000, "cleanrl": 4_000, "sb3": 4_000, "metta": 8_000}
    runs = {f"supervised_{s}.log": ["supervised.py", "--style", s, "--lines", count(n)] for s, n in steps.items()}
    runs |= {f"policy_{s}.log": ["policy.py", "--style", s, "--updates", count(n)] for s, n in updates.items()}
    runs["transformer.log"] = ["transformer.py", "--lines", count(12_000)]
    runs["ranks.log"] = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "ranks.py", "--epochs", count(60)]
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=1.0, help="of the full length")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has torch")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name, arguments in list_runs(args.share).items():
        begun = time.monotonic()
        path = args.out / name
        with path.open("wb") as log:
            done = subprocess.run(
                [args.python, *arguments], cwd=HERE, stdout=log, stderr=subprocess.STDOUT, check=False
            )
        lines = path.read_bytes().count(b"\n")
        print(f"{name:24} exit {done.returncode}  {lines:9,} lines  {time.monotonic() - begun:6.1f} s", flush=True)
        if done.returncode:
            raise SystemExit(f"{path}: the training failed, so this log is not a healthy one")


if __name__ == "__main__":
    main()
