"""The fast reader: libyaml, for texts on which it agrees with the reference. Source: spec/catalog.md §4.7.

`read_fast` raises `UnsureError` for all others, among them everything that is wrong. It is never shown.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.nodes import MappingNode, ScalarNode

from catalog.ingestion.yaml_scalars import plain_value
from catalog.ingestion.yaml_syntax import MAX_DEPTH
from catalog.ingestion.yaml_values import DROPPED_KEY

_SUSPICIOUS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff&*!?%]").search
"""Characters that libyaml takes for line breaks or refuses; tabs, for which both have rules of their own; and the first
characters of what is looked at closely."""

_ODD = re.compile(
    r"""
    [^\n -~\xa0-\u2027\u202a-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]
    | (?:^|[\s\[{,])(?:!|[&*](?!\s))      # tags, anchors, aliases
    | (?:^|[\s\[{,])\?(?=[\s,\[\]{}]|$)  # explicit keys
    | [\[{,]\s*\?                         # and what libyaml takes for them
    | ^%                                 # directives
    """,
    re.VERBOSE | re.MULTILINE,
).search

_BLOCK_SCALAR = re.compile(r"[ ][|>][-+]?[0-9]|[|>][-+0-9]*\#|^[|>]", re.MULTILINE).search
"""Those that give their indentation, have a comment at once, or are the root."""

_MARKER = re.compile(r"^\.\.\.|^---[ ]*[^\s#]|\n +\Z", re.MULTILINE).search
"""Document ends, content behind a document start, spaces in the last line."""

_TIGHT = ('"#', "'#", "]#", "}#", ",#", "[#", "{#", "-,", "-]", "-}")
"""Comments need space before them; a dash alone is no text in flow style."""


def _is_odd(text: str) -> bool:
    """Whether the text has anything on which libyaml and the reference differ, or might."""
    if _SUSPICIOUS(text) and _ODD(text):
        return True
    if ("|" in text or ">" in text) and _BLOCK_SCALAR(text):
        return True
    if any(tight in text for tight in _TIGHT):
        return True
    return ("---" in text or "..." in text or text.endswith(" ")) and _MARKER(text) is not None


_IN_FLOW = -2


class UnsureError(Exception):
    """The text is for the careful reader."""


class _Parser(CParser):
    """libyaml's parser and composer without the resolving of tags, which is done on the finished nodes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def resolve(self, kind: type, value: str | None, implicit: object) -> str:
        return ""

    def descend_resolver(self, parent: object, index: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnsureError

    def ascend_resolver(self) -> None:
        self._depth -= 1


def read_fast(text: str) -> list[tuple[Any, int]]:
    """Value and first line (from 1) of each document. Raises UnsureError."""
    if _is_odd(text):
        raise UnsureError
    if not text.endswith("\n"):
        text += "\n"
    documents: list[tuple[Any, int]] = []
    values = _Values(text)
    try:
        parser = _Parser(text)
        while parser.check_node():
            node: Any = parser.get_node()
            documents.append((values.root(node), node.start_mark.line + 1))
    except yaml.YAMLError:
        raise UnsureError from None
    return documents


class _Values:
    """Values of libyaml's nodes. Looks again at those places in the text where libyaml is too lenient."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: list[str] = []

    def root(self, node: Any) -> Any:
        if type(node) is ScalarNode and node.style:
            raise UnsureError
        return self._value(node, -1)

    def _value(self, node: Any, indent: int) -> Any:
        """`indent` is the column of the block collection around the node: -1 at the root, -2 within flow."""
        kind = type(node)
        if kind is ScalarNode:
            if not node.style:
                return plain_value(node.value)
            if node.style in "'\"":
                if node.start_mark.line != node.end_mark.line:
                    raise UnsureError
            elif node.start_mark.column <= indent:
                raise UnsureError
            return node.value
        if node.flow_style:
            if indent != _IN_FLOW and node.start_mark.line != node.end_mark.line:
                self._check_flow_lines(node, indent + 1)
            inner = _IN_FLOW
        else:
            inner = node.start_mark.column
        if kind is MappingNode:
            return self._mapping(node, inner)
        return [
            plain_value(item.value) if type(item) is ScalarNode and not item.style else self._value(item, inner)
            for item in node.value
        ]

    def _mapping(self, node: Any, indent: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if type(key_node) is not ScalarNode:
                raise UnsureError
            key = key_node.value
            if key in mapping or (not key_node.style and not isinstance(plain_value(key), str)):
                raise UnsureError
            if type(value_node) is ScalarNode:
                if not value_node.style:
                    mapping[key] = plain_value(value_node.value)
                    continue
                if value_node.style in "|>":
                    if value_node.start_mark.line != key_node.start_mark.line:
                        raise UnsureError
                    mapping[key] = value_node.value
                    continue
            mapping[key] = self._value(value_node, indent)
        mapping.pop(DROPPED_KEY, None)
        return mapping

    def _check_flow_lines(self, node: Any, floor: int) -> None:
        """The lines of a flow collection have to be indented to the floor; its last bracket may stand one before."""
        self._lines = self._lines or self._text.split("\n")
        first, last = node.start_mark.line, node.end_mark.line
        for number in range(first + 1, last + 1):
            line = self._lines[number]
            content = line.lstrip(" ")
            column = len(line) - len(content)
            if column < floor and content and not content.startswith("#"):
                ends = number == last and column == floor - 1 and node.end_mark.column == column + 1
                if not ends:
                    raise UnsureError
