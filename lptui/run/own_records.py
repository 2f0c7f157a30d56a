"""Which W&B folders beside runs are those runs' own records, so that a list does not tell of one training twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lptui.run.life_signs import find_life_signs
from lptui.run.listing import Listing
from lptui.run.wandb_beside import RUN_FOLDER, find_beside, parents_of

MOST_READ = 200
"""Pairs of a run and a record up to which the heads of records are read, where no name tells whose they are."""


def find_foreign(listing: Listing, runs: Sequence[str], records: Sequence[str]) -> list[str]:
    """Those of `records` (W&B folders, in `wandb/` of folders that are no runs) that are of none of `runs`: discovery
    finds a run's record by the same signs."""
    left = list(records)
    if not left or not runs:
        return left
    looking = [run for run in runs if not _has_own(listing, run)]
    unnamed = _drop_named(listing, looking, left)
    if 0 < len(unnamed) * len(left) <= MOST_READ:
        for run in unnamed:
            beside = find_beside(listing, run, run.rpartition("/")[2], "")
            _drop(left, (folder.path for folder in beside.folders))
    return left


def _drop_named(listing: Listing, runs: Iterable[str], left: list[str]) -> list[str]:
    """Take out of `left` what goes by the name of a run, or by the id that it tells; the runs of which neither does."""
    ids: dict[str, dict[str, list[str]]] = {}
    for record in left:
        folder, _, name = record.rpartition("/wandb/")
        match = RUN_FOLDER.match(name)
        if match is not None:
            ids.setdefault(folder, {}).setdefault(match[2], []).append(record)
    unnamed: list[str] = []
    for run in runs:
        near = [ids[parent] for parent in parents_of(run) if parent in ids]
        if not near:
            continue
        name = run.rpartition("/")[2]
        told = find_life_signs(listing, run, name).run_id
        found = next((table[told or name] for table in near if (told or name) in table), None)
        if found is not None:
            _drop(left, found)
        elif not told:
            unnamed.append(run)
    return unnamed


def _has_own(listing: Listing, run: str) -> bool:
    """Whether W&B's files lie in the run itself: then none beside it is looked for."""
    return any(RUN_FOLDER.match(e.name) and e.stat.is_folder for e in listing.entries(f"{run}/wandb"))


def _drop(left: list[str], paths: Iterable[str]) -> None:
    gone = set(paths)
    left[:] = [record for record in left if record not in gone]
