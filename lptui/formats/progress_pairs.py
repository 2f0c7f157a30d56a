"""Names and numbers in one line, however a framework writes them: `a=1`, `a: 1`, `'a': 1`, `a 1 | b 2`, tabs between.

Every repetition is bounded or starts only at the beginning of a word: no line takes more than linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from math import isfinite

from lptui.text.regex import Regex

PLAIN = rb"(?:\d{1,3}(?:,\d{3})+|\d{1,40})"
NUMBER = rb"[-+]?(?:" + PLAIN + rb"(?:\.\d{0,40})?(?:[eE][-+]?\d{1,4})?|\.\d{1,40}|(?:nan|NaN|NAN|inf|Inf|Infinity)\b)"
_END = rb"(?:m?s\b)?(?![\w:/-]|\.\d)"
_PAIR = Regex(rb"(?<![\w./-])([A-Za-z_][\w./-]{0,79}) ?[=:] {0,2}(\[ {0,2})?(" + NUMBER + rb")(?(2) {0,2}\])" + _END)
_OF = Regex(
    rb"(?:(?<![\w./-])(?:[Mm]ean|[Aa]vg|[Aa]verage|[Ss]td(?: of)?|[Mm]in|[Mm]ax|[Tt]rain(?:ing)?|[Ee]val|[Tt]est"
    rb"|[Vv]al(?:id(?:ation)?)?|[Bb]est|[Gg]rad(?:ient)?|lm|[Ee]pisode|[Pp]olicy|[Vv]alue|[Ll]earning|[Tt]otal) ){1,3}$"
)
_OF_REACH = 36
_TOLD = Regex(rb"[a-z] (?:[Ll]oss|[Rr]e(?:ward|turn)s?|[Ss]core|[Nn]orm|rate|[Aa]cc(?:uracy)?|length): ")
_UNTOLD = frozenset(
    b"loss Loss LOSS reward Reward rewards return Return score Score norm rate acc accuracy Acc Accuracy length".split()
)
"""Names that say little without the words before them: `val loss: 1` is not `loss: 1`."""
_SPOKEN_LOSS = Regex(
    rb"(?<![\w./-])((?:(?:train|training|val|valid|validation|eval|test) )?[\w./-]{0,40}?[Ll]oss) {1,3}("
    + NUMBER
    + rb")"
    + _END
)
_ITEM = Regex(rb"(['\"])([^'\"]{1,120})\1: ?['\"]?(" + NUMBER + rb")['\"]?(?=[,}\s])")
_CELL = Regex(
    rb"\s{0,80}([A-Za-z_][\w@./()% -]{0,80}?)(?: {0,3}[:=] {0,20}| {1,20})("
    + NUMBER
    + rb")[kKMGB%]?(?: {1,3}\([^()]{0,80}\))?"
)
_SPOKEN = Regex(rb"(?:[A-Za-z][\w/.-]{0,60}[: ] {0,4}" + NUMBER + rb"[kKMGB%]?(?:[,;|] {0,8}| {1,8}|$)){3,40}")
_WORD = Regex(rb"([A-Za-z][\w/.-]{0,60})[: ] {0,4}(" + NUMBER + rb")([kKMGB%]?)")
_SCALE = {b"": 1.0, b"%": 1.0, b"k": 1e3, b"K": 1e3, b"M": 1e6, b"G": 1e9, b"B": 1e9}
STEP_KEYS = frozenset(
    (
        "step",
        "steps",
        "global_step",
        "globalstep",
        "iter",
        "iteration",
        "update",
        "updates",
        "num_updates",
        "agent_step",
    )
)
NO_METRIC = STEP_KEYS | {"epoch", "epochs", "rank", "pid", "local_rank", "line", "seed"}
MOST_METRICS = 64
_SPEAKS = Regex(
    r"(loss(es)?|(?<!max_)grad(ient)?[ _]?norm|gnorm|rew(ard)?s?([_ ]mean)?|return|(epi?s?_?|test|average)ret|score|"
    r"entropy|(approx|mean)_?kl|explained_var(iance)?|clip_?frac(tion)?|perplexity|ppl|accuracy|"
    r"len(gth)?([_ ]mean)?|noise[ _]std|"
    r"(^|[_/ ])(fps|sps)|(iter(ation)?|step|batch)_?time)$",
    re.IGNORECASE,
)

Pairs = tuple[tuple[str, float], ...]


def find_pairs(text: bytes) -> Pairs:
    """`name=1`, `name: 1`, `Mean reward: 1`, `loss 1`; of a name that comes twice the last value."""
    found: dict[str, float] = {}
    pairs: Iterable[tuple[bytes, bytes, bytes]] = _PAIR.findall(text)
    at = text.find(b" loss=")
    if (at > 0 and text[at - 1 : at].isalpha()) or (b": " in text and _TOLD.search(text)):
        pairs = _find_told(text)
    for raw, _, digits in islice(pairs, MOST_METRICS):
        value, name = to_float(digits), name_metric(raw)
        if name and value is not None:
            found[name] = value
    if b"oss " in text:
        for raw, digits in _SPOKEN_LOSS.findall(text)[:MOST_METRICS]:
            value, name = to_float(digits), name_metric(raw)
            if name and value is not None:
                found.setdefault(name, value)
    if b"\t" in text or (b" | " in text and b"=" not in text):
        _add_cells(text, found)
    return tuple(found.items())


def begun(pairs: Pairs, done: float | None) -> Pairs:
    """The numbers of a bar. One that has done nothing shows what its program set them to: infinity is no news."""
    return pairs if done != 0 else tuple((name, value) for name, value in pairs if isfinite(value))


def _add_cells(text: bytes, found: dict[str, float]) -> None:
    """Add what stands between bars or tabs: `lm loss: 1 | grad norm: 2`."""
    for cell in text.replace(b"\t", b" | ").split(b" | ")[:MOST_METRICS]:
        match = _CELL.fullmatch(cell.rstrip(b" |"))
        value, name = (to_float(match[2]), name_metric(match[1])) if match else (None, "")
        words = name.split("_")
        if value is None or not name or name.endswith("/") or words[0].lower() in NO_METRIC:
            continue
        if match and b" " in match[1]:
            found.pop(words[-1], None)  # of `lm loss: 1` the expression above saw `loss`
        found[name] = value


def _find_told(text: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The pairs, with the words before names that say little."""
    for match in _PAIR.finditer(text):
        raw, start = match[1], match.start(1)
        if raw in _UNTOLD and (of := _OF.search(text[max(0, start - _OF_REACH) : start])):
            raw = of[0] + raw
        yield raw, b"", match[3]


def find_items(text: bytes) -> dict[str, float]:
    """The numbers of a printed dict or a line of JSON, by key."""
    pairs: dict[str, float] = {}
    for _, name, digits in _ITEM.findall(text):
        value = to_float(digits)
        if value is not None and len(pairs) < MOST_METRICS:
            pairs[name.decode(errors="replace")] = value
    return pairs


def find_spoken(message: bytes) -> Pairs:
    """`epoch 410 steps 420M score 0.71`: a line that is nothing but words and their numbers; units are applied."""
    if len(message) > 2000 or not _SPOKEN.fullmatch(message.strip()):
        return ()
    pairs: dict[str, float] = {}
    for word in _WORD.finditer(message):
        value = to_float(word[2])
        if value is not None:
            pairs[word[1].decode(errors="replace")] = value * _SCALE[word[3]]
    return tuple(pairs.items())


@lru_cache(4096)
def speaks(name: str) -> bool:
    """Whether a number of this name is a result of training, even if the line counts no steps; settings are not."""
    return _SPEAKS.search(name) is not None


@lru_cache(4096)
def name_metric(raw: bytes) -> str:
    """A metric's name; empty for the words that count steps and the like."""
    name = raw.decode(errors="replace").strip().replace(" ", "_")
    return "" if name.lower() in NO_METRIC else name


def to_int(digits: bytes) -> int | None:
    """A whole number, thousands separated by commas or not."""
    value = digits.replace(b",", b"")
    return int(value) if len(value) <= 19 and value.isdigit() else None


def to_float(digits: bytes) -> float | None:
    """A number as logs write it; None for one that Python does not read."""
    try:
        return float(digits.replace(b",", b"") if b"," in digits else digits)
    except ValueError:
        return None
