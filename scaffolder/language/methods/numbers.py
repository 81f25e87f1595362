"""Methods of numbers."""

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import Signature, argument, integer
from scaffolder.language.numbers import number_text, shortest
from scaffolder.language.values import UNDEFINED, Value

# Every double is a decimal of at most 767 significant digits.
_EXACT: Final = Context(prec=1200, rounding=ROUND_HALF_UP)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_UNITS_EXACT_BELOW: Final = 2.0**53


def to_fixed(number: float, values: list[Value], meter: Meter) -> Value:
    """`toFixed(digits = 0)`."""
    digits = _digits(values, "toFixed() digits argument", 0, 100, meter)
    if not math.isfinite(number) or abs(number) >= 1e21:
        return number_text(number)
    text = f"{_EXACT.quantize(Decimal(abs(number)), Decimal(1).scaleb(-digits)):f}"
    return "-" + text if number < 0 else text


def to_exponential(number: float, values: list[Value], meter: Meter) -> Value:
    """`toExponential(digits)`: as many digits as needed when none are given."""
    if not math.isfinite(number):
        return number_text(number)
    digits = None
    if argument(values, 0) is not UNDEFINED:
        digits = _digits(values, "toExponential() argument", 0, 100, meter)
    return _exponential(number, digits)


def to_precision(number: float, values: list[Value], meter: Meter) -> Value:
    """`toPrecision(digits)`."""
    if argument(values, 0) is UNDEFINED or not math.isfinite(number):
        return number_text(number)
    digits = _digits(values, "toPrecision() argument", 1, 100, meter)
    significand, exponent = _significand(abs(number), digits - 1)
    sign = "-" if number < 0 else ""
    if exponent < -6 or exponent >= digits:
        return sign + _with_exponent(significand, exponent)
    if exponent == digits - 1:
        return sign + significand
    if exponent >= 0:
        return f"{sign}{significand[: exponent + 1]}.{significand[exponent + 1 :]}"
    return f"{sign}0.{'0' * (-exponent - 1)}{significand}"


def to_string(number: float, values: list[Value], meter: Meter) -> Value:
    """`toString(radix = 10)`."""
    base = 10.0 if argument(values, 0) is UNDEFINED else integer(argument(values, 0), meter)
    if not 2 <= base <= 36:
        raise failure("toString() radix argument must be between 2 and 36")
    if base == 10 or not math.isfinite(number):
        return number_text(number)
    return _in_base(number, int(base))


def _digits(values: list[Value], what: str, least: int, most: int, meter: Meter) -> int:
    digits = integer(argument(values, 0), meter)
    if not least <= digits <= most:
        raise failure(f"{what} must be between {least} and {most}")
    return int(digits)


def _exponential(number: float, digits: int | None) -> str:
    sign = "-" if number < 0 else ""
    if digits is None and number:
        shown, point = shortest(abs(number))
        return sign + _with_exponent(shown, point - 1)
    significand, exponent = _significand(abs(number), digits or 0)
    return sign + _with_exponent(significand, exponent)


def _significand(number: float, fraction: int) -> tuple[str, int]:
    """`fraction + 1` digits of `number`, halves rounded up, and the exponent of the first."""
    if number == 0:
        return "0" * (fraction + 1), 0
    exact = Decimal(number)
    exponent = exact.adjusted()
    scaled = _EXACT.quantize(exact.scaleb(fraction - exponent, _EXACT), Decimal(1))
    text = f"{scaled:f}"
    if len(text) > fraction + 1:
        return text[:-1], exponent + 1
    return text, exponent


def _with_exponent(digits: str, exponent: int) -> str:
    return f"{digits[0]}{'.' + digits[1:] if len(digits) > 1 else ''}e{exponent:+d}"


def _in_base(number: float, base: int) -> str:
    """Digits of `number` to another base: as many after the point as tell it from its neighbours."""
    sign = "-" if number < 0 else ""
    value = abs(number)
    whole = math.floor(value)
    fraction = value - whole
    delta = max(0.5 * (math.nextafter(value, math.inf) - value), math.nextafter(0.0, 1.0))
    after: list[int] = []
    if fraction >= delta:
        while True:
            fraction *= base
            delta *= base
            digit = int(fraction)
            after.append(digit)
            fraction -= digit
            up = fraction > 0.5 or (fraction == 0.5 and digit & 1)
            if up and fraction + delta > 1:
                whole += _carry(after, base)
                break
            if fraction < delta:
                break
    shown = _whole_in_base(whole, base)
    return sign + shown + ("." + "".join(_DIGITS[digit] for digit in after) if after else "")


def _carry(after: list[int], base: int) -> int:
    """Round the digits after the point up; 1 if that reaches the whole number."""
    while after:
        digit = after.pop()
        if digit + 1 < base:
            after.append(digit + 1)
            return 0
    return 1


def _whole_in_base(whole: int, base: int) -> str:
    """Digits of a whole number; those a double does not hold are zeros, and the rest is divided as a double."""
    digits: list[str] = []
    value = float(whole)
    while value / base >= _UNITS_EXACT_BELOW:
        value /= base
        digits.append("0")
    while True:
        digit = math.fmod(value, base)
        digits.append(_DIGITS[int(digit)])
        value = (value - digit) / base
        if value <= 0:
            return "".join(reversed(digits))


NUMBER_METHODS: Final[Mapping[str, Signature]] = {
    "toExponential": Signature(0, 1, to_exponential),
    "toFixed": Signature(0, 1, to_fixed),
    "toPrecision": Signature(0, 1, to_precision),
    "toString": Signature(0, 1, to_string),
}
