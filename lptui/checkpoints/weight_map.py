"""Sharded weights of Hugging Face: does `model.safetensors.index.json` agree with the shards beside it?

`weight_map` names the shard of every tensor; a trainer that was killed between two shards, or a folder that was copied
in part, shows here. `metadata.total_size` is only remarked on: honest writers disagree on what it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from lptui.checkpoints.info import TensorEntry
from lptui.checkpoints.probe import escape


def compare_map(
    table: Mapping[str, Any], listed: Mapping[str, Iterable[TensorEntry]], files: Iterable[str]
) -> tuple[list[str], list[str]]:
    """(what contradicts the map, notes). `listed` are the tensors by shard, `files` all names in the folder."""
    raw = table.get("weight_map")
    if not isinstance(raw, dict):
        return ["its index names no weights"], []
    weights = {escape(str(n)): str(s) for n, s in cast("dict[object, object]", raw).items()}
    shards = sorted(set(weights.values()))
    absent = [s for s in shards if s not in set(files)]
    if absent:
        more = f" and {len(absent) - 1:,} more" if len(absent) > 1 else ""
        return [f"{escape(absent[0])}{more} of {len(shards):,} shards that its index names is missing"], []
    known = {shard: {t.name for t in listed.get(shard, ())} for shard in shards}
    astray = [name for name, shard in weights.items() if known[shard] and name not in known[shard]]
    problems: list[str] = []
    if astray:
        problems.append(f"tensor {astray[0]} is not in the shard that the index names ({len(astray):,} in all)")
    surplus = sorted(name for names in known.values() for name in names if name not in weights)
    if surplus:
        problems.append(f"tensor {surplus[0]} is in no line of the index ({len(surplus):,} in all)")
    return problems, _notes(table, listed, shards)


def _notes(table: Mapping[str, Any], listed: Mapping[str, Iterable[TensorEntry]], shards: list[str]) -> list[str]:
    metadata = table.get("metadata")
    total = cast("dict[str, object]", metadata).get("total_size") if isinstance(metadata, dict) else None
    held = sum(t.nbytes for shard in shards for t in listed.get(shard, ()))
    if isinstance(total, int | float) and not isinstance(total, bool) and int(total) != held:
        return [f"the index says {int(total):,} B of weights, the shards hold {held:,} B"]
    return []
