"""The filter `replace`."""

from collections.abc import Mapping
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.filters.calling import BuiltinFilter, like, text_of
from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import argument
from scaffolder.language.numbers import ceil, number_text
from scaffolder.language.regex.operations import matches, replaced
from scaffolder.language.values import UNDEFINED, Regex, SafeText, Value, strictly_equal, to_number, to_text


def replace(value: Value, values: list[Value], meter: Meter) -> Value:
    """Every occurrence of a text, at most so many, or what a regex matches."""
    sought, replacement, most = (argument(values, index) for index in range(3))
    if isinstance(sought, Regex):
        if not isinstance(value, (str, SafeText)):
            raise failure("Regular-expression replacement requires a string")
        text = text_of(value)
        found = matches(sought.program, sought.flags, text, 0, meter)
        return replaced(found, text, to_text(replacement, meter), meter)
    if not isinstance(sought, (str, float)):
        return value
    given = number_text(value) if isinstance(value, float) else value
    if not isinstance(given, (str, SafeText)):
        return value
    text = text_of(given)
    needle = to_text(sought, meter)
    if needle == "":
        return like(given, _interleaved(text, replacement, meter))
    if strictly_equal(most, 0.0) or needle not in text:
        return given
    new = to_text(replacement, meter)
    if most is UNDEFINED or strictly_equal(most, -1.0):
        count = text.count(needle)
        meter.text(count * len(new))
        return like(value, text.replace(needle, new))
    limit = to_number(most, meter)
    times = int(ceil(min(limit, float(text.count(needle))))) if limit > 0 else 0
    meter.text(times * len(new))
    return like(value, text.replace(needle, new, times))


def _interleaved(text: str, replacement: Value, meter: Meter) -> str:
    """The replacement before, after and between all units."""
    edge = to_text(replacement, meter)
    between = "," if replacement is UNDEFINED else edge
    meter.text(len(text) * (1 + len(between)))
    return edge + between.join(text) + edge


REPLACING_FILTERS: Final[Mapping[str, BuiltinFilter]] = {"replace": replace}
