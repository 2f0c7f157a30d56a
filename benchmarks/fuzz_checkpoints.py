"""Hostile checkpoints by the hundred thousand: what the reader says, how long each takes, how much memory.

    python benchmarks/fuzz_checkpoints.py [--count 100000] [--seed 1] [--data tests/checkpoints] [--keep FOLDER]

Mutates every committed checkpoint (flipped bytes, cuts, splices, spans of zeros, fields of the zip directory, pickle
operations, safetensors and numpy headers), plants pickles that would touch a canary file, and lets the real reader
processes look at each: L0 and L1 always, every byte (L2) of every tenth. Reported: verdicts, the slowest, the peak
memory of the processes, how often one died. Anything over 2 s or 256 MB, a touched canary, or a reader that failed is
kept in FOLDER and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import os
import pickle
import pickletools
import random
import resource
import shutil
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lptui.checkpoints.worker import Inspector, Verifier

SLOW, HEAVY = 2.0, 256
INTERESTING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0", b"PK\5\6")
OPERATIONS = tuple(op.code.encode("latin-1") for op in pickletools.opcodes)
Mutation = Callable[[bytearray, random.Random], bytes]


def flip_bytes(raw: bytearray, dice: random.Random) -> bytes:
    for _ in range(dice.choice((1, 1, 1, 2, 8, 64))):
        raw[dice.randrange(len(raw))] = dice.randrange(256)
    return bytes(raw)


def flip_bit(raw: bytearray, dice: random.Random) -> bytes:
    raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    return bytes(raw)


def cut(raw: bytearray, dice: random.Random) -> bytes:
    return bytes(raw[: dice.randrange(len(raw))])


def splice(raw: bytearray, dice: random.Random) -> bytes:
    a, b, c = (dice.randrange(len(raw)) for _ in range(3))
    part = raw[min(a, b) : max(a, b)][:4096]
    return bytes(raw[:c] + part * dice.choice((1, 1, 2, 9)) + raw[c + dice.choice((0, len(part))) :])


def zero_span(raw: bytearray, dice: random.Random) -> bytes:
    a, b = sorted(dice.randrange(len(raw)) for _ in range(2))
    raw[a:b] = bytes(b - a)
    return bytes(raw)


def plant(raw: bytearray, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw))
    value = dice.choice(INTERESTING)
    raw[at : at + len(value)] = value
    return bytes(raw)


def damage_directory(raw: bytearray, dice: random.Random) -> bytes:
    """One field of the zip directory, of a local header or of the end record."""
    marks = [m for m in (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7") if m in raw]
    if not marks:
        return flip_bytes(raw, dice)
    mark, places, at = dice.choice(marks), [], -1
    while (at := raw.find(mark, at + 1)) >= 0:
        places.append(at)
    at = dice.choice(places) + 4 + dice.randrange(42)
    width = dice.choice((1, 2, 4))
    raw[at : at + width] = dice.choice((dice.randbytes(width), b"\xff" * width, b"\0" * width))
    return bytes(raw)


def damage_pickle(raw: bytearray, dice: random.Random) -> bytes:
    """Operations of pickles between the bytes of the first one, its record's checksum and sizes left as they were."""
    at = raw.find(b"\x80\x02")
    at = at if at >= 0 else 0
    end = raw.find(b".PK", at)
    end = end if end > at else min(len(raw), at + 4096)
    for _ in range(dice.choice((1, 2, 8))):
        place = dice.randrange(at, end)
        raw[place : place + 1] = dice.choice(OPERATIONS)
    return _mend_checksum(raw, at, end + 1)


def _mend_checksum(raw: bytearray, at: int, end: int) -> bytes:
    """So that the reader reads on instead of stopping at the checksum."""
    name = raw.rfind(b"data.pkl")
    entry = raw.rfind(b"PK\1\2", 0, name)
    if entry > end:
        raw[entry + 16 : entry + 20] = zlib.crc32(bytes(raw[at:end])).to_bytes(4, "little")
    return bytes(raw)


def damage_header(raw: bytearray, dice: random.Random) -> bytes:
    """The text in front of safetensors, .npy and JSON files."""
    end = min(len(raw), 1024)
    for _ in range(dice.choice((1, 2, 5))):
        at = dice.randrange(end)
        raw[at : at + 1] = dice.choice((b"9", b"-", b"]", b"[", b'"', b"{", b"}", b",", b"e", b"99999999999999999999"))
    return bytes(raw)


MUTATIONS: tuple[Mutation, ...] = (
    flip_bytes, flip_bit, cut, splice, zero_span, plant, damage_directory, damage_directory, damage_pickle,
    damage_pickle, damage_header,
)  # fmt: skip


class _Touch:
    """What an attacker's pickle does."""

    def __init__(self, canary: str, how: int) -> None:
        self.canary, self.how = canary, how

    def __reduce__(self) -> object:
        command = f"touch {self.canary}"
        text = f"open({self.canary!r}, 'w')"
        return ((os.system, (command,)), (exec, (text,)), (eval, (text,)), (open, (self.canary, "w")))[self.how]


def evil(canary: str, dice: random.Random) -> bytes:
    """A pickle that would touch the canary, whole or mutated, in the clothes of a trainer's state."""
    state = {"epoch": 1, "model": _Touch(canary, dice.randrange(4)), "step": 7}
    raw = bytearray(pickle.dumps(state, protocol=dice.randrange(6)))
    return bytes(raw) if dice.random() < 0.5 else dice.choice(MUTATIONS)(raw, dice)


def random_pickle(dice: random.Random) -> bytes:
    """Operations with arguments, in no order."""
    parts = [b"\x80\x02"]
    for _ in range(dice.randrange(1, 60)):
        parts.append(dice.choice(OPERATIONS))
        if dice.random() < 0.6:
            parts.append(dice.choice((dice.randbytes(dice.randrange(9)), b"os\nsystem\n", b"\xff\xff\xff\x7f")))
    return b"".join((*parts, b"."))


@dataclass(slots=True)
class Report:
    """What came out."""

    verdicts: Counter[str] = field(default_factory=Counter[str])
    slowest: tuple[float, str] = (0.0, "")
    bad: list[str] = field(default_factory=list[str])
    deep: int = 0
    failed: int = 0


def make(seeds: list[tuple[str, bytes]], canary: str, dice: random.Random) -> tuple[str, bytes]:
    """(suffix, bytes) of one hostile file."""
    kind = dice.random()
    if kind < 0.05:
        return ".pt", evil(canary, dice)
    if kind < 0.10:
        return ".pt", random_pickle(dice)
    suffix, whole = dice.choice(seeds)
    raw = bytearray(whole)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        raw = bytearray(dice.choice(MUTATIONS)(raw, dice)) or bytearray(b"\0")
    return suffix, bytes(raw)


def _name(suffix: str) -> str:
    return suffix if not suffix.startswith(".") or suffix == ".metadata" else f"input{suffix}"


def run(
    count: int, seed: int, seeds: list[tuple[str, bytes]], folder: Path, inspector: Inspector, verifier: Verifier
) -> Report:
    """Look at `count` files in `folder`; the bad ones stay there under the number of their input."""
    dice = random.Random(seed)
    report = Report()
    canary = folder / "canary"
    for number in range(count):
        suffix, raw = make(seeds, str(canary), dice)
        path = folder / _name(suffix)
        path.write_bytes(raw)
        began = time.perf_counter()
        info = inspector.inspect(str(path))
        spent = time.perf_counter() - began
        report.verdicts[info.verdict] += 1
        verdict = info.verdict
        if number % 10 == 0 and not info.damaged:
            began = time.perf_counter()
            verdict = verifier.verify(str(path), 30.0).verdict
            spent = max(spent, time.perf_counter() - began)
            report.deep += 1
        failed = "reader-failed" in (verdict, info.verdict)
        report.failed += failed
        report.slowest = max(report.slowest, (spent, f"input {number}"))
        if spent > SLOW or failed or canary.exists():
            kept = folder / f"bad-{number}-{path.name}"
            shutil.copyfile(path, kept)
            report.bad.append(f"{kept.name}: {info.verdict}: {info.reason} ({spent:.2f} s, canary {canary.exists()})")
            canary.unlink(missing_ok=True)
        path.unlink()
    return report


def load_seeds(data: Path) -> list[tuple[str, bytes]]:
    """(suffix or whole name, bytes) of every committed checkpoint."""
    files = [p for p in sorted(data.rglob("*")) if p.is_file() and p.suffix != ".py" and "__pycache__" not in p.parts]
    found = [(p.suffix if p.suffix and not p.name.startswith((".", "_")) else p.name, p.read_bytes()) for p in files]
    return [(suffix, raw) for suffix, raw in found if raw]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / "tests" / "checkpoints")
    parser.add_argument("--keep", type=Path, help="where the inputs that broke a bound are kept")
    args = parser.parse_args()
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    seeds = load_seeds(args.data)
    began = time.perf_counter()
    folder = Path(tempfile.mkdtemp(dir=args.keep))
    with Inspector() as inspector, Verifier() as verifier:
        report = run(args.count, args.seed, seeds, folder, inspector, verifier)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{args.count:,} inputs from {len(seeds)} files in {time.perf_counter() - began:.0f} s, seed {args.seed}")
    for verdict, times in report.verdicts.most_common():
        print(f"  {verdict:<20} {times:>8,}")
    print(f"  read to the last byte: {report.deep:,}; a reader failed: {report.failed:,}")
    print(f"  slowest {report.slowest[0]:.3f} s ({report.slowest[1]}), limit {SLOW:.0f} s")
    print(f"  peak memory of a reader {peak} MB, limit {HEAVY} MB")
    for line in report.bad[:50]:
        print(f"  BAD {line}")
    good = not report.bad and peak <= HEAVY
    if good:
        shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
