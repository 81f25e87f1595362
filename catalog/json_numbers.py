"""Numbers as JavaScript has them: every number of an entity is an IEEE double. Source: spec/catalog.md §2.1, §8.

In Python such a number is an `int` when JavaScript would print it without point and exponent, holding just the digits
that JavaScript prints (12345678901234567890 becomes 12345678901234567000), else a finite `float`. NaN and the
infinities become None, negative zero becomes 0, as in JSON.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import orjson

EXACT = 2**53
"""Up to here every integer is a double of its own, and is printed as it is."""

_PLAIN = 1e21
"""From here on JavaScript prints an exponent."""

_U64 = 2**64


def js_number(number: int | float) -> int | float | None:
    """The number as JavaScript would keep and print it in JSON."""
    if isinstance(number, int):
        if -EXACT <= number <= EXACT:
            return number
        try:
            number = float(number)
        except OverflowError:
            return None
    if not isfinite(number):
        return None
    if abs(number) >= _PLAIN or not number.is_integer():
        return number
    return int(number) if abs(number) <= EXACT else _shortest_digits(number)


def js_value(value: Any) -> Any:
    """A JSON value with all its numbers as JavaScript keeps them. Containers are changed in place."""
    kind = type(value)
    if kind is dict:
        for key, member in value.items():
            if type(member) not in _AS_THEY_ARE:
                value[key] = js_value(member)
    elif kind is list:
        for index, item in enumerate(value):
            if type(item) not in _AS_THEY_ARE:
                value[index] = js_value(item)
    elif kind is float or kind is int:
        return js_number(value)
    return value


def js_number_text(number: int | float) -> str:
    """`String(number)` of a number that `js_number` gave."""
    if isinstance(number, int):
        return str(number)
    mantissa, _, exponent = repr(number).partition("e")
    if exponent:
        power = int(exponent)
        if power < -6 or power > 20:
            return f"{mantissa}e{'+' if power > 0 else '-'}{abs(power)}"
        return _plain_fraction(mantissa, power)
    return mantissa


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """JSON text of a value whose numbers `js_number` gave; characters are not escaped without need.

    Lone surrogates, which no UTF-8 text can hold, are replaced.
    """
    option = orjson.OPT_SORT_KEYS if sort_keys else 0
    try:
        return orjson.dumps(value, option=option)
    except orjson.JSONEncodeError:
        return orjson.dumps(_encodable(value), option=option)


_AS_THEY_ARE = frozenset({str, bool, type(None)})


def _shortest_digits(number: float) -> int:
    """The integer whose decimal digits are the shortest that give this double, padded with zeros."""
    mantissa, _, exponent = repr(number).partition("e")
    if not exponent:
        return int(number)
    whole, _, fraction = mantissa.partition(".")
    return int(whole + fraction.ljust(int(exponent), "0"))


def _plain_fraction(mantissa: str, power: int) -> str:
    """1.5e-5 → 0.000015: Python turns to exponents earlier than JavaScript."""
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "")
    return f"{sign}0.{'0' * (-power - 1)}{digits}"


def _encodable(value: Any) -> Any:
    """What orjson can write: integers over 64 bits as text fragments, lone surrogates replaced."""
    if isinstance(value, dict):
        return {_text(key): _encodable(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -(_U64 >> 1) <= value < _U64:
        return orjson.Fragment(str(value).encode())
    return value


def _text(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
