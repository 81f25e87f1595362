"""YAML as the reference's library writes it: block style, two spaces, quotes only where the text needs them.

Reading is YAML 1.2's core schema, so `yes`, `on` or a date need no quotes. Lines fold at 80 columns.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.errors import InputError

WIDTH: Final = 80
MAX_DEPTH: Final = 256
_NOT_TEXT: Final = re.compile(
    r"(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE"
    r"|[-+]?(?:\d+|0o[0-7]+|0x[0-9a-fA-F]+)"
    r"|[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))?"
)
_NOT_PLAIN: Final = re.compile(
    r"^[\s,\[\]{}#&*!|>'\"%@`]|^[-?:](?:\s|$)|^[<=](?:\s|$)|:(?:\s|$)|\s#|\s$|[\x00-\x08\x0a-\x1f\x7f-\x9f\ufeff\ud800-\udfff]"
    r"|^(?:---|\.\.\.)(?:\s|$)"
)


def yaml_text(value: Any, *, width: int = WIDTH) -> str:
    """One document. Raises InputError: it nests too deep."""
    if isinstance(value, (Mapping, list)) and value:
        return "\n".join(_lines(value, 0, width)) + "\n"
    return _scalar(value, 0, 0, width) + "\n"


def _lines(value: Any, indent: int, width: int) -> Iterator[str]:
    """The lines of a collection that is not empty."""
    if indent > 2 * MAX_DEPTH:
        raise InputError(f"The value nests deeper than {MAX_DEPTH} levels")
    margin = " " * indent
    if isinstance(value, Mapping):
        for key, one in value.items():
            head = f"{margin}{_key(str(key))}:"
            if isinstance(one, (Mapping, list)) and one:
                yield head
                yield from _lines(one, indent + 2, width)
            else:
                yield f"{head} {_scalar(one, indent + 2, len(head) + 1, width)}"
        return
    for one in value:
        if isinstance(one, (Mapping, list)) and one:
            first, *rest = _lines(one, indent + 2, width)
            yield f"{margin}- {first[indent + 2 :]}"
            yield from rest
        else:
            yield f"{margin}- {_scalar(one, indent + 2, indent + 2, width)}"


def _key(text: str) -> str:
    return text if _is_plain(text) and "\n" not in text else _quoted(text)


def _scalar(value: Any, indent: int, column: int, width: int) -> str:
    """A value behind its key; further lines carry `indent`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, (int, Mapping, list)):
        return "{}" if isinstance(value, Mapping) else "[]" if isinstance(value, list) else str(value)
    text = str(value)
    if "\n" in text and _fits_block(text):
        return _block(text, indent)
    if "\n" not in text and _is_plain(text):
        return _folded(text, indent, column, width, plain=True)
    return _folded(_quoted(text), indent, column, width, plain=False)


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)


def _is_plain(text: str) -> bool:
    return not _NOT_TEXT.fullmatch(text) and not _NOT_PLAIN.search(text)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\ufeff\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _fits_block(text: str) -> bool:
    lines = text.split("\n")
    return not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text) and any(line.strip() for line in lines)


def _block(text: str, indent: int) -> str:
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    chomping = "-" if ends == 0 else "" if ends == 1 else "+"
    lead = "2" if body.startswith((" ", "\n", "\t")) else ""
    margin = " " * indent
    lines = [f"{margin}{line}" if line else "" for line in body.split("\n")]
    return "\n".join([f"|{lead}{chomping}", *lines, *[""] * (ends - 1)])


def _folded(text: str, indent: int, column: int, width: int, *, plain: bool) -> str:
    """Break at single spaces between words, so that reading joins the lines to the same text."""
    if width <= 0 or column + len(text) <= width:
        return text
    lines: list[str] = []
    start, room = 0, width - column
    while len(text) - start > room:
        cut = _break(text, start, start + room)
        if cut is None:
            break
        lines.append(text[start:cut])
        start, room = cut + 1, width - indent
    lines.append(text[start:])
    return f"\n{' ' * indent}".join(lines)


_GAP: Final = re.compile(r"(?<=[^ \\]) (?=[^ \"#])")


def _break(text: str, start: int, limit: int) -> int | None:
    """The last lone space before the limit, else the first behind it."""
    last = None
    for found in _GAP.finditer(text, start + 1):
        if found.start() > limit:
            return found.start() if last is None else last
        last = found.start()
    return last
