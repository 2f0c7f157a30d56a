"""Rules that users and projects write: found, laid over what ships, tried out, told when they are broken."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lptui.config.rules import RuleFile, find_rule_files
from lptui.config.settings import Settings, load_settings
from lptui.detect.catalogue import Catalogue, load_catalogue
from lptui.detect.catalogue_files import read_catalogue
from lptui.detect.pattern_cost import find_cost
from lptui.detect.registry import load_detectors
from lptui.engine.core import advance_all
from lptui.model.events import LogBlock, Tick
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState

GREMLIN: dict[str, Any] = {
    "id": "gremlins",
    "title": "Gremlins",
    "severity": "error",
    "patterns": ["gremlins? in the machine"],
    "examples": ["a gremlin in the machine"],
    "counter_examples": ["no such thing"],
    "meaning": "Small beings.",
    "fixes": [{"what": "feed them before midnight", "command": "feed --now", "confidence": 0.5}],
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def project_rules(project: Path, rules: object) -> tuple[RuleFile, ...]:
    (project / "lptui.yaml").write_text(json.dumps({"theme": "paper", "failures": rules}))
    return find_rule_files(os.environ, str(project))


def read(*rules: RuleFile) -> Catalogue:
    return read_catalogue(rules, cache_dir="")


def test_the_users_folder_and_the_projects_file_are_found_and_no_setting(project: Path) -> None:
    mine = Path(os.environ["LPTUI_HOME"]) / "failures"
    mine.mkdir()
    (mine / "b.yaml").write_text(json.dumps([GREMLIN]))
    (mine / "a.txt").write_text("no rules")
    found = project_rules(project, [{**GREMLIN, "title": "The project's"}])
    assert [(Path(r.path).name, r.key, r.trusted) for r in found] == [
        ("lptui.yaml", "failures", False),
        ("b.yaml", "", True),
    ]
    assert read(*found).entries["gremlins"].title == "Gremlins"  # what the user wrote has the last word
    settings = load_settings([], os.environ, here=str(project))
    assert isinstance(settings, Settings)
    assert settings.theme == "paper"


def test_a_project_offers_no_command(project: Path) -> None:
    found = read(
        *project_rules(project, [GREMLIN, {"id": "cuda-oom", "fixes": [{"what": "x", "command": "curl evil"}]}])
    )
    assert found.broken == ()
    fixes = [*found.entries["gremlins"].fixes, *found.entries["cuda-oom"].fixes]
    assert [f.command for f in fixes] == ["", ""]
    assert fixes[0].confidence == 0.5
    assert all("commands are left out" in a.what for a in found.added)
    assert read(RuleFile(str(project / "lptui.yaml"), "failures")).entries["gremlins"].fixes[0].command == "feed --now"


def test_what_an_override_leaves_out_stays_as_it_ships(project: Path) -> None:
    found = read(*project_rules(project, [{"id": "cuda-oom", "severity": "warning"}]))
    shipped, changed = load_catalogue().entries["cuda-oom"], found.entries["cuda-oom"]
    assert found.broken == ()
    assert (changed.severity, changed.patterns, changed.excludes) == ("warning", shipped.patterns, shipped.excludes)
    assert found.added[0].what.startswith("changes severity")


def test_files_beside_the_project_file_and_only_below_it(project: Path, tmp_path: Path) -> None:
    (project / "rules").mkdir()
    (project / "rules" / "mine.yaml").write_text(json.dumps([GREMLIN]))
    (tmp_path / "other.yaml").write_text(json.dumps([{**GREMLIN, "id": "escaped"}]))
    found = read(*project_rules(project, ["rules/mine.yaml", "../other.yaml", "gone.yaml"]))
    assert "gremlins" in found.entries
    assert "escaped" not in found.entries
    assert [Path(b.file).name for b in found.broken] == ["lptui.yaml", "gone.yaml"]
    assert "does not lie below" in found.broken[0].reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"patterns": ["gremlin (a+)+$"]}, "for ever"),
        ({"patterns": ["gremlin .*a.*b.*c"]}, "for ever"),
        ({"patterns": ["gremlin (?P<x>open"]}, "no regular expression"),
        ({"excludes": ["(x*)*y"]}, "for ever"),
        ({"patterns": [{"re": "gremlin", "context": "(x*)*y"}]}, "for ever"),
        ({"patterns": [{"re": "gremlin", "need": "many"}]}, "invalid literal"),
        ({"within": "many"}, "invalid literal"),
        ({"links": ["javascript:alert(1)"]}, "no web address"),
        ({"fixes": [{"what": "x", "confidence": 7}]}, "between 0 and 1"),
        ({"id": "Gre\x1b[2Jmlins"}, "lower-case"),
        ({"patterns": {"re": "x"}}, "has to be a list"),
        ({"meaning": None, "title": ["a"], "severity": []}, "severity"),
    ],
)
def test_a_broken_rule_is_told_and_the_rest_count(change: dict[str, Any], reason: str, project: Path) -> None:
    found = read(*project_rules(project, [{**GREMLIN, **change}, {**GREMLIN, "id": "good"}]))
    assert "good" in found.entries
    assert "gremlins" not in found.entries
    assert [reason in b.reason for b in found.broken] == [True], found.broken
    assert "\x1b" not in f"{found.broken[0].key}{found.broken[0].reason}"


@pytest.mark.parametrize("rules", [7, "text", {"id": "x"}, [7], [[]], None, [None]])
def test_odd_shapes_are_told(rules: object, project: Path) -> None:
    found = read(*project_rules(project, rules))
    assert len(found.broken) == (0 if rules is None else 1)


def test_a_bomb_of_aliases_is_refused(project: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]" for i in range(1, 10)]
    (project / "lptui.yaml").write_text("\n".join([*lines, "failures: *a9"]))
    (broken,) = read(*find_rule_files(os.environ, str(project))).broken
    assert "values" in broken.reason


def test_the_words_of_a_rule_are_made_harmless(project: Path) -> None:
    wild = "\x1b]0;pwned\x07red\u202e"
    rule = {**GREMLIN, "title": wild, "meaning": wild, "fixes": [{"what": wild, "why": wild, "command": "a\x1b[2Jb"}]}
    (project / "lptui.yaml").write_text(json.dumps({"failures": [rule]}))
    entry = read(RuleFile(str(project / "lptui.yaml"), "failures")).entries["gremlins"]
    told = f"{entry.title}{entry.meaning}{entry.fixes}"
    assert "red" in told
    assert not any(c in told for c in "\x1b\x07\u202e")


@pytest.mark.parametrize(
    "regex",
    ["plain", "a{1,200}b{1,200}", ".*x.*", "(?:a|b+)c", "a+@b+", "([0-9]+) of ([0-9]+) GiB, (\\d+)%.*", "(?:a|b){1,9}"],
)
def test_bounded_expressions_pass(regex: str) -> None:
    assert find_cost(regex) == ""


@pytest.mark.parametrize(
    "regex",
    [
        "(a*)*",
        "(?:a|b*)+",
        "(a{0,100})*",
        "((x+)y)*",
        "a.*b.*c.*",
        "(a{1,3})+",
        "(?:a|a)*",
        "(a{1,50}){9}",
        "(",
        "a" * 2000,
        r"(a)\1",
    ],
)
def test_unbounded_ones_do_not(regex: str) -> None:
    assert find_cost(regex)


def test_a_rule_finds_its_line_and_a_broken_one_is_a_note(project: Path) -> None:
    rules = project_rules(project, [GREMLIN, {"id": "half"}])
    state = RunState(RunInfo("r", "/r", logs=("/r/log",)), rules=rules)
    line = LogBlock(file="/r/log", start=0, data=b"12:00:01 a gremlin in the machine\n")
    state = advance_all(state, [line, Tick(now=1.0), Tick(now=2.0)], load_detectors())
    told = {f.cls: f for f in state.findings}
    assert told["gremlins"].severity == "error"
    assert told["rule-left-out"].severity == "info"
    assert "half" in told["rule-left-out"].title
    assert "'title' is missing" in told["rule-left-out"].title
    plain = advance_all(RunState(RunInfo("r", "/r", logs=("/r/log",))), [line, Tick(now=1.0)], load_detectors())
    assert {f.cls for f in plain.findings} == set()
