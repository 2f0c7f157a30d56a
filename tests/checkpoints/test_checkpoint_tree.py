"""Tensors as a tree by their dotted names."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from lptui.checkpoints.info import TensorEntry
from lptui.checkpoints.report import TensorStats
from lptui.checkpoints.tree import MOST_LEVELS, Node, grow, measure


def tensor(name: str, nbytes: int = 8) -> TensorEntry:
    return TensorEntry(name, (2,), "float32", nbytes)


def outline(nodes: Sequence[Node]) -> list[tuple[int, str]]:
    return [row for node in nodes for row in [(node.depth, node.label), *outline(node.children)]]


def flat(nodes: Sequence[Node]) -> list[Node]:
    return [one for node in nodes for one in [node, *flat(node.children)]]


def test_a_chain_without_a_branch_is_one_level() -> None:
    names = ["optimizer.state.0.step", "optimizer.state.0.exp_avg", "optimizer.state.1.step", "policy.fc.weight"]
    assert outline(grow(map(tensor, names))) == [
        (0, "optimizer.state"),
        (1, "0"),
        (2, "step"),
        (2, "exp_avg"),
        (1, "1.step"),
        (0, "policy.fc.weight"),
    ]


def test_a_tensor_may_bear_the_name_of_a_group_and_a_name_may_come_twice() -> None:
    nodes = grow(map(tensor, ["a", "a.b", "a.c", "a", "", "..", "a.b"]))
    assert len({node.key for node in flat(nodes)}) == len(flat(nodes))
    assert sum(node.count for node in nodes) == 7
    assert [node.label for node in nodes][:3] == ["a", "a", "a"]


def test_a_group_counts_what_is_below() -> None:
    (top,) = grow([tensor("m.x.a", 10), tensor("m.x.b", 20), tensor("m.y", 5)])
    assert (top.nbytes, top.count, top.children[0].nbytes) == (35, 3, 30)


def test_a_name_of_thousands_of_levels_is_cut_into_few() -> None:
    deep = [tensor("a." * 5000 + end) for end in "xy"] + [tensor("a." * i + "z") for i in range(200)]
    assert max(node.depth for node in flat(grow(deep))) <= MOST_LEVELS


@given(st.lists(st.lists(st.sampled_from(["a", "b", "", "0"]), max_size=5).map(".".join), max_size=40))
def test_every_tensor_stands_in_the_tree_once(names: list[str]) -> None:
    found = flat(grow(map(tensor, names)))
    assert sorted(node.tensor.name for node in found if node.tensor) == sorted(names)
    assert len({node.key for node in found}) == len(found) <= 2 * len(names)


def test_the_numbers_of_a_group_are_those_of_its_tensors_together() -> None:
    nodes = grow(map(tensor, ["m.a", "m.b", "n", "shared"]))
    stats = [
        TensorStats("m.a", "float32", 8, 3.0, -1.0, 2.0, nan=1),
        TensorStats("m.b", "float32", 8, 4.0, -5.0, 0.5, infinite=2, zero_run=4),
        TensorStats("n", "int64", 8),
    ]
    numbers = measure(nodes, stats)
    both = numbers["m."]
    assert (both.norm, both.low, both.high, both.nan, both.infinite, both.zero_run) == (5.0, -5.0, 2.0, 1, 2, 4)
    assert numbers["n"].norm is None
    assert "shared" not in numbers
