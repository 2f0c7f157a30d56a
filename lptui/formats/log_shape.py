"""What a line of a log is, beyond its prefix: its level and rank in any known format, whether it goes on from the line
above, and which frame of a progress bar it shows. Also patterns that find candidates for each in raw bytes."""

from __future__ import annotations

import re
from collections.abc import Collection

from lptui.formats.log_prefix import read_prefix

_CRASH = re.compile(
    rb"\s*(?:Traceback \(most recent call last\)|Fatal Python error: "
    rb"|[A-Za-z_][\w.]{0,60}(?:Error|Exception|Interrupt)(?::|\s*$)"
    rb"|(?:[-+| ]*)?\xe2\x95\xad[^\n]{0,120}Traceback \(most recent call last\))"
)
_JSON_LEVEL = re.compile(
    rb'"(?:level|levelname|severity|lvl|level_name)"\s{0,2}:\s{0,2}'
    rb'(?:\{[^{}]{0,60}"name"\s?:\s?)?"([A-Za-z]{3,8})"'  # loguru's is an object
)
_JSON_RANK = re.compile(rb'"(?:rank|global_rank)"\s{0,2}:\s{0,2}(\d{1,6})\b')
_WARNED = re.compile(rb"[^\s:][^\n:]{0,300}:\d{1,7}: [A-Za-z]{0,40}Warning: ")
"""How the interpreter's `warnings` print."""
_NCCL = re.compile(
    rb"[\w.-]{1,80}:\d{1,10}:\d{1,10} \[(\d{1,4})\] (?:[\w/.]{1,80}:\d{1,6} )?NCCL (INFO|WARN|TRACE|ERROR)\b"
)
_SLURM = re.compile(rb"(?:slurmstepd|slurmd|srun|sbatch|salloc)(?:-[\w.-]{1,80})?: (fatal|error|warning|info)\b")
_METTA_RANK = re.compile(rb"\[[\d:.]{8,15}\] +(?:[A-Z]{4,8} +)?\[(\d{1,6})(?:-\d{1,4})?\] ")
_NCCL_LEVELS = {b"INFO": "info", b"TRACE": "debug", b"WARN": "warning", b"ERROR": "error"}
_WORDS = {
    "debug": "debug", "trace": "debug", "info": "info", "notice": "info", "success": "info", "warn": "warning",
    "warning": "warning", "error": "error", "err": "error", "critical": "critical", "fatal": "critical",
    "crit": "critical", "panic": "critical",
}  # fmt: skip
_GLOG_LETTERS = {"debug": b"D", "info": b"I", "warning": b"W", "error": b"E", "critical": b"FC"}
_CONTINUED = (b" ", b"\t", "│".encode(), "╭".encode(), "╰".encode(), "❱".encode(), b"|")
_LABELS = rb"(?:\[(?:rank|default)\d{1,6}\]:? ?)?"
_CLOCK = rb"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:\d\d)?\]?"
_HUE = rb"(?:\x1b\[[0-9;]{0,12}m){0,2}"
"""The colour between two parts of a prefix, so short that the prefix still lies in the head of its line. Until they are
whole, patterns have `~` in its place."""
_ANY_HUE = rb"(?:\x1b\[[0-9;:?]*[A-Za-z])*"
_LABEL = re.compile(rb"\[(?:rank|default)\d{1,6}\]:? ?")


def line_level(head: bytes) -> str | None:
    """debug, info, warning, error or critical; an exception and the start of a traceback are errors. `head` is the
    beginning of a line without escape sequences."""
    prefix = read_prefix(head)
    if prefix.level is not None:
        return prefix.level
    if head.startswith(b"{", prefix.start):
        found = _JSON_LEVEL.search(head, prefix.start)
        return _WORDS.get(found[1].decode().lower()) if found else None
    if b"NCCL" in head and (found := _NCCL.match(head, prefix.start)) is not None:
        return _NCCL_LEVELS[found[2]]
    if head.startswith((b"slurm", b"srun", b"sbatch", b"salloc")) and (found := _SLURM.match(head)) is not None:
        return _WORDS[found[1].decode()]
    if b"Warning: " in head and _WARNED.match(head, prefix.start) is not None:
        return "warning"
    return "error" if _CRASH.match(head, prefix.start) else None


def rank_of(head: bytes) -> int | None:
    """The rank that a line names: a launcher's label, Metta's `[3-1]`, NCCL's device, JSON's "rank"."""
    prefix = read_prefix(head)
    if prefix.rank is not None:
        return prefix.rank
    found = _METTA_RANK.match(head) or _NCCL.match(head, prefix.start)
    if found is None and head.startswith(b"{"):
        found = _JSON_RANK.search(head)
    return int(found[1]) if found else None


def own_prefix(head: bytes) -> bool:
    """Whether a line says itself when or how grave it is, so that it belongs to no line above."""
    prefix = read_prefix(head)
    return prefix.clock is not None or prefix.level is not None


def continues(head: bytes) -> bool:
    """Whether a line looks like more of the one above: indented, part of a box, the end of a traceback."""
    label = _LABEL.match(head)
    head = head[label.end() :] if label else head
    if b"%|" in head or b"\r" in head.rstrip(b"\r\n"):
        return False  # a progress bar begins with blanks too
    return head.startswith(_CONTINUED) or _CRASH.match(head) is not None


def last_frame(line: bytes) -> bytes:
    """What a terminal shows last of a line that carriage returns overwrite."""
    frames = line.rstrip(b"\r\n ").rsplit(b"\r", 64)
    return next((frame for frame in reversed(frames) if frame.strip()), b"")


def level_gate(levels: Collection[str]) -> bytes:
    """A pattern that finds (at least) all lines of these levels in raw bytes."""
    words = sorted({w for w, level in _WORDS.items() if level in levels})
    upper = b"|".join(w.upper().encode() for w in words)
    any_case = b"|".join(w.encode() for w in words)
    letters = b"".join(_GLOG_LETTERS[level] for level in levels)
    parts = [
        rb"(?:\b|[0-9;\[]m)(?:" + upper + rb")\b",  # right behind a colour there is no edge of a word
        rb'"(?i:' + any_case + rb')"',
        rb"(?m:^[^\n]{0,60}?\[?[" + letters + rb"](?:\d{4} | [\w./+-]{1,200}:\d))",
        rb"(?:slurm|srun|sbatch|salloc)[^\n]{0,90}: (?:" + any_case + rb")\b",
    ]
    parts.append(rb"(?:level|lvl|severity|levelname|at)=\"?(?i:" + any_case + rb")\b")
    parts.append(rb"(?:\[|[0-9;\[]m)(?:" + any_case + rb"|exception) *(?:\]|\x1b)")
    if "warning" in levels:
        parts.append(rb":\d{1,7}: [A-Za-z]{0,40}Warning: ")
    if "error" in levels:
        parts.append(rb"Fatal Python error|Traceback \(most recent|(?:Error|Exception|Interrupt)(?m::|\s*$)")
    return b"|".join(parts)


def _spread(text: str) -> bytes:
    """A pattern for `text`, where `~` stands for a colour that may be between any two letters."""
    return b"~".join(re.escape(letter).encode() for letter in text)


def level_gate_in_colour(levels: Collection[str]) -> bytes:
    """A pattern that finds (at least) all lines in which `level_gate` finds something once their colours are taken out,
    wherever these stand: inside of a word too. It may find others: what it finds is looked at without colours."""
    words = sorted({w for w, level in _WORDS.items() if level in levels})
    upper = b"|".join(_spread(w.upper()) for w in words)
    any_case = b"|".join(_spread(w) for w in words)
    letters = b"".join(_GLOG_LETTERS[level] for level in sorted(levels))
    daemons = b"|".join(_spread(daemon) for daemon in ("slurm", "srun", "sbatch", "salloc"))
    end = rb"~(?:\W|(?m:$))"
    parts = [
        rb"(?:" + upper + rb")" + end,
        rb'"~(?i:' + any_case + rb')~"',
        rb"[" + letters + rb"]~(?:(?:\d~){4} | ~(?:[\w./+-]~)+:~\d)",
        rb"(?:" + daemons + rb")[^\n]*:~ ~(?:" + any_case + rb")" + end,
        rb'=~"?~(?i:' + any_case + rb")" + end,
        rb"[\[m]~(?:" + any_case + rb"|" + _spread("exception") + rb")(?: |~)*[\]\x1b]",
    ]
    if "warning" in levels:
        parts.append(_spread("Warning: "))
    if "error" in levels:
        parts += [_spread("Fatal Python error"), _spread("Traceback (most recent")]
        parts.append(rb"(?:" + b"|".join(map(_spread, ("Error", "Exception", "Interrupt"))) + rb")" + end)
    return b"|".join(parts).replace(b"~", _ANY_HUE)


def level_run(levels: Collection[str], *, coloured: bool = False) -> bytes:
    """A pattern for as many whole lines as follow each other and are certainly of these levels: a clock and a level,
    glog, NCCL, or JSON that begins so. Lines with carriage returns, and where `coloured` is not asked for those in
    colour, are left to `line_level`."""
    names = sorted({w for w, level in _WORDS.items() if level in levels and w != "err"})
    upper = rb"(?:" + b"|".join(name.upper().encode() for name in names) + rb")"
    any_case = rb"(?i:" + b"|".join(name.encode() for name in names) + rb")"
    letters = b"".join(_GLOG_LETTERS[level] for level in sorted(levels))
    nccl = b"|".join(word for word, level in _NCCL_LEVELS.items() if level in levels)
    clock = rb"~" + _CLOCK + rb"~"
    shapes = (
        clock + rb" ?~\[~ {0,8}~" + upper + rb"~ {0,8}~ {0,8}\]~ ",
        clock + rb" {1,3}~" + upper + rb"~:?~ ",
        clock + rb" ~[-|]~ {0,8}~" + upper + rb"~ {0,8}~ {0,8}[-|]~ ",
        clock + rb" - ~[a-z_][\w.]{0,79}~ - ~" + upper + rb"~ - ",
        rb"\[?[" + letters + rb"]\d{4} (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})? +\w",
        rb"[a-z][\w.-]{0,79}:\d{1,10}:\d{1,10} \[\d{1,4}\] NCCL (?:" + nccl + rb")\b",
    )
    json = rb'\{(?:"(?:ts|time|timestamp|asctime)": ?"[^"\\\n\r\x1b]{0,40}", ?)?"(?:level|levelname|severity)": ?"'
    line = rb"(?:" + _LABELS + rb"(?:" + b"|".join(shapes) + rb")|" + json + any_case + rb'")'
    line = line.replace(b"~", _HUE if coloured else b"")
    return rb"(?:" + line + (rb"[^\n\r]*\n)+" if coloured else rb"[^\n\r\x1b]*\n)+")


def rank_gate(ranks: Collection[int]) -> bytes:
    """A pattern that finds (at least) all lines of these ranks in raw bytes."""
    numbers = b"|".join(str(rank).encode() for rank in sorted(ranks))
    return (
        rb"\[(?:rank|default)(?:" + numbers + rb")\]|\[(?:" + numbers + rb')(?:-\d{1,4})?\] |rank"\s{0,2}:\s{0,2}(?:'
        + numbers + rb")\b"
    )  # fmt: skip
