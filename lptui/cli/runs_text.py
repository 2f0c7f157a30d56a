"""The list of runs as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lptui.model.summary import RunSummary
from lptui.text import format_value, sanitise, short_age, short_bytes, short_number
from lptui.text.width import cut, fit

_COLUMNS = (("state", 9, "<"), ("age", 11, ">"), ("step", 15, ">"), ("restarts", 8, ">"), ("size", 9, ">"))


def table(rows: Sequence[RunSummary], now: float, width: int) -> Iterator[str]:
    """A title and a line each run; the finding takes what is left of `width` cells."""
    name = min(48, max(8, *(len(sanitise(run.name)) for run in rows)))
    metric = min(28, max((len(_metric(run)) for run in rows), default=0))
    columns = [*_COLUMNS, *((("metric", metric, "<"),) if metric else ())]
    head = "  ".join([fit("run", name), *(fit(title, size, align) for title, size, align in columns), "finding"])
    yield cut(head, width).rstrip()
    for run in rows:
        cells = {
            "state": sanitise(run.condition),
            "age": "-" if run.modified_at is None else f"{short_age(now - run.modified_at)} ago",
            "step": _step(run),
            "restarts": str(run.restarts) if run.restarts else "",
            "size": short_bytes(run.size) if run.size is not None else "",
            "metric": _metric(run),
        }
        line = "  ".join(
            [fit(sanitise(run.name), name), *(fit(cells[title], size, align) for title, size, align in columns)]
        )
        yield cut(f"{line}  {_finding(run)}", width).rstrip()


def _step(run: RunSummary) -> str:
    if run.step is None:
        return "" if run.epoch is None else f"epoch {run.epoch}"
    return short_number(run.step) + (f" / {short_number(run.total)}" if run.total else "")


def _metric(run: RunSummary) -> str:
    return f"{sanitise(run.metric)} {format_value(run.value)}" if run.metric and run.value is not None else ""


def _finding(run: RunSummary) -> str:
    if run.severity is None:
        return ""
    more = f" (+{run.findings - 1})" if run.findings > 1 else ""
    return f"{run.severity}: {sanitise(run.finding)}{more}"
