"""A process of our own: what holds whatever this process has open."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator

import pytest

from lptui.child import Child

ECHO = """
import json, sys
for line in sys.stdin:
    print(json.dumps({"id": json.loads(line)["id"], "word": "here"}), flush=True)
"""


@pytest.fixture
def crowd() -> Iterator[None]:
    """More than 1,024 open files, as a run with many logs and event files has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("no process may have so many here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    files: list[int] = []
    while not files or files[-1] < 1030:
        files.append(os.open(os.devnull, os.O_RDONLY))
    yield
    for file in files:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("crowd")
def test_it_answers_where_a_thousand_files_are_open() -> None:
    child = Child(1 << 16)
    child.start([sys.executable, "-c", ECHO], os.environ)
    try:
        assert child.ask({}, time.monotonic() + 60)["word"] == "here"
    finally:
        child.end()
