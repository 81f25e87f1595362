"""The tests of `is`, and of `select` and `reject`. Source: spec/scaffolder.md §4.2 "Tests"."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.limits import Meter
from scaffolder.language.numbers import remainder
from scaffolder.language.units import lower, upper
from scaffolder.language.values import (
    UNDEFINED,
    Regex,
    SafeText,
    Value,
    order,
    refuse_callable,
    strictly_equal,
    to_number,
    truthy,
)
from scaffolder.language.values import Callable as CallableValue


@dataclass(frozen=True, slots=True)
class Predicate:
    """A test: how many arguments it takes, and whether it may be asked about callables."""

    arity: int
    function: Callable[[Value, list[Value], Meter], bool]
    callables: bool = False


def ask(predicate: Predicate, value: Value, values: list[Value], meter: Meter) -> bool:
    """The answer of a test whose arity has been checked."""
    if not predicate.callables:
        refuse_callable(value)
        for given in values:
            refuse_callable(given)
    return predicate.function(value, values, meter)


def check_predicate_arity(name: str, given: int) -> None:
    """Raise unless test `name` takes that many arguments."""
    arity = PREDICATES[name].arity
    if given != arity:
        raise failure(f"Template test {name} requires {arity} positional argument{'' if arity == 1 else 's'}")


def _callable(value: Value, values: list[Value], meter: Meter) -> bool:
    return isinstance(value, CallableValue)


def _defined(value: Value, values: list[Value], meter: Meter) -> bool:
    return value is not UNDEFINED


def _undefined(value: Value, values: list[Value], meter: Meter) -> bool:
    return value is UNDEFINED


def _divisibleby(value: Value, values: list[Value], meter: Meter) -> bool:
    return remainder(to_number(value, meter), to_number(values[0], meter)) == 0


def _escaped(value: Value, values: list[Value], meter: Meter) -> bool:
    return isinstance(value, SafeText)


def _same(value: Value, values: list[Value], meter: Meter) -> bool:
    return strictly_equal(value, values[0])


def _different(value: Value, values: list[Value], meter: Meter) -> bool:
    return not strictly_equal(value, values[0])


def _even(value: Value, values: list[Value], meter: Meter) -> bool:
    return remainder(to_number(value, meter), 2.0) == 0


def _odd(value: Value, values: list[Value], meter: Meter) -> bool:
    return remainder(to_number(value, meter), 2.0) == 1


def _truthy(value: Value, values: list[Value], meter: Meter) -> bool:
    return truthy(value)


def _falsy(value: Value, values: list[Value], meter: Meter) -> bool:
    return not truthy(value)


def _at_least(value: Value, values: list[Value], meter: Meter) -> bool:
    return order(value, values[0], meter) in (0, 1)


def _greater(value: Value, values: list[Value], meter: Meter) -> bool:
    return order(value, values[0], meter) == 1


def _at_most(value: Value, values: list[Value], meter: Meter) -> bool:
    return order(value, values[0], meter) in (-1, 0)


def _less(value: Value, values: list[Value], meter: Meter) -> bool:
    return order(value, values[0], meter) == -1


def _iterable(value: Value, values: list[Value], meter: Meter) -> bool:
    if value is UNDEFINED or value is None:
        raise failure("iterable test requires a value")
    return isinstance(value, (str, SafeText, list))


def _mapping(value: Value, values: list[Value], meter: Meter) -> bool:
    return isinstance(value, (dict, SafeText, Regex))


def _null(value: Value, values: list[Value], meter: Meter) -> bool:
    return value is None


def _number(value: Value, values: list[Value], meter: Meter) -> bool:
    return isinstance(value, float)


def _string(value: Value, values: list[Value], meter: Meter) -> bool:
    return isinstance(value, str)


def _lower(value: Value, values: list[Value], meter: Meter) -> bool:
    return _is_cased(value, lower)


def _upper(value: Value, values: list[Value], meter: Meter) -> bool:
    return _is_cased(value, upper)


def _is_cased(value: Value, fold: Callable[[str], str]) -> bool:
    if isinstance(value, SafeText):
        return False
    if not isinstance(value, str):
        raise failure("Filter input must be a string")
    return fold(value) == value


PREDICATES: Final[Mapping[str, Predicate]] = {
    "callable": Predicate(0, _callable, callables=True),
    "defined": Predicate(0, _defined),
    "divisibleby": Predicate(1, _divisibleby),
    "eq": Predicate(1, _same, callables=True),
    "equalto": Predicate(1, _same, callables=True),
    "escaped": Predicate(0, _escaped),
    "even": Predicate(0, _even),
    "falsy": Predicate(0, _falsy),
    "ge": Predicate(1, _at_least),
    "greaterthan": Predicate(1, _greater),
    "gt": Predicate(1, _greater),
    "iterable": Predicate(0, _iterable),
    "le": Predicate(1, _at_most),
    "lessthan": Predicate(1, _less),
    "lower": Predicate(0, _lower),
    "lt": Predicate(1, _less),
    "mapping": Predicate(0, _mapping),
    "ne": Predicate(1, _different, callables=True),
    "null": Predicate(0, _null),
    "number": Predicate(0, _number),
    "odd": Predicate(0, _odd),
    "sameas": Predicate(1, _same, callables=True),
    "string": Predicate(0, _string),
    "truthy": Predicate(0, _truthy),
    "undefined": Predicate(0, _undefined),
    "upper": Predicate(0, _upper),
}
