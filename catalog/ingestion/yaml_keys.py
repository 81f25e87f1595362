"""Keys that are collections, written as text: `? [a, b]` becomes the key `[ a, b ]`, `{{ x }}` the key `{ x }`.

JSON has no other keys; what is written is what the reference writes. Source: spec/catalog.md §4.7.
"""

from __future__ import annotations

import re

import orjson

from catalog.ingestion.yaml_scalars import plain_value
from catalog.ingestion.yaml_syntax import Alias, Mapping, Node, Scalar, Sequence

MAX_WIDTH = 80
"""A collection that is longer is written over several lines."""

_INDENT = "  "
_NEEDS_QUOTES = re.compile(
    r"""
    ^[\n\t ,\[\]{}\#&*!|>'"%@`] | [\[\]{},]     # indicators, at the start or anywhere in flow
    | ^[?-]$ | ^[?-][ \t]
    | [\n:][ \t] | [ \t]\n | [\n\t ]\# | [\n\t :-]$
    """,
    re.VERBOSE,
)


def key_text(node: Node) -> str:
    """The text of a key that is no scalar, or an alias of one that is none."""
    return _written(node, "")


def _written(node: Node, indent: str) -> str:
    if isinstance(node, Alias):
        return f"*{node.anchor}"
    prefix = (f"&{node.anchor} " if node.anchor else "") + (f"{node.tag} " if node.tag else "")
    if isinstance(node, Scalar):
        return prefix + _scalar(node)
    if isinstance(node, Sequence):
        return prefix + _enclosed([_written(item, indent + _INDENT) for item in node.items], "[", "]", indent)
    bare = all(value is None for _, value in node.pairs)
    return prefix + _enclosed([_pair(key, value, indent, bare=bare) for key, value in node.pairs], "{", "}", indent)


def _pair(key: Node, value: Node | None, indent: str, *, bare: bool) -> str:
    deeper = indent + _INDENT
    written = _written(key, deeper)
    explicit = isinstance(key, (Sequence, Mapping)) or "\n" in written
    if bare or value is None:
        return f"? {written}" if explicit else written
    text = _written(value, deeper)
    if explicit:
        return f"? {written}\n{deeper}:" + (f" {text}" if text else "")
    if isinstance(key, Alias):
        written += " "
    return f"{written}:" + (f" {text}" if text else "")


def _enclosed(parts: list[str], start: str, end: str, indent: str) -> str:
    if not parts:
        return start + end
    lines = [f"{part}," for part in parts[:-1]] + [parts[-1]]
    if any("\n" in line for line in lines) or sum(len(line) + 2 for line in lines) + 2 > MAX_WIDTH:
        return start + "".join(f"\n{_INDENT}{indent}{line}" for line in lines) + f"\n{indent}{end}"
    return f"{start} {' '.join(lines)} {end}"


def _scalar(node: Scalar) -> str:
    if node.quote == "'" and "\n" not in node.text:
        return "'" + node.text.replace("'", "''") + "'"
    if node.plain and (not isinstance(plain_value(node.text), str) or not _NEEDS_QUOTES.search(node.text)):
        return node.text
    return orjson.dumps(node.text).decode()
