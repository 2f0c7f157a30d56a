"""Quotas: the kernel's block as it lies in memory, and the real call where there is none."""

from __future__ import annotations

import struct
from pathlib import Path

from lptui.sources.quota import Quota, parse_quota, read_quota


def block(hard: int, soft: int, used: int, inode_hard: int = 0, inode_soft: int = 0, inodes: int = 0) -> bytes:
    return struct.pack("=8QI4x", hard, soft, used, inode_hard, inode_soft, inodes, 0, 0, 0x3F)


def test_limits_are_in_kib_and_use_in_bytes() -> None:
    assert parse_quota(block(100, 0, 50 * 1024), "user") == Quota("user", 102_400, 51_200, None)


def test_the_lower_limit_counts_and_none_is_none() -> None:
    assert parse_quota(block(100, 80, 0), "user").limit == 81_920
    assert parse_quota(block(0, 0, 999), "user") == Quota("user")
    assert parse_quota(block(1, 0, 1 << 40, 10, 0, 4), "group") == Quota("group", 1024, 0, 6)


def test_where_there_is_no_quota_nothing_is_said(tmp_path: Path) -> None:
    assert read_quota(str(tmp_path / "gone")) is None
    found = read_quota(str(tmp_path))
    assert found is None or found.free is not None or found.inodes_free is not None
