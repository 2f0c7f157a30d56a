"""What log lines say of progress and life cycle, folded; and the time that is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from math import isfinite

from lptui.formats.progress import Lifecycle
from lptui.formats.progress import Progress as ProgressLine
from lptui.model.events import DatedFact, Facts
from lptui.state.bars import ELSEWHERE, WATCHED, choose_bar, drop_other_units, keep_bars, name_bar, watch
from lptui.state.mentions import COUNTED, drop_mentions, join_words
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
EPOCHS_KEYS = ("trainer.max_epochs", "max_epochs", "trainer.num_epochs", "num_epochs", "num_train_epochs", "epochs")
"""Planned epochs of the training. Not `n_epochs` and the like: PPO's passes over one batch."""


def add_facts(state: RunState, event: Facts) -> RunState:
    """`state` with the milestones and the newest progress of a block, whatever order blocks come in."""
    found: list[Milestone] = []
    said: list[tuple[str, Reported]] = []
    watched: list[Reported] = []
    for dated in event.facts:
        fact = dated.fact
        if isinstance(fact, Lifecycle):
            value = "" if fact.value is None else str(fact.value)
            found.append(Milestone(event.file, dated.position, fact.kind, value, dated.at))
        elif isinstance(fact, ProgressLine):
            said += _read_line(fact, dated)
            watched += _watch_bar(fact, dated, event)
    if found:
        known = {(m.file, m.position, m.kind): m for m in (*state.milestones, *found)}
        merged = sorted(known.values(), key=lambda m: (m.file, m.position))
        state = replace(state, milestones=tuple(merged[-MILESTONES:]))
    return _add_watched(report(state, event.file, said), event.file, watched)


def _read_line(line: ProgressLine, dated: DatedFact) -> Iterator[tuple[str, Reported]]:
    """What a line says of each field; an evaluation tells nothing of the training."""
    if line.form == "bar" and line.role in ELSEWHERE:
        return
    bar = name_bar(line) if line.form == "bar" else ""
    total = "planned" if line.form == "plan" else "total"  # among settings: what it counts is not certain
    fields = ("step", line.step), (total, line.total_steps), ("epoch", line.epoch), ("rate", line.steps_per_second)
    planned = None if line.form in ("bar", "table") else line.epochs
    more = ("epoch steps", line.epoch_steps), ("planned epochs", planned), ("share", line.share)
    for name, value in (*fields, *more):
        if value is not None and isfinite(value):
            resolution = line.step_resolution if name == "step" else 1
            broken = name == "step" and not all(isfinite(number) for _, number in line.metrics)
            at, order = dated.at, float(dated.position)
            yield name, Reported(float(value), order, at, line.form, resolution, bar, broken=broken)


def _watch_bar(line: ProgressLine, dated: DatedFact, event: Facts) -> Iterator[Reported]:
    """The step (or share) of a bar without a rate, with when it was read: while it is watched its pace shows."""
    wanted = line.form == "bar" and line.role not in ELSEWHERE and line.steps_per_second is None
    value = line.step if line.step is not None else line.share
    if wanted and value is not None and not event.backfill:
        at = event.seen_at if dated.at is None else dated.at
        yield Reported(float(value), float(dated.position), at, "bar", 1, name_bar(line))


def _add_watched(state: RunState, source: str, watched: Iterable[Reported]) -> RunState:
    """`state` with the pace of bars that print none, from their successive readings."""
    reported = dict(state.reported)
    rates: list[tuple[str, Reported]] = []
    for new in watched:
        key = WATCHED, _kind(source, new)
        reported[key], rate = watch(reported.get(key), new)
        if rate is not None:
            name = "share rate" if ("share", key[1]) in reported else "rate"
            rates.append((name, replace(new, value=rate, at=None)))
    if not watched:
        return state
    return report(replace(state, reported=reported), source, rates)


def report(state: RunState, source: str, said: Iterable[tuple[str, Reported]]) -> RunState:
    """`state` with what one source says of progress: of each field the newest word of each source is kept."""
    reported = dict(state.reported)
    for name, new in said:
        kind = _kind(source, new)
        old = reported.get((name, kind))
        if name in COUNTED:
            reported[name, kind] = join_words(old, new)
        elif old is None or new.order >= old.order:
            reported[name, kind] = new
    if reported == state.reported:
        return state
    reported = keep_bars(reported)
    return replace(state, reported=reported, progress=_merge(reported, state.progress))


def _kind(source: str, said: Reported) -> str:
    """One source's words of one kind: what it declares, what it records, and each of its bars, stand apart."""
    return f"{source} {said.bar or said.form}" if said.bar or said.form in ("declared", "record") else source


def _merge(reported: Mapping[tuple[str, str], Reported], before: Progress) -> Progress:
    """The newest word on each field over all sources."""
    reported = _heard(reported)
    names = ("step", "total", "epoch", "rate", "share")
    step, total, epoch, rate, share = (_newest(reported, name) for name in names)
    times = [r.at for (name, _), r in reported.items() if r.at is not None and name != WATCHED]
    return Progress(
        None if step is None else int(step),
        None if total is None else int(total),
        None if epoch is None else int(epoch),
        rate,
        max(times, default=None),
        before.eta,
        share if step is None else None,
    )


def _heard(reported: Mapping[tuple[str, str], Reported]) -> Mapping[tuple[str, str], Reported]:
    """What tells how far the training is: of several bars one, and none that counts something else than its lines;
    lines that mentioned a step in passing are not heard."""
    return drop_other_units(dict(choose_bar(drop_mentions(reported))))


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
    total = find_total(state)
    eta = None
    if total and progress.step is not None and progress.steps_per_second:
        eta = max(0.0, (total - progress.step) / progress.steps_per_second)
    elif progress.share is not None and (pace := _newest(_heard(state.reported), "share rate")):
        eta = max(0.0, (1.0 - progress.share) / pace)
    if state.life.condition in ("finished", "crashed"):
        eta = None
    step = count_done(state, total, state.life.condition)
    if (total, eta, step) == (progress.total, progress.eta, progress.step):
        return progress
    return replace(progress, total=total, eta=eta, step=step)


def count_done(state: RunState, total: int | None, condition: str) -> int | None:
    """How many steps are done. A counter that begins at 0 ends one short of `total`; that this was its last step is
    known once the run is finished."""
    step = state.progress.step
    if step is None or total is None or not 1 < total <= step + 1:
        return step
    told = _newest(_heard(state.reported), "step")  # and not what was counted before, if it goes on
    if told is None:
        return step
    return total if condition == "finished" and int(told) == total - 1 else int(told)


def find_total(state: RunState) -> int | None:
    """The steps that there are to be, as far as anything tells."""
    said = _newest(_heard(state.reported), "total")
    return int(said) if said else _configured_total(state)


def _configured_total(state: RunState) -> int | None:
    """The steps that the configuration, the command line or settings in the log plan, in steps or in epochs whose steps
    a bar tells."""
    rows = {**_arguments(state), **dict(state.config)}
    planned = _newest(state.reported, "planned")
    total = _number(rows, TOTAL_KEYS) or (int(planned) if planned and planned >= (state.progress.step or 0) else None)
    if total is not None:
        return total
    each = _newest(_heard(state.reported), "epoch steps")
    epochs = _number(rows, EPOCHS_KEYS) or _newest(state.reported, "planned epochs")
    if each is None or epochs is None or epochs * each < (state.progress.step or 0):
        return None
    return round(epochs * each)


def _arguments(state: RunState) -> dict[str, str]:
    """`--max_epochs 9`, `--trainer.max_epochs=9`, `max_epochs=9` of the command line."""
    words = state.launch.arguments if state.launch is not None else ()
    found: dict[str, str] = {}
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        name, equals, value = word.partition("=")
        if equals or name.startswith("--"):
            found[name.lstrip("-").replace("-", "_")] = value if equals else after
    return found


def _number(rows: Mapping[str, str], keys: Iterable[str]) -> int | None:
    """The value of the first of `keys` that is a number above 0."""
    for key in keys:
        try:
            number = float(rows[key].replace("_", ""))
        except (KeyError, ValueError):
            continue
        if isfinite(number) and number >= 1:
            return int(number)
    return None
