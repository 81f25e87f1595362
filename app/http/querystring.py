"""Query strings as the reference's parser (qs) reads them: brackets make lists and objects, repeats make lists."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

QueryValue = str | list[Any] | dict[str, Any]


def decode(text: str) -> str:
    """Percent-decoding for query parts: `+` is a space; what is not valid UTF-8 stays as it was sent."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text


def parse(raw: bytes) -> dict[str, QueryValue]:
    """Parameters by name, in order of first appearance.

    `a=1` is a text, `a=1&a=2`, `a[]=1` and `a[0]=1` are lists, `a[k]=1` is an object `{"k": "1"}`.
    """
    found: dict[str, QueryValue] = {}
    if not raw:
        return found
    for part in raw.decode("latin-1").split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        name, text = decode(name), decode(value)
        base, bracket, rest = name.partition("[")
        if bracket and base and "]" in rest:
            _put_bracketed(found, base, rest[: rest.index("]")], text)
        else:
            _put(found, name, text)
    return found


def _put(found: dict[str, QueryValue], name: str, value: str) -> None:
    if name not in found:
        found[name] = value
        return
    present = found[name]
    if isinstance(present, str):
        found[name] = [present, value]
    elif isinstance(present, list):
        present.append(value)
    else:
        present[value] = True


def _put_bracketed(found: dict[str, QueryValue], base: str, key: str, value: str) -> None:
    present = found.get(base)
    if key and not (key.isascii() and key.isdigit()):
        entry = {key: value}
        if present is None:
            found[base] = entry
        elif isinstance(present, dict):
            present.update(entry)
        else:
            found[base] = [*([present] if isinstance(present, str) else present), entry]
    elif present is None:
        found[base] = [value]
    else:
        _put(found, base, value)
