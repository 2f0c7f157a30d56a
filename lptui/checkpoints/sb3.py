"""Stable-Baselines3 archives: a zip with settings in JSON and torch archives for the policy and its optimizer inside.

Layout: stable_baselines3/common/save_util.py `save_to_zip_file`. The settings hold base64 pickles (`:serialized:`) as
texts, which SB3 runs on load; they are never decoded here.
"""

from __future__ import annotations

import json
from dataclasses import replace

from lptui.checkpoints.draft import Draft
from lptui.checkpoints.info import RefusalError
from lptui.checkpoints.probe import FileBytes, escape
from lptui.checkpoints.torch_zip import MAX_PICKLE, read_torch
from lptui.checkpoints.walk import Contents, walk
from lptui.checkpoints.zipfiles import STORED, ZipRecord, read_directory, read_stored, record_data_at

_PREFIXES = {"policy.pth": "", "policy.optimizer.pth": "optimizer.", "pytorch_variables.pth": "variables."}
_MOST_PARTS = 32


def read_sb3(file: FileBytes, draft: Draft, records: dict[str, ZipRecord]) -> None:
    """List the archives inside, then the counters of the settings. RefusalError or PickleError."""
    draft.format, draft.has_crc = "sb3", True
    parts = [r for n, r in records.items() if n.endswith(".pth") and r.method == STORED]
    for record in sorted(parts, key=lambda r: r.name != "policy.pth")[:_MOST_PARTS]:
        _read_part(FileBytes(file.fd, record.size, file.base + record_data_at(file, record)), draft, record.name)
    draft.listed = True
    settings = walk(json.loads(read_stored(file, records["data"], MAX_PICKLE)), "json")
    found = draft.contents
    found.counters |= settings.counters
    found.scalars = settings.scalars
    found.learning_rates = found.learning_rates or settings.learning_rates
    found.keys = tuple(dict.fromkeys((*found.keys, *settings.keys)))[:500]
    draft.notes.append("its settings hold pickles that Stable-Baselines3 runs on load; they were not looked at")


def _read_part(file: FileBytes, draft: Draft, name: str) -> None:
    nested = {record.name: record for record in read_directory(file)}
    pickle = next((n for n in nested if n.endswith("/data.pkl") and n.count("/") == 1), None)
    if pickle is None:
        raise RefusalError("mismatch", f"its {escape(name)} is no torch archive")
    part = Draft(draft.path)
    read_torch(file, part, nested, pickle.removesuffix("data.pkl"))
    draft.inner[name] = part
    draft.problems += [(verdict, f"{escape(name)}: {reason}") for verdict, reason in part.problems]
    draft.globals = tuple(dict.fromkeys((*draft.globals, *part.globals)))
    _take_tensors(draft.contents, part, prefix_of(name))


def prefix_of(name: str) -> str:
    """What stands before the names of the tensors of this record."""
    return _PREFIXES.get(name, f"{escape(name.removesuffix('.pth'))}.")


def _take_tensors(found: Contents, part: Draft, prefix: str) -> None:
    inner = part.contents
    group = {"": "model", "optimizer.": "optimizer"}.get(prefix, "other")
    found.tensors += [replace(t, name=prefix + t.name, group=group, storage=prefix + t.storage) for t in inner.tensors]
    found.n_tensors += inner.n_tensors
    found.n_params += inner.n_params if group == "model" else 0
    for dtype, count in inner.dtypes.items():
        found.dtypes[dtype] = found.dtypes.get(dtype, 0) + count
    for own, size in inner.groups.items():
        name = own if own == "python state" else group
        found.groups[name] = found.groups.get(name, 0) + size
    found.counters |= {k: v for k, v in inner.counters.items() if k in ("optimizer_step", "schedule_step")}
    found.learning_rates += inner.learning_rates
    found.keys += inner.keys
