"""The scanner: suggests every line that a pattern matches, on both engines, whatever bytes lie around."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.detect.catalogue import load_catalogue
from lptui.detect.confirm import find_hits
from lptui.detect.scanner import REACH, SHORT, Scanner, load_scanner, make_scanner

CATALOGUE = load_catalogue()
RE2 = make_scanner(CATALOGUE, use_re2=True)
PLAIN = make_scanner(CATALOGUE, use_re2=False)
BOTH = pytest.mark.parametrize("scanner", [RE2, PLAIN], ids=["re2", "re"])
OOM = b"RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"


def keys(scanner: Scanner, data: bytes, lead: bytes = b"") -> list[tuple[str, int]]:
    return [(h.key, h.position) for h in find_hits(scanner, data, len(lead), lead)]


@BOTH
def test_line_bounds(scanner: Scanner) -> None:
    data = b"one\n" + OOM + b"\ntwo\r 3%|#  |" + OOM + b"\r 4%|#  |\n"
    found = [(s.start, s.end) for s in scanner.scan(data)]
    assert [data[a:b] for a, b in found] == [OOM, b" 3%|#  |" + OOM]


@BOTH
def test_a_line_without_end_is_looked_at_in_windows(scanner: Scanner) -> None:
    data = b"x" * 300_000 + OOM + b"y" * 300_000
    found = list(scanner.scan(data))
    assert found
    assert all(s.end - s.start <= 2 * REACH + 200 for s in found)
    assert [k for k, _ in keys(scanner, data)] == ["cuda-oom"]


@BOTH
def test_binary_and_hostile_bytes(scanner: Scanner) -> None:
    data = b"\x00\xff\xfe\x1b]0;x\x07\n" * 2000 + b"\x1b[31m" + OOM + b"\x1b[0m\xff\n" + bytes(range(256)) * 50
    hits = find_hits(scanner, data, 0)
    assert [h.key for h in hits] == ["cuda-oom"]
    assert "\x1b" not in hits[0].text


@pytest.mark.skipif(RE2.engine != "re2", reason="google-re2 is not installed")
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_both_engines_find_the_same(data: st.DataObject) -> None:
    examples = [x for e in CATALOGUE.entries.values() for x in (*e.examples, *e.counter_examples)]
    pieces = data.draw(st.lists(st.one_of(st.sampled_from(examples), st.text(max_size=40)), max_size=8))
    text = data.draw(st.sampled_from(["\n", "\r", "\n\n"])).join(pieces).encode("utf-8", "replace")
    assert keys(RE2, text) == keys(PLAIN, text)


@given(st.binary(max_size=600), st.binary(max_size=200))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read(data: bytes, lead: bytes) -> None:
    for hit in find_hits(RE2, data, len(lead), lead):
        assert len(lead) <= hit.position <= len(lead) + len(data)


def test_fallback_without_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    assert make_scanner(CATALOGUE, use_re2=True).engine == "re"


def test_fallback_when_something_else_answers_to_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("re2")
    monkeypatch.setitem(sys.modules, "re2", other)
    assert make_scanner(CATALOGUE, use_re2=True).engine == "re"

    class Options:
        class Encoding:
            LATIN1 = 1

    class Liar:
        @staticmethod
        def search(data: bytes, at: int) -> None:
            return None

    monkeypatch.setattr(other, "Options", Options, raising=False)
    monkeypatch.setattr(other, "compile", lambda source, options: Liar, raising=False)
    assert make_scanner(CATALOGUE, use_re2=True).engine == "re"


def test_environment_forces_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LPTUI_NO_RE2", "1")
    load_scanner.cache_clear()
    try:
        assert load_scanner().engine == "re"
    finally:
        load_scanner.cache_clear()


@pytest.mark.skipif(RE2.engine != "re2", reason="google-re2 is not installed")
def test_a_healthy_log_suggests_next_to_nothing() -> None:
    lines = [
        f"12:00:{i % 60:02d} [INFO] metta.rl.trainer: run _ epoch {i} _ {i * 8192:,}/1,000,000,000 (0.5%) _ 41.23 ksps"
        f" _ train 45% _ rollout 50% _ stats 5% _ loss {i / 7:.4f} grad_norm {i % 9} error_rate=0.0{i % 9}\n"
        for i in range(2000)
    ]
    assert list(RE2.scan("".join(lines).encode())) == []


@pytest.mark.skipif(RE2.engine != "re2", reason="google-re2 is not installed")
def test_what_a_healthy_run_says_of_its_life_is_sifted_and_not_suspected() -> None:
    data = b"".join(b"12:00:00 [INFO] trainer: Saving checkpoint at epoch %d\n" % i for i in range(1000))
    assert len(data) > SHORT
    scanner = make_scanner(CATALOGUE, use_re2=True)
    assert list(scanner.scan(data)) == []
    sifted = scanner.sift(data) or ()
    assert len(sifted) == 1000
    assert scanner.keep_suspicious(data, sifted) == []


@pytest.mark.skipif(RE2.engine != "re2", reason="google-re2 is not installed")
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_of_what_is_sifted_the_lines_are_kept_that_a_scan_suspects(data: st.DataObject) -> None:
    examples = [x for e in CATALOGUE.entries.values() for x in (*e.examples, *e.counter_examples)]
    life = st.sampled_from(["Saving checkpoint at epoch 3", "Training complete!", "loss=nan", "task 3 score: 0.5"])
    piece = st.one_of(life, st.sampled_from(examples), st.text(max_size=40))
    pieces = data.draw(st.lists(st.lists(piece, max_size=3).map(" ".join), max_size=8))
    text = data.draw(st.sampled_from(["\n", "\r", "\n\n"])).join(pieces).encode("utf-8", "replace")
    whole = RE2.whole() if RE2.whole else RE2
    sifted = RE2.sift(text) or ()
    assert RE2.keep_suspicious(text, sifted) == list(whole.scan(text))
    assert find_hits(RE2, text, 0, b"", sifted) == find_hits(RE2, text, 0)


@BOTH
def test_a_flood_is_counted_and_read_in_part(scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    from lptui.detect import log_block

    read = 0
    whole = log_block.read_line

    def count(raw: bytes) -> object:
        nonlocal read
        read += 1
        return whole(raw)

    monkeypatch.setattr(log_block, "read_line", count)
    data = b"".join(b"12:00:00 [ERROR] step %d: CUDA out of memory\n" % i for i in range(1000, 6000))
    hits = find_hits(scanner, data, 0)
    assert len([h for h in hits if h.key == "cuda-oom"]) == 5000
    assert read < 200


def test_short_text_is_searched_for_what_occurs_in_it_and_found_alike() -> None:
    whole = RE2.whole
    assert whole is not None
    for entry in CATALOGUE.entries.values():
        data = ("step 1\n" + "\n".join((*entry.examples, *entry.counter_examples)) + "\nstep 2\n").encode()
        if len(data) <= SHORT:
            fresh = make_scanner(CATALOGUE, use_re2=True)
            assert find_hits(fresh, data, 0) == find_hits(whole(), data, 0), entry.id


def test_all_patterns_are_compiled_only_once_the_text_is_not_short(monkeypatch: pytest.MonkeyPatch) -> None:
    import re2

    sizes: list[int] = []
    real = re2.compile

    def compile_counted(source: bytes, options: object) -> object:
        sizes.append(len(source))
        return real(source, options)

    monkeypatch.setattr(re2, "compile", compile_counted)
    scanner = make_scanner(CATALOGUE, use_re2=True)
    assert len(list(scanner.scan(b"CUDA out of memory\n"))) == 1
    assert max(sizes) < 4096
    for _ in range(3):
        assert list(scanner.scan(b"x" * 80 + b"\n" + b"y" * SHORT)) == []
    assert sum(size > 10_000 for size in sizes) == 1
