"""Whether the W&B server can be asked from here (key, network), and what its refusals mean. No SDK is imported."""

from __future__ import annotations

import configparser
import os
import re
import socket
from urllib.parse import urlsplit

DEFAULT = "https://api.wandb.ai"
REACH = 4.0
"""Seconds to wait for the server's port."""
MOST_TEXT = 500
_KEY_WORDS = re.compile(r"not logged in|log in|api key|api_key|unauthenticated|unauthorized|credentials|\b401\b", re.I)
_ACCESS_WORDS = re.compile(r"permission|forbidden|access denied|not authorized|\b403\b", re.I)
_SLOW_WORDS = re.compile(r"did not respond in time|timed? ?out|\b504\b", re.I)
_WAIT_WORDS = re.compile(r"rate.?limit|too many requests|\b429\b", re.I)
_BROKEN_WORDS = re.compile(r"\b(50[0-35-9])\b", re.I)


class Problem(Exception):
    """What a reader is told: a kind, and words with the next step. `wait`: seconds that the server asks for."""

    def __init__(self, kind: str, words: str, wait: float = 0.0) -> None:
        super().__init__(words)
        self.kind, self.wait = kind, wait


def throttled(wait: float = 0.0) -> Problem:
    """It was asked too often, by all who use this key."""
    pause = f", it wants {wait:.0f} s of rest" if wait >= 1 else ""
    return Problem("throttled", f"the server was asked too often (HTTP 429){pause}", wait)


def broken(code: int | str) -> Problem:
    """It fails, which is no fault of the question."""
    return Problem("server-error", f"the server itself fails (HTTP {code})")


def slow() -> Problem:
    """No answer, and no word why."""
    return Problem("slow", "the server did not answer in time")


def base_url() -> str:
    """The server that is asked: `WANDB_BASE_URL`, that of `wandb login --host` in the user's settings, or W&B's own.

    A `wandb/settings` in the working directory does not count: it may lie in a run, and would be sent the key.
    """
    given = os.environ.get("WANDB_BASE_URL", "").rstrip("/")
    return given or _user_url().rstrip("/") or DEFAULT


def _user_url() -> str:
    folder = os.environ.get("WANDB_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".config", "wandb")
    settings = configparser.ConfigParser(interpolation=None)
    try:
        settings.read(os.path.join(folder, "settings"), encoding="utf-8")
        return settings.get("default", "base_url", fallback="")
    except (configparser.Error, UnicodeDecodeError):
        return ""


def check_key(home: str | None = None) -> None:
    """Whether there are credentials for the server, without asking anybody. Raises Problem."""
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return
    host = urlsplit(base_url()).hostname or ""
    folder = os.path.expanduser("~") if home is None else home
    wanted = {host, *(("api.wandb.ai", "api.forge.coreweave.com") if base_url() == DEFAULT else ())}
    for path in (os.environ.get("NETRC", ""), f"{folder}/.netrc", f"{folder}/_netrc"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                words = file.read(1 << 20).split()
        except OSError:
            continue
        if wanted & {words[i + 1] for i, word in enumerate(words[:-1]) if word == "machine"}:
            return
    raise Problem("no-key", f"no API key for {host}: set WANDB_API_KEY, or run `wandb login` once in a terminal")


def check_network() -> None:
    """Whether the server's port answers at all: the SDK would retry for a long time. Raises Problem."""
    parts = urlsplit(base_url())
    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or os.environ.get("HTTP_PROXY"):
        return
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((parts.hostname or "", port), REACH).close()
    except OSError as error:
        cause = error.strerror or str(error) or type(error).__name__
        raise Problem("no-network", f"{parts.hostname}:{port} cannot be reached from here ({cause})") from None


def explain(error: Exception, path: str) -> Problem:
    """An exception of the SDK as what it means for the reader."""
    text = str(error)[:MOST_TEXT]
    if re.search(r"could not find (run|project)|not found|does not exist|\b404\b", text, re.I):
        return Problem("no-run", f"{path} is not on {base_url()}, or your key may not see it")
    if _WAIT_WORDS.search(text):
        return throttled()
    if (code := _BROKEN_WORDS.search(text)) is not None:
        return broken(code[1])
    if _SLOW_WORDS.search(text):
        return slow()
    if _ACCESS_WORDS.search(text):
        return Problem("no-access", f"the server refuses {path} to this key: ask its owner, or use another key")
    if type(error).__name__ == "AuthenticationError" or _KEY_WORDS.search(text):
        return Problem(
            "bad-key", "the server does not know this API key: `wandb login --relogin`, or set WANDB_API_KEY"
        )
    return Problem("failed", f"{type(error).__name__}: {text}")
