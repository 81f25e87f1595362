"""Filters that keep or drop items."""

from collections.abc import Mapping
from typing import Final

from scaffolder.language.environment import fitted
from scaffolder.language.errors import failure
from scaffolder.language.filters.attributes import attribute, attribute_key
from scaffolder.language.filters.calling import BuiltinFilter, sequence
from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import argument
from scaffolder.language.predicates import PREDICATES, check_predicate_arity
from scaffolder.language.values import UNDEFINED, Value, to_number, to_text, truthy


def select(value: Value, values: list[Value], meter: Meter) -> Value:
    """Items that pass a test, by default those that are truthy."""
    return selected(value, values, meter, keep=True, exact=True)


def reject(value: Value, values: list[Value], meter: Meter) -> Value:
    """Items that fail a test."""
    return selected(value, values, meter, keep=False, exact=True)


def selectattr(value: Value, values: list[Value], meter: Meter) -> Value:
    """Items with an attribute that is truthy."""
    return _with_attribute(value, values, meter, keep=True)


def rejectattr(value: Value, values: list[Value], meter: Meter) -> Value:
    """Items with an attribute that is falsy."""
    return _with_attribute(value, values, meter, keep=False)


def selected(value: Value, values: list[Value], meter: Meter, *, keep: bool, exact: bool) -> Value:
    """Items whose answer is `keep`; `exact` refuses arguments the test does not take."""
    named = argument(values, 0)
    name = "truthy" if named is UNDEFINED else to_text(named, meter)
    predicate = PREDICATES.get(name)
    if predicate is None:
        raise failure(f"Unknown template test {name}")
    if value is UNDEFINED or value is None:
        raise failure(f"{'select' if keep else 'reject'} requires a sequence")
    items = _present(value, meter) if isinstance(value, dict) else sequence(value)
    if items is None:
        return []
    if exact:
        check_predicate_arity(name, max(len(values) - 1, 0))
    arguments = fitted(values[1:], predicate.arity, predicate.arity)
    return [item for item in items if predicate.function(item, arguments, meter) is keep]


def _present(record: dict[str, Value], meter: Meter) -> list[Value]:
    """The items an array-like record has; gaps are left out."""
    length = to_number(record.get("length", UNDEFINED), meter)
    if length != length or length <= 0:
        return []
    meter.entries(length)
    return [record[str(index)] for index in range(int(length)) if str(index) in record]


def _with_attribute(value: Value, values: list[Value], meter: Meter, *, keep: bool) -> Value:
    if not isinstance(value, list):
        raise failure(f"{'selectattr' if keep else 'rejectattr'} requires an array")
    key = attribute_key(argument(values, 0), meter)
    return [item for item in value if truthy(attribute(item, key)) is keep]


SELECTION_FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    "reject": reject,
    "rejectattr": rejectattr,
    "select": select,
    "selectattr": selectattr,
}
