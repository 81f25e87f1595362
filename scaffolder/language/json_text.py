"""`JSON.stringify` over the language's values."""

import re
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.limits import MAX_DEPTH, Meter
from scaffolder.language.numbers import number_text
from scaffolder.language.units import from_units, to_units
from scaffolder.language.values import UNDEFINED, Regex, SafeText, Undefined, Value, refuse_callable

_SPECIAL: Final = re.compile('["\\\\\x00-\x1f\ud800-\udfff]')
_NAMED: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}


def json_text(value: Value, indent: str, meter: Meter) -> str | Undefined:
    """The JSON of `value`, on one line unless `indent` is given; UNDEFINED for undefined.

    Raises:
        LanguageError: the value nests deeper than 256 levels, or a limit is hit.
    """
    refuse_callable(value)
    if value is UNDEFINED:
        return UNDEFINED
    pieces: list[str] = []
    _write(value, pieces, "\n" if indent else "", indent, meter, 0)
    text = "".join(pieces)
    meter.text(len(text))
    return text


def quoted_json(text: str) -> str:
    """A JSON string of UTF-16 code units; a surrogate without its half is escaped."""
    if not _SPECIAL.search(text):
        return f'"{text}"'
    whole = from_units(text)
    return '"' + to_units(_SPECIAL.sub(_escaped, whole)) + '"'


def _escaped(found: re.Match[str]) -> str:
    return _NAMED.get(found[0]) or f"\\u{ord(found[0]):04x}"


def _write(value: Value, pieces: list[str], line: str, indent: str, meter: Meter, depth: int) -> None:
    if isinstance(value, str):
        meter.text(len(value))
        pieces.append(quoted_json(value))
    elif isinstance(value, bool):
        pieces.append("true" if value else "false")
    elif isinstance(value, float):
        finite = value - value == 0
        pieces.append(number_text(value) if finite else "null")
    elif isinstance(value, (list, dict)):
        if depth >= MAX_DEPTH:
            raise failure(f"Template value nesting cannot exceed {MAX_DEPTH} levels")
        meter.charge(len(value))
        _write_container(value, pieces, line, indent, meter, depth)
    elif isinstance(value, SafeText):
        pieces.append(quoted_json(value.text))
    else:
        pieces.append("{}" if isinstance(value, Regex) else "null")


def _write_container(
    value: list[Value] | dict[str, Value], pieces: list[str], line: str, indent: str, meter: Meter, depth: int
) -> None:
    inner = line + indent
    separator = ""
    if isinstance(value, dict):
        pieces.append("{")
        for key, item in value.items():
            if item is UNDEFINED:
                continue
            pieces.append(f"{separator}{inner}{quoted_json(key)}:{' ' if indent else ''}")
            meter.text(len(key) + len(inner))
            _write(item, pieces, inner, indent, meter, depth + 1)
            separator = ","
        closing = "}"
    else:
        pieces.append("[")
        for item in value:
            pieces.append(separator + inner)
            meter.text(len(inner))
            _write(None if item is UNDEFINED else item, pieces, inner, indent, meter, depth + 1)
            separator = ","
        closing = "]"
    pieces.append(line + closing if separator else closing)
