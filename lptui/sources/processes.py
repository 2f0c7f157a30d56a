"""The run's processes on this machine: found by what they write, followed by pid and start, missed when they end."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from lptui.formats.command_line import shorten
from lptui.formats.proc_text import STATES, ProcStat, find_file_system, is_network, parse_boot_time
from lptui.model.events import Event, ProcessesSeen, StatusSeen, WitnessSeen
from lptui.model.readings import ProcessReading, SourceCondition, SourceStatus
from lptui.model.run import RunInfo
from lptui.model.value import frozen
from lptui.sources.patience import Question
from lptui.sources.process_scan import NAMED, WRITES, Found, ProcessScan, Target, spread_to_children
from lptui.sources.procfs import ProcFs, name_user

SCAN_EVERY = 5.0
BUDGET = 3000
"""Files and links that one poll looks at: about 20 ms."""
GROUND_DEADLINE = 2.0


@frozen
class _Ground:
    """Where the run lies and whose it is; found in a thread, as a dead mount hangs whoever asks."""

    target: Target
    exists: bool
    file_system: str
    owner: str
    foreign: bool
    """The run belongs to a user whose processes cannot be looked into."""


@dataclass(slots=True)
class _Known:
    """A process of the run while it lives."""

    stat: ProcStat
    arguments: tuple[str, ...]
    command: str
    user: str
    rank: int | None
    why: str
    root: bool
    sign: int
    read_at: float
    folder: str = ""
    cpu_percent: float | None = None


class ProcessSource:
    """Follows the processes of one run. `processes=None` whenever their absence here would prove nothing."""

    name = "processes"
    period = 2.0

    def __init__(self, info: RunInfo, *, proc: str = "/proc") -> None:
        self._info = info
        self._proc = ProcFs(proc)
        self._own = os.getpid()
        self._scan = ProcessScan(self._proc, self._own)
        self._ground = Question(self._find_ground, "lptui-run-path")
        self._known: dict[int, _Known] = {}
        self._seen_here = False
        self._scanned_at: float | None = None
        self._untold = ""
        self._said: ProcessesSeen | None = None
        self._status: SourceStatus | None = None
        self.pending = False
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._booted: float | None = None

    def poll(self, now: float) -> Iterable[Event]:
        """Those that live, those that ended since, and a look for new ones when that is due."""
        if self._info.store is not None:
            return self._say_unknown(now, "a database does not tell which process writes to it", "absent")
        if self._booted is None:
            self._booted = parse_boot_time(self._proc.read("stat", 1 << 20) or b"")
            if self._booted is None:
                return self._say_unknown(now, "this system has no /proc to look for processes in")
        events = self._follow(now)
        if not self._seek(now):
            self.pending = True
            return events
        self.pending = False
        return [*events, *self._say(now)]

    def watched(self) -> tuple[str, ...]:
        return ()  # the process table tells no changes

    def close(self) -> None:
        """Nothing is held."""

    # -- following those that are known

    def _follow(self, now: float) -> list[Event]:
        gone: list[_Known] = []
        for pid, known in list(self._known.items()):
            stat = self._proc.stat(pid)
            if stat is None or stat.started != known.stat.started:
                gone.append(known)
                del self._known[pid]
            else:
                if now > known.read_at:
                    used = (stat.cpu - known.stat.cpu) / self._ticks
                    known.cpu_percent = 100 * used / (now - known.read_at)
                known.stat, known.read_at = stat, now
        if gone and not self._known:
            self._scanned_at = None  # a restart may have begun already: look before saying that none is left
        # that a passer-by left says nothing of the run: only those that wrote it, or that the user named, are missed
        sure = [known for known in gone if known.sign == WRITES]
        return [self._witness(known, now) for known in sure if known.root or self._leads_rank(known)]

    def _leads_rank(self, known: _Known) -> bool:
        """Data loader workers inherit their trainer's RANK; their end means nothing."""
        parent = self._known.get(known.stat.parent)
        return known.rank is not None and (parent is None or parent.rank != known.rank)

    def _witness(self, known: _Known, now: float) -> WitnessSeen:
        text = _harmless(shorten(known.arguments)) or known.stat.name
        rank = "" if known.rank is None else f", rank {known.rank}"
        value = f"pid {known.stat.pid} ({text}{rank}) is gone"
        return WitnessSeen(seen_at=now, source=self.name, name="process_gone", value=value, at=now)

    # -- looking for more

    def _seek(self, now: float) -> bool:
        """Look further, if a look is due; whether there is none in progress."""
        if not self._scan.running:
            if self._scanned_at is not None and 0 <= now - self._scanned_at < SCAN_EVERY:
                return True
            ground = self._learn_ground(now)
            self._scan.begin(ground.target, now, now - (self._booted or now))
        found = self._scan.step(BUDGET)
        if found is None:
            return False
        self._scanned_at = now
        self._take(found, now)
        return True

    def _take(self, found: Found, now: float) -> None:
        roots, why, sign = found.roots, found.why, found.sign
        self._untold = found.untold
        if self._info.pid is not None:
            there = self._info.pid in found.table
            roots = frozenset((self._info.pid,)) if there else frozenset[int]()
            why = spread_to_children(found.table, dict.fromkeys(roots, "named by --pid"), self._own)
            sign, self._untold = WRITES, ""
        for pid, reason in why.items():
            stat, known = found.table[pid], self._known.get(pid)
            if known is None or known.stat.started != stat.started:
                self._known[pid] = self._meet(stat, reason, pid in roots, sign, now)
            else:
                known.root, known.sign = pid in roots, max(known.sign, sign)
                known.why = known.why if known.sign > sign else reason
        # What wrote the run once stays the run's while it lives; a mere guess goes when a surer sign is found.
        for pid in [pid for pid, known in self._known.items() if pid not in why and known.sign < NAMED]:
            del self._known[pid]
        self._seen_here = self._seen_here or (bool(why) and sign == WRITES)

    def _meet(self, stat: ProcStat, why: str, root: bool, sign: int, now: float) -> _Known:
        from lptui.text.secrets import mask_text

        arguments = self._scan.arguments(stat)
        command = _harmless(mask_text(" ".join(arguments))) or f"[{_harmless(stat.name)}]"
        owner = self._proc.owner(stat.pid)
        rank = self._proc.rank(stat.pid)
        folder = self._proc.link(f"{stat.pid}/cwd") if root else ""
        return _Known(stat, arguments, command, name_user(owner), rank, _harmless(why), root, sign, now, folder)

    # -- the run's place

    def _learn_ground(self, now: float) -> _Ground:
        if self._ground.hear(0.0) is None or not self._ground_now().exists:
            self._ground.ask(now)
        return self._ground_now()

    def _ground_now(self) -> _Ground:
        """What the thread found; until then the paths as they are written, which /proc shows in most cases."""
        ground = self._ground.hear(0.0)
        if ground is not None:
            return ground
        path = os.path.abspath(self._info.path)
        mounts = (self._proc.read("self/mountinfo", 1 << 22) or b"").decode("utf-8", "replace")
        target = Target(self._info.name, self._folders(path), frozenset(self._files()), _user_looked_at())
        return _Ground(target, True, find_file_system(path, mounts), "", False)

    def _find_ground(self) -> _Ground:
        path = os.path.abspath(self._info.path)
        real = os.path.realpath(path)
        mounts = (self._proc.read("self/mountinfo", 1 << 22) or b"").decode("utf-8", "replace")
        files = frozenset(name for file in self._files() for name in (file, os.path.realpath(file)))
        target = Target(self._info.name, self._folders(real, path), files, _user_looked_at())
        try:
            owner = os.stat(real).st_uid
        except OSError:
            return _Ground(target, False, find_file_system(real, mounts), "", False)
        foreign = target.user is not None and owner != target.user
        return _Ground(target, True, find_file_system(real, mounts), name_user(owner), foreign)

    def _folders(self, *paths: str) -> tuple[str, ...]:
        """What lies in these is the run's, but for a log that was named by itself: its neighbours are not."""
        alone = f"{self._info.path.rstrip('/')}/{self._info.name}" in self._files()
        return () if alone else tuple(dict.fromkeys(paths))

    def _files(self) -> list[str]:
        return [os.path.abspath(path) for path in self._info.written]

    # -- saying it

    def _say(self, now: float) -> list[Event]:
        processes = tuple(self._read(known) for _, known in sorted(self._known.items()))
        if processes:
            said = ProcessesSeen(seen_at=now, processes=processes)
            return [said, *self._report(now, "ok" if not self._untold else "partial", self._untold, said)]
        reason, certain = self._explain_absence(now)
        if not certain:
            return self._say_unknown(now, reason)
        said = ProcessesSeen(seen_at=now, processes=(), reason=reason)
        return [*self._unless_said(said), *self._report(now, "ok", "", said)]

    def _explain_absence(self, now: float) -> tuple[str, bool]:
        """Why no process is seen, and whether that means that there is none on this machine."""
        if self._untold:
            return self._untold, False
        if self._info.pid is not None:
            return f"pid {self._info.pid} does not run here", True
        if self._seen_here:
            return "the run's processes have ended", True
        ground = self._ground.hear()
        if ground is None:
            late = (self._ground.waiting(now) or 0.0) >= GROUND_DEADLINE
            return f"the run directory does not answer{': a dead mount?' if late else ' yet'}", False
        if not ground.exists:
            return "there is no run directory yet", False
        if ground.foreign:
            return f"the run belongs to {ground.owner}, whose processes cannot be looked into", False
        if is_network(ground.file_system):
            return f"the run is on {ground.file_system}: it may train on another machine", False
        if self._proc.in_container():
            return "lptui runs in a container: the training may run outside of it", False
        return "no process here writes the run's files or names the run", True

    def _say_unknown(self, now: float, reason: str, condition: SourceCondition = "partial") -> list[Event]:
        said = ProcessesSeen(seen_at=now, processes=None, reason=reason, local=self._seen_here)
        return [*self._unless_said(said), *self._report(now, condition, reason, said)]

    def _unless_said(self, said: ProcessesSeen) -> list[Event]:
        old = self._said
        same = old is not None and (old.processes, old.reason) == (said.processes, said.reason)
        return [] if same else [said]

    def _report(self, now: float, condition: SourceCondition, detail: str, said: ProcessesSeen) -> list[Event]:
        self._said = said
        old = self._status
        if old is not None and (old.condition, old.detail) == (condition, detail):
            return []
        self._status = SourceStatus(self.name, condition, detail, since=now)
        return [StatusSeen(seen_at=now, status=self._status)]

    def _read(self, known: _Known) -> ProcessReading:
        from lptui.text.secrets import mask_arguments

        stat, arguments = known.stat, mask_arguments(known.arguments) if known.root else ()
        return ProcessReading(
            stat.pid,
            stat.parent,
            _harmless(stat.name),
            known.command,
            user=known.user,
            started_at=(self._booted or 0.0) + stat.started / self._ticks,
            status=STATES.get(stat.state, stat.state),
            cpu_percent=known.cpu_percent,
            rss_bytes=stat.rss * self._page,
            threads=stat.threads,
            rank=known.rank,
            why=known.why,
            arguments=arguments,
            folder=known.folder,
            masked=known.root and arguments != known.arguments,
        )


def _user_looked_at() -> int | None:
    """Whose processes can be looked into: our own, or everybody's for root."""
    user = os.geteuid()
    return None if user == 0 else user


def _harmless(text: str) -> str:
    from lptui.text.hostile import sanitise

    return sanitise(text)[:4096]
