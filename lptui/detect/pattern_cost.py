"""Whether Python's `re` might take for ever over an expression: repeats within repeats, or many open ones in a row.

Lines are confirmed by `re`, which tries one way after the other. What ships with lptui is bounded by its tests; a rule
that came with a project must not be able to hang the screen.
"""

from __future__ import annotations

import math
import re
import warnings
from typing import Any, cast

LONGEST_LINE = 12 * 1024
MOST_WAYS = 8.5
"""Logarithm of the ways to match: two open repeats (`.*`) over the longest line, and a little."""
MOST_CHARACTERS = 1000
MOST_MEMORY = 8 * 1024 * 1024


def find_cost(regex: str) -> str:
    """What is wrong with `regex`; empty if nothing is."""
    if len(regex) > MOST_CHARACTERS:
        return f"it is longer than {MOST_CHARACTERS:,} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(regex)
            parsed = _parser().parse(regex)
    except (re.error, RecursionError, OverflowError) as error:
        return f"it is no regular expression: {error}"
    try:
        ways = _ways(parsed)
    except ValueError as error:
        return str(error)
    if ways > MOST_WAYS:
        return "may take for ever on a long line: give repeats a limit, such as .{0,200}, and put none into another"
    return _ask_re2(regex)


def _ask_re2(regex: str) -> str:
    """One expression that RE2 refuses would make the scanner of all of them fall back to `re`."""
    try:
        import re2
    except ImportError:
        return ""
    try:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = MOST_MEMORY
        re2.compile(regex, options)
    except Exception as error:  # noqa: BLE001 - another module of this name raises whatever it likes
        return f"RE2 refuses it: {error}"
    return ""


def _parser() -> Any:
    # The only place that knows what an expression consists of; it has had this shape since Python 1.5.
    import re._parser as parser  # pyright: ignore[reportMissingImports]

    return parser


def _ways(parsed: Any) -> float:
    """Logarithm (base 10) of how many ways there are to match a line, at most: what backtracking may have to try."""
    total = 0.0
    nodes = cast("list[tuple[Any, Any]]", list(parsed))
    for (code, argument), follower in zip(nodes, [*nodes[1:], None], strict=True):
        name = str(code)
        if name.endswith("_REPEAT"):
            total += 0.0 if _is_sharp(argument[2], follower) else _repeated(argument)
        elif name == "SUBPATTERN":
            total += _ways_of_group(argument[-1], follower)
        elif name == "BRANCH":
            branches = [_ways(branch) for branch in argument[1]]
            total += max(branches) + math.log10(len(branches))
        elif name not in ("LITERAL", "NOT_LITERAL", "ANY", "IN", "RANGE", "AT", "CATEGORY"):
            raise ValueError(f"RE2 does not know what {name.lower().replace('_', ' ')} does")
    return total


def _ways_of_group(body: Any, follower: Any) -> float:
    nodes = list(body)
    if len(nodes) == 1 and str(nodes[0][0]).endswith("_REPEAT") and _is_sharp(nodes[0][1][2], follower):
        return 0.0
    return _ways(body)


def _repeated(argument: tuple[int, int, Any]) -> float:
    least, most, body = int(argument[0]), min(int(argument[1]), LONGEST_LINE), argument[2]
    return math.log10(max(1, most - least + 1)) + most * _ways(body)


def _is_sharp(body: Any, follower: Any) -> bool:
    """Whether a repeat of digits can end in one place only, since a character that is no digit has to follow."""
    nodes = list(body)
    digits = len(nodes) == 1 and str(nodes[0][0]) == "IN" and all(_is_digits(item) for item in nodes[0][1])
    return digits and follower is not None and str(follower[0]) == "LITERAL" and not chr(follower[1]).isdigit()


def _is_digits(item: tuple[Any, Any]) -> bool:
    name, argument = str(item[0]), item[1]
    return (name == "RANGE" and argument == (48, 57)) or (name == "CATEGORY" and str(argument) == "CATEGORY_DIGIT")
