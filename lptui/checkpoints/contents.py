"""All of one checkpoint in hand: the first looks into its files, its tensors as a tree, and what a deep pass adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lptui.checkpoints.info import VERDICTS, CheckpointInfo, TensorEntry
from lptui.checkpoints.report import DeepReport, TensorStats
from lptui.checkpoints.tree import Node, Numbers, grow, measure, rank_names


@dataclass(frozen=True, slots=True)
class Contents:
    """`infos`: one a file, the one to load first. `tree` has the tensors of all of them; where there are several
    files, each is a branch at the top. `whole`: of a folder, whether its files belong together (no tensors)."""

    path: str
    infos: tuple[CheckpointInfo, ...] = ()
    tree: tuple[Node, ...] = ()
    whole: CheckpointInfo | None = None
    ranks: Mapping[str, int] = field(default_factory=dict[str, int])
    """The places of the tree's nodes in the order of names: worked out here, since sorting many takes a while."""

    @property
    def worst(self) -> CheckpointInfo | None:
        """The look with the worst verdict."""
        looks = self.infos if self.whole is None else (*self.infos, self.whole)
        return min(looks, key=lambda info: VERDICTS.index(info.verdict), default=None)

    @property
    def size(self) -> int:
        """Bytes of all of it: what was looked into may only be the index of other files."""
        looked = sum(info.size or 0 for info in self.infos)
        whole = self.whole.size or 0 if self.whole is not None else 0
        return max(looked, whole, sum(node.nbytes for node in self.tree))


@dataclass(frozen=True, slots=True)
class Measured:
    """What deep passes found: one report a file, and the numbers of the tree's nodes by their keys."""

    path: str
    reports: tuple[DeepReport, ...] = ()
    numbers: Mapping[str, Numbers] = field(default_factory=dict[str, Numbers])

    @property
    def worst(self) -> DeepReport | None:
        """The report with the worst verdict."""
        return min(self.reports, key=_badness, default=None)


def collect(path: str, infos: Sequence[CheckpointInfo], whole: CheckpointInfo | None = None) -> Contents:
    """The looks into the files of one checkpoint, and their tensors as one tree; `whole`: that into their folder."""
    tensors = [t for info in infos for t in _called(info, len(infos) > 1)]
    kept = None if whole is None else replace(whole, tensors=(), scalars=())
    tree = grow(tensors)
    return Contents(path, tuple(infos), tree, kept, rank_names(tree))


def collect_reports(contents: Contents, reports: Sequence[DeepReport]) -> Measured:
    """Reports of the same files, their numbers by the keys of the tree."""
    stats = [s for report in reports for s in _measured(report, len(contents.infos) > 1)]
    return Measured(contents.path, tuple(reports), measure(contents.tree, stats))


def _called(info: CheckpointInfo, several: bool) -> Sequence[TensorEntry]:
    if not several:
        return info.tensors
    return [replace(t, name=f"{_branch_of(info.path)}.{t.name}") for t in info.tensors]


def _measured(report: DeepReport, several: bool) -> Sequence[TensorStats]:
    if not several:
        return report.tensors
    return [replace(s, name=f"{_branch_of(report.path)}.{s.name}") for s in report.tensors]


def _branch_of(path: str) -> str:
    """A file's name as one level of the tree."""
    return path.rpartition("/")[2].replace(".", "_")


def _badness(report: DeepReport) -> int:
    verdict = "ok-unverified" if report.verdict == "ok" else report.verdict
    return VERDICTS.index(verdict) if verdict in VERDICTS else 0
