"""Which of a log's progress bars tells how far the training is, and its pace where it prints none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lptui.formats.progress import Progress
from lptui.state.run_state import Reported

ELSEWHERE = ("validation", "test", "other")
WATCHED = "watched"
"""The field that holds the reading which later ones of a bar without a rate are compared with."""
_FORGOTTEN = 1024 * 1024
"""A bar that was not drawn for so many bytes while another one was tells nothing any more."""
_FAR = 4.0
"""Counts of one thing, a line's and a bar's, differ by less than this factor."""
_MOST = 12
_LONGEST_LABEL = 40
_LEAST_WATCHED, _LONG_WATCHED = 5.0, 60.0
"""Seconds between two readings that tell a pace; after how many the older one is given up."""

Table = Mapping[tuple[str, str], Reported]


def name_bar(line: Progress) -> str:
    """What tells one bar of a source from another: its label without numbers, else its total."""
    label = re.sub(r"\d+", "#", line.label).strip()[:_LONGEST_LABEL]
    wanted = "1" if line.role in ("training", "epochs") else "0"
    return f"bar {wanted} {label or line.total_steps}"


def watch(old: Reported | None, new: Reported) -> tuple[Reported, float | None]:
    """(the reading to compare later ones with, steps/s) of a bar that tells no rate; `at` is when it was read."""
    if old is None or old.at is None or new.at is None or new.value < old.value or new.at < old.at:
        return new, None
    seconds = new.at - old.at
    rate = (new.value - old.value) / seconds if seconds >= _LEAST_WATCHED and new.value > old.value else None
    return (new if seconds >= _LONG_WATCHED else old), rate


def keep_bars(reported: Table) -> dict[tuple[str, str], Reported]:
    """`reported` with the newest few bars of all that were seen: labels may be endless."""
    newest: dict[str, float] = {}
    for (_, kind), said in reported.items():
        if said.form == "bar":
            newest[kind] = max(newest.get(kind, said.order), said.order)
    gone = set(sorted(newest, key=lambda kind: newest[kind])[:-_MOST])
    return {key: said for key, said in reported.items() if key[1] not in gone}


def choose_bar(reported: Table) -> Iterator[tuple[tuple[str, str], Reported]]:
    """`reported` without the bars that do not tell how far the training is.

    Of each source one counts: a bar that names the training before one that names nothing, one that still runs before
    one that is full, the longer before the shorter (an evaluation within a training), then the newer.
    """
    bars: dict[str, dict[str, Reported]] = {}
    for (name, kind), said in reported.items():
        if said.form == "bar":
            bars.setdefault(kind, {})[name] = said
    newest = _newest_orders(bars)
    best: dict[str, str] = {}
    for kind in bars:
        source = kind.rpartition(" bar ")[0]
        if source not in best or _weight(bars, kind, newest[source]) > _weight(bars, best[source], newest[source]):
            best[source] = kind
    chosen = set(best.values())
    for key, said in reported.items():
        # An outer bar tells the epoch, whichever bar tells the step.
        if said.form != "bar" or key[1] in chosen or key[0] == "epoch":
            yield key, said


def _newest_orders(bars: Mapping[str, Mapping[str, Reported]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, table in bars.items():
        source = kind.rpartition(" bar ")[0]
        found[source] = max(found.get(source, 0.0), *(said.order for said in table.values()))
    return found


def _weight(
    bars: Mapping[str, Mapping[str, Reported]], kind: str, newest: float
) -> tuple[bool, bool, bool, float, float]:
    table = bars[kind]
    step, total = table.get("step"), table.get("total")
    order = max(said.order for said in table.values())
    running = step is not None and (total is None or step.value < total.value)
    named = kind.rpartition(" bar ")[2].startswith("1")
    return (
        step is not None and newest - order <= _FORGOTTEN,
        named,
        running,
        total.value if total is not None else 0.0,
        order,
    )


def drop_other_units(reported: dict[tuple[str, str], Reported]) -> dict[tuple[str, str], Reported]:
    """`reported` without the total and rate of bars that count something else than the step that lines tell."""
    lines = [said.value for (name, _), said in reported.items() if name == "step" and said.form != "bar"]
    if not lines:
        return reported
    step = max(lines)
    others = {
        kind
        for (name, kind), said in reported.items()
        if name == "step" and said.form == "bar" and not step / _FAR <= max(1.0, said.value) <= max(1.0, step) * _FAR
    }
    return {key: said for key, said in reported.items() if key[1] not in others or key[0] == "epoch"}
