"""How JavaScript sees, compares and spells JSON values; the reference's messages show it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from scaffolder.language.numbers import number_text

Json = Any


class _Missing:
    """JavaScript's `undefined`: a property that is not there."""

    def __repr__(self) -> str:
        return "undefined"


MISSING: Final = _Missing()
_BRACKETED: Final = re.compile(r"[.\s\[\]]|^[0-9]")


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def string_of(value: Json) -> str:
    """`String(value)`: lists are joined by commas, objects are `[object Object]`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(float(value)) if abs(value) < 1e308 else "Infinity"
    if isinstance(value, list | tuple):
        return ",".join("" if entry is None else string_of(entry) for entry in value)
    if isinstance(value, Mapping):
        return "[object Object]"
    return str(value)


def quoted(value: Json) -> str:
    """`JSON.stringify(value)`."""
    if is_number(value):
        return string_of(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def step_of(key: str | int) -> str:
    """A step of a property's path: `.name`, `[0]` or `["a b"]`."""
    text = str(key)
    if not _BRACKETED.search(text):
        return f".{text}"
    return f"[{text}]" if text.isascii() and text.isdigit() else f"[{quoted(text)}]"


def same(left: Json, right: Json) -> bool:
    """Deep equality in which `1` is `1.0` and `true` is not `1`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple):
        return (
            isinstance(right, list | tuple)
            and len(left) == len(right)
            and all(same(a, b) for a, b in zip(left, right, strict=True))
        )
    if isinstance(left, Mapping):
        return (
            isinstance(right, Mapping)
            and len(left) == len(right)
            and all(key in right and same(value, right[key]) for key, value in left.items())
        )
    return bool(left == right)
