"""A place in the text of one document, and what both styles of YAML, flow and block, read there.

Source: YAML 1.2.2 §6, §7.3, §7.4.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from catalog.ingestion.yaml_syntax import MAX_DEPTH, Alias, Node, Properties, Scalar, Source, YamlError
from catalog.ingestion.yaml_text import TextError, double_quoted, fold, single_quoted

FLOW_INDICATORS = ",[]{}"
SPACES = frozenset(" \t\n\r")
"""With the end of the text, what must follow an indicator for it to be one."""

_BLANKS = re.compile(r"[ \t]*")
_SPACES_ONLY = re.compile(r" *")
_COMMENT = re.compile(r"[^\n]*")
_NAME = re.compile(r"[^ ,\[\]{}\n\r\t]*")
_TAG = re.compile(r"!<[^ \t\r\n>]*>?|!(?:[0-9A-Za-z\-#;/?:@&=+$_.!~*'()]|%[0-9a-fA-F]{2})*")
_BLOCK_RUN = re.compile(r"(?:[^ \t\r\n:]|:(?=[^ \t\r\n]))+")
_FLOW_RUN = re.compile(r"(?:[^ \t\r\n:,\[\]{}]|:(?=[^ \t\r\n,\[\]{}]))+")

_BAD_STARTS = {
    ",": "flow indicator character ,",
    "%": "directive indicator character %",
    "|": "block scalar indicator |",
    ">": "block scalar indicator >",
    "@": "reserved character @",
    "`": "reserved character `",
}


class Gap(NamedTuple):
    """What lay between two tokens: whether lines ended, and where a tab stood right before the second one (or -1)."""

    newline: bool
    tab: int


class Cursor:
    """Reads from `position` to `end` of a source. Floors are the least indentation that continues a node's lines."""

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.text = source.text
        self.start = start
        self.position = start
        self.end = end
        self.depth = 0

    def error(self, message: str, position: int | None = None, *, width: int = 1) -> YamlError:
        return YamlError(message, self.source, self.position if position is None else position, width=width)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"Collections must not be nested deeper than {MAX_DEPTH}")

    def at(self, offset: int = 0) -> str:
        """The character there; empty at the end."""
        index = self.position + offset
        return self.text[index] if index < self.end else ""

    def is_space(self, offset: int) -> bool:
        index = self.position + offset
        return index >= self.end or self.text[index] in SPACES

    def line_start(self, position: int) -> int:
        return max(self.text.rfind("\n", 0, position) + 1, 0)

    def column(self, position: int | None = None) -> int:
        position = self.position if position is None else position
        return position - self.line_start(position)

    def indentation(self) -> int:
        """Spaces at the start of the line the cursor is in."""
        start = self.line_start(self.position)
        return self._match(_SPACES_ONLY, start) - start

    def skip_blanks(self) -> bool:
        before = self.position
        self.position = self._match(_BLANKS, before)
        return self.position > before

    def skip_gap(self) -> Gap:
        """Over blanks, comments and line ends, to the next token or the end. A comment needs space before it."""
        newline = False
        while True:
            blanks = self.position
            self.skip_blanks()
            character = self.at()
            if character == "#":
                self.skip_comment()
            elif character == "\n":
                self.position += 1
                newline = True
            else:
                return Gap(newline, self.text.find("\t", blanks, self.position))

    def skip_comment(self) -> None:
        before = self.text[self.position - 1] if self.position > 0 else "\n"
        if before not in " \t\n" and self.position > self.start:
            raise self.error("Comments must be separated from other tokens by white space characters")
        self.position = self._match(_COMMENT, self.position)

    def finish_line(self, what: str) -> None:
        """Behind a node that ends in its line: nothing but a comment may follow. Goes to the next line."""
        self.skip_blanks()
        if self.at() == "#":
            self.skip_comment()
        if self.position >= self.end:
            return
        if self.at() != "\n":
            raise self.error(f"Unexpected {self.describe()} at {what} end")
        self.position += 1

    def describe(self) -> str:
        names = {
            "[": "flow-seq-start",
            "{": "flow-map-start",
            "]": "flow-seq-end",
            "}": "flow-map-end",
            ",": "comma",
            "&": "anchor",
            "!": "tag",
            "*": "alias",
            '"': "double-quoted-scalar",
            "'": "single-quoted-scalar",
        }
        return names.get(self.at(), "scalar")

    # ------------------------------------------------------------------------------------- properties, aliases

    def read_property(self, properties: Properties) -> None:
        """A tag or an anchor, which white space (or a comma, in flow) must follow."""
        start = self.position
        if self.at() == "!":
            if properties.tag is not None:
                raise self.error("A node can have at most one tag")
            self.position = self._match(_TAG, start)
            properties.tag = self.text[start : self.position]
        else:
            if properties.anchor is not None:
                raise self.error("A node can have at most one anchor")
            self.position = self._match(_NAME, start + 1)
            properties.anchor = self.text[start + 1 : self.position]
            if not properties.anchor:
                raise self.error("Anchor cannot be an empty string", start)
        if properties.position < 0:
            properties.position = start
        properties.then_newline = False
        if not self.is_space(0) and self.at() not in ",]}":
            raise self.error("Tags and anchors must be separated from the next token by white space")

    def read_alias(self) -> Alias:
        start = self.position
        self.position = self._match(_NAME, start + 1)
        name = self.text[start + 1 : self.position]
        if not name:
            raise self.error("Alias cannot be an empty string", start)
        return Alias(start, name)

    # ------------------------------------------------------------------------------------------------- scalars

    def read_quoted(self, floor: int) -> Scalar:
        """A text in quotes; each of its further lines has to be indented to the floor."""
        start = self.position
        quote = self.text[start]
        close = self._closing_quote(start, quote)
        line_end = self.text.find("\n", start, close if close >= 0 else self.end)
        while line_end >= 0:
            content = self._continued(line_end + 1, floor)
            if content < 0:
                raise self.error(f"Missing closing {quote}quote", line_end)
            line_end = self.text.find("\n", content, close if close >= 0 else self.end)
        if close < 0:
            raise self.error(f"Missing closing {quote}quote", self.end)
        inner = self.text[start + 1 : close]
        self.position = close + 1
        try:
            text = single_quoted(inner) if quote == "'" else double_quoted(inner)
        except TextError as error:
            raise self.error(str(error), start + error.offset) from None
        return Scalar(start, text, plain=False, quote=quote)

    def _closing_quote(self, start: int, quote: str) -> int:
        close = self.text.find(quote, start + 1, self.end)
        while close >= 0:
            if quote == "'":
                if self.text[close + 1 : close + 2] != "'" or close + 1 >= self.end:
                    return close
                close = self.text.find("'", close + 2, self.end)
            else:
                before = close
                while self.text[before - 1] == "\\":
                    before -= 1
                if (close - before) % 2 == 0:
                    return close
                close = self.text.find('"', close + 1, self.end)
        return -1

    def read_plain(self, floor: int, *, flow: bool) -> Scalar:
        """A text without quotes; ends at a comment, at `: ` and, in flow, at flow indicators."""
        start = self.position
        bad = _BAD_STARTS.get(self.at())
        if bad:
            raise self.error(f"Plain value cannot start with {bad}")
        run = _FLOW_RUN if flow else _BLOCK_RUN
        position = last = start
        while position < self.end:
            match = run.match(self.text, position, self.end)
            if match:
                position = last = match.end()
            position = self._match(_BLANKS, position)
            character = self.text[position] if position < self.end else ""
            if character == "\r":
                position = last = position + 1
                if self.text[position : position + 1] == "#":
                    break
            elif character == "\n":
                position = self._continued(position + 1, floor)
                if position < 0 or self._stops_line(position, flow=flow):
                    break
                position = self._match(_BLANKS, position)
            elif (
                match is None
                or position == last
                or character in ("", "#")
                or (character == ":" and self._ends_key(position, flow=flow))
            ) or (flow and character in FLOW_INDICATORS):
                break
        self.position = last
        return Scalar(start, fold(self.text[start:last]), plain=True)

    def _stops_line(self, position: int, *, flow: bool) -> bool:
        """Whether the first thing in a further line of a plain scalar ends it. Blanks before it are skipped."""
        position = self._match(_BLANKS, position)
        character = self.text[position] if position < self.end else ""
        if character in ("", "#") or (flow and character in FLOW_INDICATORS):
            return True
        return character == ":" and self._ends_key(position, flow=flow)

    def _ends_key(self, position: int, *, flow: bool) -> bool:
        following = self.text[position + 1] if position + 1 < self.end else ""
        return following == "" or following in SPACES or (flow and following in FLOW_INDICATORS)

    def _continued(self, line: int, floor: int) -> int:
        """Where a scalar goes on in the line that starts there, or -1. A line of nothing but spaces continues it."""
        if floor <= 0:
            return line if line <= self.end else -1
        content = self._match(_SPACES_ONLY, line)
        if content < self.end and self.text[content] == "\n":
            return content
        return content if content - line >= floor else -1

    def _match(self, pattern: re.Pattern[str], position: int) -> int:
        match = pattern.match(self.text, position, self.end)
        return match.end() if match else position


def with_properties(node: Node, properties: Properties, cursor: Cursor) -> Node:
    """Gives a node its tag and anchor. An alias may have none."""
    if properties:
        if isinstance(node, Alias):
            raise cursor.error("An alias node must not specify any properties", node.position)
        node.tag, node.anchor = properties.tag, properties.anchor
    return node
