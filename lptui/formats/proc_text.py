"""What Linux says of a process under /proc, as values: stat, fdinfo, environ, cmdline, mountinfo (man 5 proc)."""

from __future__ import annotations

import re

from lptui.model.value import frozen

STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "disk-sleep",
    "T": "stopped",
    "t": "tracing-stop",
    "Z": "zombie",
    "X": "dead",
    "I": "idle",
}
"""As psutil names them. disk-sleep (state D) cannot be interrupted: it waits for a device or a mount."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NETWORK_FILE_SYSTEMS = _words(
    "nfs nfs4 lustre gpfs beegfs ceph cifs smb3 smbfs 9p afs glusterfs orangefs pvfs2 wekafs panfs ocfs2 "
    "gfs2 virtiofs vboxsf coda ncpfs mmfs daos dfuse fuse"
)
_LOCAL_FUSE = frozenset(("fuse.fuse-overlayfs", "fuse.ntfs", "fuse.ntfs-3g", "fuse.squashfuse", "fuse.bindfs"))
_OCTAL = re.compile(r"\\([0-7]{3})")


@frozen
class ProcStat:
    """/proc/PID/stat. `cpu` (user + system) and `started` (since boot) in clock ticks, `rss` in pages.

    (pid, started) names a process for good: a reused pid has another start.
    """

    pid: int
    name: str
    state: str
    parent: int
    cpu: int
    threads: int
    started: int
    rss: int


def parse_stat(text: bytes) -> ProcStat | None:
    """The line as values, or None if it is none. The name may hold blanks and parentheses."""
    begin, end = text.find(b"("), text.rfind(b")")
    fields = text[end + 2 :].split(None, 22)
    if begin < 0 or end < begin or len(fields) < 22:
        return None
    try:
        return ProcStat(
            int(text[:begin]),
            text[begin + 1 : end].decode("utf-8", "replace"),
            fields[0].decode("ascii", "replace"),
            int(fields[1]),
            int(fields[11]) + int(fields[12]),
            int(fields[17]),
            int(fields[19]),
            int(fields[21]),
        )
    except ValueError:
        return None


def parse_boot_time(text: bytes) -> float | None:
    """The unix time of the boot, from /proc/stat."""
    found = re.search(rb"^btime (\d+)", text, re.MULTILINE)
    return float(found[1]) if found else None


def is_open_for_writing(fdinfo: bytes) -> bool:
    """Whether /proc/PID/fdinfo/N says O_WRONLY or O_RDWR."""
    found = re.search(rb"^flags:\s*([0-7]+)", fdinfo, re.MULTILINE)
    return bool(found and int(found[1], 8) & 3 in (1, 2))


def split_arguments(cmdline: bytes) -> tuple[str, ...]:
    """The arguments of /proc/PID/cmdline; a process that has set its own title has one, with blanks in it."""
    if not cmdline.strip(b"\0"):
        return ()
    return tuple(part.decode("utf-8", "replace") for part in cmdline.rstrip(b"\0").split(b"\0"))


def find_rank(environ: bytes) -> int | None:
    """RANK, else LOCAL_RANK, of /proc/PID/environ; no other variable is looked at."""
    for name in (b"RANK", b"LOCAL_RANK"):
        found = re.search(rb"(?:\A|\0)" + name + rb"=(\d{1,7})(?:\0|\Z)", environ)
        if found:
            return int(found[1])
    return None


def find_file_system(path: str, mountinfo: str) -> str:
    """The type of the file system that an absolute `path` is on ('' if no mount fits); the last mount wins."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        parts = fields.split(" ")
        if len(parts) < 5 or not rest:
            continue
        point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), parts[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, kind = len(point), rest.split(" ", 1)[0]
    return kind


def is_network(file_system: str) -> bool:
    """Whether other machines can write to this type of file system as well."""
    if file_system.startswith("fuse."):
        return file_system not in _LOCAL_FUSE
    return file_system in NETWORK_FILE_SYSTEMS
