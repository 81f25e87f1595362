"""Methods of strings."""

import math
from collections.abc import Mapping
from typing import Final

from scaffolder.language.limits import Meter, refuse_size
from scaffolder.language.methods.signature import Signature, argument, bound, clamped, integer
from scaffolder.language.numbers import to_uint32
from scaffolder.language.regex.operations import expand, matches, replaced, split
from scaffolder.language.units import WHITESPACE, lower, upper
from scaffolder.language.values import UNDEFINED, Regex, Value, to_number, to_text


def char_at(text: str, values: list[Value], meter: Meter) -> Value:
    """`charAt`."""
    index = integer(argument(values, 0), meter)
    return text[int(index)] if 0 <= index < len(text) else ""


def char_code_at(text: str, values: list[Value], meter: Meter) -> Value:
    """`charCodeAt`."""
    index = integer(argument(values, 0), meter)
    return float(ord(text[int(index)])) if 0 <= index < len(text) else math.nan


def concat(text: str, values: list[Value], meter: Meter) -> Value:
    """`concat`."""
    return text + "".join([to_text(value, meter) for value in values])


def ends_with(text: str, values: list[Value], meter: Meter) -> Value:
    """`endsWith`."""
    return text[: clamped(argument(values, 1), len(text), len(text), meter)].endswith(to_text(values[0], meter))


def starts_with(text: str, values: list[Value], meter: Meter) -> Value:
    """`startsWith`."""
    return text.startswith(to_text(values[0], meter), clamped(argument(values, 1), 0, len(text), meter))


def includes(text: str, values: list[Value], meter: Meter) -> Value:
    """`includes`."""
    return text.find(to_text(values[0], meter), clamped(argument(values, 1), 0, len(text), meter)) >= 0


def index_of(text: str, values: list[Value], meter: Meter) -> Value:
    """`indexOf`."""
    return float(text.find(to_text(values[0], meter), clamped(argument(values, 1), 0, len(text), meter)))


def last_index_of(text: str, values: list[Value], meter: Meter) -> Value:
    """`lastIndexOf`."""
    sought = to_text(values[0], meter)
    position = to_number(argument(values, 1), meter)
    start = len(text) if math.isnan(position) else clamped(position, 0, len(text), meter)
    return float(text.rfind(sought, 0, start + len(sought)))


def replace(text: str, values: list[Value], meter: Meter) -> Value:
    """`replace`: the first occurrence of a string, or what a regex matches."""
    sought, replacement = values[0], to_text(values[1], meter)
    if isinstance(sought, Regex):
        found = list(matches(sought.program, sought.flags, text, sought.last_index, meter))
        if "g" in sought.flags or "y" in sought.flags:
            sought.last_index = found[-1].end if found and "g" not in sought.flags else 0
        return replaced(iter(found), text, replacement, meter)
    sought = to_text(sought, meter)
    start = text.find(sought)
    if start < 0:
        return text
    end = start + len(sought)
    return text[:start] + expand(replacement, text, start, end, None) + text[end:]


def slice_(text: str, values: list[Value], meter: Meter) -> Value:
    """`slice`."""
    length = len(text)
    return text[bound(argument(values, 0), 0, length, meter) : bound(argument(values, 1), length, length, meter)]


def substring(text: str, values: list[Value], meter: Meter) -> Value:
    """`substring`."""
    start = clamped(argument(values, 0), 0, len(text), meter)
    end = clamped(argument(values, 1), len(text), len(text), meter)
    return text[min(start, end) : max(start, end)]


def split_(text: str, values: list[Value], meter: Meter) -> Value:
    """`split`."""
    separator, most = argument(values, 0), argument(values, 1)
    limit = None if most is UNDEFINED else to_uint32(to_number(most, meter))
    if isinstance(separator, Regex):
        parts = split(separator.program, text, limit, meter)
        return [UNDEFINED if part is None else part for part in parts]
    if separator is UNDEFINED:
        return [] if limit == 0 else [text]
    between = to_text(separator, meter)
    refuse_size(text.count(between) if between else len(text))
    return list[Value](text.split(between) if between else text)[:limit]


def trim(text: str, values: list[Value], meter: Meter) -> Value:
    """`trim`."""
    return text.strip(WHITESPACE)


def trim_start(text: str, values: list[Value], meter: Meter) -> Value:
    """`trimStart`."""
    return text.lstrip(WHITESPACE)


def trim_end(text: str, values: list[Value], meter: Meter) -> Value:
    """`trimEnd`."""
    return text.rstrip(WHITESPACE)


def to_lower_case(text: str, values: list[Value], meter: Meter) -> Value:
    """`toLowerCase`."""
    return lower(text)


def to_upper_case(text: str, values: list[Value], meter: Meter) -> Value:
    """`toUpperCase`."""
    return upper(text)


STRING_METHODS: Final[Mapping[str, Signature]] = {
    "charAt": Signature(0, 1, char_at, whole=False),
    "charCodeAt": Signature(0, 1, char_code_at, whole=False),
    "concat": Signature(0, None, concat),
    "endsWith": Signature(1, 2, ends_with),
    "includes": Signature(1, 2, includes),
    "indexOf": Signature(1, 2, index_of),
    "lastIndexOf": Signature(1, 2, last_index_of),
    "replace": Signature(2, 2, replace),
    "slice": Signature(0, 2, slice_),
    "split": Signature(0, 2, split_),
    "startsWith": Signature(1, 2, starts_with),
    "substring": Signature(0, 2, substring),
    "toLowerCase": Signature(0, 0, to_lower_case),
    "toUpperCase": Signature(0, 0, to_upper_case),
    "trim": Signature(0, 0, trim),
    "trimEnd": Signature(0, 0, trim_end),
    "trimStart": Signature(0, 0, trim_start),
}
