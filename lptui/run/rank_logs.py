"""Which logs of a run are those of its ranks, from their names alone; and short names for logs that are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lptui.model.value import frozen
from lptui.run.ranks import rank_of
from lptui.text.regex import Regex

_WORKER = Regex(r"(?:^|[-_./])(?:worker|proc|process|trainer|gpu|local)[-_.]?(\d{1,4})(?=[-_./]|$)", re.IGNORECASE)
_NODE = Regex(r"(?:^|[-_./])(?:node|host|machine)[-_.]?(\d{1,4})(?=[-_./]|$)", re.IGNORECASE)
_LAST_NUMBER = Regex(
    r"(?:[-_.](?:local[-_]?)?(?:rank|worker|proc|process|trainer|gpu|node))?[-_.]?\d+(?=[^\d/]*$)", re.IGNORECASE
)
_NUMBER = Regex(r"\d+")
_COUNTS_OTHER = Regex(
    r"(?:attempt|restart|run|epoch|trial|seed|fold|part|step|version|v|try|task|exp|experiment|iter|round|stage|phase"
    r"|sweep|config|array|slurm-\d+_)[-_.]?$",
    re.IGNORECASE,
)
"""What a number behind it counts is no rank."""
_ONE_OF_MANY = Regex(r"slurm-\d+_\d+\.|[-_.]\d{6,}[-_.]?$")
_NAME = Regex(r"[^\w.-]")
_NAMED = 24


@frozen
class PartName:
    """A log that is shown among others: `label` stands before its lines, `name` in the column."""

    path: str
    label: bytes
    name: str
    rank: int | None = None


def find_ranks(paths: Sequence[str]) -> tuple[PartName, ...]:
    """The logs of the ranks of one job, by rank; nothing where there are not two of them."""
    for find in (_by_name, _by_words(_WORKER), _by_words(_NODE), _by_number):
        ranks = find(paths)
        if len(set(ranks.values())) > 1:
            ordered = sorted(ranks, key=lambda path: (ranks[path], path))
            return tuple(PartName(path, b"[rank%d]: " % ranks[path], str(ranks[path]), ranks[path]) for path in ordered)
    return ()


def name_logs(paths: Sequence[str]) -> tuple[PartName, ...]:
    """All of `paths`, each under the shortest end of its path that no other has."""
    named: list[PartName] = []
    for path in paths:
        parts = path.split("/")
        length = 1
        while length < len(parts) and sum(p.split("/")[-length:] == parts[-length:] for p in paths) > 1:
            length += 1
        name = _NAME.sub("_", ".".join(parts[-length:]))[-_NAMED:]
        named.append(PartName(path, b"[log %s]: " % name.encode("ascii", "replace").replace(b"?", b"_"), name))
    return tuple(named)


def _by_name(paths: Sequence[str]) -> dict[str, int]:
    """Names and folders that say rank, and the log without a number beside one with: that is rank 0."""
    ranks = {path: rank for path in paths if (rank := rank_of(path)) is not None}
    return _with_first(ranks, paths)


def _by_words(words: Regex[str]) -> Callable[[Sequence[str]], dict[str, int]]:
    def find(paths: Sequence[str]) -> dict[str, int]:
        found = {path: int(match[1]) for path in paths if (match := words.search(_tail(path))) is not None}
        return _with_first(found, paths)

    return find


def _with_first(ranks: dict[str, int], paths: Sequence[str]) -> dict[str, int]:
    if not ranks or 0 in ranks.values():
        return ranks
    plain = {_LAST_NUMBER.sub("", path) for path in ranks}
    return ranks | {path: 0 for path in paths if path in plain}


def _by_number(paths: Sequence[str]) -> dict[str, int]:
    """Names that differ in one number, which counts 0, 1, 2 ... and does not count something else."""
    groups: dict[tuple[str, str], dict[int, str]] = {}
    for path in paths:
        tail = _tail(path)
        head = path[: len(path) - len(tail)]
        for match in _NUMBER.finditer(tail):
            before, after = head + tail[: match.start()], tail[match.end() :]
            if len(match[0]) <= 4 and not _COUNTS_OTHER.search(before) and not _ONE_OF_MANY.search(tail):
                groups.setdefault((before, after), {})[int(match[0])] = path
    full = [g for g in groups.values() if len(g) > 1 and sorted(g) == list(range(len(g)))]
    largest = max(full, key=len, default={})
    return {path: number for number, path in largest.items()}


def _tail(path: str) -> str:
    """The name, and the folder that it lies in."""
    return "/".join(path.rsplit("/", 2)[-2:])
