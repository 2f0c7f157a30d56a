"""A W&B server on loopback for tests: answers the GraphQL operations that `wandb.Api` of SDK 0.17 to 0.31 sends.

Runs are plain values; `faults` makes it answer with a status code, slowly, or not at all.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PROBE = re.compile(r'(\w+):\s*__type\(\s*name:\s*"(\w+)"')
_FIELDS = {"Run": ("projectId", "historyLineCount"), "Project": ("internalId",)}
KEY = "local-" + "a" * 40


@dataclass
class CloudRun:
    """One run as the server knows it; `rows` are its history."""

    name: str
    display: str = ""
    state: str = "running"
    rows: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    system: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    heartbeat: str = "2026-11-28T10:00:00Z"
    console: bytes = b""


class Server:
    """`with Server([runs]) as server:` listens on `server.url`; `asked` are the names of the operations."""

    def __init__(self, runs: list[CloudRun], entity: str = "lab", project: str = "arena") -> None:
        self.runs, self.entity, self.project = {run.name: run for run in runs}, entity, project
        self.asked: list[str] = []
        self.variables: list[dict[str, Any]] = []
        self.status = 200
        """Answer everything but this user's own name with this code ..."""
        self.times = -1
        """... so many times; -1: always."""
        self.delay = 0.0
        self.keys: set[str] = set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                request = json.loads(body) if body else {"query": "", "operationName": "nothing"}
                code, answer = owner.answer(request, self.headers.get("Authorization") or "")
                data = json.dumps(answer).encode()
                try:
                    self.send_response(code)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    if code == 429:
                        self.send_header("Retry-After", "1")
                        self.send_header("RateLimit-Remaining", "0")
                        self.send_header("RateLimit-Reset", "1")
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass  # the client gave up

            def do_GET(self) -> None:
                owner.asked.append("GET")
                run = owner.runs.get(self.path.split("/")[-2]) if self.path.endswith("/output.log") else None
                self.send_response(200 if run is not None else 404)
                data = run.console if run is not None else b""
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Server:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: dict[str, Any], authorization: str) -> tuple[int, dict[str, Any]]:
        """(status, body) for one request."""
        name = request.get("operationName") or request["query"].split("(")[0].split()[-1].strip("{ ")
        variables = request.get("variables") or {}
        probes = dict(_PROBE.findall(request["query"]))
        if probes:  # what the server can do: SDKs from 0.19 on look before they ask
            self.asked.append("probe")
            return 200, {"data": {alias: _type(kind) for alias, kind in probes.items()}}
        if "viewer" in request["query"]:
            name = "Viewer"
        self.asked.append(name)
        self.variables.append(variables)
        self.keys.add(authorization)
        time.sleep(self.delay)
        if self.status != 200 and name != "Viewer" and self.times:
            self.times -= 1
            return self.status, {"errors": [{"message": f"status {self.status}"}]}
        try:
            return 200, {"data": self._data(name, variables)}
        except KeyError as error:
            return 200, {"errors": [{"message": f"unknown operation {name}: {error}"}]}

    def _data(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        if name == "Viewer":
            user = {"id": "VQ==", "entity": self.entity, "username": "u", "email": "u@example.com", "admin": False}
            return {"viewer": {**user, "flags": "{}", "teams": {"edges": []}}}
        if name == "Runs":
            return {"project": self._page(variables)}
        run = self.runs.get(str(variables.get("name") or variables.get("run") or variables.get("runName") or ""))
        known = variables.get("entity") == self.entity and variables.get("project") == self.project
        if run is None or not known:
            return {"project": None if not known else {"internalId": "1", "run": None}}
        return {"project": {"internalId": "1", "run": self._run_part(name, run, variables)}}

    def _run_part(self, name: str, run: CloudRun, variables: dict[str, Any]) -> dict[str, Any]:
        if name == "Run":
            return self._run(run)
        if name == "RunHistoryKeys":
            last = max((row["_step"] for row in run.rows), default=-1)
            return {"historyKeys": {"lastStep": last, "sets": [], "keys": {}}}
        if name == "RunFullHistory":
            every = max(1, len(run.rows) // int(variables.get("samples") or 500))
            return {"history": [json.dumps(row) for row in run.rows[::every]], "events": [json.dumps(run.system)]}
        if name == "RunParquetHistory":
            return {"parquetHistory": {"parquetUrls": [], "liveData": []}}
        if name == "HistoryPage":
            low, high = int(variables["minStep"]), int(variables["maxStep"])
            rows = [row for row in run.rows if low <= row["_step"] < high][: int(variables.get("pageSize") or 1000)]
            return {"history": [json.dumps(row) for row in rows]}
        if name == "RunFiles":
            return {"fileCount": 1, "files": self._files(run)}
        raise KeyError(name)

    def _files(self, run: CloudRun) -> dict[str, Any]:
        url = f"{self.url}/files/{self.entity}/{self.project}/{run.name}/output.log"
        node = {
            "id": "1", "name": "output.log", "url": url, "directUrl": url, "uploadUrl": None, "mimetype": "text/plain",
            "sizeBytes": str(len(run.console)), "updatedAt": run.heartbeat, "md5": "", "digest": "",
        }  # fmt: skip
        edges = [{"node": node, "cursor": "1"}] if run.console else []
        return {"edges": edges, "pageInfo": {"endCursor": "1", "hasNextPage": False}}

    def _page(self, variables: dict[str, Any]) -> dict[str, Any] | None:
        if (variables.get("entity"), variables.get("project")) != (self.entity, self.project):
            return None
        size, start = int(variables.get("perPage") or 50), int(variables.get("cursor") or 0)
        names = list(self.runs)
        shown = names[start : start + size]
        edges = [{"node": self._run(self.runs[n]), "cursor": str(start + i + 1)} for i, n in enumerate(shown)]
        more = start + size < len(names)
        page = {"endCursor": str(start + len(shown)), "hasNextPage": more}
        return {
            "internalId": "1",
            "runCount": len(names),
            "readOnly": False,
            "runs": {"edges": edges, "pageInfo": page},
        }

    def _run(self, run: CloudRun) -> dict[str, Any]:
        config = {key: {"value": value} for key, value in run.config.items()}
        return {
            "id": f"UnVu{run.name}", "projectId": "1", "name": run.name, "displayName": run.display or run.name,
            "state": run.state, "tags": list(run.tags), "createdAt": "2026-11-28T08:00:00Z",
            "heartbeatAt": run.heartbeat, "historyLineCount": len(run.rows), "user": {"name": "u", "username": "u"},
            "sweepName": None, "group": None, "jobType": None, "commit": None, "notes": None, "readOnly": False,
            "config": json.dumps(config), "summaryMetrics": json.dumps(run.summary),
            "systemMetrics": json.dumps(run.system), "historyKeys": {"lastStep": len(run.rows), "keys": {}, "sets": []},
            "description": None, "stopped": False, "project": {"name": self.project, "entity": {"name": self.entity}},
        }  # fmt: skip


def _type(kind: str) -> dict[str, Any]:
    names = [{"name": name, "args": []} for name in _FIELDS.get(kind, ())]
    return {"name": kind, "fields": names, "inputFields": names}
