"""One line of a log as a reader sees it: no escapes, no box, prefix told apart; and lines that only talk of failures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from lptui.formats.log_prefix import read_prefix, strip_escapes

LONGEST = 4096
_BOX = " \t│┃║|╭╮╰╯─━═"
_RANK = re.compile(r"\[?\b[Rr]ank[ =:]{0,2}(\d{1,5})\b")
_OTHER_LABEL = re.compile(r"(?:\[\d+,\d+\]<std(?:err|out)>:? ?|\d{1,4}: (?=\S)|[\w.-]{1,40}/\d{1,4}: )")
# IPython and Rich show source lines with their numbers, pytest with '>' or 'E'
_SOURCE = re.compile(r"(?:-+> ?\d+ |❱ ?\d+ |\s*❱|\s{0,8}\d{1,6} ?│|\s{2,}\d{1,6} {1,}\S|>>> |\.\.\. )")
_QUIET = ("debug", "info")
_SPEAKS_UP = re.compile(
    r"(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Timeout)\b|(?i:error|fatal|failed|critical|abort)\b)"
)

_RAISED = re.compile(
    r"(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,60}(?:Error|Exception|Interrupt|Timeout|Exit|OOM)(?:: |$)"
)
_ADVICE = re.compile(
    r"(?i:^\S{0,3} (?:errors? )?(?:can|could|may|might|should|would) (?:be |occur|happen|lead|cause)|\b(?:is raised|are raised|will be raised|is expected|are expected)\b)"
)

# Advice, documentation, tests, settings, generated text. Bounded, so linear.
_TALK = re.compile(
    r"(?i:\b(?:to (?:avoid|prevent|fix|debug|handle|reproduce|suppress|silence)|in case of|in the event of|if you (?:see|get|encounter|hit|run into|are|have|want)"
    r"|if (?:it|this|training|the (?:run|job|process|loss|model)) (?:fails|crashes|dies|diverges|hits|runs out)"
    r"|might (?:cause|lead|result|raise|fail)|may (?:cause|lead to|result in|raise)|could (?:cause|lead to|result in)|can (?:cause|lead to|result in)"
    r"|should (?:raise|fail|not)|expected to (?:fail|raise)|raises? (?:a|an|the)? ?\w*(?:error|exception)|is raised|will (?:raise|fail if|be raised|stop if|abort if)"
    r"|for debugging consider|see (?:also )?(?:https?:|the doc)|how to (?:fix|handle|avoid|debug)|what (?:is|does|causes)|why (?:do|does|is|am)"
    r"|tests? (?:passed|that|if)|test_\w+|simulat(?:e|ed|ing) (?:a |an )?(?:failure|crash|error|oom|fault)|inject(?:ed|ing)? (?:a |an )?(?:failure|fault|error)"
    r"|known (?:issue|error|problem)|example of|for example|e\.g\.|fixed in|fixes|previously|used to|no longer)\b)"
)
_GENERATED = re.compile(
    r"(?i:\s*[\"'>*#-]{0,3} ?\[?(?:prompt|response|completion|generated?(?: text)?|sample(?: output)?|output text|answer|question|assistant|user|human|instruction|input text|model output|prediction|target|reference|hypothesis|q|a|text|content|translation|summary|caption|transcript)(?: \d+)?\]?[\"']? ?[:=>] ?)"
)
_PASSED = re.compile(r"(?:\bPASSED\b|\bpassed\b|\bSKIPPED\b|\bXFAIL\b|\.\.\. ok$|^ok \d)")
_SETTING = re.compile(
    r"(?i:^\s*(?:--?|[\"'])?[\w./-]{2,60}[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:true|false|none|null|on|off|yes|no|0|0\.0|[0-9]+)[\"']?[,;]?\s*$)"
)
_ARGUMENTS = re.compile(r"(?:Namespace|Arguments|Config|Settings|Options|Trainer|TrainingArguments)\(")
_ZERO = re.compile(
    r"(?i:\b(?:0|no|zero|without(?: any)?) (?:\w+ ){0,2}(?:errors?|failures?|crash(?:es)?|exceptions?|warnings?|timeouts?|kills?|oom|nans?|retries)\b|\b(?:errors?|failures?|crashes|exceptions?|timeouts?|nans?|ooms?|killed|failed)\w{0,16}(?: count| total| rate)?\s{0,2}[:=]\s{0,2}0(?:\.0+)?\b)"
)
_HANDLED = re.compile(
    r"(?i:\bretry(?:ing)?\b|\bretries left\b|\bretried\b|\bwill try again\b|\btrying again\b|\battempt(?:ing)? to reconnect|\breconnect(?:ing|ed)\b|\bfalling back\b|\bfall back to\b|\bfallback\b"
    r"|\bskipp(?:ing|ed)\b|\bignor(?:ing|ed)\b|\brecover(?:ed|ing)\b|\bsuppress(?:ed|ing)\b|\bhandled\b|\bcontinuing (?:anyway|without|with)\b|\bresolved\b|\bauto-?restart)"
)
_GAVE_UP = re.compile(
    r"(?i:giv(?:ing|en) up|gave up|exhausted|exceeded|failed after|after [0-9]+ (?:retries|attempts|tries)|no more retries|out of retries|last attempt|max(?:imum)? (?:retries|attempts)|[Rr]etry\(total=0)"
)


@dataclass(frozen=True, slots=True)
class Line:
    """`text` as shown; `message` without clock, level and labels; `at` unix s if the line carries a date."""

    text: str
    message: str
    level: str | None = None
    rank: int | None = None
    at: float | None = None


def read_line(raw: bytes) -> Line:
    """One raw line. At most LONGEST bytes of it count."""
    clean = strip_escapes(raw[:LONGEST])
    prefix = read_prefix(clean)
    text = clean.decode("utf-8", "replace")
    message = clean[prefix.start :].decode("utf-8", "replace").strip(_BOX)
    label = _OTHER_LABEL.match(message)
    if label:
        message = message[label.end() :]
    rank = prefix.rank
    if rank is None and "ank" in text:
        found = _RANK.search(text[:200])
        rank = int(found[1]) if found else None
    at = _to_unix(prefix.clock, prefix.has_zone) if prefix.has_date else None
    return Line(text, message, prefix.level, rank, at)


def _to_unix(clock: float | None, has_zone: bool) -> float | None:
    """A clock without a zone is local time, counted as UTC by the reader."""
    if clock is None or has_zone:
        return clock
    try:
        return datetime.fromtimestamp(clock, UTC).replace(tzinfo=None).timestamp()
    except (OverflowError, ValueError, OSError):
        return None


def is_quiet(line: Line) -> bool:
    """A line of level info or debug that does not begin with an error: mostly no news of a failure."""
    return line.level in _QUIET and not _SPEAKS_UP.match(line.message)


def is_raised(line: Line) -> bool:
    """Whether the message begins with the name of an exception; what follows is then its own text, advice included."""
    return _RAISED.match(line.message) is not None


def is_talk(line: Line, match: re.Match[str]) -> bool:
    """Advice, a setting, a test, generated text, a count of zero: words of failure that say that nothing is wrong."""
    text, message = line.text, line.message
    if is_raised(line):
        return False
    before, after = text[: match.start()], text[match.end() : match.end() + 40]
    return bool(
        _TALK.search(before)
        or _ADVICE.search(after)
        or _GENERATED.match(message)
        or _SETTING.match(message)
        or _ARGUMENTS.search(before)
        or _ZERO.search(text)
        or _PASSED.search(message)
    )


def is_source(text: str) -> bool:
    """A line of program text, as tracebacks show them."""
    return _SOURCE.match(text.lstrip("│┃ ") if text[:1] in "│┃" else text) is not None


def is_handled(line: Line) -> bool:
    """Whether the line itself says that somebody tries again or goes on without."""
    return not is_raised(line) and _HANDLED.search(line.text) is not None and _GAVE_UP.search(line.text) is None
