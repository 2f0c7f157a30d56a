"""How long `lptui attach` and `wandb leet` take on one W&B run, what they send, and what they cost.

    python benchmarks/start_vs_leet.py RUN.wandb --probe tui_probe.py [--step 9999] [--repeat 5]

Budgets: first paint at most 3x `python -c 'import click'`; interactive (the header with the run's state) at most 1.5x
and every pane true at most 2.5x `python -c 'import textual.app'`, taken in the same run.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from probing import LPTUI, REFERENCES, find_wandb, middle, probe, repeat, run, table, tell_machine, warm

STATE = "[●▲✖■○?] {}"
"""The header's state: that which `lptui check` finds, since a state that is not yet true does not count."""
READ = r"nothing found wrong|[✖▲] (error|warning) "
BUDGETS = (
    ("first paint", "import click", 3.0),
    ("header with the true state", "import textual.app", 1.5),
    ("everything read", "import textual.app", 2.5),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", type=Path, help="a .wandb file")
    parser.add_argument("--run", help="the run directory for lptui (default: what holds the wandb folder)")
    parser.add_argument("--probe", type=Path, required=True, help="the terminal probe")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the probe (psutil, pyte)")
    parser.add_argument("--step", default="9999", help="the last step, as a number")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--columns", default="200")
    parser.add_argument("--rows", default="50")
    args = parser.parse_args()
    target = args.run or str(next((p.parent for p in args.file.resolve().parents if p.name == "wandb"), args.file))
    step = step_pattern(args.step)
    state = STATE.format(find_state(target))
    size = ["--cols", args.columns, "--rows", args.rows, "--timeout", str(args.timeout)]

    def lptui() -> dict[str, Any]:
        until = [part for pattern in (state, step, READ) for part in ("--until", pattern)]
        return probe(args.probe, args.python, [*size, *until, "--quit-keys", "q"], [*LPTUI, "attach", target])

    def leet() -> dict[str, Any]:
        command = [find_wandb() or "wandb", "leet", "run", str(args.file)]
        return probe(args.probe, args.python, [*size, "--until", step, "--quit-keys", "q"], command)

    things: dict[str, Any] = {
        name: lambda code=code: run([sys.executable, "-c", code]) for name, code in REFERENCES.items()
    }
    things["lptui"] = lptui
    if find_wandb():
        things["leet"] = leet
    warm()
    lptui()  # the files' pages and the catalogue's copy
    before = tell_machine()
    results = repeat(args.repeat, things)
    references = {name: middle([cost.wall for cost in results[name]]) for name in REFERENCES}
    size_mb = args.file.stat().st_size / 1e6
    print(f"{args.file.name}, {size_mb:.1f} MB, {args.columns}x{args.rows}, median of {args.repeat}")
    print(f"before: {before}; after: {tell_machine()}\n")
    tell(results, references, state, step)


def find_state(target: str) -> str:
    """The state of the run, read to its end."""
    done = subprocess.run([*LPTUI, "check", target, "--json"], capture_output=True, text=True, check=False)
    return str(json.loads(done.stdout)["state"])


def step_pattern(step: str) -> str:
    """How a step may be written: 9999, 9,999 or 10.0k."""
    number = int(step)
    forms = {step, f"{number:,}", f"{number / 1e3:.1f}k", f"{number / 1e3:.0f}k"}
    return "(?i)step[^0-9]{0,24}(?:" + "|".join(re.escape(form) for form in sorted(forms)) + r")(?![\d.])"


def tell(results: dict[str, list[Any]], references: dict[str, float], state: str, step: str) -> None:
    """The table, the references, and the ratios against the budgets."""
    columns = {name: summaries(results[name], state, step) for name in ("lptui", "leet") if name in results}
    names = list(next(iter(columns.values())))
    print(table(["", *columns], [[name, *(column[name] for column in columns.values())] for name in names]))
    print(
        "\n"
        + table(
            ["reference", "seconds", "CPU s"],
            [[name, seconds, middle([cost.cpu for cost in results[name]])] for name, seconds in references.items()],
        )
    )
    rows = []
    for what, reference, budget in BUDGETS:
        ratio = columns["lptui"][f"{what}, s"] / references[reference]
        rows.append([what, f"{ratio:.2f}x {reference}", f"{budget}x", "kept" if ratio <= budget else "MISSED"])
    print("\n" + table(["lptui", "measured", "budget", ""], rows))


def summaries(runs: list[dict[str, Any]], state: str, step: str) -> dict[str, float]:
    """Medians of what the probe told; NaN where a program has no such moment."""
    until = [r.get("until_s", {}) for r in runs]
    return {
        "first paint, s": middle([r.get("first_paint_s") for r in runs]),
        "header with the true state, s": middle([u.get(state) for u in until]),
        "last step visible, s": middle([u.get(step) for u in until]),
        "everything read, s": middle([u.get(READ) for u in until]),
        "bytes until then": middle([r.get("startup_bytes") for r in runs]),
        "CPU s until then": middle([r.get("startup_cpu_s") for r in runs]),
        "peak RSS, MB": middle([r.get("peak_rss_mb_tree") for r in runs]),
    }


if __name__ == "__main__":
    main()
