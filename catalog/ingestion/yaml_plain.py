"""The fastest reader: descriptors as most people write them, line by line. Source: spec/catalog.md §4.7.

It knows block mappings and lists of one-line values, flow collections of plain words on one line, and literal texts; no
more than can be told from a line by itself and its indentation. `read_plain` raises `UnsureError` for everything else,
among it everything that is wrong: then libyaml is asked, and after it the careful reader.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

from catalog.ingestion.yaml_fast import UnsureError
from catalog.ingestion.yaml_scalars import plain_value
from catalog.ingestion.yaml_syntax import MAX_DEPTH

_KEY: Final = r"[A-Za-z_$](?:[\w./-]|:(?=\w)){0,200}"
_WORD: Final = r"[\w./@+-]+(?::(?=\w)[\w./@+-]+)*"
_WORDS: Final = rf"(?=[A-Za-z0-9_/]){_WORD}(?: {_WORD})*"
_FLOW_VALUE: Final = rf"(?:{_WORDS}|'[^'\n]*'|\"[^\"\\\n]*\")"

_LINE: Final = re.compile(rf"( *)(- +)?(?:({_KEY}):(?: +(\S.*))?|(\S.*))", re.ASCII).fullmatch
"""Indentation, dash, key and its value, or a value alone."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_/.$(][^:#]*(?:(?::(?! )|(?<! )#)[^:#]*)*(?<![ :])", re.ASCII).fullmatch
"""Text that neither a comment nor a key can be found in, by whichever reader."""
_LIST: Final = re.compile(rf"\[ *{_FLOW_VALUE}(?: *, *{_FLOW_VALUE})* *\]", re.ASCII).fullmatch
_ITEMS: Final = re.compile(_FLOW_VALUE, re.ASCII).findall
_MAP: Final = re.compile(rf"\{{ *{_KEY}: +{_FLOW_VALUE}(?: *, *{_KEY}: +{_FLOW_VALUE})* *\}}", re.ASCII).fullmatch
_PAIRS: Final = re.compile(rf"({_KEY}): +({_FLOW_VALUE})", re.ASCII).findall
_UNUSUAL: Final = re.compile(r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]").search
"""Tabs, other line ends, and what YAML does not allow."""

_LITERAL: Final = ("|", "|-")
_EMPTY: Final = {"[]": list, "{}": dict}
_NO_TEXT: Final = frozenset({"null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "__proto__"})
"""What is no text as a key, or is dropped."""


def read_plain(text: str) -> list[tuple[Any, int]]:
    """Value and first line (from 1) of each document. Raises UnsureError."""
    if _UNUSUAL(text):
        raise UnsureError
    lines = text.split("\n")
    documents: list[tuple[Any, int]] = []
    document: _Document | None = None
    marked = False
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line or (document is None and line.lstrip(" ")[:1] == "#"):
            continue
        if line == "---":
            if document is None and marked:
                # An empty document.
                raise UnsureError
            document, marked = None, True
            continue
        if document is None:
            document = _Document()
            documents.append((document.root, at))
        document.read(line)
        if document.literal is not None:
            at = _literal(lines, at, *document.literal)
            document.literal = None
    if document is None:
        raise UnsureError
    return documents


def _literal(lines: list[str], at: int, mapping: dict[str, Any], key: str, indent: int) -> int:
    """The literal text that begins at this line, as the value of a key at that indentation; gives where it ends."""
    inner = 0
    content: list[str] = []
    while at < len(lines):
        line = lines[at]
        if line:
            spaces = len(line) - len(line.lstrip(" "))
            if spaces == len(line):
                raise UnsureError
            if spaces <= indent:
                break
            if not inner:
                inner = spaces
            elif spaces < inner:
                raise UnsureError
            line = line[inner:]
        content.append(line)
        at += 1
    while content and not content[-1]:
        content.pop()
    if not content:
        raise UnsureError
    mapping[key] = "\n".join(content) + ("\n" if mapping[key] == "|" else "")
    return at


_Collection = TypeVar("_Collection", dict[str, Any], list[Any])


class _Document:
    """A mapping, read line after line."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.literal: tuple[dict[str, Any], str, int] | None = None
        """Where the literal text goes that comes next, and the indentation it has to exceed; there stands its mark."""
        self._open: list[tuple[int, dict[str, Any] | list[Any]]] = [(0, self.root)]
        """Collections that may go on, with their indentation."""
        self._key: str | None = None
        """The key of the innermost mapping whose value has not come yet."""

    def read(self, line: str) -> None:
        found = _LINE(line)
        if found is None:
            raise UnsureError
        spaces, dash, key, value, alone = found.groups()
        indent = len(spaces)
        if dash is not None:
            items = self._items(indent)
            if key is None:
                items.append(_value(alone))
                return
            indent += len(dash)
            mapping: dict[str, Any] = {}
            items.append(mapping)
            self._begin(indent, mapping)
        elif key is None:
            if alone[0] == "#":
                return
            raise UnsureError
        else:
            mapping = self._mapping(indent)
        if key in mapping or key in _NO_TEXT:
            raise UnsureError
        if value is None or value[0] == "#":
            # Null, unless something further in follows.
            mapping[key] = None
            self._key = key
        elif value in _LITERAL:
            mapping[key] = value
            self.literal = mapping, key, indent
        else:
            mapping[key] = _value(value)

    def _begin(self, indent: int, collection: dict[str, Any] | list[Any]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise UnsureError
        self._open.append((indent, collection))

    def _mapping(self, indent: int) -> dict[str, Any]:
        """The mapping that a key at this indentation belongs to."""
        top, collection = self._open[-1]
        if indent > top:
            return self._within(indent, {})
        self._key = None
        if indent == top and isinstance(collection, dict):
            return collection
        while indent < top:
            self._open.pop()
            top, collection = self._open[-1]
        if indent == top and isinstance(collection, list):
            # A list may stand at the indentation of the mapping that it belongs to.
            self._open.pop()
            top, collection = self._open[-1]
        if indent != top or not isinstance(collection, dict):
            raise UnsureError
        return collection

    def _items(self, indent: int) -> list[Any]:
        """The list that a dash at this indentation belongs to."""
        top, collection = self._open[-1]
        if indent > top or (indent == top and self._key is not None):
            return self._within(indent, [])
        self._key = None
        while indent < top:
            self._open.pop()
            top, collection = self._open[-1]
        if indent != top or not isinstance(collection, list):
            raise UnsureError
        return collection

    def _within(self, indent: int, collection: _Collection) -> _Collection:
        """A collection that is the value of the last key."""
        key, self._key = self._key, None
        around = self._open[-1][1]
        if key is None or not isinstance(around, dict):
            raise UnsureError
        around[key] = collection
        self._begin(indent, collection)
        return collection


def _value(text: str) -> Any:
    if _PLAIN(text):
        return plain_value(text)
    if text in _EMPTY:
        return _EMPTY[text]()
    if text[0] in "'\"":
        return _quoted(text)
    if _LIST(text):
        return [_flow_value(item) for item in _ITEMS(text)]
    if _MAP(text):
        pairs = _PAIRS(text)
        mapping = {key: _flow_value(value) for key, value in pairs}
        if len(mapping) == len(pairs) and _NO_TEXT.isdisjoint(mapping):
            return mapping
    text, comment, _ = text.partition(" #")
    if comment and _PLAIN(text := text.rstrip(" ")):
        return plain_value(text)
    raise UnsureError


def _quoted(text: str) -> str:
    """One line in quotes without escapes, and nothing after it."""
    quote, inner = text[0], text[1:-1]
    if len(text) < 2 or text[-1] != quote or quote in inner or (quote == '"' and "\\" in inner):
        raise UnsureError
    return inner


def _flow_value(text: str) -> Any:
    return text[1:-1] if text[0] in "'\"" else plain_value(text)
