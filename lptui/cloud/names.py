"""How a run of the W&B server is named: `wandb://ENTITY/PROJECT/RUN`, and times as the server writes them."""

from __future__ import annotations

import re

SCHEME = "wandb://"
_PART = re.compile(r"[\w.\- ]{1,128}\Z")


def read_name(text: str, parts: int = 3) -> str:
    """`ENTITY/PROJECT/RUN` (or, with `parts` 2, `ENTITY/PROJECT`) of an address, with or without the scheme; '' if it
    is none."""
    words = text.removeprefix(SCHEME).strip("/").split("/")
    if parts == 3 and len(words) == 4 and words[2] == "runs":  # as in the address bar of a browser
        words.pop(2)
    return "/".join(words) if len(words) == parts and all(_PART.match(word) for word in words) else ""


def read_time(text: str) -> float | None:
    """Unix time of '2026-11-28T10:00:00Z'; without a zone it is UTC, as the server means it. None if it is none."""
    from datetime import UTC, datetime

    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
