"""What libraries print when they fail, one text after another: each has its class and no other; healthy ones have none.

`texts/*.txt` were written after the libraries' sources and documentation: `=== class` (after a comma others
that may be told too), then the lines.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lptui.detect.catalogue import load_catalogue
from lptui.detect.confirm import UNCAUGHT, find_hits
from lptui.detect.findings import tell_findings
from lptui.detect.hit_memory import FileMemory, Seen
from lptui.detect.scanner import make_scanner
from lptui.model.place import Anchor
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState

SCANNER = make_scanner(load_catalogue(), use_re2=True)
TEXTS = Path(__file__).parent / "texts"
NEUTRAL = {UNCAUGHT, "worker-process-died"}
"""They may stand beside the class that says more."""


def told(text: str) -> set[str]:
    hits = find_hits(SCANNER, text.encode() + b"\n", 0)
    memory = FileMemory().add_hits(Seen(h, Anchor("log", 0, h.position)) for h in hits)
    findings = tell_findings({"log": memory}, RunState(RunInfo("r", "/r", logs=("log",))))
    return {f.cls for f in findings if f.role != "follow-up"}


def read_texts(name: str) -> list[tuple[str, str]]:
    parts = re.split(r"^=== ", (TEXTS / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return [(label, text.rstrip("\n")) for label, _, text in (part.partition("\n") for part in parts)]


@pytest.mark.parametrize("name", [p.name for p in sorted(TEXTS.glob("*.txt")) if not p.stem.startswith("healthy")])
def test_each_text_has_its_class_and_no_other(name: str) -> None:
    texts = read_texts(name)
    assert texts
    wrong: list[tuple[str, set[str], str]] = []
    for label, text in texts:
        found, (primary, *others) = told(text), label.split(",")
        if primary not in found or found - NEUTRAL - {primary, *others}:
            wrong.append((label, found, text))
    assert not wrong


@pytest.mark.parametrize("name", [p.name for p in sorted(TEXTS.glob("healthy*.txt"))])
def test_healthy_texts_are_silent(name: str) -> None:
    texts = read_texts(name)
    assert texts
    assert not [(told(text), text) for _, text in texts if told(text)]
