"""What log lines say of progress and life cycle, folded; and the time that is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import isfinite

from lptui.formats.progress import Lifecycle
from lptui.formats.progress import Progress as ProgressLine
from lptui.model.events import DatedFact, Facts
from lptui.state.run_state import Milestone, Progress, Reported, RunState

MILESTONES = 4000
TOTAL_KEYS = (
    "trainer.total_timesteps",
    "total_timesteps",
    "trainer.max_steps",
    "max_steps",
    "training.total_timesteps",
    "total_steps",
)


def add_facts(state: RunState, event: Facts) -> RunState:
    """`state` with the milestones and the newest progress of a block, whatever order blocks come in."""
    found: list[Milestone] = []
    said: list[tuple[str, Reported]] = []
    for dated in event.facts:
        fact = dated.fact
        if isinstance(fact, Lifecycle):
            value = "" if fact.value is None else str(fact.value)
            found.append(Milestone(event.file, dated.position, fact.kind, value, dated.at))
        elif isinstance(fact, ProgressLine):
            said += _read_line(fact, dated)
    if found:
        known = {(m.file, m.position, m.kind): m for m in (*state.milestones, *found)}
        merged = sorted(known.values(), key=lambda m: (m.file, m.position))
        state = replace(state, milestones=tuple(merged[-MILESTONES:]))
    return report(state, event.file, said)


def _read_line(line: ProgressLine, dated: DatedFact) -> Iterator[tuple[str, Reported]]:
    fields = ("step", line.step), ("total", line.total_steps), ("epoch", line.epoch), ("rate", line.steps_per_second)
    for name, value in fields:
        if value is not None and isfinite(value):
            resolution = line.step_resolution if name == "step" else 1
            yield name, Reported(float(value), float(dated.position), dated.at, line.form, resolution)


def report(state: RunState, source: str, said: Iterable[tuple[str, Reported]]) -> RunState:
    """`state` with what one source says of progress: of each field the newest word of each source is kept."""
    reported = dict(state.reported)
    for name, new in said:
        kind = f"{source} {new.form}" if new.form in ("declared", "record") else source
        old = reported.get((name, kind))
        if old is None or new.order >= old.order:
            reported[name, kind] = new
    if reported == state.reported:
        return state
    return replace(state, reported=reported, progress=_merge(reported, state.progress))


def _merge(reported: Mapping[tuple[str, str], Reported], before: Progress) -> Progress:
    """The newest word on each field over all sources."""
    step, total, epoch, rate = (_newest(reported, name) for name in ("step", "total", "epoch", "rate"))
    times = [r.at for r in reported.values() if r.at is not None]
    return Progress(
        None if step is None else int(step),
        None if total is None else int(total),
        None if epoch is None else int(epoch),
        rate,
        max(times, default=None),
        before.eta,
    )


def _newest(reported: Mapping[tuple[str, str], Reported], name: str) -> float | None:
    said = [r for (field, _), r in reported.items() if field == name]
    # A bar may count anything (an evaluation, a download): it is heard only where nothing else speaks.
    said = [r for r in said if r.form != "bar"] or said
    if any(r.form == "declared" for r in said):
        said = [r for r in said if r.form != "record"]  # W&B's own step may be per rank, or count calls
    if not said:
        return None
    newest = max(said, key=lambda r: (r.at if r.at is not None else float("-inf"), r.order))
    # A share of a total is coarse; a sharper word that agrees with it is the better one.
    near = [
        r.value for r in said if r.resolution < newest.resolution and abs(r.value - newest.value) <= newest.resolution
    ]
    return max(near, default=newest.value)


def refresh_eta(state: RunState) -> Progress:
    """Progress with its total (from the configuration when no line said it) and the seconds that are left."""
    progress = state.progress
    total = _newest_total(state)
    eta = None
    if total and progress.step is not None and progress.steps_per_second:
        eta = max(0.0, (total - progress.step) / progress.steps_per_second)
    if state.life.condition in ("finished", "crashed"):
        eta = None
    if total == progress.total and eta == progress.eta:
        return progress
    return replace(progress, total=total, eta=eta)


def _newest_total(state: RunState) -> int | None:
    said = _newest(state.reported, "total")
    return int(said) if said else _configured_total(state)


def _configured_total(state: RunState) -> int | None:
    rows = dict(state.config)
    for key in TOTAL_KEYS:
        try:
            return int(float(rows[key].replace("_", ""))) or None
        except (KeyError, ValueError):
            continue
    return None
