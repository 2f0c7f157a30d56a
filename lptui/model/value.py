"""`@frozen`: what `dataclass(frozen=True, slots=True)` makes, in a third of the time.

A dataclass compiles six methods for every class, and a start-up waits for two hundred classes (0.8 ms each). Only
`__init__` is a text of its own here, which also makes instances a third faster; the rest is shared code over the
fields. `fields`, `replace`, `astuple`, `match` and `field(...)` work as with any dataclass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, TypeVar, cast, dataclass_transform, overload

_Value = TypeVar("_Value")


@overload
def frozen(cls: type[_Value], /) -> type[_Value]: ...
@overload
def frozen(
    *, kw_only: bool = False, eq: bool = True, weakref_slot: bool = False
) -> Callable[[type[_Value]], type[_Value]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(
    cls: type[Any] | None = None, /, *, kw_only: bool = False, eq: bool = True, weakref_slot: bool = False
) -> Any:
    """A class of values: equal and hashed by their fields (with `eq` False by what they are), never changed. A base
    class must be made by this too."""

    def make(cls: type[Any]) -> type[Any]:
        if cls.__doc__ is None:
            cls.__doc__ = cls.__name__  # else a dataclass works out a text of its parameters, which takes longer
        types = _hide_types(cls)
        made = dataclass(slots=True, init=False, repr=False, eq=False, kw_only=kw_only, weakref_slot=weakref_slot)(cls)
        if types:
            made.__annotations__ = types
            for f in fields(made):
                f.type = types.get(f.name, f.type)
        return _complete(made, eq=eq)

    return make if cls is None else make(cls)


def _hide_types(cls: type[Any]) -> dict[str, Any]:
    """The types of its own fields, each `object` until they are put back: a dataclass searches every text of a type for
    the three names of what is no field, a quarter of its time. A type that may be one of them stays."""
    types: dict[str, Any] = cls.__annotations__
    if types:
        cls.__annotations__ = {n: t if "Var" in str(t) or "KW_ONLY" in str(t) else object for n, t in types.items()}
    return types


def _complete(cls: type[Any], *, eq: bool) -> type[Any]:
    methods: dict[str, Any] = {
        "__init__": _init_later(cls),
        "__repr__": _repr,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _get_state,
        "__setstate__": _set_state,
    }
    if eq:
        methods |= _make_comparison(cls)
    for name, method in methods.items():
        if name not in cls.__dict__ or name == "__hash__":
            setattr(cls, name, method)
    return cls


def _init_later(cls: type[Any]) -> Callable[..., None]:
    """`__init__`, made when the first value is: a start-up loads three classes for each that it uses."""

    def __init__(self: object, *given: object, **named: object) -> None:  # noqa: N807 - its place is the class
        made = _make_init(cls, fields(cls))
        if cls.__init__ is __init__:
            cls.__init__ = made
        made(self, *given, **named)

    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    return __init__


def _make_comparison(cls: type[Any]) -> dict[str, Any]:
    own = fields(cls)
    compared = _getter([f.name for f in own if f.compare])
    hashed = _getter([f.name for f in own if (f.compare if f.hash is None else f.hash)])
    made: dict[str, Any] = {"__eq__": _make_eq(compared)}
    if cls.__dict__.get("__hash__") is None:  # what defines __eq__ alone has None here
        made["__hash__"] = _make_hash(hashed)
    return made


def _make_init(cls: type, own: tuple[Field[Any], ...]) -> Callable[..., None]:
    """`__init__`, which writes through the slots themselves: that is not refused, and quicker than by name."""
    known: dict[str, Any] = {"_MISSING": MISSING}
    taken: dict[bool, list[str]] = {False: [], True: []}
    body: list[str] = []
    for f in own:
        known[f"_set_{f.name}"] = getattr(cls, f.name).__set__
        known[f"_default_{f.name}"] = f.default
        known[f"_make_{f.name}"] = f.default_factory
        parameter, value = _tell_field(f)
        if parameter:
            taken[bool(f.kw_only)].append(parameter)
        if value:
            body.append(f"_set_{f.name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    words = ["self", *taken[False], *(["*", *taken[True]] if taken[True] else [])]
    exec(f"def __init__({', '.join(words)}):\n " + "\n ".join(body or ["pass"]), known)
    made = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _tell_field(f: Field[Any]) -> tuple[str, str]:
    """Its parameter and what it is set to, as program text; '' for none. Default values are never text."""
    name = f.name
    if f.default_factory is not MISSING:
        make = f"_make_{name}()"
        return (f"{name}=_MISSING", f"{make} if {name} is _MISSING else {name}") if f.init else ("", make)
    if f.default is not MISSING:
        return (f"{name}=_default_{name}", name) if f.init else ("", f"_default_{name}")
    return (name, name) if f.init else ("", "")


def _getter(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    """The values of `names` as a tuple, also where it is one: a tuple takes a NaN for equal to itself."""
    if len(names) > 1:
        return cast("Callable[[object], tuple[object, ...]]", attrgetter(*names))
    return lambda of: tuple(getattr(of, name) for name in names)


def _make_eq(compared: Callable[[object], tuple[object, ...]]) -> Callable[[object, object], bool]:
    def is_equal(self: object, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    return is_equal


def _make_hash(hashed: Callable[[object], tuple[object, ...]]) -> Callable[[object], int]:
    return lambda self: hash(hashed(self))


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: object, name: str, value: object = None) -> None:
    raise FrozenInstanceError(f"{type(self).__name__} is frozen: cannot change field {name!r}")


def _get_state(self: Any) -> list[object]:
    """For copies and pickles, which would set attributes one by one otherwise."""
    return [getattr(self, f.name) for f in fields(self)]


def _set_state(self: Any, state: list[object]) -> None:
    for f, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, f.name, value)
