"""The catalogue: every entry well-formed, its examples hit, its counter-examples silent, on both engines."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lptui.detect import catalogue_files
from lptui.detect.catalogue import Broken, Entry, entry, find_literal, load_catalogue, make_entry, make_pattern
from lptui.detect.catalogue_files import find_packaged, read_catalogue
from lptui.detect.confirm import find_hits
from lptui.detect.findings import tell_findings
from lptui.detect.hit_memory import FileMemory, Seen
from lptui.detect.scanner import Scanner, make_scanner
from lptui.model.finding import Finding
from lptui.model.place import Anchor
from lptui.model.run import RunInfo
from lptui.state.run_state import RunState

CATALOGUE = load_catalogue()
ENTRIES = list(CATALOGUE.entries.values())


@pytest.fixture(scope="module", params=[True, False], ids=["re2", "re"])
def scanner(request: pytest.FixtureRequest) -> Scanner:
    made = make_scanner(CATALOGUE, use_re2=request.param)
    if request.param and made.engine != "re2":
        pytest.skip("google-re2 is not installed")
    return made


def told(scanner: Scanner, text: str) -> list[Finding]:
    hits = find_hits(scanner, text.encode() + b"\n", 0)
    memory = FileMemory().add_hits(Seen(h, Anchor("log", 0, h.position)) for h in hits)
    return tell_findings({"log": memory}, RunState(RunInfo("r", "/r", logs=("log",))))


def test_nothing_that_ships_is_broken() -> None:
    assert CATALOGUE.broken == ()
    assert len(ENTRIES) >= 50
    assert all(len(e.examples) >= 2 and e.counter_examples and e.fixes and e.meaning for e in ENTRIES)
    assert all(e.links and all(link.startswith("https://") for link in e.links) for e in ENTRIES)


def test_classes_that_others_name_exist() -> None:
    for one in ENTRIES:
        assert one.yields_to <= set(CATALOGUE.entries), one.id
        assert one.follows <= {*CATALOGUE.entries, "*"}, one.id


@pytest.mark.parametrize("one", ENTRIES, ids=lambda e: e.id)
def test_patterns_are_linear_and_begin_with_literal_text(one: Entry) -> None:
    re2 = pytest.importorskip("re2")
    for pattern in one.patterns:
        re2.compile(pattern.regex)
        compiled = re.compile(pattern.regex)
        assert len(pattern.literal) >= 4
        # Whatever the pattern goes on with, a match begins with the literal.
        flags = re.IGNORECASE if pattern.ignore_case else 0
        body = pattern.regex.removeprefix("(?i)")
        assert re.match(re.escape(pattern.literal), re.sub(r"\\([^A-Za-z0-9])", r"\1", body), flags)
        assert compiled.search("") is None


@pytest.mark.parametrize("one", ENTRIES, ids=lambda e: e.id)
def test_examples_hit_their_class(one: Entry, scanner: Scanner) -> None:
    for example in one.examples:
        assert one.id in {f.cls for f in told(scanner, example)}, example


@pytest.mark.parametrize("one", ENTRIES, ids=lambda e: e.id)
def test_counter_examples_are_silent(one: Entry, scanner: Scanner) -> None:
    for example in one.counter_examples:
        assert told(scanner, example) == [], example


HARMLESS = """\
error_rate=0.0213 nan_count=0 inf_count=0 oom_retries=0
val_nan_count: 0
Trainer(detect_anomaly=False, max_epochs=4, gradient_clip_val=1.0)
checkpoint integrity: 0 errors, 0 warnings
best_loss: inf
fault-tolerant mode on (timeout=600s); killed=0
tests passed: RuntimeError is raised on bad input
Namespace(on_error='raise', nan_loss='skip', resume=None)
  --fail-on-nan   stop when the loss is NaN (default: off)
prompt: write a story about a CUDA out of memory error
generated: Traceback is a word that programmers use when an error happens
[INFO] If training crashes with CUDA out of memory, lower trainer.minibatch_size
UserWarning: This DataLoader will create 16 worker processes in total.
wandb: Waiting for W&B process to finish... (success).
Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 32768.0
lp/num_active_tasks: 16  losses/explained_variance nan
[rank0]:[W reducer.cpp:1400] Warning: find_unused_parameters=True was specified in DDP constructor
12:00:01 [WARNING] slow reset in env 411: 2.94s
No checkpoint found, starting from scratch
Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.
Retrying (Retry(total=4, connect=None)) after connection broken by 'ReadTimeoutError'
"""


def test_healthy_lines_are_silent(scanner: Scanner) -> None:
    for line in HARMLESS.splitlines():
        assert told(scanner, line) == [], line


@pytest.mark.parametrize(
    ("regex", "literal"),
    [
        (r"CUDA out of memory\. Tried", "CUDA out of memory. Tried"),
        (r"(?i)loss is (?:nan|inf)", "loss is "),
        (r"colou?r", "colo"),
        (r"ab+c", "a"),
        (r"\[Errno 28\]", "[Errno 28]"),
        (r"one|other", ""),
        (r"(?:a|b)c", ""),
        (r"[|]x", ""),
    ],
)
def test_find_literal(regex: str, literal: str) -> None:
    assert find_literal(regex)[0] == literal


@pytest.mark.parametrize("regex", [r"abcd(?=x)", r"abcd(?!x)", r"(?<=x)abcd", r"(abcd)\1", "abc", "x|abcdef", "ab\ncd"])
def test_bad_patterns_are_refused(regex: str) -> None:
    assert isinstance(make_pattern(regex), str)


GOOD = {
    "id": "gremlins",
    "title": "Gremlins",
    "severity": "warning",
    "patterns": ["gremlins? in the machine"],
    "examples": ["a gremlin in the machine"],
    "counter_examples": ["no such thing"],
    "meaning": "Small beings.",
    "fixes": [{"what": "feed them before midnight"}],
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"severity": "fatal"}, "severity 'fatal'"),
        ({"role": "boss"}, "role 'boss'"),
        ({"pattern": []}, "unknown key 'pattern'"),
        ({"patterns": ["(?:a|b)"]}, "literal"),
        ({"patterns": "text"}, "'patterns' has to be a list"),
        ({"excludes": ["("]}, "no regular expression"),
        ({"fixes": [{"how": "x"}]}, "a fix has the keys"),
        ({"id": "Bad Id"}, "lower-case"),
    ],
)
def test_a_broken_entry_is_a_value(change: dict[str, object], reason: str) -> None:
    made = make_entry({**GOOD, **change}, "mine.yaml")
    assert isinstance(made, Broken)
    assert reason in made.reason


def test_user_entries_join_and_broken_ones_are_told(tmp_path: Path) -> None:
    mine = tmp_path / "rules"
    mine.mkdir()
    (mine / "a.yaml").write_text(json.dumps([GOOD, {**GOOD, "id": "half"}, {"id": "bare"}]))
    (mine / "b.yaml").write_text("[: not yaml")
    (mine / "c.yaml").write_text(json.dumps([{**GOOD, "id": "open", "patterns": ["open paren ("]}]))
    found = read_catalogue((str(mine), str(tmp_path / "gone.yaml")), cache_dir="")
    assert {"gremlins", "half", "cuda-oom"} <= set(found.entries)
    assert {(Path(b.file).name, b.key) for b in found.broken} == {
        ("a.yaml", "bare"),
        ("b.yaml", ""),
        ("c.yaml", "open"),
        ("gone.yaml", ""),
    }


def test_the_copy_says_the_same_and_is_left_when_the_yaml_changes(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(json.dumps([GOOD]))
    cache = str(tmp_path / "cache")
    plain = read_catalogue((str(mine),), cache_dir="")
    first = read_catalogue((str(mine),), cache_dir=cache)
    assert read_catalogue((str(mine),), cache_dir=cache) == first == plain
    mine.write_text(json.dumps([{**GOOD, "title": "Two gremlins"}]))
    assert read_catalogue((str(mine),), cache_dir=cache).entries["gremlins"].title == "Two gremlins"


def test_a_spoiled_copy_is_ignored(tmp_path: Path) -> None:
    read_catalogue(cache_dir=str(tmp_path))
    (copy,) = tmp_path.iterdir()
    copy.write_text('[["x"]]')
    assert set(read_catalogue(cache_dir=str(tmp_path)).entries) == set(CATALOGUE.entries)


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert read_catalogue(cache_dir=str(blocked / "below")).entries


def test_entry_by_name() -> None:
    found = entry("cuda-oom")
    assert found is not None
    assert found.severity == "error"
    assert entry("no-such-class") is None
    assert all(Path(file).suffix == ".yaml" for file in find_packaged())
    assert sum(Path(file).stat().st_size for file in find_packaged()) < catalogue_files.LARGEST_FILE


@pytest.mark.parametrize(
    ("line", "does", "command"),
    [
        (
            "mlflow.exceptions.MlflowException: API request to http://m:5000/api/2.0/mlflow/runs/create failed",
            "answers",
            "curl",
        ),
        ("WARNING Failed to log metrics to mlflow: timed out", "answers", "curl"),
        ("mlflow.exceptions.RestException: TEMPORARILY_UNAVAILABLE: try later", "answers", "curl"),
        (
            "mlflow.exceptions.RestException: INVALID_PARAMETER_VALUE: Changing param values is not allowed.",
            "refused",
            "",
        ),
        ("mlflow.exceptions.MlflowException: RESOURCE_DOES_NOT_EXIST: Run with id=3 not found", "refused", ""),
        ("wandb: Network error (ReadTimeout), entering retry loop.", "WANDB_MODE=offline", "wandb sync"),
    ],
)
def test_each_metrics_service_has_its_own_fix(scanner: Scanner, line: str, does: str, command: str) -> None:
    (finding,) = told(scanner, line)
    assert finding.cls == "wandb-failure"
    assert finding.fix is not None
    assert does in finding.fix.what
    assert finding.fix.command.startswith(command)
    assert ("wandb" in finding.fix.command) == ("wandb" in line)
