"""Whether a log's lines still tell the step, or only mentioned one in passing while a bar or epochs went on.

`nan at step 48211` is one line of a failure: it is no way of telling how far the training is, and the bar that goes on
below it is. Lines that tell the step have a rhythm; where they fell silent for far longer than that, they tell nothing
any more either. All of it is independent of the order in which blocks of a log are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lptui.state.bars import Table
from lptui.state.run_state import Reported

COUNTED = ("step", "epoch")
"""Fields of which it is kept where another value of them was told before."""
_SILENT = 8.0
"""Lines that told the step are given up after so many times the bytes that lay between the newest two of them."""
_LONG_AFTER = 64 * 1024
_SHORT_BAR = 1000
"""A bar without a name that is shorter than this and than the step of a line may be one of minibatches."""
_WRITTEN = ("declared", "record")


def join_words(old: Reported | None, new: Reported) -> Reported:
    """The newer of two words on one field, and where another value was told before it."""
    if old is None:
        return new
    if new.order == old.order:
        return replace(new, earlier=old.earlier)
    if new.order < old.order:
        if new.value == old.value or (old.earlier is not None and old.earlier >= new.order):
            return old
        return replace(old, earlier=new.order)
    return replace(new, earlier=old.earlier if old.value == new.value else old.order)


def drop_mentions(reported: Table) -> Table:
    """`reported` without the steps of lines that only mentioned one, or that fell silent while a bar goes on."""
    lines = [key for key, said in reported.items() if key[0] == "step" and _is_line(said)]
    if not lines:
        return reported
    bars = [(kind, said) for (name, kind), said in reported.items() if name == "step" and said.form == "bar"]
    gone = {
        key
        for key in lines
        if any(_outlives(bar, kind, key[1], reported) for kind, bar in bars) or _epochs_go_on(key[1], reported)
    }
    return {key: said for key, said in reported.items() if key not in gone} if gone else reported


def _is_line(said: Reported) -> bool:
    return said.form != "bar" and said.form not in _WRITTEN


def _outlives(bar: Reported, kind: str, source: str, reported: Table) -> bool:
    """Whether a bar goes on below the last line of `source` that told a step."""
    line = reported["step", source]
    if kind.rpartition(" bar ")[0] != source:  # positions in two files say nothing of each other
        return line.earlier is None and line.broken and bar.earlier is not None
    if line.earlier is not None:
        return bar.order - line.order > _SILENT * (line.order - line.earlier)
    if bar.order <= line.order:
        return False
    if line.broken or kind.rpartition(" bar ")[2].startswith("1"):
        return True
    total = reported.get(("total", kind))
    inner = max(bar.value, total.value if total is not None else 0.0) < min(line.value, _SHORT_BAR)
    return bar.earlier is not None and (not inner or bar.order - line.order > _LONG_AFTER)


def _epochs_go_on(source: str, reported: Table) -> bool:
    """Whether the only line of `source` with a step was followed by several that tell the epoch alone."""
    line = reported["step", source]
    return line.earlier is None and any(_told_after(line, said) for said in _epochs(source, reported))


def _epochs(source: str, reported: Table) -> Iterator[Reported]:
    for (name, kind), said in reported.items():
        if name == "epoch" and (kind == source or kind.rpartition(" bar ")[0] == source):
            yield said


def _told_after(line: Reported, epoch: Reported) -> bool:
    return epoch.earlier is not None and epoch.earlier > line.order
