"""How filters are called, and what many of them do with their input."""

from collections.abc import Callable, Mapping
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.limits import Meter, refuse_size
from scaffolder.language.numbers import ceil
from scaffolder.language.units import lower
from scaffolder.language.values import UNDEFINED, SafeText, Value, record, to_number

BuiltinFilter = Callable[[Value, list[Value], Meter], Value]
"""Takes the input and the positional arguments."""

_NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "int": ("default", "base"),
    "sort": ("reverse", "case_sensitive", "attribute"),
}


def lowered(name: str, positional: list[Value], keywords: Mapping[str, Value]) -> list[Value]:
    """Arguments as a built-in takes them.

    `int` and `sort` know their parameters by name; every other filter is given the keywords as one
    more positional record, which is what Nunjucks passes and most filters ignore.
    """
    names = _NAMED.get(name)
    if names is not None:
        given = positional[: len(names)]
        return given + [keywords.get(key, UNDEFINED) for key in names[len(given) :]]
    return [*positional, record({**keywords, "__keywords": True})] if keywords else positional


def call_filter(function: BuiltinFilter, value: Value, values: list[Value], meter: Meter) -> Value:
    """Call a built-in filter with values that hold no callables, and count what it reads and makes."""
    meter.read(value)
    result = function(value, values, meter)
    if isinstance(result, str):
        meter.text(len(result))
    elif isinstance(result, list):
        refuse_size(len(result))
    return result


def text_of(value: Value) -> str:
    """The text of a string or safe string; anything else is refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, SafeText):
        return value.text
    raise failure("Filter input must be a string")


def without_nothing(value: Value) -> Value:
    """'' for undefined, null and false."""
    return "" if value is UNDEFINED or value is None or value is False else value


def like(model: Value, text: str) -> Value:
    """`text`, marked safe if `model` is."""
    return SafeText(text) if isinstance(model, SafeText) else text


def spaces(count: float, meter: Meter) -> str:
    """As many spaces as fit `count`, rounded up."""
    if count != count or count <= 0:
        return ""
    if count > 16 * 1024 * 1024:
        raise failure("Filter spacing exceeds the supported bound")
    meter.text(int(ceil(count)))
    return " " * int(ceil(count))


def sequence(value: Value) -> list[Value] | None:
    """The items of an array, the units of a string, None for anything else."""
    if isinstance(value, list):
        return value
    if isinstance(value, (str, SafeText)):
        text = text_of(value)
        refuse_size(len(text))
        return list(text)
    return None


def indexed(items: dict[str, Value], meter: Meter) -> list[Value]:
    """The items of a record that looks like an array: keys 0 up to its `length`."""
    length = to_number(items.get("length", UNDEFINED), meter)
    if length != length or length <= 0:
        return []
    meter.entries(ceil(length))
    return [items.get(str(index), UNDEFINED) for index in range(int(ceil(length)))]


def mapped(items: dict[str, Value], meter: Meter) -> list[Value]:
    """Like `indexed`, for filters that refuse a length no array can have."""
    length = items.get("length", UNDEFINED)
    if isinstance(length, float) and length == length and (not length.is_integer() or not 0 <= length < 2**32):
        raise failure("Invalid array-like record length")
    return indexed(items, meter)


def folded(value: Value) -> Value:
    """A string in lower case, anything else as it is."""
    return lower(text_of(value)) if isinstance(value, (str, SafeText)) else value


def positive_integer(value: Value, what: str, meter: Meter) -> int:
    """A count of at least one."""
    number = to_number(value, meter)
    if number != number or abs(number) >= 2.0**53 or int(number) <= 0:
        raise failure(f"{what} must be a positive integer")
    return int(number)
