from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.formats.traceback import Frame, Traceback, find_tracebacks

PLAIN = b"""\
before
Traceback (most recent call last):
  File "/home/me/train.py", line 214, in <module>
    main()
    ~~~~^^
  File "/home/me/rl/trainer.py", line 388, in train
    loss.backward()
  [Previous line repeated 3 more times]
  File "/home/me/.venv/lib/python3.11/site-packages/torch/_tensor.py", line 581, in backward
    torch.autograd.backward(
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB
after
"""
FRAMES = (
    Frame("/home/me/train.py", 214, "<module>"),
    Frame("/home/me/rl/trainer.py", 388, "train"),
    Frame("/home/me/.venv/lib/python3.11/site-packages/torch/_tensor.py", 581, "backward"),
)
MESSAGE = "CUDA out of memory. Tried to allocate 2.50 GiB"


def one(data: bytes) -> Traceback:
    (found,) = find_tracebacks(data)
    return found


def test_plain() -> None:
    found = one(PLAIN)
    assert found.frames == FRAMES
    assert (found.exception, found.message) == ("torch.OutOfMemoryError", MESSAGE)
    assert PLAIN[found.start :].startswith(b"Traceback")
    assert PLAIN[found.end :] == b"after\n"
    assert found.user_frame == FRAMES[1]
    assert found.root is None
    assert found.origin is found


def label(text: bytes, before: bytes) -> bytes:
    return b"".join(before + line + b"\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "before", [b"[rank2]: ", b"[rank2]:", b"(RayTrainWorker pid=12, ip=10.0.0.1) ", b"ERROR 03-23 21:33:26 [x.py:2] "]
)
def test_behind_a_label(before: bytes) -> None:
    found = one(label(PLAIN, before))
    assert found.frames == FRAMES
    assert (found.exception, found.message) == ("torch.OutOfMemoryError", MESSAGE)


def test_a_clock_in_the_label_may_move_on() -> None:
    lines = PLAIN.splitlines()
    block = b"".join(b"ERROR 03-23 21:33:%02d " % second + line + b"\n" for second, line in enumerate(lines))
    assert one(block).frames == FRAMES


def test_two_ranks_at_once() -> None:
    other = PLAIN.replace(b"OutOfMemoryError", b"OtherError")
    pairs = zip(PLAIN.splitlines(), other.splitlines(), strict=True)
    block = b"".join(b"[rank0]: " + left + b"\n[rank1]: " + right + b"\n" for left, right in pairs)
    first, second = find_tracebacks(block)
    assert (first.exception, second.exception) == ("torch.OutOfMemoryError", "torch.OtherError")
    assert first.frames == second.frames == FRAMES


def test_behind_a_progress_bar() -> None:
    found = one(PLAIN.replace(b"before\n", b"Steps:   0%|   | 0/70 [00:00<?, ?it/s]"))
    assert found.frames == FRAMES
    assert found.start == 0


CAUSE = b"""\
Traceback (most recent call last):
  File "a.py", line 1, in f
    {}["k"]
KeyError: 'k'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 5, in g
ValueError: bad
  with a second line

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "a.py", line 9, in h
RuntimeError
done
"""


@pytest.mark.parametrize("before", [b"", b"[rank0]: "])
def test_a_chain_is_one_and_its_root_the_first(before: bytes) -> None:
    block = label(CAUSE, before)
    found = one(block)
    assert (found.exception, found.message, found.frames) == ("RuntimeError", "", (Frame("a.py", 9, "h"),))
    assert found.root is not None
    assert (found.root.exception, found.root.message) == ("KeyError", "'k'")
    assert found.root.frames == (Frame("a.py", 1, "f"),)
    assert found.start == found.root.start == 0
    assert block[found.end :] == before + b"done\n"


def test_two_without_a_link_are_two() -> None:
    found = find_tracebacks(CAUSE.replace(b"During handling", b"After").replace(b"The above", b"That"))
    assert [traceback.exception for traceback in found] == ["KeyError", "ValueError", "RuntimeError"]
    assert all(traceback.root is None for traceback in found)
    assert found[1].message == "bad\nwith a second line"


def test_the_worker_of_a_data_loader_is_the_root() -> None:
    block = (
        PLAIN.replace(
            b"torch.OutOfMemoryError: CUDA out", b"IndexError: Caught IndexError in DataLoader worker process 0.\n#"
        )
        .replace(b"#", b"Original Traceback (most recent call last):\n#")
        .replace(b"#", b'  File "/home/me/data.py", line 7, in __getitem__\n    return x[9]\nIndexError: out')
    )
    found = one(block)
    assert (found.exception, found.message) == ("IndexError", "Caught IndexError in DataLoader worker process 0.")
    assert found.origin.user_frame == Frame("/home/me/data.py", 7, "__getitem__")
    assert found.origin.message.startswith("out of memory")
    assert block[found.end :] == b"after\n"


def test_a_spawned_process_is_the_root() -> None:
    block = (
        b'Traceback (most recent call last):\n  File "train.py", line 1, in <module>\n'
        b"torch.multiprocessing.spawn.ProcessRaisedException: \n\n-- Process 3 terminated with the following error:\n"
        b'Traceback (most recent call last):\n  File "work.py", line 2, in work\nValueError: no\n'
    )
    assert one(block).origin.exception == "ValueError"


def test_cut_off() -> None:
    found = one(PLAIN[: PLAIN.index(b"torch.Out")])
    assert (found.exception, found.frames) == ("", FRAMES)
    assert find_tracebacks(b"Traceback (most recent call last):\n") == ()
    assert find_tracebacks(b"") == ()


def test_a_group() -> None:
    block = b"""\
  + Exception Group Traceback (most recent call last):
  |   File "g.py", line 3, in <module>
  |     raise ExceptionGroup("two", errors)
  | ExceptionGroup: two (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "g.py", line 9, in f
    | KeyError: 1
    +------------------------------------
"""
    found = find_tracebacks(block)
    assert [(traceback.exception, traceback.frames[0].line) for traceback in found] == [
        ("ExceptionGroup", 3),
        ("KeyError", 9),
    ]


@pytest.mark.parametrize(
    ("path", "library"),
    [
        ("/x/lib/python3.11/site-packages/torch/a.py", True),
        ("/usr/lib/python3/dist-packages/a.py", True),
        ("/usr/lib/python3.11/runpy.py", True),
        ("<frozen runpy>", True),
        ("C:\\Python311\\Lib\\multiprocessing\\spawn.py", True),
        ("/home/me/lib/python_code/a.py", False),
        ("tools/train.py", False),
        ("C:\\me\\train.py", False),
    ],
)
def test_whose_code(path: str, library: bool) -> None:
    assert Frame(path, 1, "f").in_library is library


BOX = """\
╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /home/me/train.py:10 in outer                                                │
│                                                                              │
│    7 │   return {}["k"]                                                      │
│ ❱ 10 │   │   inner(1)                                                        │
│   12 see other.py:3 in there                                                 │
│                                                                              │
│ ╭─ locals ─╮                                                                 │
│ │ x = 1    │                                                                 │
│ ╰──────────╯                                                                 │
│                                                                              │
│ /home/me/a/very/long/path/that/does/not/fit/into/the/box/because/it/is/long/ │
│ module.py:7 in                                                               │
│ inner                                                                        │
│                                                                              │
│ ❱  7 │   return {}["k"]                                                      │
╰──────────────────────────────────────────────────────────────────────────────╯
KeyError: 'k'

The above exception was the direct cause of the following exception:

╭───────────────────── Traceback (most recent call last) ──────────────────────╮
│ /home/me/train.py:18 in <module>                                             │
│                                                                              │
│ ❱ 18 outer()                                                                 │
╰──────────────────────────────────────────────────────────────────────────────╯
ValueError: bad value with a rather long explanation that will be wrapped by
rich at the width of the console
after
"""
LONG = "bad value with a rather long explanation that will be wrapped by rich at the width of the console"


@pytest.mark.parametrize("indent", ["", " " * 27], ids=["bare", "behind a handler's margin"])
def test_boxes(indent: str) -> None:
    block = "".join(indent + line + "\n" if line != "after" else line + "\n" for line in BOX.splitlines()).encode()
    found = one(block)
    assert (found.exception, found.message) == ("ValueError", LONG)
    assert found.frames == (Frame("/home/me/train.py", 18, "<module>"),)
    assert found.root is not None
    long_path = "/home/me/a/very/long/path/that/does/not/fit/into/the/box/because/it/is/long/module.py"
    assert found.root.frames == (Frame("/home/me/train.py", 10, "outer"), Frame(long_path, 7, "inner"))
    assert (found.root.exception, found.root.message) == ("KeyError", "'k'")
    assert block[found.end :] == b"after\n"


def test_a_box_cut_off() -> None:
    found = one(BOX.split("╰─────────────────")[0].encode())
    assert found.frames[0] == Frame("/home/me/train.py", 10, "outer")
    assert found.exception == ""


PIECES = [*PLAIN.splitlines(), *CAUSE.splitlines(), *BOX.encode().splitlines(), b"[rank0]: ", b"\x1b[1m", b"\xe2"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=40), st.sampled_from([b"\n", b"\r\n"])
)
def test_garbage_never_raises(pieces: list[bytes], newline: bytes) -> None:
    block = newline.join(pieces)
    last = -1
    for found in find_tracebacks(block):
        assert last < found.start <= found.end <= len(block)
        last = found.start


def test_windows_newlines() -> None:
    found = one(PLAIN.replace(b"\n", b"\r\n"))
    assert (found.frames, found.message) == (FRAMES, MESSAGE)
