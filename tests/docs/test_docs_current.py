"""The pages that are made from code are current, and what the hand-written ones name exists."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["keys", "failures", "expectations"])
def test_page_is_current(generate: ModuleType, page: str) -> None:
    assert (DOCS / f"{page}.md").read_text(encoding="utf-8") == generate.PAGES[page](), (
        f"docs/{page}.md is out of date: run `python docs/generate.py {page}`"
    )


def test_check_tells_a_stale_page_and_writes_nothing(
    generate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path)
    (tmp_path / "keys.md").write_text("old")
    assert generate.main(["keys", "--check"]) == 1
    assert "docs/keys.md: out of date" in capsys.readouterr().out
    assert (tmp_path / "keys.md").read_text() == "old"
    assert generate.main(["keys"]) == 0
    assert generate.main(["keys", "--check"]) == 0


def test_every_class_that_a_detector_raises_is_documented() -> None:
    """failures.md is made from the catalogue, so it is enough that the classes which code names are in there."""
    from lptui.detect.catalogue import load_catalogue

    catalogue = load_catalogue()
    named: set[str] = set()
    for path in (ROOT / "lptui" / "detect").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "cls=" in line:
                named |= set(re.findall(r'"([a-z][a-z0-9]*(?:-[a-z0-9]+)+)"', line.split("cls=", 1)[1]))
    assert len(named) > 8
    assert not {name for name in named if catalogue.find(name) is None} - {"unsafe-pickle"}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda p: p.name)
def test_links_to_files_and_headings_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        aim = (page.parent / name) if name else page
        assert aim.exists(), f"{page.name} links to {target}"
        if anchor and aim.suffix == ".md":
            assert anchor in _anchors(aim.read_text(encoding="utf-8")), f"{page.name} links to {target}"


def test_every_word_for_a_state_and_a_verdict_is_explained() -> None:
    from typing import get_args

    from lptui.state.run_state import Condition
    from lptui.tui import verdicts

    told = (DOCS / "panes.md").read_text(encoding="utf-8")
    for condition in get_args(Condition):
        assert f"**{condition}**" in told
    for word in {word for _, word in verdicts._WORDS.values()}:
        assert f"`{word}`" in told, f"panes.md does not explain the verdict {word!r}"


def _anchors(text: str) -> set[str]:
    """Headings as GitHub names them."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_example_of_a_rule_is_a_rule_and_keeps_its_promises() -> None:
    import yaml

    from lptui.detect.catalogue import Catalogue, Entry, load_catalogue, make_entry
    from lptui.detect.confirm import find_hits
    from lptui.detect.scanner import make_scanner

    text = (DOCS / "writing-a-rule.md").read_text(encoding="utf-8")
    rows = yaml.safe_load(text.split("```yaml\n", 1)[1].split("```", 1)[0])
    made = make_entry(rows[0], "writing-a-rule.md")
    assert isinstance(made, Entry), made
    known = load_catalogue().entries
    assert made.id not in known, "the example ships now: choose another"
    for use_re2 in (True, False):
        scanner = make_scanner(Catalogue({**known, made.id: made}), use_re2=use_re2)

        def classes(line: str, scanner: object = scanner) -> set[str]:
            return {hit.cls for hit in find_hits(scanner, line.encode() + b"\n", 0)}

        for line in made.examples:
            assert made.id in classes(line), line
        for line in made.counter_examples:
            assert made.id not in classes(line), line


def test_every_key_of_a_rule_is_explained() -> None:
    from dataclasses import fields

    from lptui.detect import advice, catalogue

    text = (DOCS / "writing-a-rule.md").read_text(encoding="utf-8")
    keys = {*catalogue._REQUIRED, *catalogue._OPTIONAL, *(field.name for field in fields(catalogue.FixRule))}
    keys |= {"re", *(f.name for f in fields(catalogue.Pattern) if f.name not in ("regex", "literal", "ignore_case"))}
    assert not {key for key in keys if f"`{key}`" not in text}
    assert not {name for name in advice._WORKED_OUT if f"`{{{name}}}`" not in text}
