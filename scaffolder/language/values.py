"""The values of the language and what JavaScript's operators do with them.

Inside the engine a value is one of: UNDEFINED, None, bool, float (every number), str (UTF-16 code
units, see `units`), SafeText, Regex, Callable, list, dict with string keys, or one of the two
subclasses that hold callables. Nothing else exists, and only what this module and the tables of
filters, tests and methods name can be done with it: no attribute of a Python object is ever looked up.
"""

import math
from typing import Final, Literal, TypeAlias, TypeVar

from scaffolder.language.errors import failure
from scaffolder.language.limits import MAX_DEPTH, Meter
from scaffolder.language.numbers import number_text, text_number
from scaffolder.language.regex.program import Program

Value: TypeAlias = object
T = TypeVar("T")


class Undefined:
    """The type of UNDEFINED: what a missing name or property is, and absent from JSON."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()


class SafeText:
    """A string marked safe, by `safe`, `escape` or a macro. Always truthy and equal to itself only."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Regex:
    """A regular-expression literal; one per evaluation, since it remembers `last_index`."""

    __slots__ = ("flags", "last_index", "program", "source")

    def __init__(self, source: str, flags: str, program: Program) -> None:
        self.source = source
        self.flags = flags
        self.program = program
        self.last_index = 0

    def __str__(self) -> str:
        source = self.source.replace("\n", "\\n").replace("\r", "\\r")
        source = source.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        flags = "".join(flag for flag in "gimy" if flag in self.flags)
        return f"/{source or '(?:)'}/{flags}"


class Callable:
    """Something a template can call. It can be passed to macros and compared, and nothing else."""

    __slots__ = ()


class CallableList(list[Value]):
    """An array with a callable somewhere inside: may be indexed and iterated, never printed."""


class CallableDict(dict[str, Value]):
    """A record with a callable somewhere inside."""


def array(items: list[Value]) -> list[Value]:
    """An array of `items`, which it takes over."""
    return CallableList(items) if any(map(_holds_callable, items)) else items


def record(entries: dict[str, Value]) -> dict[str, Value]:
    """A record of `entries`: integer-like keys first and in order, as JavaScript keeps them."""
    entries = ordered(entries)
    return CallableDict(entries) if any(map(_holds_callable, entries.values())) else entries


def ordered(entries: dict[str, T]) -> dict[str, T]:
    """`entries` in JavaScript's order of keys."""
    indices = [key for key in entries if "0" <= key[:1] <= "9" and is_index(key)]
    if not indices:
        return entries
    indices.sort(key=int)
    result = {key: entries[key] for key in indices}
    result.update((key, value) for key, value in entries.items() if key not in result)
    return result


def is_index(key: str) -> bool:
    """Whether `key` is the canonical text of an array index, below 2**32 - 1."""
    return (
        key.isascii()
        and key.isdigit()
        and (key[0] != "0" or len(key) == 1)
        and len(key) <= 10
        and int(key) < 4_294_967_295
    )


def refuse_callable(value: Value) -> None:
    """Raise when `value` is or holds a callable: those never leave the engine nor enter a filter."""
    if _holds_callable(value):
        raise failure("Callable values cannot be coerced")


def kind_of(value: Value) -> str:
    """What error messages call a value."""
    if value is UNDEFINED:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, list):
        return "array"
    if isinstance(value, dict):
        return "record"
    names = {bool: "boolean", float: "number", str: "string", SafeText: "safe string", Regex: "regular expression"}
    return names.get(type(value), "callable")


def truthy(value: Value) -> bool:
    """JavaScript's truth: everything but undefined, null, false, 0, NaN and ''."""
    if isinstance(value, (bool, str)):
        return bool(value)
    if isinstance(value, float):
        return value == value and value != 0
    return value is not None and value is not UNDEFINED


def to_primitive(value: Value, meter: Meter) -> Value:
    """A string for objects, the value itself for the rest."""
    return value if _is_primitive(value) else _object_text(value, meter, 0)


def to_text(value: Value, meter: Meter) -> str:
    """`String(value)`."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    return _object_text(value, meter, 0)


def printed(value: Value, meter: Meter) -> str:
    """What `${{ value }}` prints: nothing for undefined and null."""
    return "" if value is None or value is UNDEFINED else to_text(value, meter)


def to_number(value: Value, meter: Meter) -> float:
    """`Number(value)`."""
    if isinstance(value, float):
        return value
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if value is None:
        return 0.0
    if value is UNDEFINED:
        return math.nan
    text = value if isinstance(value, str) else _object_text(value, meter, 0)
    meter.text(len(text))
    return text_number(text)


def strictly_equal(left: Value, right: Value) -> bool:
    """`left === right`."""
    if isinstance(left, float):
        return isinstance(right, float) and left == right
    if isinstance(left, str):
        return isinstance(right, str) and left == right
    return left is right


def loosely_equal(left: Value, right: Value, meter: Meter) -> bool:
    """`left == right`."""
    if strictly_equal(left, right):
        return True
    if _is_primitive(left):
        return _primitives_equal(left, right if _is_primitive(right) else to_primitive(right, meter), meter)
    return _is_primitive(right) and _primitives_equal(to_primitive(left, meter), right, meter)


def order(left: Value, right: Value, meter: Meter) -> Literal[-1, 0, 1] | None:
    """Whether `left` is less than, equal to or greater than `right`; None if neither (NaN)."""
    first, second = to_primitive(left, meter), to_primitive(right, meter)
    if isinstance(first, str) and isinstance(second, str):
        return -1 if first < second else 1 if first > second else 0
    one, two = to_number(first, meter), to_number(second, meter)
    return -1 if one < two else 1 if one > two else 0 if one == two else None


def add(left: Value, right: Value, meter: Meter) -> Value:
    """`left + right`."""
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    first, second = to_primitive(left, meter), to_primitive(right, meter)
    if isinstance(first, str) or isinstance(second, str):
        return joined(to_text(first, meter), to_text(second, meter), meter)
    return to_number(first, meter) + to_number(second, meter)


def joined(left: str, right: str, meter: Meter) -> str:
    """The two strings as one."""
    meter.text(len(left) + len(right))
    return left + right


def _is_primitive(value: Value) -> bool:
    return isinstance(value, (str, float, bool)) or value is None or value is UNDEFINED


def _primitives_equal(left: Value, right: Value, meter: Meter) -> bool:
    if left is None or left is UNDEFINED or right is None or right is UNDEFINED:
        return (left is None or left is UNDEFINED) and (right is None or right is UNDEFINED)
    if type(left) is type(right):
        return left == right
    return to_number(left, meter) == to_number(right, meter)


def _object_text(value: Value, meter: Meter, depth: int) -> str:
    refuse_callable(value)
    if isinstance(value, list):
        if depth >= MAX_DEPTH:
            raise failure(f"Template value nesting cannot exceed {MAX_DEPTH} levels")
        meter.charge(len(value))
        text = ",".join([_item_text(item, meter, depth) for item in value])
        meter.text(len(text))
        return text
    if isinstance(value, SafeText):
        return value.text
    return str(value) if isinstance(value, Regex) else "[object Object]"


def _item_text(item: Value, meter: Meter, depth: int) -> str:
    if item is None or item is UNDEFINED:
        return ""
    return _object_text(item, meter, depth + 1) if isinstance(item, list) else to_text(item, meter)


def _holds_callable(value: Value) -> bool:
    return isinstance(value, (Callable, CallableList, CallableDict))
