"""What the text of a scalar means: YAML 1.2 core schema, and that of 1.1 for documents that ask for it.

Source: spec/catalog.md §4.7. Numbers come out as `json_numbers` keeps them; `.inf` and `.nan` as None.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.json_numbers import js_number

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})

_STARTS = frozenset("-+.0123456789~nNtTfF")
_INT = re.compile(r"[-+]?[0-9]+").fullmatch
_OCTAL = re.compile(r"0o[0-7]+").fullmatch
_HEX = re.compile(r"0x[0-9a-fA-F]+").fullmatch
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)").fullmatch
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN").fullmatch

MAX_DIGITS = 4000
"""More digits than any finite double has; CPython refuses to convert much longer ones."""


def plain_value(text: str) -> Any:
    """The value of a plain scalar under the core schema."""
    if not text or text[0] in _STARTS:
        if text in _NULL:
            return None
        if text in _TRUE:
            return True
        if text in _FALSE:
            return False
        number = _number(text)
        if number is not _NO_NUMBER:
            return number
    return text


_NO_NUMBER = object()


def _number(text: str) -> Any:
    if _INT(text):
        return _integer(text, 10)
    if _FLOAT(text):
        return js_number(float(text))
    if _OCTAL(text):
        return _integer(text[2:], 8)
    if _HEX(text):
        return _integer(text[2:], 16)
    if _SPECIAL(text):
        return None
    return _NO_NUMBER


def _integer(text: str, base: int) -> Any:
    if len(text) > MAX_DIGITS:
        return None if text.lstrip("+-0") else 0
    return js_number(int(text, base))


def number_key(text: str) -> str | None:
    """How JavaScript prints a special float as a key: `NaN`, `Infinity`, `-Infinity`; None for other texts."""
    if not _SPECIAL(text):
        return None
    if text.lower().endswith("nan"):
        return "NaN"
    return "-Infinity" if text.startswith("-") else "Infinity"


# ------------------------------------------------------------------------------------------------- tagged scalars

_PREFIX = "tag:yaml.org,2002:"


def tagged_value(tag: str, text: str, *, legacy: bool = False) -> Any:
    """The value of a scalar with a tag. An unknown tag, or one that does not fit, leaves the text.

    Raises ValueError for a `!!timestamp` that is none.
    """
    kind = tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else ""
    if kind == "binary":
        return binary(text)
    if kind == "timestamp":
        return timestamp(text)
    tests = (_LEGACY_TESTS if legacy else _CORE_TESTS).get(kind, ())
    for test, convert in tests:
        if test(text):
            return convert(text)
    return text


def binary(text: str) -> dict[str, Any]:
    """As Node writes a Buffer into JSON. Characters that are not base64 are skipped; the end is at a padding."""
    bits = 0
    size = 0
    data = bytearray()
    for character in text:
        if character == "=":
            break
        value = _BASE64.get(character)
        if value is None:
            continue
        bits = (bits << 6 | value) & 0xFFFFFF
        size += 6
        if size >= 8:
            size -= 8
            data.append(bits >> size & 0xFF)
    return {"type": "Buffer", "data": list(data)}


_BASE64 = {
    **{
        character: value
        for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    },
    "-": 62,
    "_": 63,
}

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:t|T|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)(?:[ \t]*(Z|[-+][012]?\d(?::\d{2})?))?)?",
    re.ASCII,
).fullmatch


def timestamp(text: str) -> str:
    """An ISO-8601 moment in UTC, with milliseconds. Days and hours that are too many run over, as in JavaScript."""
    match = _TIMESTAMP(text)
    if match is None:
        raise ValueError("!!timestamp expects a date, starting with yyyy-mm-dd")
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    moment = datetime(year + (month - 1) // 12 if year else 1900, (month - 1) % 12 + 1, 1, tzinfo=UTC)
    whole, _, fraction = (match[6] or "0").partition(".")
    moment += timedelta(
        days=day - 1,
        hours=int(match[4] or 0),
        minutes=int(match[5] or 0),
        seconds=int(whole),
        milliseconds=int(fraction[:3].ljust(3, "0")),
    )
    zone = match[7]
    if zone and zone != "Z":
        minutes = _sexagesimal(zone)
        moment -= timedelta(minutes=minutes * 60 if abs(minutes) < 30 else minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


# ------------------------------------------------------------------------------------------------ YAML 1.1 scalars


def _sexagesimal(text: str) -> float:
    sign = -1 if text.startswith("-") else 1
    total = 0.0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        total = total * 60 + float(part)
    return sign * total


def _legacy_integer(base: int, skip: int) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        digits = text.lstrip("+-")[skip:].replace("_", "")
        if not digits or len(digits) > MAX_DIGITS:
            return None
        return js_number(int(digits, base) * (-1 if text.startswith("-") else 1))

    return convert


def _legacy_float(text: str) -> Any:
    match = re.match(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text.replace("_", ""), re.ASCII)
    return js_number(float(match[0])) if match else None


def _legacy_time(text: str) -> Any:
    return js_number(_sexagesimal(text))


Test = tuple[Callable[[str], Any], Callable[[str], Any]]


def _full(pattern: str) -> Callable[[str], Any]:
    return re.compile(pattern, re.ASCII).fullmatch


_CORE_TESTS: dict[str, tuple[Test, ...]] = {
    "null": ((_NULL.__contains__, lambda text: None),),
    "bool": (((_TRUE | _FALSE).__contains__, lambda text: text[0] in "tT"),),
    "int": (
        (_OCTAL, lambda text: _integer(text[2:], 8)),
        (_INT, lambda text: _integer(text, 10)),
        (_HEX, lambda text: _integer(text[2:], 16)),
    ),
    "float": ((_SPECIAL, lambda text: None), (_FLOAT, lambda text: js_number(float(text)))),
}

_LEGACY_TESTS: dict[str, tuple[Test, ...]] = {
    "null": _CORE_TESTS["null"],
    "bool": (
        (_full(r"Y|y|[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON"), lambda text: True),
        (_full(r"N|n|[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF"), lambda text: False),
    ),
    "int": (
        (_full(r"[-+]?0b[01_]+"), _legacy_integer(2, 2)),
        (_full(r"[-+]?0[0-7_]+"), _legacy_integer(8, 1)),
        (_full(r"[-+]?[0-9][0-9_]*"), _legacy_integer(10, 0)),
        (_full(r"[-+]?0x[0-9a-fA-F_]+"), _legacy_integer(16, 2)),
    ),
    "float": (
        (_SPECIAL, lambda text: None),
        (_full(r"[-+]?(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?[eE][-+]?[0-9]+"), _legacy_float),
        (_full(r"[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*"), _legacy_float),
    ),
}

_LEGACY_ORDER: tuple[Test, ...] = (
    *_LEGACY_TESTS["null"],
    *_LEGACY_TESTS["bool"],
    *_LEGACY_TESTS["int"],
    *_LEGACY_TESTS["float"],
    (_full(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+"), _legacy_time),
    (_full(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"), _legacy_time),
    (_TIMESTAMP, timestamp),
)


def legacy_plain_value(text: str) -> Any:
    """The value of a plain scalar in a document that says `%YAML 1.1`."""
    for test, convert in _LEGACY_ORDER:
        if test(text):
            return convert(text)
    return text
