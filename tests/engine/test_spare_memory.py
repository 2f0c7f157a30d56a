"""Memory is given back after much was read, and hardly ever while a run is only followed."""

from __future__ import annotations

from lptui.engine.spare_memory import FEW, OFTEN, Spare, give_memory_back


def test_it_is_given_back_now_and_then_and_at_the_end_of_much_reading() -> None:
    times: list[int] = []
    looks: list[int] = []
    spare = Spare(lambda: times.append(len(looks)))
    for look in range(3 * OFTEN + FEW):
        looks.append(look)
        spare.note(pending=True)
    assert times == [OFTEN, 2 * OFTEN, 3 * OFTEN]
    spare.note(pending=False)
    assert len(times) == 4


def test_a_small_run_that_is_followed_costs_nothing() -> None:
    times: list[int] = []
    spare = Spare(lambda: times.append(0))
    spare.note(pending=True)
    for _ in range(1000):
        spare.note(pending=False)
    assert not times


def test_whatever_the_c_library_is_it_raises_nothing() -> None:
    give_memory_back()
