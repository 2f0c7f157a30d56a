"""Which rank and which attempt of the launcher wrote a file, from its path alone."""

from __future__ import annotations

import re

from lptui.text.regex import Regex

# rank-3.out, rank3.log, log_rank_3.txt; Metta's script_1.log; torchrun's attempt_0/3/stderr.log; Slurm's job.%t.out is
# left alone: the number there is as often a job's.
_RANK = Regex(r"(?:^|[-_.])(?:local[-_]?)?rank[-_.]?(\d{1,6})(?:[-_.]|$)", re.IGNORECASE)
_SCRIPT = Regex(r"script_(\d{1,6})\.log$")
_ATTEMPT = Regex(r"/attempt_(\d{1,4})/(\d{1,6})/[^/]+$")
_ERROR_FILE = Regex(r"(?:[\w.-]{0,60}[-_.])?errors?(?:[-_.]?(?:rank)?[-_.]?\d{1,6})?\.json$", re.IGNORECASE)


def rank_of(path: str) -> int | None:
    """The rank that a file's name or its folder's tells; None when neither does."""
    found = _ATTEMPT.search(path)
    if found:
        return int(found[2])
    parts = path.rsplit("/", 2)
    for name in (parts[-1], parts[-2] if len(parts) > 2 else ""):
        found = _SCRIPT.match(name) or _RANK.search(name)
        if found:
            return int(found[1])
    return None


def attempt_of(path: str) -> int | None:
    """The launcher's attempt, from 1, that a file of torchrun's log folder belongs to."""
    found = _ATTEMPT.search(path)
    return int(found[1]) + 1 if found else None


def is_error_file(name: str) -> bool:
    """Whether a file of this name can be what torchrun's @record leaves of an exception."""
    return _ERROR_FILE.match(name) is not None
