"""One plain request to the W&B server when the SDK says only that no answer came: its retries hide the HTTP status."""

from __future__ import annotations

import base64
import contextlib
import json
import netrc
import os
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from lptui.cloud.access import Problem, base_url, broken, slow, throttled

PATIENCE = 5.0
"""Seconds that the request may take."""
MOST_WAIT = 3600.0
_QUERY = "query Run($entity: String!, $project: String!) { project(name: $project, entityName: $entity) { id } }"


def find_cause(path: str) -> Problem:
    """Why nothing comes for ENTITY/PROJECT...: throttled, with the pause that the server asks for; broken; or slow."""
    entity, _, rest = path.partition("/")
    variables = {"entity": entity, "project": rest.partition("/")[0]}
    body = json.dumps({"operationName": "Run", "query": _QUERY, "variables": variables}).encode()
    request = urllib.request.Request(f"{base_url()}/graphql", body, {"Content-Type": "application/json"})
    key = find_key()
    if key:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"api:{key}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):
            return slow()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 429:
            return throttled(_read_wait(error.headers.get("Retry-After") or error.headers.get("RateLimit-Reset") or ""))
        return broken(error.code) if error.code >= 500 and error.code != 504 else slow()
    except (OSError, ValueError):
        return slow()


def find_key() -> str:
    """The API key for the server; '' where there is none to be read."""
    given = os.environ.get("WANDB_API_KEY", "")
    if given:
        return given
    host = urlsplit(base_url()).hostname or ""
    for path in (os.environ.get("NETRC", ""), os.path.expanduser("~/.netrc"), os.path.expanduser("~/_netrc")):
        with contextlib.suppress(OSError, netrc.NetrcParseError, ValueError):
            found = netrc.netrc(path).authenticators(host) if path else None
            if found is not None and found[2]:
                return found[2]
    return ""


def _read_wait(text: str) -> float:
    """Seconds of a header; 0 where it holds something else (a date)."""
    try:
        return min(MOST_WAIT, max(0.0, float(text)))
    except ValueError:
        return 0.0
