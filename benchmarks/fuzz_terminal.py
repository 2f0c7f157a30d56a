"""Hostile logs by the hundred thousand, the whole way to the terminal: what is written there steers it in no way.

    python benchmarks/fuzz_terminal.py [--count 100000] [--seed 1] [--keep FOLDER] [--corpus FILE]

Each case is a small log put together from pieces of every class below (whole, cut anywhere, nested, bits flipped). Its
rows go through the first paint and through the log pane (blocks, wrapped lines, line numbers, scrolled sideways) as
Textual sends them. Nothing may come out but text and our own sequences: colours (SGR), and the moves of the cursor.
Anything else is kept in FOLDER and makes the exit code 1. `--corpus` writes one log with an example of each class.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from lptui.model.log import LogSegment, LogView
from lptui.paint import show_rows
from lptui.text import cell_width
from lptui.text.width import fit
from lptui.tui.widgets.logfolding import FoldingHand
from lptui.tui.widgets.logpaint import Painter
from lptui.tui.widgets.logscroll import Scroll
from lptui.tui.widgets.sgr import sgr_style
from lptui.tui.widgets.spans import Row, row_width
from lptui.tui.widgets.strips import strip_of

OWN = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\d+;\d+H")
FOREIGN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls (C0, C1), directions, invisible characters: none of them is ever ours to write."""
PIECES: dict[str, tuple[bytes, ...]] = {
    "OSC 52": (b"\x1b]52;c;UFdO\x07", b"\x1b]52;p;UFdO\x1b\\", b"\x1b]52;c;?\x07"),
    "OSC 8": (b"\x1b]8;;http://evil.example\x1b\\text\x1b]8;;\x1b\\",),
    "title": (b"\x1b]0;PWN\x07", b"\x1b]2;PWN\x1b\\", b"\x1b]1;PWN", b"\x1bkPWN\x1b\\", b"\x1b[21t"),
    "OSC, others": (
        b"\x1b]4;1;rgb:ff/00/00\x07",
        b"\x1b]11;?\x07",
        b"\x1b]777;notify;a;b\x07",
        b"\x1b]1337;File=:AA\x07",
    ),
    "DCS": (
        b'\x1bP$q"p\x1b\\',
        b"\x1bP+q544e\x1b\\",
        b"\x1bPq#0;2;0;0;0#0~~\x1b\\",
        b"\x1bPtmux;\x1b\x1b]0;x\x07\x1b\\",
    ),
    "APC, PM, SOS": (b"\x1b_Gf=24;AAAA\x1b\\", b"\x1b^PWN\x1b\\", b"\x1bXPWN\x1b\\"),
    "reset": (b"\x1bc", b"\x1b[!p", b"\x1b7", b"\x1b8", b"\x1b#8", b"\x1b=", b"\x1b>"),
    "report": (b"\x1b[6n", b"\x1b[c", b"\x1b[>c", b"\x1b[5n", b"\x1b[?2026$p", b"\x05", b"\x1b[>q"),
    "cursor": (
        b"\x1b[2J\x1b[H",
        b"\x1b[10A",
        b"\x1b[3J",
        b"\x1b[5;6r",
        b"\x1b[K",
        b"\x1b[1;1H",
        b"\x1bM",
        b"\x1bD",
        b"\x1b[s",
    ),
    "modes": (
        b"\x1b[?1049l",
        b"\x1b[?1000h",
        b"\x1b[?25l",
        b"\x1b[4h",
        b"\x1b[?2004l",
        b"\x1b[<u",
        b"\x1b[>1u",
        b"\x1b[20h",
    ),
    "character sets": (b"\x0e", b"\x0f", b"\x1b(0", b"\x1b)B", b"\x1b%G", b"\x1bN", b"\x1b~"),
    "C1": (*(bytes([0xC2, n]) for n in range(0x80, 0xA0)), b"\x9b2J", b"\x9d0;PWN\x9c", b"\x90q\x9c", b"\x85", b"\x84"),
    "C0": (*(bytes([n]) for n in range(32) if n != 10), b"\x7f", b"\x00" * 50, b"a\x08\x08b", b"\r\r"),
    "bidi": tuple(chr(n).encode() for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x61C)),
    "invisible": tuple(
        chr(n).encode() for n in (0xAD, 0x200B, 0x200D, 0xFEFF, 0xE0041, 0x2028, 0x2029, 0xFFF9, 0xFE0F)
    ),
    "invalid UTF-8": (
        b"\xff\xfe",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xc0\x9b",
        b"\xe0\x80\x9b",
        b"\xf4\x90\x80\x80",
    ),
    "combining": (b"e" + "\u0301".encode() * 60, "\u0e33\u0345\u20dd".encode() * 9, "a\U0001d167\u0488".encode()),
    "wide": (
        "漢字".encode() * 3,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467".encode(),
        "\U0001f1e9\U0001f1ea".encode(),
        "ﷺ꧁".encode(),
    ),
    "markup": (
        b"[bold red]x[/]",
        b"[link=http://evil]x[/link]",
        b"[@click=app.quit]q[/]",
        b"\\[",
        b"[/]",
        b"[not closed",
    ),
    "SGR": (
        b"\x1b[31m",
        b"\x1b[1;38;5;208m",
        b"\x1b[38:2::1:2:3m",
        b"\x1b[0m",
        b"\x1b[5;8m",
        b"\x1b[" + b"1;" * 60 + b"m",
        b"\x1b[;;m",
    ),
    "escape": (
        b"\x1b",
        b"\x1b[",
        b"\x1b]",
        b"\x1bP",
        b"\x1b[1;",
        b"\x1b\x1b",
        b"\x1b[31",
        b"\x1b[ q",
        b"\x1b[\x18",
        b"\x1b[1\n2J",
    ),
    "JSON": (b'{"level":"error","message":"\\u001b]52;c;UFdO\\u0007 \\u202e \\u009b2J"}', b'{"a":"\\ud800\\u0000"}'),
    "traceback": (
        b'\nTraceback (most recent call last):\n  File "\x1b]0;PWN\x07.py", line 1, in \x9b2J\nValueError: \x1bc\n',
    ),
    "log": (
        b"\n",
        b"\n12:00:00 [INFO] ",
        b"\n2026-03-01 12:00:00,000 - ERROR - ",
        b"step=1 ",
        b" 50%|####    | 5/10\r",
        b"\t",
    ),
    "length": (b"x" * 300, b" " * 200, b"y" * 79),
}
WIDTHS = (4, 20, 60, 79, 80, 120)
_CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=80, legacy_windows=False)


def make_case(dice: random.Random) -> bytes:
    """One small log."""
    parts: list[bytes] = []
    for _ in range(dice.randrange(1, 14)):
        piece = dice.choice(PIECES[dice.choice(list(PIECES))])
        match dice.randrange(8):
            case 0:
                piece = piece[: dice.randrange(len(piece) + 1)]
            case 1:
                piece = piece[dice.randrange(len(piece)) :]
            case 2:
                piece = dice.randbytes(dice.randrange(1, 30))
            case 3:
                other = dice.choice(PIECES[dice.choice(list(PIECES))])
                at = dice.randrange(len(piece))
                piece = piece[:at] + other + piece[at:]
            case 4:
                at = dice.randrange(len(piece))
                piece = piece[:at] + bytes([piece[at] ^ 1 << dice.randrange(8)]) + piece[at + 1 :]
            case _:
                pass
        parts.append(piece)
    return b"".join(parts)


def draw_rows(data: bytes, width: int, dice: random.Random) -> list[Row]:
    """What the log pane shows of `data` at its end."""
    painter = Painter()
    painter.width, painter.wrap = width, dice.random() < 0.3
    painter.numbers, painter.left = dice.random() < 0.2, dice.choice((0, 0, 0, 1, 7, 80))
    hand = FoldingHand(LogView("x.log", (LogSegment(0, 0, len(data)),), data, 0))
    painter.hand = hand
    slots = Scroll(hand, painter.count).page(40)
    painter.chosen = slots[0].unit.start if dice.random() < 0.2 and slots and slots[0].unit is not None else None
    for slot in slots:
        if slot.unit is not None and dice.random() < 0.3:
            painter.toggle(slot.unit, hand)
    return [painter.row(slot, hand, "cursor") for slot in Scroll(hand, painter.count).page(40)]


def send(row: Row, width: int) -> str:
    """A row as Textual writes it."""
    segments = [Segment(text, _style(name)) for text, name in row if text]
    return strip_of(segments, row_width(row), width, Style.null()).render(_CONSOLE)


def _style(name: str) -> Style:
    style = Style.null()
    for word in name.split(" "):
        style += sgr_style(word[4:]) if word.startswith("sgr:") else Style(color="red") if word else style
    return style


def judge(data: bytes, width: int, dice: random.Random) -> list[str]:
    """What is wrong with what reaches the terminal of a log."""
    found: list[str] = []
    for row in show_rows(data, 40):
        found += _look(fit(row, width), width, "first paint")
    for row in draw_rows(data, width, dice):
        found += _look(send(row, width), width, "log pane")
    return found


def _look(text: str, width: int, where: str) -> list[str]:
    rest = OWN.sub("", text)
    found = [f"{where}: {char!r}" for char in FOREIGN.findall(rest)]
    if cell_width(rest) != width:
        found.append(f"{where}: {cell_width(rest)} cells of {width}")
    return found


def write_corpus(path: Path) -> None:
    """A log with each piece of each class, and a last line."""
    lines = [b"12:00:00 [INFO] " + name.encode() + b": " + piece for name, some in PIECES.items() for piece in some]
    path.write_bytes(b"\n".join(lines) + b"\n12:00:01 [INFO] last line\n")


def main(argv: list[str] | None = None, tell: Callable[[str], object] = print) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--corpus", type=Path)
    args = parser.parse_args(argv)
    if args.corpus is not None:
        write_corpus(args.corpus)
        return 0
    bad, size, begun, slowest = Counter[str](), 0, time.process_time(), 0.0
    for number in range(args.count):
        dice = random.Random(args.seed * 1_000_003 + number)
        data, width, start = make_case(dice), dice.choice(WIDTHS), time.process_time()
        found = judge(data, width, dice)
        size, slowest = size + len(data), max(slowest, time.process_time() - start)
        bad.update(found)
        if found and args.keep is not None:
            args.keep.mkdir(parents=True, exist_ok=True)
            (args.keep / f"{args.seed}-{number}-{width}.log").write_bytes(data)
    spent = time.process_time() - begun
    tell(f"{args.count:,} logs, {size / 1e6:.0f} MB, {spent:.0f} CPU s, slowest {1000 * slowest:.0f} ms")
    tell(f"sequences, controls or directions that got through, and rows of a wrong width: {sum(bad.values())}")
    for what, times in bad.most_common(20):
        tell(f"  {times:6} {what}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
