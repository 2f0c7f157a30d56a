"""When two names may mean one quantity: the loggers' ways to write the same thing, reduced to words.

That they may is all that a name can tell; whether they do, values must show. Ways of writing are those of Metta,
Lightning, Keras, Hugging Face, Stable-Baselines3, CleanRL and RLlib.
"""

from __future__ import annotations

from functools import lru_cache

from lptui.model.value import frozen
from lptui.text.regex import Regex

_LONGEST = 300
_PARTS = Regex(r"[/.:]+")
_WORDS = Regex(r"[\s_\-]+")
_RATES = Regex(r"(?<![a-z])(?:(?:env_|environment_)?steps?_?(?:/|per_?)(?:s|sec|second)|sps|fps|it/s)(?![a-z])")
_CAMEL = Regex(r"(?<=[a-z])(?=[A-Z][a-z])")
_DATA = {
    "train": "train", "training": "train", "tr": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val", "eval": "val", "evaluation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
"""The data that a quantity is of; 'validation' and 'evaluation' are one, as Trainer and Lightning call it."""
_SAME = {
    "lr": ("learning", "rate"), "acc": ("accuracy",), "rew": ("reward",), "ret": ("return",), "ep": ("episode",),
    "episodic": ("episode",), "len": ("length",), "grad": ("gradient",), "vf": ("value",), "v": ("value",),
    "critic": ("value",), "pg": ("policy",), "pi": ("policy",), "actor": ("policy",), "frac": ("fraction",),
    "clipfrac": ("clip", "fraction"), "var": ("variance",), "avg": ("mean",), "average": ("mean",),
    "ppl": ("perplexity",), "ent": ("entropy",),
}  # fmt: skip
_FRAME = frozenset((
    "log", "epoch", "step", "batch", "overview", "hyperparameter", "hyperparam", "parameter", "param", "metric", "stat",
    "chart", "rollout", "time", "perf",
))  # fmt: skip
"""Words by which loggers sort or count: they say nothing of what is measured."""


@frozen
class Spelling:
    """A name in words: `data` ('' where it is not said), all that it says, what its last part says, and whether that
    last part is all of it but for words that sort."""

    data: str
    words: frozenset[str]
    leaf: frozenset[str]
    bare: bool


@lru_cache(maxsize=32_768)
def spell(name: str) -> Spelling:
    """The words of a metric's name."""
    text = _RATES.sub("pace", _CAMEL.sub("_", name[:_LONGEST]).lower())
    parts = [tuple(_say(part)) for part in _PARTS.split(text)]
    said = [word for part in parts for word in part]
    of = [_DATA[word] for word in said if word in _DATA]
    data = next((d for d in of if d != "train"), of[0] if of else "")
    kept = [frozenset(w for w in part if w not in _FRAME and w not in _DATA) for part in parts]
    leaf = kept[-1] or frozenset(parts[-1])  # `epoch` counts, and is all that it says
    return Spelling(data, frozenset[str]().union(*kept, leaf), leaf, not any(kept[:-1]))


def _say(part: str) -> list[str]:
    words: list[str] = []
    for word in _WORDS.split(part):
        if word:
            plain = word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word
            words += _SAME.get(plain, (_singular(plain),))
    return words


def _singular(word: str) -> str:
    """`losse` of 'losses' without what is left of its plural."""
    return word.removesuffix("e") if word.endswith("sse") else word


def group_keys(name: str) -> tuple[frozenset[str], ...]:
    """By what names that may mean the same are found: one of these is equal."""
    spelled = spell(name)
    return tuple({spelled.leaf, spelled.words})


def may_be_same(one: str, two: str) -> bool:
    """Whether two names may mean one quantity: the same words of the same data, or one has no section where the other
    has one (`loss` and `train/loss`)."""
    a, b = spell(one), spell(two)
    if (a.data or "train") != (b.data or "train"):
        return False
    return a.words == b.words or (a.leaf == b.leaf and (a.bare or b.bare))


def differ_in_frame(one: str, two: str) -> bool:
    """Whether two names differ in words that sort or count only: `parameters/learning_rate`, `learning_rate`."""
    a, b = spell(one), spell(two)
    return a.bare and b.bare and (a.data, a.words) == (b.data, b.words)
