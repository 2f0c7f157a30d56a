"""The real SDK in its worker process, against a server on loopback; skipped where wandb is not installed."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from stand_in import KEY, CloudRun, Server

from lptui.cloud import access, worker
from lptui.cloud.access import Problem, check_key, explain
from lptui.cloud.client import CloudClient, CloudFailure
from lptui.cloud.names import read_name, read_time
from lptui.cloud.plain_question import find_cause

needs_sdk = pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is not installed here")
SECRET = "k-" + "0123456789abcdef" * 2
ROWS = [{"_step": i, "_timestamp": 1.79e9 + i, "loss": 1 / (i + 1), "reward": i / 100} for i in range(2500)]
RUNS = [
    CloudRun(
        "r1", "first", rows=ROWS, config={"lr": 0.1, "opt": {"eps": 1}, "api_key": SECRET}, tags=("sweep",),
        summary={"loss": "NaN", "_step": 2499}, system={"cpu": 3, "_timestamp": 1.79e9},
    ),
    *[CloudRun(f"s{i:03d}", state="crashed", summary={"reward": i}) for i in range(149)],
]  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    with Server(RUNS) as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        monkeypatch.setenv("WANDB_API_KEY", KEY)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("NETRC", raising=False)
        yield server


@pytest.fixture
def client() -> Iterator[CloudClient]:
    client = CloudClient()
    yield client
    client.close()


def failure(answer: object) -> CloudFailure:
    assert isinstance(answer, CloudFailure), answer
    return answer


@needs_sdk
def test_everything_that_is_shown_comes_from_the_server(server: Server, client: CloudClient) -> None:
    listed = client.ask("runs", "lab/arena", limit=120)
    assert not isinstance(listed, CloudFailure)
    assert len(listed["runs"]) == 120
    assert listed["more"]
    assert server.asked.count("Runs") == 2  # pages of 100, with all of each run: no question a run
    first = listed["runs"][0]
    assert (first["id"], first["name"], first["state"], first["tags"]) == ("r1", "first", "running", ["sweep"])
    assert first["summary"]["loss"] != first["summary"]["loss"]  # the server writes NaN as text
    run = client.ask("run", "lab/arena/r1")
    assert not isinstance(run, CloudFailure)
    assert dict(map(tuple, run["config"]))["opt.eps"] == "1"
    assert run["last_step"] == 2499
    overview = client.ask("overview", "lab/arena/r1", samples=50)
    assert not isinstance(overview, CloudFailure)
    assert len(overview["rows"]) == 50
    system = client.ask("overview", "lab/arena/r1", stream="system")
    assert not isinstance(system, CloudFailure)
    assert system["rows"] == [{"cpu": 3.0, "_timestamp": 1.79e9}]
    page = client.ask("history", "lab/arena/r1", min_step=2400, limit=1000)
    assert not isinstance(page, CloudFailure)
    assert [row["_step"] for row in page["rows"]] == list(range(2400, 2500))
    assert not page["more"]
    part = client.ask("history", "lab/arena/r1", min_step=0, limit=1000)
    assert not isinstance(part, CloudFailure)
    assert part["more"]
    assert part["rows"][-1]["_step"] == 999


@needs_sdk
def test_what_a_run_printed_comes_in_whole_lines_and_is_told_when_it_is_another(
    server: Server, client: CloudClient
) -> None:
    run = server.runs["r1"]
    run.console = b"epoch 1\nepoch 2\nepoch 3 [##"
    first = client.ask("console", "lab/arena/r1", fetch=True)
    assert not isinstance(first, CloudFailure), first
    assert base64.b64decode(first["piece"]) == b"epoch 1\nepoch 2\n"
    assert (first["more"], first["again"]) == (False, False)
    run.console += b"###]\n"
    more = client.ask("console", "lab/arena/r1", fetch=True, start=16)
    assert not isinstance(more, CloudFailure)
    assert base64.b64decode(more["piece"]) == b"epoch 3 [#####]\n"
    run.console = b"anew\n"
    anew = client.ask("console", "lab/arena/r1", fetch=True, start=32)
    assert not isinstance(anew, CloudFailure)
    assert (anew["again"], base64.b64decode(anew["piece"])) == (True, b"anew\n")
    none = client.ask("console", "lab/arena/s001", fetch=True)
    assert not isinstance(none, CloudFailure), none
    assert (none["piece"], none["size"]) == ("", 0)


@pytest.mark.parametrize(
    ("steps", "lines", "page"), [(999, 1000, 100), (10**9, 10**5, 1000001), (5, 0, 100), (2**62, 1, 1 << 30)]
)
def test_a_run_that_counts_agent_steps_is_read_in_pages_of_as_many_rows(steps: int, lines: int, page: int) -> None:
    assert worker._page_size(SimpleNamespace(lastHistoryStep=steps, historyLineCount=lines), 100) == page


@needs_sdk
def test_what_is_not_there_and_what_is_refused_are_words(server: Server, client: CloudClient) -> None:
    missing = failure(client.ask("run", "lab/arena/nope"))
    assert missing.kind == "no-run"
    assert "lab/arena/nope" in missing.words
    assert failure(client.ask("runs", "lab/nope")).kind == "no-run"
    server.status = 403
    assert failure(client.ask("run", "lab/arena/r1")).kind == "no-access"
    server.status = 401
    assert failure(client.ask("run", "lab/arena/r1")).kind == "bad-key"
    assert "Basic" in next(iter(server.keys))


@needs_sdk
def test_a_throttled_or_slow_server_is_said_to_be_slow(
    server: Server, client: CloudClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not isinstance(client.ask("run", "lab/arena/r1"), CloudFailure)
    server.delay = 30.0
    impatient = CloudClient(deadline=1.0)
    assert failure(impatient.ask("run", "lab/arena/r1")).kind == "slow"
    impatient.close()
    server.delay = 0.0


def test_a_server_that_wants_a_pause_one_that_fails_and_one_that_is_slow_are_told_apart(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.status = 429
    asked = find_cause("lab/arena/r1")
    assert (asked.kind, asked.wait) == ("throttled", 1.0)
    assert "429" in str(asked)
    server.status = 500
    failed = find_cause("lab/arena/r1")
    assert (failed.kind, "500" in str(failed)) == ("server-error", True)
    server.status = 200
    assert find_cause("lab/arena/r1").kind == "slow"  # it answers now
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    assert find_cause("lab/arena/r1").kind == "slow"
    assert server.asked == ["Run", "Run", "Run"]


def test_the_key_of_the_plain_request_is_the_one_of_this_server(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text(
        f"machine example.org login user password other\nmachine 127.0.0.1 login user password {KEY}\n"
    )
    monkeypatch.delenv("WANDB_API_KEY")
    assert find_cause("lab/arena/r1").kind == "slow"
    assert server.keys == {"Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()}


@pytest.mark.parametrize(("status", "kind"), [(429, "throttled"), (500, "server-error")])
def test_what_the_retries_of_the_sdk_hide_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, status: int, kind: str
) -> None:
    def give_up(_path: str) -> None:
        raise RuntimeError("Failed to execute API request: the service process is busy and did not respond in time.")

    server.status = status
    asker = worker.Asker()
    asker._api = SimpleNamespace(run=give_up)
    with pytest.raises(Problem) as told:
        asker.answer({"ask": "run", "path": "lab/arena/r1"})
    assert told.value.kind == kind


def test_without_a_key_the_sdk_is_not_even_started(
    server: Server, client: CloudClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    told = failure(client.ask("run", "lab/arena/r1"))
    assert told.kind == "no-key"
    assert "wandb login" in told.words
    assert server.asked == []


def test_a_key_in_netrc_counts_for_its_host_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("NETRC", raising=False)
    (tmp_path / ".netrc").write_text("machine wandb.example.com\n  login user\n  password x\n")
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.com")
    check_key(str(tmp_path))
    monkeypatch.setenv("WANDB_BASE_URL", "https://other.example.com")
    with pytest.raises(Problem, match=r"other\.example\.com"):
        check_key(str(tmp_path))
    monkeypatch.delenv("WANDB_BASE_URL")
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password x")
    check_key(str(tmp_path))


def test_the_users_own_settings_name_the_server_and_those_of_a_run_do_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "own"))
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "settings").write_text("[default]\nbase_url = https://evil.example.com\n")
    monkeypatch.chdir(tmp_path)
    assert access.base_url() == access.DEFAULT
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "settings").write_text("[default]\nbase_url = https://wandb.example.com/\n")
    assert access.base_url() == "https://wandb.example.com"
    monkeypatch.setenv("WANDB_BASE_URL", "https://other.example.com")
    assert access.base_url() == "https://other.example.com"
    monkeypatch.delenv("WANDB_BASE_URL")
    (tmp_path / "own" / "settings").write_bytes(b"no settings \xff")
    assert access.base_url() == access.DEFAULT


@needs_sdk
def test_no_module_or_setting_is_taken_from_where_the_reader_stands(
    server: Server, client: CloudClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "__init__.py").write_text("raise SystemExit('taken from the run')")
    (tmp_path / "configparser.py").write_text("raise SystemExit('taken from the run')")
    monkeypatch.chdir(tmp_path)
    answer = client.ask("run", "lab/arena/r1")
    assert not isinstance(answer, CloudFailure), answer
    assert answer["state"] == "running"


def test_no_network_is_said_at_once(client: CloudClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    told = failure(client.ask("run", "a/b/c"))
    assert told.kind == "no-network"
    assert "127.0.0.1:9" in told.words


def test_without_the_sdk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "wandb", None)
    monkeypatch.setattr(worker, "check_key", lambda: None)
    monkeypatch.setattr(worker, "check_network", lambda: None)
    with pytest.raises(Problem, match=r"pip install 'lptui\[wandb\]'") as told:
        worker.Asker().answer({"ask": "run", "path": "a/b/c"})
    assert told.value.kind == "no-sdk"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Could not find run <Run a/b/c (not found)>", "no-run"),
        ("HTTP 429: rate limit exceeded", "throttled"),
        ("500 Server Error: Internal Server Error for url", "server-error"),
        ("HTTP 503", "server-error"),
        ("HTTP 504", "slow"),
        ("the service process is busy and did not respond in time.", "slow"),
        ("permission denied", "no-access"),
        ("user is not logged in", "bad-key"),
        ("something else", "failed"),
    ],
)
def test_errors_of_the_sdk_are_told_by_what_they_mean(text: str, kind: str) -> None:
    assert explain(RuntimeError(text), "a/b/c").kind == kind


def test_a_worker_that_dies_or_talks_nonsense_is_words_and_the_next_question_starts_another(
    client: CloudClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import lptui.cloud.client as module

    fake = tmp_path / "python"
    programs = {
        "exit 3": "code 3",
        "read x; echo '[1]'; read y": "no sense",
        "read x; echo '{\"id\": 9}'; read y": "another",
    }
    for program, words in programs.items():
        fake.write_text(f"#!/bin/sh\n{program}\n")
        fake.chmod(0o755)
        monkeypatch.setattr(module.sys, "executable", str(fake))
        told = failure(client.ask("run", "a/b/c"))
        assert told.kind == "failed"
        assert words in told.words or "Broken pipe" in told.words
    fake.write_text('#!/bin/sh\nread x; echo \'{"id": 4, "answer": {"state": "running"}}\'; read y\n')
    assert client.ask("run", "a/b/c") == {"state": "running"}


def test_secrets_in_words_are_masked(client: CloudClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import lptui.cloud.client as module

    fake = tmp_path / "python"
    answer = json.dumps({"id": 1, "problem": "failed", "words": f"api_key={SECRET} \x1b[2J"})
    fake.write_text(f"#!/bin/sh\nread x; cat <<'END'\n{answer}\nEND\nread y\n")
    fake.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(fake))
    told = failure(client.ask("run", "a/b/c"))
    assert SECRET not in told.words
    assert "\x1b" not in told.words


@pytest.mark.parametrize(
    ("text", "parts", "name"),
    [
        ("wandb://lab/arena/r1", 3, "lab/arena/r1"),
        ("lab/arena/r1/", 3, "lab/arena/r1"),
        ("wandb://lab/arena/runs/r1", 3, "lab/arena/r1"),
        ("lab/arena", 2, "lab/arena"),
        ("lab", 2, ""),
        ("lab/arena/r1/x/y", 3, ""),
        ("lab/ar\x1bena/r1", 3, ""),
        ("", 3, ""),
    ],
)
def test_addresses(text: str, parts: int, name: str) -> None:
    assert read_name(text, parts) == name


def test_times_of_the_server_are_utc() -> None:
    assert read_time("2026-11-28T10:00:00Z") == read_time("2026-11-28T10:00:00") == 1795860000.0
    assert read_time("") is None
    assert read_time("tomorrow") is None


def test_nothing_of_wandb_is_in_this_process() -> None:
    import subprocess
    import sys

    program = "import sys, lptui.cloud.client, lptui.sources.cloud; assert not {'wandb', 'requests'} & set(sys.modules)"
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
