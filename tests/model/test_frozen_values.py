"""`@frozen` beside what the standard library makes of the same class."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, replace
from typing import Any, ClassVar

import pytest

from lptui.model.value import frozen


@frozen
class Point:
    """Two required fields, one with a default, one made anew, one that does not count."""

    x: float
    y: float
    label: str = ""
    tags: list[str] = field(default_factory=list[str], hash=False)
    note: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Usual:
    """The same by the standard library."""

    x: float
    y: float
    label: str = ""
    tags: list[str] = field(default_factory=list[str], hash=False)
    note: str = field(default="", compare=False, repr=False)


@frozen
class Counted:
    """What belongs to the class is no field."""

    count: ClassVar[int] = 7
    size: int = 1


@frozen(kw_only=True)
class Base:
    """What others derive from."""

    at: float


@frozen(kw_only=True)
class Derived(Base):
    """With a field more, and one that nobody gives."""

    name: str
    size: int = field(init=False, default=3)


@frozen
class Single:
    """One field that counts, and methods of its own."""

    value: float
    seen: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError("below 0")

    def __repr__(self) -> str:
        return f"<{self.value}>"


@pytest.mark.parametrize(
    ("args", "kwargs"), [((1, 2), {}), ((1, 2, "a"), {"note": "n"}), ((), {"x": 1, "y": math.inf, "tags": ["t"]})]
)
def test_it_is_what_the_standard_library_makes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    ours, usual = Point(*args, **kwargs), Usual(*args, **kwargs)
    assert repr(ours) == repr(usual).replace("Usual", "Point")
    assert hash(ours) == hash(usual)
    assert asdict(ours) == asdict(usual)
    assert astuple(ours) == astuple(usual)
    assert [f.name for f in fields(ours)] == [f.name for f in fields(usual)]
    assert ours == Point(*args, **kwargs)
    assert ours != usual


def test_the_types_of_its_fields_are_told() -> None:
    assert [f.type for f in fields(Point)] == [f.type for f in fields(Usual)]
    assert Point.__annotations__ == Usual.__annotations__
    assert [(f.name, f.type) for f in fields(Derived)] == [("at", "float"), ("name", "str"), ("size", "int")]
    assert [f.name for f in fields(Counted)] == ["size"]
    assert Counted.count == 7


def test_fields_that_do_not_count_are_not_compared() -> None:
    assert Point(1, 2, note="a") == Point(1, 2, note="b")
    assert Point(1, 2, tags=["a"]) != Point(1, 2)
    assert hash(Point(1, 2, tags=["a"])) == hash(Point(1, 2))


def test_a_default_factory_is_called_for_each() -> None:
    assert Point(1, 2).tags is not Point(1, 2).tags


def test_nothing_can_be_set_or_removed() -> None:
    point: Any = Point(1, 2)
    for name in ("x", "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(point, name, 3)
    with pytest.raises(FrozenInstanceError):
        del point.x
    assert not hasattr(point, "__dict__")


@pytest.mark.parametrize("args", [(), (1,), (1, 2, "", [], "", 6)])
def test_wrong_arguments_are_a_type_error(args: tuple[Any, ...]) -> None:
    make: Any = Point
    with pytest.raises(TypeError, match="__init__"):
        make(*args)


def test_a_derived_class_has_the_fields_of_both_and_only_keywords() -> None:
    made = Derived(at=1.0, name="a")
    assert repr(made) == "Derived(at=1.0, name='a', size=3)"
    assert isinstance(made, Base)
    assert made != Base(at=1.0)
    make: Any = Derived
    with pytest.raises(TypeError):
        make(1.0, "a")
    match made:
        case Derived(name=name):
            assert name == "a"


def test_copies_and_replaced_ones_are_equal() -> None:
    point = Point(1, 2, "a", ["t"], "n")
    assert replace(point, x=3) == Point(3, 2, "a", ["t"], "n")
    for made in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert astuple(made) == astuple(point)


def test_one_field_compares_as_a_tuple_does_and_methods_of_its_own_stay() -> None:
    nan = math.nan
    assert Single(nan) == Single(nan)
    assert repr(Single(2)) == "<2>"
    with pytest.raises(ValueError, match="below 0"):
        Single(-1)


def test_a_class_compiles_nothing_and_its_first_value_one_method_and_not_six() -> None:
    """A count of work: a start-up makes two hundred such classes."""
    code = (
        "import builtins, dataclasses\n"
        "from lptui.model.value import frozen\n"
        "told, real = [], builtins.exec\n"
        "def count(*args):\n  told.append(args[0])\n  real(*args)\n"
        "builtins.exec = count\n"
        "@frozen\nclass A:\n  x: int\n  y: int = 0\n"
        "ours = len(told)\nA(1)\nA(2)\nfirst = len(told)\n"
        "@dataclasses.dataclass(frozen=True, slots=True)\nclass B:\n  x: int\n  y: int = 0\n"
        "print(ours, first, len(told) - first)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours, first, usual = map(int, done.stdout.split())
    assert (ours, first) == (0, 1)
    assert usual > 4
