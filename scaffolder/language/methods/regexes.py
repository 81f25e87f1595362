"""The method of regular expressions."""

from collections.abc import Mapping
from typing import Final

from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import Signature
from scaffolder.language.regex.matcher import search
from scaffolder.language.values import Regex, Value, to_text


def test(regex: Regex, values: list[Value], meter: Meter) -> Value:
    """`test(text)`; with the flag `g` or `y` it goes on where it found the last one."""
    remembers = "g" in regex.flags or "y" in regex.flags
    start = regex.last_index if remembers else 0
    found = search(regex.program, to_text(values[0], meter), start, meter, sticky="y" in regex.flags)
    if remembers:
        regex.last_index = found.end if found else 0
    return found is not None


REGEX_METHODS: Final[Mapping[str, Signature]] = {"test": Signature(1, 1, test)}
