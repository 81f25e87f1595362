"""Texts of the task log, letter by letter as the reference writes them. Source: spec/scaffolder.md §3.5, §3.6."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import orjson

from app.errors import CallboardError, name_of
from scaffolder.language.numbers import number_text

COLOURS: Final = {"info": 32, "warn": 33, "error": 31, "debug": 34}
DOCS: Final = "https://backstage.io/docs/features/software-templates/builtin-actions/"


def levelled(level: str, message: str, meta: Mapping[str, Any] | None) -> str:
    """A line of an action, with its level in colour and its metadata behind it."""
    line = f"\x1b[{COLOURS[level]}m{level}\x1b[39m: {message}"
    return f"{line} {json_line(meta)}" if meta else line


def json_line(value: Any) -> str:
    """JSON on one line, as `JSON.stringify` has it."""
    return orjson.dumps(_finite(value), default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS).decode()


def json_pretty(value: Any) -> str:
    """JSON indented by two."""
    return orjson.dumps(_finite(value), default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2).decode()


def _finite(value: Any) -> Any:
    """Integers beyond 64 bits are written as doubles, which is what JavaScript would have made of them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else float(value)
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def js_text(value: Any) -> str:
    """`String(value)`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if isinstance(value, float) and not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return number_text(float(value))
    if isinstance(value, Mapping):
        return "[object Object]"
    if isinstance(value, (list, tuple)):
        return ",".join("" if item is None else js_text(item) for item in value)
    return str(value)


def error_name(error: BaseException) -> str:
    """The name an error has in events: ours, `Error` for everybody else's."""
    return name_of(error)


def error_text(error: BaseException) -> str:
    """The first line of what the reference logs, which is the whole of ours: no stack leaves the server."""
    message = str(error) or (type(error).__name__ if not isinstance(error, CallboardError) else "")
    return f"{error_name(error)}: {message}" if message else error_name(error)
