"""How much a training is to do, as its log says it: `total_steps=1000` beside a step, `max_epochs: 10` among settings,
`Total optimization steps = 375`. Such a number is the end of the progress and no metric of its own."""

from __future__ import annotations

import re
from functools import lru_cache

from lptui.formats.progress_pairs import Pairs
from lptui.formats.progress_values import Progress
from lptui.text.regex import Regex

_UNITS = rb"(?:(?:train(?:ing)?|optimi[sz]ation|env(?:ironment)?|global|gradient|agent)[_ ])?(?:time)?(?:steps?"
_STEPS = rb"(?:(?:total|max)[_ ]" + _UNITS + rb"|iters|iterations|updates)|num[_ ]train(?:ing)?[_ ]steps)"
_EPOCHS = rb"(?:total|max|num)[_ ](?:train(?:ing)?[_ ])?epochs"
_AMOUNT = rb"(\d[\d_,]{0,24}(?:\.\d{0,20})?(?:e\+?\d{1,2})?)(?![\w:/%-]|\.\d)"
_PLANNED = Regex(
    rb"(?<![\w./-])(?:(" + _STEPS + rb")|" + _EPOCHS + rb")['\"]? {0,2}[=:] {0,2}" + _AMOUNT, re.IGNORECASE
)
_STEP_NAME = Regex(_STEPS.decode(), re.IGNORECASE)
_EPOCH_NAME = Regex(_EPOCHS.decode(), re.IGNORECASE)
_DEEPEST = 2
"""Spaces before a setting that may still be the training's own: further in, an environment or a model has its own."""
_MOST = 1e18

_SGR = rb"(?:\x1b\[[0-9;]*m)*"
GATE = (
    rb"(?:[Tt]otal|TOTAL|[Mm]ax|MAX|[Nn]um|NUM)[_ ](?:[A-Za-z]+[_ ])?"
    rb"(?:[A-Za-z]*[Ss]teps?|STEPS|[Ii]ters|[Ii]terations|[Uu]pdates|[Ee]pochs|EPOCHS)['\"]?" + _SGR + rb" {0,2}[=:]"
    rb"(?: |\x1b\[[0-9;]*m)*[0-9]"
)


@lru_cache(4096)
def is_total(name: str) -> bool:
    """Whether a number of this name says how many steps or epochs there are to be, where a step stands beside it."""
    return _STEP_NAME.fullmatch(name) is not None or _EPOCH_NAME.fullmatch(name) is not None


def split_totals(pairs: Pairs, step: float | None, epoch: float | None) -> tuple[Pairs, int | None, int | None]:
    """(the metrics among pairs, steps that are planned, epochs that are planned). A total counts only beside what it is
    the total of: alone, `total_timesteps` may as well be what has been done."""
    totals = {name: value for name, value in pairs if is_total(name)}
    steps = _pick(totals, _STEP_NAME, step)
    epochs = _pick(totals, _EPOCH_NAME, epoch)
    dropped = {n for n in totals if (steps if _STEP_NAME.fullmatch(n) else epochs) is not None}
    return tuple((n, v) for n, v in pairs if n not in dropped) if dropped else pairs, steps, epochs


def _pick(totals: dict[str, float], names: Regex[str], count: float | None) -> int | None:
    if count is None:
        return None
    return next((int(v) for n, v in totals.items() if names.fullmatch(n) and max(1.0, count) <= v < _MOST), None)


def read_plan(message: bytes) -> Progress | None:
    """What a line of settings plans; None where it plans nothing."""
    if len(message) - len(message.lstrip(b" ")) > _DEEPEST:
        return None
    steps: int | None = None
    epochs: int | None = None
    for match in _PLANNED.finditer(message[:2000]):
        amount = float(match[2].replace(b",", b"").replace(b"_", b""))
        if not 1 <= amount < _MOST:
            continue
        if match[1] is not None:
            steps = steps or int(amount)
        else:
            epochs = epochs or int(amount)
    if steps is None and epochs is None:
        return None
    return Progress("plan", total_steps=steps, epochs=epochs)
