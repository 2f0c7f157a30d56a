"""The order in which runs are looked at: each new one once, what is in view first, and nobody leaves too early."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from lptui.engine.look_queue import FIRST_VIEW, LookQueue, Turn

NAMES = [f"r{number:03d}" for number in range(100)]


def drain(queue: LookQueue) -> list[Turn]:
    turns: list[Turn] = []
    while (turn := queue.take(8, 32)).paths:
        turns.append(turn)
        queue.done(turn)
    return turns


def test_a_screenful_comes_first_then_all_others_are_glanced_at_then_looked_at() -> None:
    queue = LookQueue()
    queue.add_new(NAMES, glance=True)
    turns = drain(queue)
    first = FIRST_VIEW // 8
    assert [path for turn in turns[:first] for path in turn.paths] == NAMES[:FIRST_VIEW]
    assert [turn.glance for turn in turns[: first + 3]] == [False] * first + [True, True, False]
    assert [path for turn in turns if not turn.glance for path in turn.paths] == NAMES


def test_what_is_in_view_comes_before_glances_and_is_not_glanced_at() -> None:
    queue = LookQueue()
    queue.add_new(NAMES, glance=True)
    queue.prefer(["r077", "r090", "no such run"])
    turns = drain(queue)
    assert turns[0].paths[:2] == ("r077", "r090")
    assert not any("r077" in turn.paths for turn in turns[1:])


def test_a_kept_look_answers_a_glance_and_the_look_after_it() -> None:
    queue = LookQueue()
    queue.add_new(NAMES, glance=True)
    while not (turn := queue.take(8, 100)).glance:
        queue.done(turn)
    queue.done(turn, turn.paths[1:])
    assert [turn.paths for turn in drain(queue)] == [(turn.paths[0],)]


def test_what_changed_is_looked_at_again_though_it_was_preferred_once() -> None:
    queue = LookQueue()
    queue.add_new(NAMES[:2], glance=False)
    queue.prefer(NAMES[:2])
    assert [turn.paths for turn in drain(queue)] == [("r000", "r001")]
    queue.prefer(NAMES[:2])
    queue.add_again(["r001"])
    assert [turn.paths for turn in drain(queue)] == [("r001",)]


def test_who_finds_nothing_while_another_glances_waits_for_what_that_gives() -> None:
    queue, taken = LookQueue(), list[Turn]()
    queue.add_new(NAMES[: FIRST_VIEW + 2], glance=True)
    queue.done(queue.take(FIRST_VIEW, 32))
    glance = queue.take(8, 32)
    assert glance.glance
    other = threading.Thread(target=lambda: taken.append(queue.take(8, 32)))
    other.start()
    assert taken == []
    queue.done(glance)
    other.join(10)
    assert taken == [Turn(glance.paths)]


def test_the_end_lets_go_of_who_waits() -> None:
    queue, taken = LookQueue(), list[Turn]()
    queue.add_new(NAMES[: FIRST_VIEW + 2], glance=True)
    queue.done(queue.take(FIRST_VIEW, 32))
    queue.take(8, 32)
    other = threading.Thread(target=lambda: taken.append(queue.take(8, 32)))
    other.start()
    queue.end()
    other.join(10)
    assert taken == [Turn()]


@given(
    st.lists(st.one_of(st.lists(st.sampled_from(NAMES), max_size=9), st.sampled_from(["take", "add"])), max_size=30),
    st.booleans(),
)
def test_whatever_is_preferred_each_is_looked_at_once(orders: list[list[str] | str], glance: bool) -> None:
    queue, left = LookQueue(), [NAMES[:50], NAMES[50:]]
    looked: list[str] = []

    def take() -> None:
        turn = queue.take(4, 8)
        looked.extend(() if turn.glance else turn.paths)
        if turn.paths:
            queue.done(turn)

    for order in orders:
        if order == "add" and left:
            queue.add_new(left.pop(), glance=glance)
        elif order == "take":
            take()
        elif isinstance(order, list):
            queue.prefer(order)
    while queue:
        take()
    added = [name for part in ([NAMES[:50], NAMES[50:]]) if part not in left for name in part]
    assert sorted(looked) == sorted(added)
