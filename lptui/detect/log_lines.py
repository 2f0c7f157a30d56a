"""One line of a log as a reader sees it: no escapes, its prefix told apart; and lines that only talk of failures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from lptui.formats.log_prefix import read_prefix, strip_escapes
from lptui.model.value import frozen

LONGEST = 12 * 1024
_HELP_INDENT = 10
"""Columns by which the description of an option is indented, at least."""
_BOX = " \t│┃║|╭╮╰╯─━═"
_QUIET = ("debug", "info")
# Everything below is compiled at first use: a log without a suspicious line needs none of it.
_RANK = r"\[?\b[Rr]ank[ =:]{0,2}(\d{1,5})\b"
_OTHER_LABEL = r"(?:\[\d+,\d+\]<std(?:err|out)>:? ?|\d{1,4}: (?=\S)|[\w.-]{1,40}/\d{1,4}: )"
# IPython and Rich show source lines with their numbers, pytest with '>' or 'E', loguru values below them
_SOURCE = r"(?:[\s│]*└ |-+> ?\d+ |❱ ?\d+ |\s*❱|\s{0,8}\d{1,6} ?│|\s{2,}\d{1,6} {1,}\S|>>> |\.\.\. )"
_SPEAKS_UP = r"(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Timeout)\b|(?i:error|fatal|failed|critical|abort)\b)"
_RAISED = r"(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{0,60}(?:Error|Exception|Interrupt|Timeout|Exit|OOM)(?:: |$)"
_ADVICE = (
    r"(?i:^\S{0,3} (?:errors? )?(?:can|could|may|might|should|would) (?:be |occur|happen|lead|cause)"
    r"|\b(?:is raised|are raised|will be raised|is expected|are expected)\b)"
)
# Advice, documentation, tests. Bounded, so linear.
_TALK = (
    r"(?i:\b(?:to (?:avoid|prevent|fix|debug|handle|reproduce|suppress|silence)|in case of|in the event of"
    r"|if you (?:see|get|encounter|hit|run into|are|have|want)"
    r"|if (?:it|this|training|the (?:run|job|process|loss|model)) (?:fails|crashes|dies|diverges|hits|runs out)"
    r"|might (?:cause|lead|result|raise|fail)|may (?:cause|lead to|result in|raise)"
    r"|could (?:cause|lead to|result in)|can (?:cause|lead to|result in)"
    r"|should (?:raise|fail|not)|expected to (?:fail|raise)|raises? (?:a|an|the)? ?\w*(?:error|exception)"
    r"|is raised|will (?:raise|fail if|be raised|stop if|abort if)"
    r"|for debugging consider|see (?:also )?(?:https?:|the doc)|how to (?:fix|handle|avoid|debug)"
    r"|what (?:is|does|causes)|why (?:do|does|is|am)"
    r"|tests? (?:passed|that|if)|test_\w+|simulat(?:e|ed|ing) (?:a |an )?(?:failure|crash|error|oom|fault)"
    r"|inject(?:ed|ing)? (?:a |an )?(?:failure|fault|error)"
    r"|known (?:issue|error|problem)|example of|for example|e\.g\.|fixed in|fixes|previously|used to|no longer)\b)"
)
_GENERATED = (
    r"(?i:\s*[\"'>*#-]{0,3} ?\[?(?:prompt|response|completion|generated?(?: text)?|sample(?: output)?|output text"
    r"|answer|question|assistant|user|human|instruction|input text|model output|prediction|target|reference"
    r"|hypothesis|q|a|text|content|translation|summary|caption|transcript)(?: \d+)?\]?[\"']? ?[:=>] ?)"
)
_PASSED = r"(?:\bPASSED\b|\bpassed\b|\bSKIPPED\b|\bXFAIL\b|\.\.\. ok$|^ok \d)"
_SETTING = (
    r"(?i:^\s*(?:--?|[\"'])?[\w./-]{2,60}[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
    r"(?:true|false|none|null|on|off|yes|no|0|0\.0|[0-9]+)[\"']?[,;]?\s*$)"
)
_ARGUMENTS = r"(?:Namespace|Arguments|Config|Settings|Options|Trainer|TrainingArguments)\("
_ZERO = (
    r"(?i:(?<!\.)\b(?:0|no|zero|without(?: any)?) (?:\w+ ){0,2}"
    r"(?:errors?|failures?|crash(?:es)?|exceptions?|warnings?|timeouts?|kills?|oom|nans?|retries)\b"
    r"|\b(?:errors?|failures?|crashes|exceptions?|timeouts?|nans?|ooms?(?!_score)|killed|failed)\w{0,16}"
    r"(?: count| total| rate)?\s{0,2}[:=]\s{0,2}0(?:\.0+)?\b)"
)
_IS_ZERO = r"[:=]\s{0,2}0"
_HANDLED = (
    r"(?i:\bretry(?:ing)?\b|\bretries left\b|\bretried\b|\bwill try again\b|\btrying again\b"
    r"|\battempt(?:ing)? to reconnect|\breconnect(?:ing|ed)\b|\bfalling back\b|\bfall back to\b|\bfallback\b"
    r"|\bskipp(?:ing|ed)\b|\bignor(?:ing|ed)\b|\brecover(?:ed|ing)\b|\bsuppress(?:ed|ing)\b|\bhandled\b"
    r"|\bcontinuing (?:anyway|without|with)\b|\bresolved\b|\bauto-?restart)"
)
_GAVE_UP = (
    r"(?i:giv(?:ing|en) up|gave up|exhausted|exceeded|failed after|after [0-9]+ (?:retries|attempts|tries)"
    r"|no more retries|out of retries|last attempt|max(?:imum)? (?:retries|attempts)|retry\(total=0)"
)
_RECOVERED = (
    r"(?i:^(?:\S+ ){0,6}(?:retry(?:ing)?\b|will retry|trying again|reconnected|succeeded after|recovered"
    r"|retry succeeded)|\b(?:retrying in [0-9]|succeeded on (?:attempt|retry)"
    r"|resolved after [0-9]|resuming normal operation|succeeded after [0-9]+ (?:retr|attempt)"
    r"|connection (?:restored|re-?established)"
    r"|(?:reducing|reduced|halving|lowering) (?:the )?(?:micro.?)?batch.?size"
    r"|batch size (?:reduced|lowered|halved) to|falling back to"
    r"|skipping (?:this |the )?(?:batch|sample|file)))"
)
_OPTION = r"\s{1,8}-{1,2}[A-Za-z][\w-]*(?:[ ,=\[].*)?$"
_NO_RECOVERY = r"(?i:\btraining failed|restart|\bjob\b|scratch|fresh|random|giving up|cpu\b)"


@frozen
class Line:
    """`text` as shown; `message` without clock, level and labels; `at` unix s if the line carries a date."""

    text: str
    message: str
    level: str | None = None
    rank: int | None = None
    at: float | None = None


def read_text(raw: bytes) -> str:
    """One raw line as shown, for a third of what taking it apart costs."""
    return strip_escapes(raw[:LONGEST]).decode("utf-8", "replace")


def read_line(raw: bytes) -> Line:
    """One raw line. At most LONGEST bytes of it count."""
    clean = strip_escapes(raw[:LONGEST])
    prefix = read_prefix(clean)
    text = clean.decode("utf-8", "replace")
    message = clean[prefix.start :].decode("utf-8", "replace").strip(_BOX)
    label = compiled(_OTHER_LABEL).match(message)
    if label:
        message = message[label.end() :]
    rank = prefix.rank
    if rank is None and "ank" in text:
        found = compiled(_RANK).search(text[:200])
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
    return line.level in _QUIET and not compiled(_SPEAKS_UP).match(line.message)


def is_raised(line: Line) -> bool:
    """Whether the message begins with the name of an exception; what follows is its own text, advice included."""
    return compiled(_RAISED).match(line.message) is not None


def is_talk(line: Line, match: re.Match[str]) -> bool:
    """Advice, a setting, a test, generated text, a count of zero: words of failure, and nothing is wrong."""
    text, message = line.text, line.message
    if is_raised(line):
        return False
    before, after = text[: match.start()], text[match.end() : match.end() + 40]
    return bool(
        compiled(_TALK).search(before)
        or compiled(_ADVICE).search(after)
        or compiled(_GENERATED).match(message)
        or compiled(_SETTING).match(message)
        or compiled(_ARGUMENTS).search(before)
        or (_may_count_zero(text) and compiled(_ZERO).search(text))
        or compiled(_PASSED).search(message)
    )


def _may_count_zero(text: str) -> bool:
    """Whether a line has what every match of _ZERO has: that takes ten times as long to find out."""
    low = text.lower()
    return any(word in low for word in ("0 ", "no ", "zero ", "without ")) or bool(compiled(_IS_ZERO).search(text))


def is_help(text: str, before: Sequence[str]) -> bool:
    """Whether a line describes an option, as --help does: it begins with one, or goes on below it."""
    if compiled(_OPTION).match(text):
        return True
    indent = len(text) - len(text.lstrip())
    if indent < _HELP_INDENT:
        return False
    return any(compiled(_OPTION).match(line) and len(line) - len(line.lstrip()) < indent for line in before)


def is_source(text: str) -> bool:
    """A line of program text, as tracebacks show them."""
    return compiled(_SOURCE).match(text.lstrip("│┃ ") if text[:1] in "│┃" else text) is not None


def is_handled(line: Line) -> bool:
    """Whether the line itself says that somebody tries again or goes on without."""
    if is_raised(line):
        return False
    return compiled(_HANDLED).search(line.text) is not None and compiled(_GAVE_UP).search(line.text) is None


def tells_recovery(text: str) -> bool:
    """Whether a line says that what failed before it is tried again, or worked in the end. A new start is none."""
    return compiled(_RECOVERED).search(text) is not None and compiled(_NO_RECOVERY).search(text) is None


@cache
def compiled(regex: str) -> re.Pattern[str]:
    """`regex`, compiled once, when a line first needs it. Regular expressions come from the catalogue, so few."""
    return re.compile(regex)
