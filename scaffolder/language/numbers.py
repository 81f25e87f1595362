"""Numbers to text and back, as JavaScript has it. Every number of the language is a float."""

import math
import re
from typing import Final

from scaffolder.language.units import WHITESPACE

_DECIMAL: Final = re.compile(r"[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_PREFIXED: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_SAFE: Final = 2.0**53


def number_text(number: float) -> str:
    """`Number::toString`: the shortest digits that read back as the same number."""
    if number.is_integer() and -_SAFE < number < _SAFE:
        return str(int(number))
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    sign = "-" if number < 0 else ""
    digits, point = shortest(abs(number))
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    exponent = f"e{point - 1:+d}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if count > 1 else ''}{exponent}"


def shortest(number: float) -> tuple[str, int]:
    """Digits `d` and point `p` with `number = 0.d * 10**p`, for a finite number above zero."""
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    return digits.rstrip("0") or "0", len(whole) - leading + int(exponent or 0)


def text_number(text: str) -> float:
    """`Number(text)`; NaN where that says so."""
    text = text.strip(WHITESPACE)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text.replace("Infinity", "inf"))
    if _PREFIXED.fullmatch(text):
        return _integer(int(text, 0))
    return math.nan


def leading_float(text: str) -> float:
    """`parseFloat(text)`."""
    found = _DECIMAL.match(text.strip(WHITESPACE))
    return float(found[0].replace("Infinity", "inf")) if found else math.nan


def leading_integer(text: str, base: float) -> float:
    """`parseInt(text, base)`."""
    text = text.strip(WHITESPACE)
    negative = text.startswith("-")
    if text[:1] in ("-", "+"):
        text = text[1:]
    radix = to_int32(base)
    if radix != 0 and not 2 <= radix <= 36:
        return math.nan
    if radix in (0, 16) and text[:2] in ("0x", "0X"):
        text, radix = text[2:], 16
    radix = radix or 10
    allowed = _DIGITS[:radix]
    end = 0
    while end < len(text) and text[end].lower() in allowed and text[end].isascii():
        end += 1
    if end == 0:
        return math.nan
    digits = text[:end].lstrip("0") or "0"
    # 1 100 digits are beyond the largest number in every base, and int() must stay cheap.
    value = _integer(int(digits, radix)) if len(digits) <= 1100 else math.inf
    return -value if negative else value


def to_int32(number: float) -> int:
    """`ToInt32`."""
    value = to_uint32(number)
    return value - 0x1_0000_0000 if value >= 0x8000_0000 else value


def to_uint32(number: float) -> int:
    """`ToUint32`."""
    return int(number) & 0xFFFF_FFFF if math.isfinite(number) else 0


def truncated(number: float) -> float:
    """`ToIntegerOrInfinity`: NaN becomes 0, infinities stay."""
    if math.isnan(number):
        return 0.0
    return number if math.isinf(number) else float(math.trunc(number))


def divide(left: float, right: float) -> float:
    """`left / right`."""
    if right:
        return left / right
    if not left or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def remainder(left: float, right: float) -> float:
    """`left % right`, with the sign of `left`."""
    if not right or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.fmod(left, right)


def power(base: float, exponent: float) -> float:
    """`base ** exponent`."""
    if math.isnan(exponent) or (abs(base) == 1 and math.isinf(exponent)):
        return math.nan
    odd = exponent.is_integer() and exponent % 2 == 1
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        if base == 0:
            return -math.inf if odd and math.copysign(1.0, base) < 0 else math.inf
        return math.nan


def floor(number: float) -> float:
    """`Math.floor`; keeps the sign of zero."""
    return number if not math.isfinite(number) or not number else float(math.floor(number))


def ceil(number: float) -> float:
    """`Math.ceil`; keeps the sign of zero."""
    if not math.isfinite(number) or not number:
        return number
    return math.copysign(float(math.ceil(number)), number)


def rounded(number: float) -> float:
    """`Math.round`: halves go up."""
    if not math.isfinite(number) or number.is_integer():
        return number
    whole = math.floor(number)
    result = float(whole + 1 if number - whole >= 0.5 else whole)
    return math.copysign(result, number) if result == 0 else result


def _integer(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
