"""Metric keys of every curriculum family, and the joining of a task's spellings."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lptui.curriculum.keys import CurriculumStat, TaskCell, TaskName, classify, name_tasks

LONG = "/env/mettagrid/arena/basic_easy"


@pytest.mark.parametrize(
    ("key", "task", "column"),
    [
        ("env_curriculum_task_probs//env/mettagrid/arena/basic_easy", LONG, "probability"),
        ("env_curriculum_task_probs/env/mettagrid/arena/basic_easy", LONG, "probability"),
        ("env_curriculum_task_probs/nav", "nav", "probability"),
        ("env_task_completions//env/mettagrid/arena/basic_easy", LONG, "completions"),
        ("env_task_reward/basic_easy:sample(0)/rewards.mean", "basic_easy:sample(0)", "reward"),
        ("env_per_label_rewards/arena.7", "arena.7", "reward"),
        ("curriculum/maze_3_prob", "maze_3", "probability"),
        ("curriculum/maze_3_success_rate", "maze_3", "success_rate"),
        ("curriculum/maze_3_lp", "maze_3", "learning_progress"),
        ("curriculum/maze_3_score", "maze_3", "score"),
        ("curriculum/maze_3_staleness", "maze_3", "staleness"),
        ("tasks/maze_3_episode_return", "maze_3", "reward"),
    ],
)
def test_task_cells(key: str, task: str, column: str) -> None:
    cell = classify(key)
    assert isinstance(cell, TaskCell)
    assert (cell.task, cell.column) == (task, column)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("curriculum/entropy", "entropy"),
        ("curriculum/nonzero_probability_tasks", "nonzero_probability_tasks"),
        ("curriculum/mean_success_rate", "mean_success_rate"),
        ("curriculum/learning_progress", "learning_progress"),
        ("curriculum/score", "score"),
        ("lp/num_zeros_lp_dist", "lp/num_zeros_lp_dist"),
        ("env_curriculum/lp/num_zeros_lp_dist", "lp/num_zeros_lp_dist"),
        ("env_env_curriculum/algorithm/lp/mean_learning_progress", "algorithm/lp/mean_learning_progress"),
        ("env_curriculum/algorithm/lp/num_tracked_tasks", "algorithm/lp/num_tracked_tasks"),
        ("env_curriculum/num_evicted", "num_evicted"),
        ("curriculum/lp/task_1_success_rate", "lp/task_1_success_rate"),
    ],
)
def test_curriculum_stats(key: str, name: str) -> None:
    assert classify(key) == CurriculumStat(name)


@pytest.mark.parametrize(
    "key",
    [
        "overview/reward",
        "losses/value_loss",
        "lp/",
        "lp",
        "",
        "curriculum/",
        "curriculum/task_distribution",
        "env_curriculum_task_probs/",
        "env_curriculum_task_probs//",
        "env_task_reward/basic:sample(0)/rewards.std_dev",
        "env_task_reward//rewards.mean",
        "env_task_timing/basic/init_time_msec",
        "env_per_label_chest_deposits/arena",
        "tasks/maze_episode_length",
        "env_task_completions//env/a.std_dev",
    ],
)
def test_other_metrics(key: str) -> None:
    assert classify(key) is None


def test_share_of_completions_is_marked() -> None:
    cell = classify("env_task_completions//env/a")
    assert isinstance(cell, TaskCell)
    assert cell.unit == "share"


def test_long_and_short_spelling_join() -> None:
    names = name_tasks([LONG, "basic_easy:sample(0)", "basic_easy"])
    assert set(names.values()) == {TaskName(LONG, "basic_easy")}


def test_equal_endings_keep_what_tells_them_apart() -> None:
    names = name_tasks(["/env/arena/basic", "/env/nav/basic", "basic:sample(0)"])
    assert names["/env/arena/basic"].display == "arena/basic"
    assert names["/env/nav/basic"].display == "nav/basic"
    # it could be either, so it is neither
    assert names["basic:sample(0)"] == TaskName("basic", "basic")


def test_several_samples_stay_apart() -> None:
    names = name_tasks(["/env/a/basic", "basic:sample(0)", "basic:sample(1)"])
    assert {name.display for name in names.values()} == {"basic", "basic:sample(0)", "basic:sample(1)"}


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "/x/a", "/y/a", "/y/x/a", "b", "/x/b", "b:sample(1)"]) | st.text(max_size=8)))
def test_displays_are_unique_for_distinct_tasks(tasks: list[str]) -> None:
    names = name_tasks(tasks)
    assert set(names) == set(tasks)
    displays = {name.canonical: name.display for name in names.values()}
    assert all(displays[name.canonical] == name.display for name in names.values())
    paths = [name for name in names.values() if "/" in name.canonical and name.canonical.startswith("/")]
    assert len({name.display for name in paths}) == len({name.canonical for name in paths})


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_key_is_survived(key: str) -> None:
    for prefix in ("", "curriculum/", "lp/", "env_task_reward/", "env_curriculum_task_probs/"):
        cell = classify(prefix + key)
        assert cell is None or (cell.task if isinstance(cell, TaskCell) else cell.name)


def test_the_monitor_s_part_needs_no_numpy() -> None:
    code = "import sys, lptui.curriculum.keys, lptui.curriculum.signals; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
