"""What `ckpt show`, `verify` and `diff` print: lines for a reader, plain data for a program."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from lptui.checkpoints.comparison import Comparison, TensorChange
from lptui.checkpoints.info import CheckpointInfo, Reading, TensorEntry
from lptui.checkpoints.report import DeepReport
from lptui.cli.checkpoint_lists import GLYPHS
from lptui.text import format_value, plural, sanitise, short_bytes
from lptui.text.secrets import mask_text

MOST = 60
"""Tensors listed without being asked for more."""
_KINDS = ("reshaped", "gone", "new", "changed", "unknown", "same")


def info_lines(info: CheckpointInfo, pattern: str = "") -> Iterator[str]:
    """Everything that the index of one file says."""
    yield f"{sanitise(info.path)}: {info.verdict}: {mask_text(info.reason)}"
    if info.next_step:
        yield f"  next: {info.next_step}"
    counters = [r for r in (info.epoch, info.agent_step, info.global_step, info.step) if r is not None]
    rows = [
        ("format", info.format + (f" ({info.framework})" if info.framework else "")),
        ("size", "" if info.size is None else f"{info.size:,} B"),
        *((r.name, _number(r)) for r in counters),
        ("learning rate", ", ".join(format_value(rate) for rate in info.learning_rates)),
        ("keys", ", ".join(info.keys[:40])),
        ("policy path", info.policy_path or ""),
        ("parameters", "" if info.n_params is None else f"{info.n_params:,}"),
        ("bytes", ", ".join(f"{name} {short_bytes(n)}" for name, n in info.bytes_by_group)),
        ("dtypes", ", ".join(f"{name} {n:,}" for name, n in info.dtypes)),
        ("imports", ", ".join(f"{g.name} ({g.kind})" for g in info.globals if g.kind != "plain")),
        ("checksums", {True: "yes", False: "none in this format", None: ""}[info.has_crc]),
        *(("note", note) for note in info.notes),
    ]
    for name, value in rows:
        if value:
            yield f"  {name:<14} {mask_text(value)}"
    tensors = _select(info.tensors, pattern)
    if info.n_tensors:
        yield f"  {'tensors':<14} {info.n_tensors:,}" + (f", {len(tensors):,} with {pattern!r}" if pattern else "")
    for tensor in tensors[:MOST]:
        yield f"    {tensor.dtype:<9} {_shape(tensor.shape):<18} {short_bytes(tensor.nbytes):>10}  {tensor.name}"
    if len(tensors) > MOST:
        yield f"    … and {len(tensors) - MOST:,} more (--filter TEXT, or --json for all)"


def _select(tensors: Sequence[TensorEntry], pattern: str) -> list[TensorEntry]:
    return [t for t in tensors if pattern.lower() in t.name.lower()]


def _number(reading: Reading) -> str:
    return f"{reading.value:,.0f}   ({reading.source})"


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def info_json(info: CheckpointInfo, pattern: str = "") -> dict[str, Any]:
    """The same as plain data; every tensor."""
    return {
        "path": info.path,
        "verdict": info.verdict,
        "reason": mask_text(info.reason),
        "next_step": info.next_step or None,
        "format": info.format,
        "framework": info.framework,
        "size": info.size,
        **{n: None if r is None else r.value for n, r in _counters(info)},
        "step": info.step_count,
        "learning_rates": list(info.learning_rates),
        "keys": list(info.keys),
        "policy_path": info.policy_path,
        "parameters": info.n_params,
        "bytes_by_group": dict(info.bytes_by_group),
        "dtypes": dict(info.dtypes),
        "globals": [{"name": g.name, "kind": g.kind} for g in info.globals],
        "scalars": {r.name: _finite(r.value) for r in info.scalars},
        "tensors": [
            {"name": t.name, "shape": list(t.shape), "dtype": t.dtype, "bytes": t.nbytes}
            for t in _select(info.tensors, pattern)
        ],
        "has_checksums": info.has_crc,
        "notes": list(info.notes),
    }


def _counters(info: CheckpointInfo) -> tuple[tuple[str, Reading | None], ...]:
    return (
        ("epoch", info.epoch),
        ("agent_step", info.agent_step),
        ("global_step", info.global_step),
    )


def report_lines(report: DeepReport) -> Iterator[str]:
    """The verdict of a deep pass, what it rests on, and the tensors that are to blame."""
    yield f"{GLYPHS.get(report.verdict, '✖')} {sanitise(report.path)}: {report.verdict}: {report.reason}"
    yield f"  looked at: {report.checked}"
    for name in report.culprits[:10]:
        stats = next((t for t in report.tensors if t.name == name), None)
        told = f"  {stats.nan:,} NaN, {stats.infinite:,} infinite" if stats and (stats.nan or stats.infinite) else ""
        yield f"    {name}{told}"
    if report.next_step:
        yield f"  next: {report.next_step}"


def report_json(report: DeepReport) -> dict[str, Any]:
    """The same as plain data, with the numbers of every tensor."""
    return {
        "path": report.path,
        "verdict": report.verdict,
        "reason": report.reason,
        "next_step": report.next_step or None,
        "step": report.step,
        "bytes_read": report.read,
        "checksums": report.checksums,
        "checked": report.checked,
        "culprits": list(report.culprits),
        "tensors": [
            {
                "name": t.name, "dtype": t.dtype, "bytes": t.nbytes, "norm": t.norm, "min": t.low, "max": t.high,
                "nan": t.nan, "infinite": t.infinite, "zero_run": t.zero_run,
            }
            for t in report.tensors
        ],
    }  # fmt: skip


def comparison_lines(found: Comparison) -> Iterator[str]:
    """Counts, then what is not the same, the largest change first."""
    if found.reason:
        yield f"not compared: {found.reason}"
        return
    counts = ", ".join(f"{found.count(kind):,} {kind}" for kind in _KINDS if found.count(kind))
    yield f"{plural(len(found.rows), 'tensor')}: {counts}"
    if not found.read and found.count("same") + found.count("changed"):
        yield "  told by the checksums in the files: no tensor was read (lptui ckpt verify reads them)"
    rows = sorted((r for r in found.rows if r.kind != "same"), key=lambda r: (_KINDS.index(r.kind), -(r.relative or 0)))
    for row in rows[:MOST]:
        yield f"  {row.kind:<9} {_shape(row.shape):<18} {row.name}{_by_how_much(row)}"
    if len(rows) > MOST:
        yield f"  … and {len(rows) - MOST:,} more (--json lists all)"


def _by_how_much(row: TensorChange) -> str:
    parts = [f"was {row.before}"] if row.before else []
    if row.relative is not None:
        parts.append(f"by {row.relative:.3g} of its length")
    if row.cosine is not None:
        parts.append(f"cosine {row.cosine:.4f}")
    return f"  ({', '.join(parts)})" if parts else ""


def comparison_json(found: Comparison) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "path": found.second,
        "before": found.first,
        "verdict": "not-compared" if found.reason else "same" if found.count("same") == len(found.rows) else "differs",
        "reason": found.reason or None,
        "step": None,
        "counts": {kind: found.count(kind) for kind in _KINDS},
        "tensors": [
            {"name": r.name, "kind": r.kind, "shape": list(r.shape), "relative": r.relative, "cosine": r.cosine}
            for r in found.rows
        ],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
