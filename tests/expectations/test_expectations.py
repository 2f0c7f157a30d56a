"""Profiles: read, matched to metrics, judged."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.config.profiles import find_profile_files, read_profile_files
from lptui.expectations.behaviour import judge_rise, judge_stable, read_behaviour
from lptui.expectations.judgement import Alarm, Excuse, describe, judge
from lptui.expectations.matching import match
from lptui.expectations.reading import read_profile
from lptui.model.events import FindingsChanged, Points, ProfilesSeen, Samples, Tick
from lptui.model.expectation import Expectation, Profile
from lptui.model.finding import Change, Finding
from lptui.model.run import RunInfo
from lptui.state.expectations import MOST_VALUES, thin_values
from lptui.state.fold import fold, fold_all
from lptui.state.run_state import RunState

RISE = [i + (i % 7) for i in range(100)]
FALL = [100 - v for v in RISE]
LOST = [*range(0, 100, 2), *([5.0] * 30)]
FLAT = [3.0 + (i % 5) * 0.1 for i in range(100)]


def rule(should: str = "increase", **more: object) -> Expectation:
    return Expectation(keys=("reward",), should=should, **more)  # pyright: ignore


@pytest.mark.parametrize(
    ("values", "status"), [(RISE, "ok"), (FALL, "violated"), (LOST, "violated"), (FLAT, "watch"), ([1.0] * 50, "watch")]
)
def test_what_should_increase(values: list[float], status: str) -> None:
    assert judge(rule(), "p", "reward", values).status == status
    mirrored = judge(rule("decrease"), "p", "reward", [-v for v in values])
    assert mirrored.status == status


def test_the_words_of_a_fall_that_is_wanted() -> None:
    assert judge(rule("decrease"), "p", "loss", FALL).evidence.startswith("fell: from")
    assert judge(rule("decrease"), "p", "loss", [-v for v in LOST]).evidence.startswith("fell and was lost")


def test_a_score_that_reached_its_ceiling_is_fine() -> None:
    assert judge(rule(), "p", "reward", [min(50.0, i) for i in range(300)]).status == "ok"


def test_one_spike_decides_nothing() -> None:
    spiky = [*RISE]
    spiky[-1] = -1e9
    assert judge(rule(), "p", "reward", spiky).status == "ok"
    flat = [*FLAT]
    flat[-2] = 1e9
    assert judge(rule("stable"), "p", "loss", flat).status == "ok"


@pytest.mark.parametrize(("last", "status"), [(3.1, "ok"), (7.0, "watch"), (90.0, "violated")])
def test_what_should_be_stable(last: float, status: str) -> None:
    assert judge(rule("stable"), "p", "loss", [*FLAT, *([last] * 12)]).status == status


@pytest.mark.parametrize(
    ("should", "more", "value", "status"),
    [
        ("around", {"target": 16.0}, 15.0, "ok"),
        ("around", {"target": 16.0}, 21.0, "watch"),
        ("around", {"target": 16.0}, 60.0, "violated"),
        ("between", {"low": 0.0, "high": 1.0}, 0.5, "ok"),
        ("between", {"low": 0.0, "high": 1.0}, 1.2, "watch"),
        ("above", {"low": 0.0}, -0.1, "violated"),
        ("below", {"high": 0.1}, 0.12, "watch"),
        ("below", {"high": 0.1}, 0.9, "violated"),
        ("finite", {}, 2.0, "ok"),
    ],
)
def test_bounds(should: str, more: dict[str, float], value: float, status: str) -> None:
    assert judge(rule(should, **more), "p", "reward", [value] * 30).status == status


def test_few_values_and_none_are_no_data() -> None:
    assert judge(rule(), "p", "reward", [1.0] * 5).status == "no data"
    assert judge(rule("above", low=1.0), "p", "reward", []).status == "no data"


def test_nan_at_the_end_is_a_violation_and_nan_within_is_left_out() -> None:
    assert judge(rule(), "p", "reward", [*RISE, math.nan]).status == "violated"
    assert judge(rule(), "p", "reward", [math.nan, *RISE]).status == "ok"


def test_a_finding_outweighs_the_numbers_and_another_metric_may_excuse() -> None:
    told = judge(rule(), "p", "reward", RISE, Alarm(True, "the reward collapsed"))
    assert (told.status, told.evidence) == ("violated", "the reward collapsed")
    excused = judge(rule(), "p", "reward", FALL, None, Excuse("ev", 0.8))
    assert excused.status == "ok"
    assert "ev is 0.8" in excused.evidence


def alarmed(rules: dict[str, tuple[str, ...]], finding: Finding) -> dict[str, tuple[str, str]]:
    """(status, evidence) of metrics that do as they should while a finding stands; `rules`: metric -> classes."""
    expected = tuple(Expectation((key,), "finite", findings=classes) for key, classes in rules.items())
    rise = array("d", range(40))
    points = tuple(Points(key=key, steps=rise, times=rise, values=rise) for key in rules)
    state = fold_all(
        RunState(RunInfo("r", "/r")),
        [
            ProfilesSeen(profiles=(Profile("p", "", ("*",), expected),)),
            Samples(source="w", points=points),
            FindingsChanged(changes=(Change.raised(finding),)),
            Tick(now=50.0),
        ],
    )
    return {key: (one.judgement.status, one.judgement.evidence) for key, one in state.judged.items()}


def test_a_metric_is_not_judged_by_what_is_nan_elsewhere() -> None:
    rules = {"loss": ("nan-loss",), "train/loss": ("nan-loss",)}
    nan = Finding("nan-loss:1", "nan-loss", "warning", "allnan is NaN since step 0", metrics=("allnan", "train/loss"))
    told = alarmed(rules, nan)
    assert told["loss"][0] == "ok"
    assert told["train/loss"] == ("watch", "allnan is NaN since step 0")
    assert alarmed(rules, replace(nan, metrics=()))["loss"][0] == "watch"  # a line of the log: it may be this one


def test_what_broke_one_metric_is_told_of_those_of_another_kind_that_a_rule_ties_to_it() -> None:
    rules = {"losses/clipfrac": ("kl-blowup",), "b/approx_kl": ("kl-blowup",), "a/approx_kl": ("kl-blowup",)}
    blown = Finding("kl-blowup:1", "kl-blowup", "error", "the KL rose", metrics=("a/approx_kl",))
    told = {key: status for key, (status, _) in alarmed(rules, blown).items()}
    assert told == {"losses/clipfrac": "violated", "a/approx_kl": "violated", "b/approx_kl": "ok"}


def test_a_metric_that_says_nothing_is_never_judged() -> None:
    told = judge(rule("no-signal", means="always 1/N"), "p", "reward", FALL, Alarm(True, "x"))
    assert (told.status, told.evidence) == ("no signal", "always 1/N")


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=80), st.sampled_from(["increase", "stable"]))
def test_no_numbers_break_it(values: list[float], should: str) -> None:
    assert judge(rule(should), "p", "reward", values).evidence
    seen = read_behaviour(values)
    if seen is not None:
        assert judge_rise(seen)[0] in ("ok", "watch", "violated")
        assert judge_stable(seen)[0] in ("ok", "watch", "violated")


def test_the_first_profile_that_knows_a_metric_has_the_say() -> None:
    special = Profile("special", "", ("lp/*",), (rule(),))
    general = Profile("general", "", ("*",), (Expectation(("*",), "finite"),))
    absent = Profile("absent", "", ("nothing",), (Expectation(("*",), "finite"),))
    but = Profile("but", "", ("*",), (Expectation(("*",), "finite"),), unless=("reward",))
    told = {key: profile for key, profile, _ in match([absent, but, special, general], ["reward", "lp/a", "x"])}
    assert told == {"reward": "special", "lp/a": "general", "x": "general"}


def test_a_broken_entry_is_told_with_file_and_reason_and_the_rest_is_used() -> None:
    row = {
        "id": "mine",
        "applies": ["*"],
        "expectations": [
            {"keys": "reward", "should": "incraese"},
            {"keys": ["a"], "should": "around"},
            {"keys": ["a"], "shoud": "stable"},
            {"keys": ["a"], "should": "stable"},
            {"keys": [], "should": "stable"},
            {"keys": ["a"], "should": "above", "low": True},
        ],
    }
    profile, broken = read_profile(row, "/home/me/p.yaml")
    assert profile is not None
    assert [r.should for r in profile.expectations] == ["stable"]
    assert broken[0] == (
        "/home/me/p.yaml: mine: expectation 1: should: 'incraese' is not known; did you mean 'increase'?"
    )
    assert "needs 'target'" in broken[1]
    assert "did you mean 'should'" in broken[2]
    assert "'low' has to be a number" in broken[4]


@pytest.mark.parametrize("data", [None, [], "x", {"expectations": []}, {"applies": ["*"], "expectations": 3}])
def test_what_is_no_profile_is_told(data: object) -> None:
    profile, broken = read_profile(data, "p.yaml")
    assert profile is None
    assert broken[0].startswith("p.yaml: ")


def test_what_ships_is_whole() -> None:
    files, broken = read_profile_files(find_profile_files({"LPTUI_HOME": "/nowhere"}))
    assert broken == ()
    profiles = [read_profile(data, path) for path, data in files]
    assert [p.id for p, _ in profiles if p] == ["metta-seed", "metta-head", "ppo", "llm-finetune", "supervised"]
    assert [b for _, b in profiles if b] == []
    for profile, _ in profiles:
        assert profile is not None
        assert all(r.means and r.todo and describe(r) for r in profile.expectations)


def test_the_users_profiles_come_first_and_a_broken_file_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.yaml").write_text("applies: ['*']\nexpectations: []\n")
    (tmp_path / "profiles" / "bad.yaml").write_text("a: [")
    files, broken = read_profile_files(find_profile_files({"LPTUI_HOME": str(tmp_path)}))
    assert files[0][0].endswith("mine.yaml")
    assert "bad.yaml: while parsing" in broken[0]


def samples(values: list[float], start: int = 0, key: str = "overview/reward", *, sampled: bool = False) -> Samples:
    steps = array("d", range(start, start + len(values)))
    points = Points(key, steps, array("d", [math.nan]) * len(values), array("d", values))
    return Samples(source="wandb", points=(points,), order=float(start), sampled=sampled)


PROFILES = ProfilesSeen(profiles=(Profile("p", "", ("overview/*",), (Expectation(("overview/reward",), "increase"),)),))


def test_a_metric_is_judged_at_a_tick_and_again_only_when_it_grew() -> None:
    state = fold_all(RunState(RunInfo("r", "/r")), [PROFILES, samples([float(v) for v in RISE]), Tick(now=1.0)])
    first = state.judged["overview/reward"]
    assert first.judgement.status == "ok"
    again = fold(state, Tick(now=2.0))
    assert again.judged is state.judged
    grown = fold_all(again, [samples([0.0] * 60, 100), Tick(now=3.0)])
    assert grown.judged["overview/reward"].judgement.status == "violated"


def test_a_judgement_on_a_sample_says_so() -> None:
    events = [PROFILES, samples([float(v) for v in RISE], sampled=True), Tick(now=1.0)]
    state = fold_all(RunState(RunInfo("r", "/r")), events)
    assert "sample" in state.judged["overview/reward"].judgement.evidence


def test_without_profiles_or_metrics_nothing_is_made() -> None:
    state = RunState(RunInfo("r", "/r"))
    assert fold(state, Tick(now=1.0)).judged is state.judged
    assert fold_all(state, [samples([1.0]), Tick(now=1.0)]).judged == {}


def test_a_long_series_is_thinned_with_its_end_exact() -> None:
    state = fold(RunState(RunInfo("r", "/r")), samples([float(v) for v in range(50_000)]))
    values = thin_values(state.series["overview/reward"])
    assert len(values) <= 2 * MOST_VALUES
    assert values[-100:] == [float(v) for v in range(49_900, 50_000)]
    assert values == sorted(values)
    one = replace(state.series["overview/reward"], segments=())
    assert thin_values(one) == []
