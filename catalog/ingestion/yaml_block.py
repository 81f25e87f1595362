"""Block style: structure by indentation. Source: YAML 1.2.2 §8, as npm `yaml` reads it.

`parent` is always the indentation of the collection around a node, -1 for the root. A node ends either at the start
of a line, its successor's, or at the end of the document.
"""

from __future__ import annotations

import re
from typing import Literal

from catalog.ingestion.yaml_cursor import Cursor, Gap, with_properties
from catalog.ingestion.yaml_flow import FlowReader
from catalog.ingestion.yaml_syntax import MAX_KEY, Mapping, Node, Properties, Scalar, Sequence, Source, empty
from catalog.ingestion.yaml_text import TextError, block_header, block_text

After = Literal["document", "marker", "key", "dash", "question", "colon"]
"""What a node stands behind: the start of the document, `---`, `key:`, `-`, `?` or the colon of a `?`."""

_HEADER = re.compile(r"[^ \t\r\n#]*")
_SPACES = re.compile(r" *")
_TABS = "Tabs are not allowed as indentation"
_SAME_COLUMN = "All mapping items must start at the same column"


def read_document(source: Source, start: int, end: int, *, marker: bool) -> Node:
    """The root node of the document that lies between two positions; `marker` tells whether `---` is before it.

    Raises YamlError for the first thing that is wrong.
    """
    reader = _BlockReader(Cursor(source, start, end))
    return reader.read_root(marker=marker)


class _BlockReader:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def read_root(self, *, marker: bool) -> Node:
        cursor = self._cursor
        node = self._read_node(-1, "marker" if marker else "document")
        cursor.skip_gap()
        if cursor.position < cursor.end:
            raise cursor.error(f"Unexpected {cursor.describe()} at node end")
        return node

    def _read_node(self, parent: int, after: After) -> Node:
        """The node behind an indicator, in the same line or further down; an empty one where nothing belongs to it."""
        cursor = self._cursor
        indicator = cursor.position
        outer, inner = Properties(), Properties()
        started = after == "document"
        while True:
            line = cursor.position
            gap = cursor.skip_gap()
            if gap.newline:
                line = cursor.line_start(cursor.position)
                started = True
                if inner:
                    outer = _merged(outer, inner, cursor)
                    inner = Properties()
            if cursor.position >= cursor.end:
                if started and after != "document":
                    self._check_tab(gap, parent, started=True)
                return empty(cursor.position, _merged(outer, inner, cursor))
            if gap.newline and not self._belongs(parent, after):
                if after in ("key", "question") and cursor.indentation() == parent:
                    self._check_blank_line(indicator, line, parent)
                cursor.position = line
                return empty(line, _merged(outer, inner, cursor))
            self._check_tab(gap, parent, started=started)
            if cursor.at() not in ("!", "&"):
                break
            if gap.tab >= 0 and started and not inner:
                raise cursor.error(_TABS, gap.tab)
            cursor.read_property(inner)
        return self._read_content(parent, after, outer, inner, gap, started=started)

    def _belongs(self, parent: int, after: After) -> bool:
        """Whether a line is indented enough; the items of a sequence may stand right below their key."""
        indent = self._cursor.indentation()
        if indent > parent:
            return True
        return indent == parent and after in ("key", "question", "colon") and self._indicator("-")

    def _check_blank_line(self, indicator: int, following: int, parent: int) -> None:
        """Behind a key without a value, the first line, or the first behind an indented comment, is still the value's:
        a tab in it would be its indentation."""
        text = self._cursor.text
        position = text.find("\n", indicator) + 1
        first = position
        while position < following:
            end = text.find("\n", position) + 1
            content = text[position:end].lstrip(" ")
            if content.startswith("#") and end - position - len(content) > parent:
                first = end
            position = end
        content = text[first : text.find("\n", first) + 1].lstrip(" ")
        if first < following and content.startswith("\t"):
            raise self._cursor.error(_TABS, text.index("\t", first))

    def _check_tab(self, gap: Gap, parent: int, *, started: bool) -> None:
        cursor = self._cursor
        if gap.tab < 0 or not started:
            return
        if parent < 0 and cursor.at() in ("[", "{"):
            return
        if cursor.indentation() <= max(parent, 0) and not cursor.text[cursor.line_start(gap.tab) : gap.tab].strip(" "):
            raise cursor.error(_TABS, gap.tab)

    def _read_content(
        self, parent: int, after: After, outer: Properties, inner: Properties, gap: Gap, *, started: bool
    ) -> Node:
        """The node itself. `inner` properties stand in its line, `outer` ones in lines before."""
        cursor = self._cursor
        start = inner.position if inner else cursor.position
        indent = cursor.column(start)
        fresh = started or after in ("dash", "question", "colon")
        character = cursor.at()
        if self._indicator("-"):
            if inner:
                raise cursor.error("Missing newline after block sequence props", inner.position)
            self._check_compact(fresh, gap, "Unexpected block-seq-ind on same line with key")
            return with_properties(self._read_sequence(indent), outer, cursor)
        if self._indicator("?") or self._indicator(":"):
            if inner and character == "?":
                raise cursor.error("Anchors and tags must be after the ? indicator", inner.position)
            self._check_compact(fresh, gap, "Nested mappings are not allowed in compact mappings")
            return with_properties(self._read_mapping(indent, inner, None), outer, cursor)
        if character in ("|", ">"):
            return with_properties(self._read_block_scalar(parent), _merged(outer, inner, cursor), cursor)
        node = self._read_flow_node(parent + 1, at_root=parent < 0)
        if not self._is_key(node):
            properties = _merged(outer, inner, cursor)
            cursor.finish_line("node")
            return with_properties(node, properties, cursor)
        self._check_compact(fresh, gap, "Nested mappings are not allowed in compact mappings")
        return with_properties(self._read_mapping(indent, inner, node, start=start), outer, cursor)

    def _check_compact(self, fresh: bool, gap: Gap, message: str) -> None:
        if not fresh:
            raise self._cursor.error(message)
        if gap.tab >= 0:
            raise self._cursor.error(_TABS, gap.tab)

    # --------------------------------------------------------------------------------------------- collections

    def _read_sequence(self, indent: int) -> Sequence:
        """From the first dash on. Dashes stand in the same column."""
        cursor = self._cursor
        cursor.deeper()
        sequence = Sequence(cursor.position)
        while True:
            cursor.position += 1
            sequence.items.append(self._read_node(indent, "dash"))
            if not self._next_line(indent) or not self._indicator("-"):
                break
        cursor.depth -= 1
        cursor.position = cursor.line_start(cursor.position) if cursor.position < cursor.end else cursor.end
        return sequence

    def _read_mapping(self, indent: int, properties: Properties, key: Node | None, *, start: int = -1) -> Mapping:
        """From behind its first key, if that is a flow node and read already, or from its first indicator on."""
        cursor = self._cursor
        cursor.deeper()
        mapping = Mapping(start if start >= 0 else cursor.position)
        while True:
            self._read_pair(mapping, indent, properties, key, start)
            if not self._next_line(indent, colon=True):
                break
            if self._indicator("-"):
                raise cursor.error("A block sequence may not be used as an implicit map key")
            start = cursor.position
            properties, key = self._read_key_properties(), None
            if not (self._indicator("?") or self._indicator(":")):
                key = self._read_flow_node(indent, at_root=False)
        cursor.depth -= 1
        cursor.position = cursor.line_start(cursor.position) if cursor.position < cursor.end else cursor.end
        return mapping

    def _read_pair(self, mapping: Mapping, indent: int, properties: Properties, key: Node | None, start: int) -> None:
        cursor = self._cursor
        if key is None and self._indicator("?"):
            if properties:
                raise cursor.error("Anchors and tags must be after the ? indicator", properties.position)
            cursor.position += 1
            key = self._read_node(indent, "question")
            value: Node | None = None
            if self._next_line(indent, peek=True) and self._indicator(":"):
                cursor.position += 1
                value = self._read_node(indent, "colon")
            mapping.pairs.append((key, value))
            return
        if key is None:
            key = empty(cursor.position, properties)
        else:
            self._check_key(key, start)
            key = with_properties(key, properties, cursor)
        cursor.skip_blanks()
        if mapping.pairs and cursor.at() in ("\n", "#"):
            self._seek_colon(indent)
        if not self._indicator(":"):
            raise cursor.error("Implicit map keys need to be followed by map values", key.position)
        if start >= 0 and start < cursor.position - MAX_KEY:
            raise cursor.error(
                "The : indicator must be at most 1024 chars after the start of an implicit block mapping key", start
            )
        cursor.position += 1
        mapping.pairs.append((key, self._read_node(indent, "key")))

    def _seek_colon(self, indent: int) -> None:
        """The colon of any but the first key may stand in a later line, if that is indented further."""
        cursor = self._cursor
        before = cursor.position
        cursor.skip_gap()
        if not self._indicator(":") or cursor.indentation() <= indent:
            cursor.position = before

    def _check_key(self, key: Node, start: int) -> None:
        if "\n" in self._cursor.text[max(start, 0) : self._cursor.position]:
            raise self._cursor.error("Implicit keys need to be on a single line", key.position)

    def _read_key_properties(self) -> Properties:
        cursor = self._cursor
        properties = Properties()
        while cursor.at() in ("!", "&"):
            cursor.read_property(properties)
            cursor.skip_blanks()
            if cursor.at() in ("\n", "#", ""):
                raise cursor.error("Implicit keys need to be on a single line", properties.position)
        return properties

    def _next_line(self, indent: int, *, peek: bool = False, colon: bool = False) -> bool:
        """To the next line with content; whether it belongs to a collection of that indentation.

        Where a `colon` may begin a pair, with an empty key, it may be indented further.

        With `peek` a line that does not belong is left to others, and so is one that has a tab before its content.
        """
        cursor = self._cursor
        gap = cursor.skip_gap()
        if cursor.position >= cursor.end:
            return False
        found = cursor.indentation()
        if gap.tab < 0 and (found == indent or (colon and found > indent and self._indicator(":"))):
            return True
        if not peek:
            if found >= indent and gap.tab >= 0:
                raise cursor.error(_TABS, gap.tab)
            if found > indent:
                raise cursor.error(_SAME_COLUMN)
        return False

    # --------------------------------------------------------------------------------------------- single nodes

    def _read_flow_node(self, floor: int, *, at_root: bool) -> Node:
        cursor = self._cursor
        character = cursor.at()
        if character in ("[", "{"):
            return FlowReader(cursor, floor, at_root=at_root).read()
        if character in ("]", "}"):
            raise cursor.error(f"Unexpected {cursor.describe()} token")
        if character in ('"', "'"):
            return cursor.read_quoted(floor)
        if character == "*":
            return cursor.read_alias()
        return cursor.read_plain(floor, flow=False)

    def _is_key(self, node: Node) -> bool:
        """Whether a colon follows in the line."""
        cursor = self._cursor
        before = cursor.position
        cursor.skip_blanks()
        found = self._indicator(":")
        cursor.position = before
        return found

    def _read_block_scalar(self, parent: int) -> Scalar:
        cursor = self._cursor
        start = cursor.position
        match = _HEADER.match(cursor.text, start, cursor.end)
        raw_header = match[0] if match else ""
        try:
            header = block_header(raw_header)
        except TextError as error:
            raise cursor.error(str(error), start + error.offset) from None
        cursor.position = start + len(raw_header)
        cursor.finish_line("block scalar header")
        body = cursor.position
        self._skip_block(max(parent, -1) + 1, header.indent, keep=header.chomp == "+")
        try:
            text = block_text(header, cursor.text[body : cursor.position], max(parent, 0), at_root=parent < 0)
        except TextError as error:
            raise cursor.error(str(error), min(body + error.offset, cursor.end)) from None
        return Scalar(start, text, plain=False, quote=raw_header[0])

    def _skip_block(self, floor: int, given: int, *, keep: bool) -> None:
        """Over the lines of a block scalar, to behind the last one that counts.

        Trailing lines of tabs are taken along, to be found wrong.
        """
        cursor = self._cursor
        text = cursor.text
        lines, first_indent = self._block_lines(floor, given)
        end = lines[-1][0] if lines else cursor.position
        after = _SPACES.match(text, end, cursor.end)
        position = after.end() if after else end
        if position < cursor.end and text[position] == "\t":
            while position < cursor.end and text[position] in " \t\r\n":
                position += 1
            end = position
        elif not keep:
            while len(lines) > 1 and 0 <= lines[-1][1] <= first_indent:
                lines.pop()
            end = lines[-1][0] if lines else end
        cursor.position = end

    def _block_lines(self, floor: int, given: int) -> tuple[list[tuple[int, int]], int]:
        """The lines that belong to a block scalar: where each ends and how many spaces it has if it has nothing else
        (else -1). Beside them the indentation of the first line with content."""
        cursor = self._cursor
        text = cursor.text
        lines: list[tuple[int, int]] = []
        least = floor if not given else given + max(floor, 1) - 1
        first_indent = -1
        position = cursor.position
        while position < cursor.end:
            match = _SPACES.match(text, position, cursor.end)
            content = match.end() if match else position
            line_end = text.find("\n", content, cursor.end)
            line_end = cursor.end if line_end < 0 else line_end + 1
            blank = content >= cursor.end or text[content] == "\n"
            if not blank:
                indent = content - position
                if first_indent < 0:
                    first_indent = indent
                    if not given:
                        least = max(least, indent)
                if indent < least:
                    break
            lines.append((line_end, content - position if blank else -1))
            position = line_end
        return lines, first_indent

    def _indicator(self, character: str) -> bool:
        return self._cursor.at() == character and self._cursor.is_space(1)


def _merged(outer: Properties, inner: Properties, cursor: Cursor) -> Properties:
    """Properties of one node from several lines."""
    if not outer or not inner:
        return outer or inner
    if outer.tag is not None and inner.tag is not None:
        raise cursor.error("A node can have at most one tag", inner.position)
    if outer.anchor is not None and inner.anchor is not None:
        raise cursor.error("A node can have at most one anchor", inner.position)
    tag = outer.tag if outer.tag is not None else inner.tag
    anchor = outer.anchor if outer.anchor is not None else inner.anchor
    return Properties(tag, anchor, outer.position)
