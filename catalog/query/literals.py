"""How values of a query are spelled in the search index. Source: spec/catalog.md §2.1."""

from __future__ import annotations

Primitive = str | int | float | bool

EXACT_INTEGERS = 2**53
"""Above it integers are what the nearest IEEE double prints as."""


def js_number(value: int | float) -> str:
    """A number as JavaScript prints it: `7`, `1.5`, `1e+21`, `1e-7`, `0` for -0."""
    if isinstance(value, int):
        if -EXACT_INTEGERS <= value <= EXACT_INTEGERS:
            return str(value)
        try:
            value = float(value)
        except OverflowError:
            return "Infinity" if value > 0 else "-Infinity"
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    # `point` is the place of the decimal point counted from the first significant digit.
    point = int(exponent or 0) + (len(whole) if whole != "0" else len(fraction.lstrip("0")) - len(fraction))
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"


def text_of(value: Primitive) -> str:
    """JavaScript's `String(value)`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else js_number(value)


def indexed(value: Primitive) -> str:
    """A value as the index holds it: its text, lower-cased."""
    return text_of(value).lower()
