"""Looks through the process table for those of one run, in bounded steps, remembering what cannot change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from lptui.formats.command_line import Part, classify, find_run_name, is_launcher
from lptui.formats.proc_text import ProcStat
from lptui.model.value import frozen
from lptui.sources.procfs import ProcFs

WRITES, NAMED, STANDS = 3, 2, 1
"""How sure a sign is: the process writes the run's files, names the run, only stands in its directory."""
YOUNG = 120.0
LOOK_AGAIN = 30.0
"""An old process, or one known to write the run's files, is looked at again only this often (seconds)."""


@frozen
class Target:
    """What makes a process the run's: absolute `paths` of the run directory (as written, resolved), its `files`
    outside of it, its `name`, and the user whose processes count (None: all)."""

    name: str
    paths: tuple[str, ...]
    files: frozenset[str] = frozenset()
    user: int | None = None

    def relate(self, path: str) -> str:
        """The name of a file of the run as a reader says it, or '' if it is none. lptui's own notes are none."""
        for folder in self.paths:
            if path.startswith(folder + "/"):
                inside = path[len(folder) + 1 :]
                return "" if inside.split("/", 1)[0] == ".lptui" else inside
        return path if path in self.files else ""


@dataclass(slots=True)
class _Looked:
    """What was learned of one process (of one pid and start)."""

    ours: bool
    part: Part
    arguments: tuple[str, ...]
    next_look: float = 0.0
    sign: int = 0
    why: str = ""


@dataclass(slots=True)
class Found:
    """The outcome of one pass: the run's processes by pid, why, and how sure; `roots` have no such parent.

    `untold`: a process that writes the log for another one which could not be found.
    """

    table: dict[int, ProcStat] = field(default_factory=dict)
    why: dict[int, str] = field(default_factory=dict)
    roots: frozenset[int] = frozenset()
    sign: int = 0
    untold: str = ""


class ProcessScan:
    """Passes over the table; between them it keeps what it knows of each process that is still there."""

    def __init__(self, proc: ProcFs, own_pid: int) -> None:
        self._proc = proc
        self._own = own_pid
        self._looked: dict[tuple[int, int], _Looked] = {}
        self._pass: Iterator[None] | None = None
        self._found = Found()

    @property
    def running(self) -> bool:
        """Whether a pass has begun and not ended."""
        return self._pass is not None

    def begin(self, target: Target, now: float, boot_age: float) -> None:
        """Start a pass. `boot_age`: seconds since the boot, to tell young processes."""
        self._found = Found()
        self._pass = self._walk(target, now, boot_age)

    def step(self, budget: int) -> Found | None:
        """Look at up to `budget` things (files, links); what was found, once the pass has ended."""
        if self._pass is None:
            return None
        for _ in range(budget):
            if next(self._pass, self) is self:
                self._pass = None
                return self._found
        return None

    def arguments(self, stat: ProcStat) -> tuple[str, ...]:
        """The command line of a process, read once."""
        known = self._looked.get((stat.pid, stat.started))
        return known.arguments if known is not None else self._proc.arguments(stat.pid)

    def _walk(self, target: Target, now: float, boot_age: float) -> Iterator[None]:
        table = self._found.table
        for name in self._proc.names(""):
            stat = self._proc.stat(int(name))
            yield
            if stat is not None:
                table[stat.pid] = stat
        self._looked = {
            key: value for key, value in self._looked.items() if key[0] in table and table[key[0]].started == key[1]
        }
        above = set(_line_up(table, self._own))
        ticks = os.sysconf("SC_CLK_TCK")
        candidates: list[tuple[ProcStat, _Looked]] = []
        for stat in table.values():
            looked = self._learn(stat, target)
            yield
            if looked.ours and stat.pid not in above:
                candidates.append((stat, looked))
                if now >= looked.next_look:
                    yield from self._look(stat, looked, target)
                    young = boot_age - stat.started / ticks < YOUNG
                    looked.next_look = now if young and looked.sign < WRITES else now + LOOK_AGAIN
        yield from self._conclude(candidates)

    def _learn(self, stat: ProcStat, target: Target) -> _Looked:
        key = (stat.pid, stat.started)
        looked = self._looked.get(key)
        if looked is None or not looked.arguments:
            kernel = stat.pid == 2 or stat.parent == 2 or stat.state == "Z"
            owner = None if kernel else self._proc.owner(stat.pid)
            ours = owner is not None and target.user in (None, owner)
            arguments = self._proc.arguments(stat.pid) if ours else ()
            looked = self._looked[key] = _Looked(ours and bool(arguments), classify(arguments), arguments)
        return looked

    def _look(self, stat: ProcStat, looked: _Looked, target: Target) -> Iterator[None]:
        looked.sign, looked.why = 0, ""
        if looked.part == "onlooker":
            return
        for descriptor in self._proc.names(f"{stat.pid}/fd"):
            link = self._proc.link(f"{stat.pid}/fd/{descriptor}")
            yield
            file = target.relate(link.removesuffix(" (deleted)")) if link.startswith("/") else ""
            if file and self._proc.writes(stat.pid, descriptor):
                looked.sign, looked.why = WRITES, f"writes {file}"
                return
        if looked.part == "trainer":
            folder = self._proc.link(f"{stat.pid}/cwd")
            named = find_run_name(looked.arguments, target.name, target.paths, folder)
            if named:
                looked.sign, looked.why = NAMED, f"its command names the run ({named})"
            elif is_launcher(looked.arguments) and any(f"{folder}/".startswith(f"{p}/") for p in target.paths):
                looked.sign, looked.why = STANDS, "works in the run directory"

    def _conclude(self, candidates: list[tuple[ProcStat, _Looked]]) -> Iterator[None]:
        """From signs to processes: the surest signs count; who writes for another leads to that other."""
        found = self._found
        best = max((looked.sign for _, looked in candidates), default=0)
        marked: dict[int, str] = {}
        for stat, looked in candidates:
            if not best or looked.sign != best:
                continue
            if looked.part == "carrier":
                yield from self._trace_pipe(stat, looked, candidates, marked)
            elif looked.part == "supervisor":
                marked.update((s.pid, "started by lptui run") for s in found.table.values() if s.parent == stat.pid)
            elif looked.part == "service":
                parent = next((c for c in candidates if c[0].pid == stat.parent and c[1].part == "trainer"), None)
                if parent is not None:
                    marked.setdefault(stat.parent, f"its {stat.name} {looked.why}")
            else:
                marked[stat.pid] = looked.why
        found.sign = best
        found.roots = frozenset(pid for pid in marked if not set(_line_up(found.table, pid)[1:]) & marked.keys())
        found.why = spread_to_children(found.table, marked, self._own)

    def _trace_pipe(
        self,
        stat: ProcStat,
        looked: _Looked,
        candidates: list[tuple[ProcStat, _Looked]],
        marked: dict[int, str],
    ) -> Iterator[None]:
        """Those who say into a pipe what `tee` and the like write to the log."""
        pipe = self._proc.link(f"{stat.pid}/fd/0")
        before = len(marked)
        for other, theirs in candidates if pipe.startswith("pipe:") else ():
            links = {self._proc.link(f"{other.pid}/fd/{number}") for number in (1, 2)}
            yield
            if pipe in links and theirs.part not in ("carrier", "onlooker"):
                marked.setdefault(other.pid, f"says what {stat.name} ({stat.pid}) {looked.why}")
        if len(marked) == before:
            self._found.untold = f"{stat.name} ({stat.pid}) {looked.why}; for whom cannot be told"


def _line_up(table: dict[int, ProcStat], pid: int) -> list[int]:
    """A process and all above it."""
    line: list[int] = []
    while pid in table and pid not in line:
        line.append(pid)
        pid = table[pid].parent
    return line


def spread_to_children(table: dict[int, ProcStat], marked: dict[int, str], own_pid: int) -> dict[int, str]:
    """`marked` and all below them, but for lptui and what it started ('child of 812' says why)."""
    children: dict[int, list[int]] = {}
    for stat in table.values():
        children.setdefault(stat.parent, []).append(stat.pid)
    why = dict(marked)
    open_ends = list(marked)
    while open_ends:
        parent = open_ends.pop()
        for child in children.get(parent, ()):
            if child not in why and child != own_pid:
                why[child] = f"child of {parent}"
                open_ends.append(child)
    return why
