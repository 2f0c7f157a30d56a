"""What is expected of each metric, and how the run stands to it: worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lptui.model.expectation import STATUSES, Judgement, Status
from lptui.text import fit, plural
from lptui.tui.widgets.spans import Row, clean, wrap

_LOOKS: dict[Status, tuple[str, str, str]] = {
    "violated": ("✖", "X", "error"),
    "watch": ("▲", "!", "warn"),
    "ok": ("●", "o", "ok"),
    "no data": ("·", ".", "dim"),
    "no signal": ("○", "-", "dim"),
}


def status_look(status: Status, *, plain: bool) -> tuple[str, str]:
    """(glyph, style name) of a status."""
    glyph, twin, style = _LOOKS[status]
    return (twin if plain else glyph), style


def order_judgements(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Worst first, then as the profiles have them."""
    return sorted(judgements, key=lambda j: STATUSES.index(j.status))


def count_words(judgements: Sequence[Judgement]) -> str:
    """'2 violated, 1 watch, 12 ok'; '' when nothing is expected."""
    counts = {status: sum(j.status == status for j in judgements) for status in STATUSES}
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])


def expectation_rows(judgements: Iterable[Judgement], width: int, *, plain: bool) -> list[Row]:
    """A block for each metric: status and name, what is expected, what was seen, and what to do where it is not so."""
    ordered = order_judgements(judgements)
    if not ordered:
        words = "nothing is expected of these metrics: no profile knows them (see docs/expectations.md to write one)"
        return [((line, "dim"),) for line in wrap(words, width)]
    profiles = sorted({j.profile for j in ordered})
    words = f"{plural(len(ordered), 'metric')} against {', '.join(profiles)}: {count_words(ordered)}"
    rows: list[Row] = [*(((line, "dim"),) for line in wrap(clean(words), width)), ()]
    for judgement in ordered:
        rows += _block(judgement, width, plain=plain)
    return rows


def _block(judgement: Judgement, width: int, *, plain: bool) -> list[Row]:
    glyph, style = status_look(judgement.status, plain=plain)
    quiet = judgement.status in ("ok", "no data", "no signal")
    word = f"{glyph} {judgement.status}"
    lead = f"{word:<12}"
    room = width - len(lead)
    name = clean(judgement.key)
    should = "" if judgement.status == "no signal" else f"  {judgement.should}"
    rows: list[Row] = [
        (
            (lead, style if quiet else f"{style} bold"),
            (fit(name + should, room).rstrip(), "value" if quiet else "title"),
        )
    ]
    texts = [clean(judgement.evidence)]
    if not quiet:
        texts += [clean(judgement.means), f"{'->' if plain else '→'} {clean(judgement.todo)}"]
    elif judgement.status == "no signal":
        texts.append(clean(judgement.todo))
    for text in texts:
        rows += [((" " * 12, ""), (line, "dim" if quiet else "value")) for line in wrap(text, max(10, width - 12), 4)]
    return rows


def status_row(judgement: Judgement, width: int, *, plain: bool) -> list[Row]:
    """One chart's expectation in at most two lines."""
    glyph, style = status_look(judgement.status, plain=plain)
    text = f"{judgement.should}: {judgement.evidence}"
    if judgement.status in ("violated", "watch"):
        text += f". {judgement.todo}"
    lead = f" {glyph} {judgement.status}: "
    lines = wrap(clean(text), max(10, width - len(lead)), 2)
    return [
        ((lead if not i else " " * len(lead), style), (line, "value" if not i else "dim"))
        for i, line in enumerate(lines)
    ]
