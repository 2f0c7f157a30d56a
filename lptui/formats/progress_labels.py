"""What a progress bar counts, by its label: steps of the training, epochs, an evaluation, or something else."""

from __future__ import annotations

import re
from functools import lru_cache

from lptui.formats.progress_pairs import to_float
from lptui.formats.progress_values import Role
from lptui.text.regex import Regex

EPOCH = Regex(
    rb"(?<![\w./-])epochs?(?:\(\w{1,12}\))? {0,2}[=:#]? {0,2}\[? {0,6}(\d{1,12}(?:\.\d{1,12})?)(?!\w)"
    rb"(?:\]\[ {0,8}(\d{1,9})/(\d{1,9})\])?",
    re.IGNORECASE,
)
COUNTED = Regex(
    rb"\s{0,80}(?:epochs?|(?:global )?steps?|iter(?:ation)?s?|updates?|episodes?|ep|batch|round|trial|game|generation)"
    rb" {0,2}[#\[]? {0,2}\d",
    re.IGNORECASE,
)
"""How a message begins that counts something."""
_EPOCHS_OF = Regex(rb" {0,4}(?:/|of) {0,4}(\d{1,9})(?![\d.])")

_NO_NUMBER = r"(?![A-Za-z]|[ _/]?(?:loss|acc|score|[=:] ?[-\d.]))"
_OTHER = Regex(
    r"(?<![A-Za-z])(?:(?:down|up)load|fetch|load|map(?:ping)?\b|filter|tokeni[sz]|running tokenizer|preprocess|extract|"
    r"unpack|saving|writing|creating|generating|cach(?:e|ing)|copy|index|convert|materiali[sz]|collect(?:ing)? data|"
    r"computing|pars(?:e|ing)|queue|export|compress|resolv|shuffl|dataset)",
    re.IGNORECASE,
)
_VALIDATION = Regex(
    r"(?<![A-Za-z])(?:val|valid|validat(?:e|ing|ion)|eval|evaluat(?:e|ing|ion)|sanity|dev)" + _NO_NUMBER, re.IGNORECASE
)
_TEST = Regex(r"(?<![A-Za-z])(?:test|testing|predict(?:ing|ion)?|inference)" + _NO_NUMBER, re.IGNORECASE)
_EPOCHS = Regex(r"\W*(?:(?:train(?:ing)?|total|overall|all) )?epochs?(?: progress)?\W*", re.IGNORECASE)
_TRAINING = Regex(r"train|epoch|\bsteps?\b|\biter|learn|fine.?tun|fit\b|update|ppo|rollout", re.IGNORECASE)


@lru_cache(1024)
def find_role(label: str) -> Role:
    """The role of a bar with this label; '' where it does not say."""
    if _OTHER.search(label):
        return "other"
    if _VALIDATION.search(label):
        return "validation"
    if _TEST.search(label):
        return "test"
    if _EPOCHS.fullmatch(label):
        return "epochs"
    return "training" if _TRAINING.search(label) else ""


def find_epoch(match: re.Match[bytes]) -> float | None:
    """The epoch of a match of EPOCH; `Epoch [3][120/5005]` is a part of epoch 3 further."""
    epoch = to_float(match[1])
    if epoch is None or match[2] is None:
        return epoch
    return epoch + min(0.999, int(match[2]) / max(1, int(match[3])))


def find_epochs(text: bytes, match: re.Match[bytes]) -> int | None:
    """How many epochs there are to be: `Epoch 1/3`, `Epoch [1/3]`, `Epoch 1 of 3`."""
    total = _EPOCHS_OF.match(text, match.end(1))
    return int(total[1]) if total else None
