"""What each pickle opcode does on the bounded machine: one small function each, and the table of all.

Opcodes: CPython Lib/pickletools.py, protocols 0 to 5. The out-of-band ones (EXT*, NEXT_BUFFER,
READONLY_BUFFER) are not there: they need the process that wrote the file.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable

from lptui.checkpoints.machine import Machine, OverBudgetError, StopError
from lptui.checkpoints.stubs import Instance, Label, build, build_storage

_Op = Callable[[Machine], None]
_DOUBLE = struct.Struct(">d").unpack_from
_WORD = struct.Struct("<I").unpack_from
_SHORT = struct.Struct("<H").unpack_from
_SIGNED = struct.Struct("<i").unpack_from


# -- marks, stack, memo ------------------------------------------------------------------------------------
def _unknown(m: Machine) -> None:
    raise ValueError(f"byte 0x{m.raw[m.position - 1]:02x} is no operation that can be read here")


def _stop(m: Machine) -> None:
    raise StopError


def _pop(m: Machine) -> None:
    if m.stack:
        m.stack.pop()
    else:
        m.pop_mark()


def _pop_mark(m: Machine) -> None:
    m.pop_mark()


def _dup(m: Machine) -> None:
    m.stack.append(m.stack[-1])


def _get(m: Machine) -> None:
    m.stack.append(m.memo[int(m.take_line()[:20])])


def _binget(m: Machine) -> None:
    m.stack.append(m.memo[m.raw[m.position]])
    m.position += 1


def _long_binget(m: Machine) -> None:
    at = m.position
    m.stack.append(m.memo[_WORD(m.raw, at)[0]])
    m.position = at + 4


def _put(m: Machine) -> None:
    m.remember(int(m.take_line()[:20]))


def _binput(m: Machine) -> None:
    m.memo[m.raw[m.position]] = m.stack[-1]
    m.position += 1


def _long_binput(m: Machine) -> None:
    at = m.position
    m.remember(_WORD(m.raw, at)[0])
    m.position = at + 4


def _memoize(m: Machine) -> None:
    m.remember(len(m.memo))


def _skip(width: int) -> _Op:
    def op(m: Machine) -> None:
        m.take(width)

    return op


# -- plain values ------------------------------------------------------------------------------------------
def _constant(value: object) -> _Op:
    def op(m: Machine) -> None:
        m.stack.append(value)

    return op


def _binint1(m: Machine) -> None:
    m.stack.append(m.raw[m.position])
    m.position += 1


def _binint2(m: Machine) -> None:
    m.stack.append(_SHORT(m.raw, m.position)[0])
    m.position += 2


def _binint(m: Machine) -> None:
    m.stack.append(_SIGNED(m.raw, m.position)[0])
    m.position += 4


def _int_line(m: Machine) -> None:
    line = m.take_line()[:40]
    m.stack.append(line == b"01" if line in (b"00", b"01") else int(line.removesuffix(b"L")))


def _float_line(m: Machine) -> None:
    m.stack.append(float(m.take_line()[:80]))


def _binfloat(m: Machine) -> None:
    m.stack.append(_DOUBLE(m.raw, m.position)[0])
    m.position += 8


def _long_of(width: int) -> _Op:
    def op(m: Machine) -> None:
        length = m.take_int(width)
        if length > m.budget.long_bytes:
            raise OverBudgetError("a whole number of more than a thousand bytes")
        m.stack.append(int.from_bytes(m.take(length), "little", signed=True))

    return op


def _binunicode(m: Machine) -> None:
    at = m.position
    m.position = at + 4
    m.stack.append(m.take_text(_WORD(m.raw, at)[0]))


def _sized(width: int, take: Callable[[Machine, int], object]) -> _Op:
    def op(m: Machine) -> None:
        m.stack.append(take(m, m.take_int(width)))

    return op


def _text_line(m: Machine) -> None:
    # escapes count: a name spelled \\u006fs is os to a real unpickler
    m.stack.append(m.take_line().decode("raw_unicode_escape"))


def _string_line(m: Machine) -> None:
    quoted = m.take_line().strip()
    plain, _length = codecs.escape_decode(quoted[1:-1])
    m.stack.append(bytes(plain).decode("latin-1"))


# -- containers --------------------------------------------------------------------------------------------
def _empty_dict(m: Machine) -> None:
    m.count_container()
    m.stack.append({})


def _empty_list(m: Machine) -> None:
    m.count_container()
    m.stack.append([])


def _list(m: Machine) -> None:
    m.count_container()
    items = m.pop_mark()
    m.stack.append(items)


def _dict(m: Machine) -> None:
    m.count_container()
    items = m.pop_mark()
    made: dict[object, object] = {}
    m.set_entries(made, items)
    m.stack.append(made)


def _tuple(m: Machine) -> None:
    m.count_container()
    items = m.pop_mark()
    m.stack.append(tuple(items))


def _tuple_of(length: int) -> _Op:
    def op(m: Machine) -> None:
        m.count_container()
        stack = m.stack
        if len(stack) < length:
            raise IndexError
        made = tuple(stack[-length:])
        del stack[-length:]
        stack.append(made)

    return op


def _append(m: Machine) -> None:
    value = m.stack.pop()
    m.add_elements(m.stack[-1], [value])


def _appends(m: Machine) -> None:
    items = m.pop_mark()
    m.add_elements(m.stack[-1], items)


def _setitem(m: Machine) -> None:
    value, key = m.stack.pop(), m.stack.pop()
    m.set_entries(m.stack[-1], [key, value])


def _setitems(m: Machine) -> None:
    items = m.pop_mark()
    m.set_entries(m.stack[-1], items)


# -- names and the calls that are not made -----------------------------------------------------------------
def _global(m: Machine) -> None:
    module = m.take_line().decode("utf-8", "backslashreplace")
    m.stack.append(m.label(module, m.take_line().decode("utf-8", "backslashreplace")))


def _stack_global(m: Machine) -> None:
    name, module = m.stack.pop(), m.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise TypeError("a name that is no text")
    m.stack.append(m.label(module, name))


def _call(m: Machine, target: object, args: object) -> None:
    m.count_container()
    if isinstance(target, Label) and target.name == "getattr":
        m.note_getattr(args)
    m.stack.append(build(target, args))


def _reduce(m: Machine) -> None:
    args, target = m.stack.pop(), m.stack.pop()
    _call(m, target, args)


def _newobj_ex(m: Machine) -> None:
    named, args, target = m.stack.pop(), m.stack.pop(), m.stack.pop()
    _call(m, target, (args, named))


def _inst(m: Machine) -> None:
    _global(m)
    target = m.stack.pop()
    _call(m, target, tuple(m.pop_mark()))


def _obj(m: Machine) -> None:
    items = m.pop_mark()
    _call(m, items[0], tuple(items[1:]))


def _build(m: Machine) -> None:
    state = m.stack.pop()
    target = m.stack[-1]
    if isinstance(target, Instance):
        target.state = state  # on a dict or a tensor it is side information (a state dict's _metadata)


def _persid(m: Machine) -> None:
    m.stack.append(Instance(None, m.take_line().decode("latin-1")))


def _binpersid(m: Machine) -> None:
    m.count_container()
    m.stack.append(build_storage(m.stack.pop()))


# fmt: off
_OPS: dict[bytes, _Op] = {
    b"(": Machine.mark, b".": _stop, b"0": _pop, b"1": _pop_mark, b"2": _dup, b"g": _get, b"h": _binget,
    b"j": _long_binget, b"p": _put, b"q": _binput, b"r": _long_binput, b"\x94": _memoize,
    b"\x80": _skip(1), b"\x95": _skip(8),
    b"N": _constant(None), b"\x88": _constant(True), b"\x89": _constant(False), b")": _constant(()),
    b"K": _binint1, b"M": _binint2, b"J": _binint, b"I": _int_line, b"L": _int_line,
    b"F": _float_line, b"G": _binfloat, b"\x8a": _long_of(1), b"\x8b": _long_of(4),
    b"X": _binunicode, b"\x8c": _sized(1, Machine.take_text), b"\x8d": _sized(8, Machine.take_text), b"V": _text_line,
    b"B": _sized(4, Machine.take_bytes), b"C": _sized(1, Machine.take_bytes),
    b"\x8e": _sized(8, Machine.take_bytes), b"\x96": _sized(8, Machine.take_bytes),
    b"T": _sized(4, Machine.take_latin), b"U": _sized(1, Machine.take_latin), b"S": _string_line,
    b"}": _empty_dict, b"d": _dict, b"]": _empty_list, b"\x8f": _empty_list, b"l": _list, b"\x91": _list,
    b"t": _tuple, b"\x85": _tuple_of(1), b"\x86": _tuple_of(2), b"\x87": _tuple_of(3),
    b"a": _append, b"e": _appends, b"\x90": _appends, b"s": _setitem, b"u": _setitems,
    b"c": _global, b"\x93": _stack_global, b"R": _reduce, b"\x81": _reduce, b"\x92": _newobj_ex,
    b"i": _inst, b"o": _obj, b"b": _build, b"P": _persid, b"Q": _binpersid,
}
# fmt: on
TABLE: tuple[_Op, ...] = tuple(_OPS.get(bytes((code,)), _unknown) for code in range(256))
