"""Six kinds of checkpoints, whole and with eleven kinds of damage: what lptui, torch.load, picklescan and sft say.

    python benchmarks/checkpoint_matrix.py --torch TORCH_PYTHON --generator make_checkpoints.py [--size 8M] [--work DIR]

TORCH_PYTHON has torch, safetensors, picklescan and sft-cli; GENERATOR makes a checkpoint (`--kind K --size S
--corrupt C --out PATH`). "first look" needs no more than the index, "every byte" is the deep pass. A verdict is right
if it is one of those in WANTED. A flipped bit in a format without a checksum cannot be seen by anyone, nor NaN that
torch itself does not find. torch's loader of distributed checkpoints runs what is in `.metadata`: the canary file
tells. Exit code 1 if a verdict is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from checkpoint_peers import load, make, run

from lptui.checkpoints.worker import Inspector, Verifier

KINDS = ("torch", "legacy", "safetensors", "dcp", "hf", "metta")
OK = frozenset(("ok", "ok-unverified", "ok-verified"))
WANTED: dict[str, frozenset[str]] = {
    "none": OK,
    "truncate": frozenset(("truncated",)),
    "half-written": frozenset(("truncated", "incomplete", "zeroed")),  # safetensors 0.8 sets the length first
    "hole": frozenset(("truncated", "zeroed")),
    "zero-tail": frozenset(("zeroed",)),
    "bitflip": frozenset(("crc-mismatch",)),
    "nan": frozenset(("non-finite-weights",)),
    "bad-pickle": frozenset(("unreadable-pickle", "truncated")),
    "evil-pickle": frozenset(("unsafe-pickle",)),
    "crc-field": frozenset(("crc-mismatch",)),
    "dup-entry": frozenset(("unsafe-pickle",)),
    "bomb": frozenset(("unsafe-pickle",)),
}
BLIND = frozenset((("legacy", "bitflip"), ("safetensors", "bitflip")))
"""No byte of these formats tells of a flipped bit."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One file: `folder` is the whole checkpoint, `file` the one that was damaged."""

    kind: str
    damage: str
    folder: Path
    file: Path


def make_cells(args: argparse.Namespace, work: Path) -> list[Cell]:
    """All cells that exist: some damage is for zips or pickles only."""
    suffixes = {"torch": ".pt", "legacy": ".pt", "safetensors": ".safetensors"}
    wanted = [(kind, damage, work / f"{kind}-{damage}{suffixes.get(kind, '')}") for kind in KINDS for damage in WANTED]
    rows = make(
        args.torch,
        args.generator,
        [["--kind", k, "--size", args.size, "--corrupt", d, "--out", str(out)] for k, d, out in wanted],
    )
    cells: list[Cell] = []
    for (kind, damage, out), row in zip(wanted, rows, strict=True):
        if row.get("failed"):
            continue
        told = row.get("damage")
        name = str(told.get("left") or told.get("file", "")) if isinstance(told, dict) else ""
        cells.append(Cell(kind, damage, out, _damaged(kind, out, name)))
    return cells


def _damaged(kind: str, out: Path, name: str) -> Path:
    if kind in ("torch", "legacy", "safetensors"):
        return out if out.exists() else out.with_name(name)
    if kind == "dcp":
        return out / ".metadata"
    found = next((p for p in out.rglob(name) if p.is_file()), None) if name else None
    return found or (out / "optimizer.pt" if kind == "hf" else out / "checkpoints" / "trainer_state.pt")


def judge(cell: Cell, inspector: Inspector, verifier: Verifier, *, hidden: bool) -> tuple[str, str, str]:
    """(first look, every byte, whether that is right). `hidden`: this damage leaves no sign in the file."""
    target = str(cell.folder if cell.kind in ("dcp", "hf") else cell.file)
    first, deep = inspector.inspect(target, 60.0), verifier.verify(target)
    right = deep.verdict in (OK if hidden else WANTED[cell.damage]) and (cell.damage != "none" or first.verdict in OK)
    return first.verdict, deep.verdict, "right" if right and not hidden else "cannot be seen" if right else "WRONG"


def tell_peers(cell: Cell, python: str) -> tuple[str, str]:
    """(picklescan, sft check), '-' where they do not apply. picklescan exits with 1 for what it calls dangerous and 2
    where it failed."""
    tools = Path(python).parent
    suffix = cell.file.suffix
    scan = check = "-"
    if suffix == ".safetensors":
        code, _, _ = run([str(tools / "sft"), "check", str(cell.file)])
        check = "healthy" if code == 0 else "bad"
    elif cell.file.exists():
        code, _, _ = run([str(tools / "picklescan"), "-p", str(cell.file)])
        scan = {0: "clean", 1: "dangerous"}.get(code, "error")
    return scan, check


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--torch", default=sys.executable)
    parser.add_argument("--generator", required=True)
    parser.add_argument("--size", default="8M")
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    wrong = canaries = 0
    with tempfile.TemporaryDirectory(dir=args.work) as folder, Inspector() as inspector, Verifier() as verifier:
        cells = make_cells(args, Path(folder))
        print("| format | damage | first look | every byte | | torch.load | picklescan | sft check |")
        print("|---|---|---|---|---|---|---|---|")
        plain = [cell for cell in cells if not (cell.kind == "dcp" and cell.damage == "evil-pickle")]
        loads = dict(zip(plain, load(args.torch, [cell.file for cell in plain], "look"), strict=True))
        for cell in cells:
            unseen = cell.damage == "nan" and loads[cell][0] == "loads"  # the generator's NaN missed the numbers
            hidden = unseen or (cell.kind, cell.damage) in BLIND
            first, deep, mark = judge(cell, inspector, verifier, hidden=hidden)
            canaries += Path(f"{cell.folder}.canary").exists()
            word = (loads.get(cell) or load(args.torch, [cell.file])[0])[0]
            if Path(f"{cell.folder}.canary").exists():
                word += " and runs it"
            scan, check = tell_peers(cell, args.torch)
            print(
                f"| {cell.kind} | {cell.damage} | {first} | {deep} | {mark} | {word} | {scan} | {check} |", flush=True
            )
            wrong += mark == "WRONG"
    print(f"\n{len(cells)} files, {wrong} verdicts wrong, {canaries} canaries after lptui had read all of them")
    return 1 if wrong or canaries else 0


if __name__ == "__main__":
    sys.exit(main())
