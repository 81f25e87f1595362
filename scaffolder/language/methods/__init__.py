"""The methods of values: a closed list. Source: spec/scaffolder.md §4.2 "Method whitelist"."""

from collections.abc import Mapping
from typing import Final

from scaffolder.language.limits import Meter
from scaffolder.language.methods.arrays import ARRAY_METHODS, COOKIECUTTER_ARRAY_METHODS
from scaffolder.language.methods.numbers import NUMBER_METHODS
from scaffolder.language.methods.records import COOKIECUTTER_RECORD_METHODS
from scaffolder.language.methods.regexes import REGEX_METHODS
from scaffolder.language.methods.signature import Signature
from scaffolder.language.methods.strings import STRING_METHODS
from scaffolder.language.values import Regex, SafeText, Value, refuse_callable

_NONE: Final[Mapping[str, Signature]] = {}

MUTATING: Final = frozenset(
    {
        "append",
        "copyWithin",
        "fill",
        "insert",
        "pop",
        "push",
        "remove",
        "reverse",
        "shift",
        "sort",
        "splice",
        "unshift",
    }
)
"""Methods that change their array; a template that names one works on a copy of its context."""


def method_names(receiver: Value, *, cookiecutter: bool) -> Mapping[str, Signature]:
    """The methods of a value by name."""
    if isinstance(receiver, (str, SafeText)):
        return STRING_METHODS
    if isinstance(receiver, float):
        return NUMBER_METHODS
    if isinstance(receiver, list):
        return COOKIECUTTER_ARRAY_METHODS if cookiecutter else ARRAY_METHODS
    if isinstance(receiver, dict):
        return COOKIECUTTER_RECORD_METHODS if cookiecutter else _NONE
    return REGEX_METHODS if isinstance(receiver, Regex) else _NONE


def call_method(receiver: Value, signature: Signature, values: list[Value], meter: Meter) -> Value:
    """Call a method; its arity has been checked."""
    refuse_callable(receiver)
    for value in values:
        refuse_callable(value)
    if isinstance(receiver, SafeText):
        receiver = receiver.text
    if signature.whole:
        meter.read(receiver)
    result = signature.function(receiver, values, meter)
    if isinstance(result, list):
        meter.entries(len(result))
    elif isinstance(result, str):
        meter.text(len(result))
    return result
