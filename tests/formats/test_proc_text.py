"""What /proc says, read from lines as the kernel writes them, and from lines that it never would."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.formats.proc_text import (
    find_file_system,
    find_rank,
    is_network,
    is_open_for_writing,
    parse_boot_time,
    parse_stat,
    split_arguments,
)

LINE = (
    b"7251 (a) b (c)) D 7242 7242 4331 0 -1 4194304 99 0 0 0 30 12 0 0 20 0 5 0 126310 3133440 359 "
    b"18446744073709551615 93896267509760 0 0 0"
)
MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:40 / /data rw shared:2 master:3 - nfs4 filer:/data rw,vers=4.2
41 40 0:41 / /data/my\040scratch rw - lustre x rw
42 27 0:42 / /data/over rw - tmpfs t rw
43 27 0:43 / /data/over rw - fuse.sshfs u rw
broken line
"""


def test_stat_with_a_name_full_of_parentheses() -> None:
    stat = parse_stat(LINE)
    assert stat is not None
    assert (stat.pid, stat.name, stat.state, stat.parent) == (7251, "a) b (c)", "D", 7242)
    assert (stat.cpu, stat.threads, stat.started, stat.rss) == (42, 5, 126310, 359)


@given(st.binary(max_size=200))
def test_no_line_is_an_error(line: bytes) -> None:
    parse_stat(line)
    find_rank(line)
    is_open_for_writing(line)
    parse_boot_time(line)
    assert all("\0" not in argument for argument in split_arguments(line))


@given(st.integers(0, len(LINE)))
def test_a_line_cut_short_is_none_or_the_same_process(end: int) -> None:
    stat = parse_stat(LINE[:end])
    assert stat is None or (stat.pid, stat.started) == (7251, 126310)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")
def test_this_process() -> None:
    stat = parse_stat(Path("/proc/self/stat").read_bytes())
    assert stat is not None
    assert (stat.pid, stat.parent) == (os.getpid(), os.getppid())


@pytest.mark.parametrize(
    ("flags", "writes"),
    [(b"0100000", False), (b"0100001", True), (b"02102002", True), (b"010000000", False), (b"9", False)],
)
def test_open_for_writing(flags: bytes, writes: bool) -> None:
    assert is_open_for_writing(b"pos:\t0\nflags:\t" + flags + b"\nmnt_id:\t27\n") is writes


def test_arguments_keep_empty_ones_and_lose_the_padding() -> None:
    assert split_arguments(b"python\0-c\0\0x\xff\0\0\0") == ("python", "-c", "", "x\ufffd")
    assert split_arguments(b"") == ()
    assert split_arguments(b"\0\0") == ()


@pytest.mark.parametrize(
    ("environ", "rank"),
    [
        (b"RANK=3\0A=1", 3),
        (b"A=1\0LOCAL_RANK=2\0RANK=11\0", 11),
        (b"A=1\0LOCAL_RANK=2", 2),
        (b"MY_RANK=3\0NODE_RANK=1", None),
        (b"RANK=x\0", None),
        (b"A=\nRANK=7\0", None),
    ],
)
def test_rank(environ: bytes, rank: int | None) -> None:
    assert find_rank(environ) == rank


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/u/run", "ext4"),
        ("/data", "nfs4"),
        ("/database", "ext4"),
        ("/data/my scratch/run", "lustre"),
        ("/data/over/run", "fuse.sshfs"),
    ],
)
def test_file_system_of_a_path(path: str, kind: str) -> None:
    assert find_file_system(path, MOUNTS) == kind


def test_which_file_systems_others_write_to() -> None:
    assert all(is_network(kind) for kind in ("nfs", "nfs4", "lustre", "gpfs", "fuse.sshfs", "fuse.juicefs", "cifs"))
    assert not any(
        is_network(kind) for kind in ("ext4", "xfs", "overlay", "tmpfs", "fuse.fuse-overlayfs", "fuseblk", "")
    )
