"""What a terminal receives when a log holds sequences that would steer it: none of them, and a sign for each."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from screen import Terminal

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from fuzz_terminal import write_corpus

ATTACH = [sys.executable, "-m", "lptui", "attach"]
HOSTILE = {
    "OSC 52 (clipboard)": (b"\x1b]52;c;UFdO\x07", b"\x1b]52"),
    "OSC 8 (link)": (b"\x1b]8;;http://evil.example\x1b\\text\x1b]8;;\x1b\\", b"\x1b]8;;http"),
    "title": (b"\x1b]0;PWN\x07", b"\x1b]0;PWN"),
    "title, unterminated": (b"\x1b]2;PWN", b"\x1b]2;PWN"),
    "DCS": (b"\x1bPPWN\x1b\\", b"\x1bPP"),
    "APC": (b"\x1b_PWN\x1b\\", b"\x1b_P"),
    "full reset": (b"\x1bc", b"\x1bc"),
    "soft reset": (b"\x1b[!p", b"\x1b[!p"),
    "report": (b"\x1b[6n", b"\x1b[6n"),
    "clear": (b"\x1b[2J\x1b[3J", b"\x1b[3J"),
    "scroll region": (b"\x1b[5;6r", b"\x1b[5;6r"),
    "C1 OSC": ("\u009d0;PWN\u009c".encode(), "\u009d".encode()),
    "C1 CSI, raw byte": (b"\x9b2J", b"\x9b2J"),
    "bell and backspace": (b"a\x07b\x08c", b"\x08"),
    "NUL": (b"a\x00b", b"\x00"),
    "bidi": ("\u202egnp.exe\u202c \u2066x\u2069".encode(), "\u202e".encode()),
    "shift out": (b"\x0e text \x0f", b"\x0e"),
    "invalid UTF-8": (b"\xff\xfe\xc3 \xed\xa0\x80 \xf8", b"\xff"),
    "markup": (b"[bold red]loud[/] [link=http://evil]x[/link] [@click=app.quit]q[/]", b""),
}


def test_none_of_a_corpus_of_sequences_reaches_the_terminal(tmp_path: Path) -> None:
    lines = [b"12:00:00 [INFO] " + name.encode() + b": " + text for name, (text, _) in HOSTILE.items()]
    log = tmp_path / "hostile.log"
    log.write_bytes(b"\n".join(lines) + b"\n12:00:01 [INFO] last line\n")
    with Terminal([*ATTACH, str(log)], 120, 40) as terminal:
        terminal.wait_for("nothing found wrong")  # the app has taken over and read the log
        terminal.type("1z")
        terminal.wait_for(lambda shown: all(name in shown for name in HOSTILE) and "2 Findings ·" not in shown)
        raw, text = bytes(terminal.raw), terminal.text
        terminal.type("/")
        terminal.wait_for("text or RE2")
        terminal.type("OSC\r")  # a search draws the rows again, in other pieces
        terminal.wait_for("matches")
        raw += bytes(terminal.raw)
        terminal.type("\x1bq")
    for name, (_, forbidden) in HOSTILE.items():
        assert not forbidden or forbidden not in raw, name
        assert name in text, name
    assert "␛" in text
    assert "<U+202E>" in text
    assert "␀" in text


SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\)|[ -/]*[0-~])"
    rb"|\xc2[\x80-\x9f]|[\0-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]",
    re.DOTALL,
)


def kinds(raw: bytes) -> set[bytes]:
    """Which sequences and controls a program wrote, but for their numbers; what was read so far may end within one."""
    return {re.sub(rb"[0-9;]+", b"", each[0]) for each in SEQUENCE.finditer(raw[: raw.rfind(b"\x1b")])}


def test_a_sequence_cut_by_the_end_of_what_was_read_is_of_no_kind() -> None:
    whole = b"\x1b[31mred\x1b[0m \x1b]0;t\x07 \x07 end \x1b[38;5"
    assert all(kinds(whole[:end]) <= {b"\x1b[m", b"\x1b]t\x07", b"\x07"} for end in range(len(whole)))
    assert kinds(whole) == {b"\x1b[m", b"\x1b]t\x07", b"\x07"}


def page_through(log: Path) -> tuple[bytes, str]:
    """All that reaches a terminal of 80x24 while a reader goes from the end of a log to its start and back."""
    seen = ""
    with Terminal([*ATTACH, str(log)], 80, 24) as terminal:
        terminal.wait_for(lambda shown: "last line" in shown and "q quit" in shown)
        for key, last in (("\x1b[H", "first line"), ("w", "first line"), ("\x1b[F", "last line")):
            terminal.type(key)
            terminal.wait_for(lambda shown, last=last: last in shown)
            seen += terminal.text
        while "first line" not in terminal.text:
            before = terminal.rows[3:-2]  # the log alone: an age in the header changes by itself
            terminal.type("\x1b[5~")
            terminal.wait_for(lambda _, before=before: terminal.rows[3:-2] != before)
            seen += terminal.text
        raw = bytes(terminal.raw)
        terminal.type("q")
    return raw, seen


def test_the_whole_corpus_adds_no_sequence_to_those_of_a_harmless_log(tmp_path: Path) -> None:
    harmless, corpus = tmp_path / "harmless.log", tmp_path / "corpus.log"
    write_corpus(corpus)
    corpus.write_bytes(b"first line\n" + corpus.read_bytes())
    harmless.write_bytes(b"first line\n" + b"12:00:00 [INFO] nothing\n" * 300 + b"12:00:01 [INFO] last line\n")
    own, _ = page_through(harmless)
    raw, seen = page_through(corpus)
    assert kinds(raw) - kinds(own) == set()
    assert "PWN" not in re.sub(rb"[^\x20-\x7e]", b"", b"".join(SEQUENCE.findall(raw))).decode()
    assert "\u2424" not in seen
    assert "␛" in seen
    assert "<U+202E>" in seen
