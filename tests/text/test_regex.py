"""Regular expressions made late: nothing compiled before its first use, and none that would fail then."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from lptui.text.regex import Regex


def test_nothing_is_compiled_before_the_first_use() -> None:
    regex = Regex("(a)b", re.IGNORECASE)
    assert "compiled" not in vars(regex)
    assert regex.sub(r"\1", "xABx") == "xAx"
    assert "compiled" in vars(regex)


def test_it_answers_as_the_pattern_does() -> None:
    late, usual, data = Regex(r"\d+"), re.compile(r"\d+"), "a1b22"
    assert [m.span() for m in late.finditer(data)] == [m.span() for m in usual.finditer(data)]
    assert late.findall(data) == usual.findall(data)
    assert late.split(data) == usual.split(data)
    assert late.match(data) is None
    assert late.fullmatch(data) is None
    found = late.search(data, 2)
    assert found is not None
    assert found.span() == (3, 5)
    assert Regex(rb"\d+").sub(b"", data.encode()) == b"ab"


def test_a_broken_one_says_so_when_it_is_used() -> None:
    with pytest.raises(re.error):
        Regex("(").match("a")


def test_all_of_ours_compile() -> None:
    count = 0
    for room in ("detect", "formats", "run", "text", "trends"):
        folder = importlib.import_module(f"lptui.{room}").__path__
        for module in pkgutil.iter_modules(folder, f"lptui.{room}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Regex):
                    assert value.compiled.flags >= 0
                    count += 1
    assert count > 40
