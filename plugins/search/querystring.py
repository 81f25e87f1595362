"""Query strings with nested brackets, as qs reads them: `filters[kind][0]=API` is `{"filters": {"kind": ["API"]}}`.

Lists are lists whatever their length; qs makes objects of those beyond twenty entries.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

MOST: Final = 1000
"""Parameters that are read."""
DEPTH: Final = 5
"""Brackets of a name that are taken apart; the rest is one key."""
_BRACKETS: Final = re.compile(r"\[([^\[\]]*)\]")


class _List(dict[int, Any]):
    """A list on the way, by index."""


def parse(raw: bytes) -> dict[str, Any]:
    """Parameters by name: texts, lists and objects of them."""
    root: dict[str, Any] = {}
    for part in raw.decode("latin-1").split("&", MOST)[:MOST]:
        name, _, value = part.partition("=")
        path = _path(_decode(name))
        if path[0]:
            _put(root, path, _decode(value))
    return {name: _plain(value) for name, value in root.items()}


def _decode(text: str) -> str:
    text = text.replace("+", " ")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text.encode("latin-1", "replace").decode("latin-1")


def _path(name: str) -> list[str]:
    base, bracket, rest = name.partition("[")
    if not bracket or not base:
        return [name]
    keys: list[str] = []
    place = 0
    rest = bracket + rest
    while len(keys) < DEPTH and (found := _BRACKETS.match(rest, place)):
        keys.append(found.group(1))
        place = found.end()
    if not keys:
        return [name]
    return [base, *keys, *([rest[place:]] if place < len(rest) else [])]


def _put(holder: dict[Any, Any], path: list[str], value: str) -> None:
    for place, key in enumerate(path[:-1]):
        following = path[place + 1]
        index = _index(holder, key)
        inner = holder.get(index)
        if not isinstance(inner, dict):
            inner = _List({} if inner is None else {0: inner}) if _is_index(following) else _object(inner)
            holder[index] = inner
        elif isinstance(inner, _List) and not _is_index(following):
            inner = {str(number): one for number, one in inner.items()}
            holder[index] = inner
        holder = inner
    index = _index(holder, path[-1])
    present = holder.get(index)
    if present is None:
        holder[index] = value
    elif isinstance(present, _List):
        present[max(present, default=-1) + 1] = value
    elif isinstance(present, dict):
        present[value] = "true"
    else:
        holder[index] = _List({0: present, 1: value})


def _object(leaf: str | None) -> dict[str, Any]:
    return {} if leaf is None else {leaf: "true"}


def _is_index(key: str) -> bool:
    return not key or (key.isascii() and key.isdigit() and len(key) < 10)


def _index(holder: dict[Any, Any], key: str) -> Any:
    if not isinstance(holder, _List):
        return key
    return int(key) if key else max(holder, default=-1) + 1


def _plain(value: Any) -> Any:
    if isinstance(value, _List):
        return [_plain(value[index]) for index in sorted(value)]
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value
