"""Strings as JavaScript sees them: sequences of UTF-16 code units.

Inside the engine every character beyond U+FFFF is two surrogates, so length, index, slice and
comparison need no special case. Text is converted when it enters and when it leaves.
"""

import re
from typing import Final

WHITESPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What `trim` and `\\s` mean in JavaScript."""

_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def to_units(text: str) -> str:
    """`text` as code units."""
    if text.isascii():
        return text
    return _ASTRAL.sub(_split, text)


def from_units(units: str) -> str:
    """Join surrogate pairs; a surrogate without its other half stays as it is."""
    if units.isascii() or not _SURROGATE.search(units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def upper(units: str) -> str:
    """`String.prototype.toUpperCase`."""
    return units.upper() if units.isascii() else to_units(from_units(units).upper())


def lower(units: str) -> str:
    """`String.prototype.toLowerCase`."""
    return units.lower() if units.isascii() else to_units(from_units(units).lower())


def _split(found: re.Match[str]) -> str:
    point = ord(found[0]) - 0x10000
    return chr(0xD800 + (point >> 10)) + chr(0xDC00 + (point & 0x3FF))
