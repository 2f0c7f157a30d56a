"""An incident in words: its followers by class, with ranks and times."""

from __future__ import annotations

import time

import pytest

from lptui.model.care import Care, CareEntry
from lptui.model.finding import Finding, age_out
from lptui.text.care import history_rows, quiet_words
from lptui.text.incident import find_followers, follow_words, rank_words


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def one(name: str, cls: str, role: str = "follow-up", at: float | None = None, ranks: tuple[int, ...] = ()) -> Finding:
    return Finding(name, cls, "error", cls, role, "oom", ranks=ranks, first_seen=at)  # type: ignore[arg-type]


ROOT = Finding("oom", "cuda-oom", "error", "out of memory", "root", "oom")
NCCL = one("n", "nccl-timeout", at=11.0, ranks=(0, 2, 3))
LOST = one("p", "peer-connection-lost", at=12.0, ranks=(1,))


def test_followers_by_class_with_ranks_and_times() -> None:
    assert find_followers([LOST, ROOT, NCCL]) == {"oom": [NCCL, LOST]}
    assert follow_words([NCCL, LOST]) == (
        "+ 4 follow: nccl-timeout on ranks 0, 2, 3 at 00:00:11; peer-connection-lost on rank 1 at 00:00:12"
    )
    assert follow_words([one("x", "env-crash")]) == "+ 1 follows: env-crash"


@pytest.mark.parametrize("gone", [[LOST, NCCL], [age_out(ROOT, "over"), LOST], [ROOT, age_out(LOST, "over")]])
def test_without_an_active_root_nothing_follows(gone: list[Finding]) -> None:
    assert find_followers(gone) == {}


def test_a_root_without_an_incident_of_its_own_is_named_by_its_id() -> None:
    root = Finding("nan", "nan-loss", "error", "NaN")
    noticed = Finding("log", "nan-in-model-or-grad", "error", "NaN", "follow-up", "nan")
    assert find_followers([root, noticed]) == {"nan": [noticed]}


def test_many_ranks_are_counted() -> None:
    assert rank_words(tuple(range(16))) == "on 16 ranks: 0, 1, … 15"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (CareEntry("x", "acknowledged", 60.0, "ann@box"), "acknowledged by ann@box at 1970-01-01 00:01"),
        (CareEntry("x", "snoozed", 0.0, "", 90.0), "snoozed until 00:01:30"),
        (CareEntry("x", "snoozed", 0.0, "\x1b[2Jann", None, 2), "snoozed until the next attempt by"),
    ],
)
def test_why_it_is_quiet(entry: CareEntry, words: str) -> None:
    told = quiet_words(Care((entry,), entry))
    assert told.startswith(words)
    assert "\x1b" not in told
    assert history_rows(Care((entry,)))[0][0] == entry.at
