"""Confirming: lines as a reader takes them, tracebacks as one thing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lptui.detect.catalogue import load_catalogue
from lptui.detect.confirm import RECOVERY, UNCAUGHT, Hit, find_hits
from lptui.detect.scanner import make_scanner

SCANNER = make_scanner(load_catalogue(), use_re2=True)


def read(text: str, lead: str = "") -> list[Hit]:
    found = find_hits(SCANNER, text.encode(), len(lead.encode()), lead.encode())
    return [h for h in found if h.key != RECOVERY]


def classes(text: str, lead: str = "") -> list[str]:
    return [h.key for h in read(text, lead)]


CRASH = """\
Traceback (most recent call last):
  File "/home/me/run/train.py", line 88, in <module>
    main()
  File "/home/me/run/loop.py", line 12, in main
    raise RuntimeError("CUDA out of memory")  # simulated
  File "/opt/env/lib/python3.11/site-packages/torch/nn/functional.py", line 9, in f
    return g(x)
{last}
"""


def test_program_text_in_a_traceback_is_no_failure() -> None:
    found = read(CRASH.format(last="KeyError: 'reward'"))
    assert [(h.key, h.frame) for h in found] == [(UNCAUGHT, "/home/me/run/loop.py:12 in main")]
    assert found[0].text == "KeyError: 'reward'"
    assert dict(found[0].groups)["exception"] == "KeyError: 'reward'"


def test_a_known_exception_has_the_users_frame() -> None:
    (hit,) = read(CRASH.format(last="ModuleNotFoundError: No module named 'einops'"))
    assert (hit.key, hit.frame) == ("import-error", "/home/me/run/loop.py:12 in main")
    assert dict(hit.groups)["module"] == "einops"


def test_a_traceback_that_began_in_the_block_before() -> None:
    text = CRASH.format(last="KeyError: 'reward'")
    cut = text.index('  File "/opt')
    assert classes(text[:cut]) == []
    (hit,) = read(text[cut:], lead=text[:cut])
    assert (hit.key, hit.frame) == (UNCAUGHT, "/home/me/run/loop.py:12 in main")
    assert hit.position == text.index("KeyError")


def test_a_traceback_longer_than_the_lead() -> None:
    lead = '  File "/home/me/a.py", line 3, in a\n    b()\n  File "/home/me/b.py", line 4, in b\n    c()\n'
    assert [(h.key, h.frame) for h in read("ZeroDivisionError: division by zero\n", lead)] == [
        (UNCAUGHT, "/home/me/b.py:4 in b")
    ]


def test_one_traceback_is_told_once_whatever_block_ends_it() -> None:
    text = CRASH.format(last="KeyError: 'reward'") + "after\n"
    whole = [(h.key, h.position, h.frame) for h in read(text)]
    for cut in [i + 1 for i, c in enumerate(text) if c == "\n"][:-1]:
        parts = read(text[:cut]) + read(text[cut:], lead=text[:cut])
        assert [(h.key, h.position, h.frame) for h in parts] == whole, text[:cut]


def test_chained_exceptions_tell_the_first() -> None:
    first = CRASH.format(last="ZeroDivisionError: division by zero")
    link = "\nDuring handling of the above exception, another exception occurred:\n\n"
    (hit,) = read(first + link + CRASH.format(last="ValueError: could not report"))
    assert hit.key == UNCAUGHT
    assert hit.text == "ValueError: could not report (from ZeroDivisionError: division by zero)"


def test_ranks_and_prefixes() -> None:
    text = "".join(f"[rank{r}]: RuntimeError: CUDA error: device-side assert triggered\n" for r in (0, 3))
    assert [(h.key, h.rank) for h in read(text)] == [("cuda-device-side-assert", 0), ("cuda-device-side-assert", 3)]


def test_labelled_traceback() -> None:
    text = "".join(f"[rank1]: {line}\n" for line in CRASH.format(last="KeyError: 'a'").splitlines())
    assert [(h.key, h.rank) for h in read(text)] == [(UNCAUGHT, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "[INFO] hub: cannot reach server: Connection refused, retrying (1/5)\n",
        "[WARNING] CUDA out of memory, skipping this batch\n",
        "12:00:00 [INFO] docs: Segmentation fault and other signals are listed in the manual\n",
        "     41     raise RuntimeError('CUDA out of memory')\n",
        "---> 12 raise ValueError('loss is nan')\n",
        "Exception ignored in: <function x at 0x7f>\n" + CRASH.format(last="TypeError: None"),
        "answer: you get CUDA out of memory when the model is large\n",
    ],
)
def test_what_is_no_failure(text: str) -> None:
    assert classes(text) == []


def test_a_retry_line_is_remembered_as_recovery() -> None:
    found = find_hits(SCANNER, b"x.Error: 503 Server Error: busy\nRetrying in 5 seconds, SSLError\n", 0)
    assert RECOVERY in [h.key for h in found]


def test_carriage_returns_and_colours() -> None:
    bar = " 41%|####      | 41/100 [00:10<00:14]\r 42%|####      | 42/100 [00:10<00:14]"
    (hit,) = read(bar + "\x1b[31mRuntimeError: CUDA error: out of memory\x1b[0m\n")
    assert hit.key == "cuda-oom"
    assert hit.position == bar.index("\r") + 1


def test_notebook_traceback() -> None:
    text = (
        "-" * 75 + "\nAttributeLikeError                      Traceback (most recent call last)\n"
        "Cell In[5], line 3\n      1 x = 1\n----> 3 y\n\nAttributeLikeError: no y here\n"
    )
    assert [(h.key, h.text) for h in read("\n" + text)] == [(UNCAUGHT, "AttributeLikeError: no y here")]


def test_a_wrapped_message_is_joined() -> None:
    text = "RuntimeError: The server socket has failed to bind to [::]:29500 (errno: 98 -\nAddress already in use).\n"
    assert dict(read(text)[0].groups).get("port") == "29500"


TRACEBACKS = (Path(__file__).parent / "texts_raised" / "tracebacks.txt").read_text(encoding="utf-8")
"""Loguru, Ray, chains, groups, programs that cannot be read: `=== class | text | frame`, then the lines."""


@pytest.mark.parametrize("part", re.split(r"^=== ", TRACEBACKS, flags=re.MULTILINE)[1:])
def test_a_traceback_is_one_thing(part: str) -> None:
    wanted, _, text = part.partition("\n")
    assert [f"{h.key} | {h.text} | {h.frame}" for h in read(text)] == [wanted]


@pytest.mark.parametrize("part", re.split(r"^=== ", TRACEBACKS, flags=re.MULTILINE)[1:])
def test_a_traceback_in_pieces_has_no_other_class(part: str) -> None:
    wanted, _, text = part.partition("\n")
    for cut in [i + 1 for i, c in enumerate(text) if c == "\n"][:-1]:
        assert wanted.split(" | ")[0] in classes(text[:cut]) + classes(text[cut:], lead=text[:cut]), text[:cut]
        assert {wanted.split(" | ")[0], UNCAUGHT} >= set(classes(text[:cut]) + classes(text[cut:], lead=text[:cut]))
