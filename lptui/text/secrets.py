"""Masks secrets by the name of a key and by the shape of a value. What is not sure to be harmless is masked.

Shapes follow the issuers' own documentation (GitHub, Hugging Face, AWS, Slack, W&B, ...). A 40-digit hex
number alone is a git commit far more often than a W&B key, so that one needs a key-like word before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from lptui.text.regex import Regex

MASK = "***"

_WORDS = Regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLAIN = _names("true false null none ~ yes no on off") | {"", MASK}
_STRONG = _names("password passwd passphrase pwd secret secrets credential credentials apikey netrc pat cookie webhook")
_STRONG_PAIRS = _names(
    "api-key access-key secret-key private-key ssh-key encryption-key signing-key auth-key wandb-key "
    "hf-token api-token auth-token access-token bearer-token refresh-token github-token session-token "
    "account-key wandb-token webhook-url connection-string"
)
_WEAK = _names("key token auth authorization bearer")
# before or after these a secret-like name only counts, names or points at something: max_token, secret_name
_HARMLESS_END = _names(
    "id ids count len length size dim dims name names type file path dir limit budget index rate ratio steps"
)
_HARMLESS_START = _names(
    "max min num n pad eos bos unk sep cls mask special start end stop per next prev image sort primary"
)
_RANDOM = Regex(r"[\w+/=.~-]{8,}\Z")
_REFERENCE = Regex(r"\$\{[^{}]*\}\Z")


def mask_secrets(key: str, value: str) -> str:
    """`value`, or a mask if `key` (dotted, snake or camel case) or the value's own shape makes it a
    secret."""
    return MASK if _key_hides(key, value) else mask_text(value)


def mask_rows(rows: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Configuration rows with secrets masked."""
    return tuple((key, mask_secrets(key, value)) for key, value in rows)


def mask_text(text: str) -> str:
    """The same text with every secret in it masked: a log line, a command line, evidence."""
    lowered = text.lower()
    for trigger in _TRIGGERS:  # a plain loop: this runs for every row that is drawn
        if trigger in lowered:
            break
    else:
        return text
    for pattern, replacement in _shapes():
        text = pattern.sub(replacement, text)
    if "=" in text or ":" in text:
        text = _ASSIGNMENT.sub(_mask_assignment, text)
    if "-" in text:
        text = _FLAG.sub(_mask_assignment, text)
    return text


def mask_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """A command line argument by argument: `--token VALUE`, `--token=VALUE`, `token=VALUE`, and values of a secret's
    shape."""
    masked: list[str] = []
    for before, argument in zip(("", *arguments), arguments, strict=False):
        key, equals, value = argument.partition("=")
        if equals and _key_hides(key.lstrip("-+"), value):
            masked.append(f"{key}={MASK}")
        elif before.startswith("-") and "=" not in before and _key_hides(before.lstrip("-"), argument):
            masked.append(MASK)
        else:
            masked.append(mask_text(argument))
    return tuple(masked)


def _key_hides(key: str, value: str) -> bool:
    value = value.strip().strip("\"'")
    if value.lower() in _PLAIN or _REFERENCE.match(value):
        return False
    strength = _strength(key)
    if strength == "strong":
        return True
    return strength == "weak" and _looks_random(value)


def _strength(key: str) -> str:
    """'strong': any value is secret; 'weak': a random-looking one is; '' otherwise. The last name of a path
    decides, but all below `credentials` or `secrets` is strong."""
    parts = [part for part in re.split(r"[./\[\]]+", key) if part and not part.isdigit()]
    if not parts:
        return ""
    words = [word.lower() for word in _WORDS.findall(parts[-1])]
    above = {word.lower() for part in parts[:-1] for word in _WORDS.findall(part)}
    if above & {"credentials", "secrets"}:
        return "strong"
    if not words or words[-1] in _HARMLESS_END or (words[0] in _HARMLESS_START and len(words) > 1):
        return ""
    if _STRONG.intersection(words) or _STRONG_PAIRS & {f"{a}-{b}" for a, b in pairwise(words)}:
        return "strong"
    return "weak" if _WEAK.intersection(words) else ""


def _looks_random(value: str) -> bool:
    """Long enough, one word, and digits among letters (or very long): no ordinary word, number or path."""
    if not _RANDOM.match(value) or value.count("/") > 2:
        return False
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    return (digits >= 2 and letters >= 2) or (letters >= 24 and not value.islower())


# one cheap look: nothing below can match where none of these stands
_TRIGGERS = (
    *("key", "token", "passw", "passp", "pwd", "secret", "credential", "auth", "bearer", "netrc", "cookie"),
    *(
        "webhook",
        "signature",
        "?sig=",
        "&sig=",
        "connection",
        "_pat",
        "-pat",
        "pat=",
        "pat:",
        "pat ",
        "wandb",
        "login",
    ),
    *(
        "://",
        "slack.com",
        "private",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "glpat",
        "sk-",
        "hf_",
        "npm_",
        "pypi-",
    ),
    *("dop_v1", "akia", "asia", "aiza", "xox", "eyj"),
)
_KEY = r"[A-Za-z_][\w.-]{0,80}"
_VALUE = r"\"[^\"\n]{1,4096}\"|'[^'\n]{1,4096}'|[^\s,;&|)}\]\"']{1,4096}"
_ASSIGNMENT = Regex(rf"(?<![\w.])({_KEY}[\"']?\s{{0,3}}[=:]\s{{0,3}})({_VALUE})")
_FLAG = Regex(rf"(?<!\S)(--?{_KEY}\s+)(?!-)({_VALUE})")


def _mask_assignment(match: re.Match[str]) -> str:
    head, value = match[1], match[2]
    key = head.strip("-\"'=: \t")
    if not _key_hides(key, value):
        return match[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{head}{quote}{MASK}{quote}"


_SHAPES = (
    (
        r"(?i)(api[_ -]?key|wandb|netrc|token|login|password)(\W{1,4}(?:\w{1,12}\W{1,3})?)[0-9a-f]{40}\b",
        rf"\1\2{MASK}",
    ),
    (r"\bwandb_v\d_\w{20,}", MASK),
    (r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})", MASK),
    (r"(?<![A-Za-z0-9_-])sk-(?=[\w-]*\d)[\w-]{16,}", MASK),
    (
        r"(?<![A-Za-z0-9_])(?:hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{40,}|dop_v1_[0-9a-f]{40,})",
        MASK,
    ),
    (r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", MASK),
    (r"\bAIza[\w-]{35}", MASK),
    (r"\bxox[abeprs]-[\w-]{10,}", MASK),
    (r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", MASK),
    (r"(discord(?:app)?\.com/api/webhooks/)[\w/-]+", rf"\1{MASK}"),
    (r"(hooks\.slack\.com/(?:services|workflows)/)[\w/-]+", rf"\1{MASK}"),
    (r"(\b[a-zA-Z][\w+.-]{1,20}://[^\s/:@]{0,256}:)[^\s/@]{1,1024}(@)", rf"\1{MASK}\2"),
    (r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token)\s+)[\w.~+/=-]{4,}", rf"\1{MASK}"),
    (r"(?i)(\bbearer\s+)(?=[\w.~+/=-]*\d)[\w.~+/=-]{12,}", rf"\1{MASK}"),
    (r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]+", rf"\1{MASK}"),
    (
        r"([?&](?:X-Amz-Signature|X-Amz-Security-Token|X-Goog-Signature|sig|access_token|api_key|key)=)[^&\s\"']{8,}",
        rf"\1{MASK}",
    ),
)


@cache
def _shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled when a line first needs them: the first screen should not wait for it."""
    return tuple((re.compile(pattern), replacement) for pattern, replacement in _SHAPES)
