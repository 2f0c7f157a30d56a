"""The inert values that stand for what a pickle would build. None of them can run anything."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

_MAX_COUNT = 1 << 62

ITEM_BITS = {
    "float32": 32, "float64": 64, "float16": 16, "bfloat16": 16,
    "int8": 8, "int16": 16, "int32": 32, "int64": 64,
    "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64, "bool": 8,
    "complex32": 32, "complex64": 64, "complex128": 128,
    "float8_e4m3fn": 8, "float8_e5m2": 8, "float8_e4m3fnuz": 8, "float8_e5m2fnuz": 8, "float8_e8m0fnu": 8,
    "float4_e2m1fn_x2": 8, "qint8": 8, "quint8": 8, "qint32": 32, "quint4x2": 8, "quint2x4": 8,
    "bits8": 8, "bits16": 16,
}  # fmt: skip
_STORAGE_TYPES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "CharStorage": "int8", "ShortStorage": "int16", "IntStorage": "int32",
    "LongStorage": "int64", "ByteStorage": "uint8", "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
    "QInt8Storage": "qint8", "QUInt8Storage": "quint8", "QInt32Storage": "qint32",
    "QUInt4x2Storage": "quint4x2", "QUInt2x4Storage": "quint2x4",
    "UntypedStorage": "uint8", "TypedStorage": "uint8",
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Label:
    """A name that the pickle imports. Never looked up."""

    module: str
    name: str
    full: str = field(init=False)

    def __post_init__(self) -> None:
        self.full = f"{self.module}.{self.name}"  # asked for at every call that the pickle makes


@dataclass(slots=True, eq=False)
class Instance:
    """An object that a loader would build by calling `target`; here only its parts are kept."""

    target: object
    args: object
    state: object = None
    entries: dict[object, object] | None = None
    elements: list[object] | None = None


@dataclass(slots=True, eq=False)
class StorageStub:
    """The place of a tensor's bytes: record `key` of the archive, `numel` items of `dtype`."""

    key: str
    dtype: str
    numel: int
    location: str

    @property
    def nbytes(self) -> int:
        return self.numel * ITEM_BITS[self.dtype] // 8


@dataclass(slots=True, eq=False)
class TensorStub:
    """A tensor as the pickle describes it: `offset` and `stride` in items of its own dtype."""

    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    storage: StorageStub
    numel: int

    @property
    def nbytes(self) -> int:
        return self.numel * ITEM_BITS[self.dtype] // 8


class Opaque:
    """Stands in for a dictionary key that is not a plain value (hashing one can cost exponential time)."""

    __slots__ = ()


def build(target: object, args: object) -> object:
    """What REDUCE and NEWOBJ give: a container or tensor stub for a few known names, else an Instance."""
    if isinstance(target, Label) and isinstance(args, tuple):
        builder = _BUILDERS.get(target.full)
        if builder is not None:
            made = builder(args)  # pyright: ignore[reportUnknownArgumentType]
            if made is not None:
                return made
    return Instance(target, args)


def build_storage(pid: object) -> object:
    """The storage behind a persistent id ("storage", type, key, location, numel, ...), or an Instance."""
    match pid:
        case ("storage", Label() as kind, str() as key, str() as location, int() as numel, *_):
            dtype = _STORAGE_TYPES.get(kind.name)
            if dtype is not None and 0 <= numel < _MAX_COUNT:
                return StorageStub(key, dtype, numel, location)
        case _:
            pass
    return Instance(None, pid)


def _ordered_dict(args: tuple[object, ...]) -> object:
    if not args:
        return {}
    pairs = args[0]
    if len(args) == 1 and isinstance(pairs, list):
        made: dict[object, object] = {}
        for pair in pairs:  # pyright: ignore[reportUnknownVariableType]
            match pair:
                case [key, value] if isinstance(key, str | int):
                    made[key] = value
                case _:
                    return None
        return made
    return None


def _tensor_v2(args: tuple[object, ...]) -> object:
    """torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, ...)."""
    if len(args) < 4 or not isinstance(args[0], StorageStub):
        return None
    return _tensor(args[0], args[0].dtype, args[1], args[2], args[3])


def _tensor_v3(args: tuple[object, ...]) -> object:
    """As v2 with the dtype as seventh argument; the storage is untyped bytes."""
    if len(args) < 7 or not isinstance(args[0], StorageStub) or not isinstance(args[6], Label):
        return None
    return _tensor(args[0], args[6].name, args[1], args[2], args[3])


def _tensor(storage: StorageStub, dtype: str, offset: object, shape: object, stride: object) -> object:
    if dtype not in ITEM_BITS or not isinstance(offset, int) or not 0 <= offset < _MAX_COUNT:
        raise ValueError("a tensor of an impossible kind")
    sizes, strides = _counts(shape), _counts(stride)
    numel = math.prod(sizes)
    if len(sizes) != len(strides) or numel >= _MAX_COUNT:
        raise ValueError("a tensor of an impossible shape")
    return TensorStub(dtype, sizes, strides, offset, storage, numel)


def _counts(value: object) -> tuple[int, ...]:
    if not isinstance(value, tuple | list) or len(value) > 64:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError("a tensor of an impossible shape")
    found: list[int] = []
    for n in value:  # pyright: ignore[reportUnknownVariableType]
        if type(n) is not int or not 0 <= n < _MAX_COUNT:  # pyright: ignore[reportUnknownArgumentType]
            raise ValueError("a tensor of an impossible shape")
        found.append(n)
    return tuple(found)


def _first(args: tuple[object, ...]) -> object:
    """Parameters, sub-class tensors: the tensor inside is what counts."""
    return args[0] if args and isinstance(args[0], TensorStub) else None


def _from_type(args: tuple[object, ...]) -> object:
    """torch._tensor._rebuild_from_type_v2(function, type, args, state)."""
    if len(args) >= 3 and isinstance(args[0], Label) and args[0].full in _TENSOR_BUILDERS:
        return build(args[0], args[2])
    return None


def _size(args: tuple[object, ...]) -> object:
    return tuple(args[0]) if len(args) == 1 and isinstance(args[0], tuple | list) else None  # pyright: ignore[reportUnknownArgumentType]


_TENSOR_BUILDERS = {
    "torch._utils._rebuild_tensor": _tensor_v2,
    "torch._utils._rebuild_tensor_v2": _tensor_v2,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
}
_BUILDERS = {
    **_TENSOR_BUILDERS,
    "collections.OrderedDict": _ordered_dict,
    "torch._tensor._rebuild_from_type_v2": _from_type,
    "torch.Size": _size,
}
