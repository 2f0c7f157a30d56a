"""One cause, one incident: what other processes say when a run breaks joins the failure that broke it.

Who came first is told by the place in one file, and between files by the clock, as far as it goes: a line without a
clock came at the time of the one before it, or later. Within an attempt what a class follows from is the catalogue's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lptui.detect.catalogue import Entry
from lptui.detect.confirm import UNCAUGHT
from lptui.model.finding import Evidence, Finding
from lptui.model.value import frozen
from lptui.text import short_duration
from lptui.text.regex import Regex

SLACK = 8 * 1024
"""A follow-up may stand this many bytes before its cause: several processes write one file."""
LATE = 5.0
"""Seconds by which a process may tell of its own failure after others told of its end: clocks, buffers, clean-up."""
_ANYTHING = "*"
_PRECEDENCE = (UNCAUGHT, "env-crash", "nccl-timeout", "peer-connection-lost", "worker-process-died")
"""Among classes that may follow from anything: which of them is the nearer to the cause."""
_RAISED = frozenset({UNCAUGHT, "env-crash"})
"""Classes of exceptions that may be a cause or tell of another process, by their words."""
_SIGNALLED = frozenset({"host-oom-kill", "job-preempted"})
_LAUNCHER_ENDED = Regex(r"exit ?code *: *-(?:9|15)\b|Signal (?:9|15) |SIGKILL|SIGTERM")
"""A launcher ends the ranks that are left when one has failed; their signals then are no cause of anything."""
_OF_ANOTHER = Regex(
    r"^(?:[\w.]*\.)?(?:EOFError|BrokenPipeError|ConnectionResetError|ConnectionAbortedError|ConnectionRefusedError"
    r"|ConnectionError|Empty|TimeoutError|CancelledError|BrokenProcessPool|BrokenBarrierError|DistBackendError"
    r"|DistNetworkError|DistStoreError|ChildProcessError|ProcessExitedException|ProcessRaisedException|ChildFailedError"
    r"|SignalException)\b|gloo/transport|Connection closed by|NCCL|can only test a child process"
)
"""An exception that one process raises because another has gone."""


@frozen
class Told:
    """A finding before its incident is known. `order`: (primary log first, file, position).

    `at`: when it was first said (unix s; `loose`: or later), by `rank`, in the words `text`.
    """

    finding: Finding
    entry: Entry
    order: tuple[int, str, int]
    at: float | None = None
    loose: bool = False
    rank: int | None = None
    text: str = ""

    @property
    def speaks_of_another(self) -> bool:
        """Whether it is what a process says when another one has gone."""
        if self.finding.cls in _RAISED:
            return _OF_ANOTHER.search(self.text) is not None
        return _ANYTHING in self.entry.follows or self.is_signal

    @property
    def is_signal(self) -> bool:
        """A signal that the launcher itself may have sent."""
        return self.finding.cls in _SIGNALLED and _LAUNCHER_ENDED.search(self.text) is not None


def join_incidents(told: Sequence[Told]) -> list[Finding]:
    """The findings with their roles and incidents, in the order of the log; what followed stands in the root."""
    ordered = sorted(told, key=lambda t: (t.finding.attempt, t.order, t.finding.id))
    causes = {t.finding.id: _find_cause(t, ordered) for t in ordered}
    roots = {t.finding.id: _follow(t.finding.id, causes) for t in ordered}
    by_id = {t.finding.id: t for t in ordered}
    findings: list[Finding] = []
    for one in ordered:
        root = roots[one.finding.id]
        finding = replace(one.finding, incident=root)
        if root != finding.id:
            finding = replace(finding, role="follow-up", evidence=(*finding.evidence, _tell_cause(one, by_id[root])))
        elif one.entry.fatal and finding.role != "root":
            finding = replace(finding, role="root")  # nothing in sight that it follows from
        if root == finding.id:
            finding = replace(finding, evidence=(*finding.evidence, *_tell_followers(one, roots, by_id)))
        findings.append(finding)
    return findings


def _follow(start: str, causes: Mapping[str, str]) -> str:
    """The end of the chain of causes; a ring ends where it began."""
    seen = {start}
    at = start
    while (following := causes.get(at, at)) not in seen:
        seen.add(following)
        at = following
    return at


def _find_cause(one: Told, others: Sequence[Told]) -> str:
    """The finding that `one` follows from, or its own id: one that speaks for itself, the nearest in the same file,
    between files the earliest."""
    if not one.entry.follows and not one.speaks_of_another:
        return one.finding.id

    def worth(cause: Told) -> tuple[object, ...]:
        timed = cause.at is not None and one.at is not None
        return (
            cause.speaks_of_another,
            not timed and cause.order[1] != one.order[1],
            cause.at if timed and cause.at is not None else float("inf"),
            cause.order,
            cause.finding.id,
        )

    candidates = [t for t in others if t is not one and _may_cause(t, one)]
    return min(candidates, key=worth, default=one).finding.id


def _may_cause(cause: Told, one: Told) -> bool:
    if cause.finding.attempt != one.finding.attempt or (cause.finding.past and not one.finding.past):
        return False
    if not _may_precede(cause, one):
        return False
    if one.is_signal:
        return cause.entry.fatal and not cause.speaks_of_another
    if cause.is_signal:
        return one.speaks_of_another
    if cause.finding.cls in one.entry.follows:
        return True
    if one.finding.cls in cause.entry.follows:  # the other way round
        return False
    if one.finding.cls in _RAISED and one.speaks_of_another:
        return cause.entry.fatal and not cause.speaks_of_another
    if cause.finding.cls == one.finding.cls or _ANYTHING not in one.entry.follows or not cause.entry.fatal:
        return False
    return _ANYTHING not in cause.entry.follows or _precedence(cause) < _precedence(one)


def _may_precede(cause: Told, one: Told) -> bool:
    """Whether `cause` can have come first: by place in one file, by time between files."""
    if cause.order[1] == one.order[1]:
        return cause.order[2] <= one.order[2] + SLACK
    if cause.at is None or one.at is None or one.loose:
        return True
    return cause.at <= one.at + LATE


def _precedence(one: Told) -> int:
    return _PRECEDENCE.index(one.finding.cls) if one.finding.cls in _PRECEDENCE else len(_PRECEDENCE)


def _tell_cause(one: Told, root: Told) -> Evidence:
    """'4s after: KeyError ... (rank 1)'."""
    later = _time_between(root, one)
    rank = "" if root.rank is None else f" (rank {root.rank})"
    return Evidence(f"{later or 'it follows from'}: {root.finding.title}{rank}", kind="process", at=root.at)


def _tell_followers(root: Told, roots: Mapping[str, str], by_id: Mapping[str, Told]) -> list[Evidence]:
    """What came of a root, in the order of time."""
    own = root.finding.id
    found = [by_id[i] for i, r in roots.items() if r == own and i != own]
    told: list[Evidence] = []
    for one in sorted(found, key=lambda t: (t.at is None, t.at or 0.0, t.order)):
        ranks = one.finding.ranks
        who = f" (rank {', '.join(str(r) for r in ranks[:8])}{' ...' if len(ranks) > 8 else ''})" if ranks else ""
        told.append(Evidence(f"then {one.finding.title}{who}{_time_after(root, one)}", kind="process", at=one.at))
    return told


def _time_between(root: Told, one: Told) -> str:
    after = _time_after(root, one)
    return f"{after[2:]} after" if after else ""


def _time_after(root: Told, one: Told) -> str:
    """', 10m' when both have a clock of their own and the order is plain."""
    if root.at is None or one.at is None or root.loose or one.loose or one.at - root.at < 1:
        return ""
    return f", {short_duration(one.at - root.at)}"
