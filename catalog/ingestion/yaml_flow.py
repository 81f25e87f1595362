"""Flow style: `[a, b]`, `{a: b}`, and what may stand in them. Source: YAML 1.2.2 §7.4, as npm `yaml` reads it."""

from __future__ import annotations

from catalog.ingestion.yaml_cursor import FLOW_INDICATORS, Cursor, with_properties
from catalog.ingestion.yaml_syntax import MAX_KEY, Mapping, Node, Properties, Sequence, empty


class FlowReader:
    """Reads one flow collection. Its further lines have to be indented to the floor, but for a closing bracket of the
    outermost one, which may stand one column before it."""

    def __init__(self, cursor: Cursor, floor: int, *, at_root: bool) -> None:
        self._cursor = cursor
        self._floor = floor
        self._at_root = at_root
        self._level = 0
        self._tight = False
        """A colon right here is a value indicator whatever follows it: a quoted text or a collection ended before."""

    def read(self) -> Mapping | Sequence:
        cursor = self._cursor
        start = cursor.position
        is_map = cursor.at() == "{"
        name, close = ("flow map", "}") if is_map else ("flow sequence", "]")
        cursor.deeper()
        cursor.position += 1
        self._level += 1
        self._tight = False
        collection: Mapping | Sequence = Mapping(start, flow=True) if is_map else Sequence(start, flow=True)
        separated = True
        while True:
            self._gap(name, close)
            character = cursor.at()
            if character == close:
                break
            if character in ("]", "}"):
                raise self._unclosed(name, close, cursor.position)
            if character == ",":
                if separated:
                    raise cursor.error(f"Unexpected , in {name}")
                cursor.position += 1
                self._tight = False
                separated = True
                continue
            if not separated:
                raise cursor.error(f"Missing , between {name} items")
            self._read_item(collection, name, close)
            separated = False
        cursor.position += 1
        cursor.depth -= 1
        self._level -= 1
        self._tight = True
        return collection

    def _read_item(self, collection: Mapping | Sequence, name: str, close: str) -> None:
        cursor = self._cursor
        explicit = self._indicator("?")
        if explicit:
            cursor.position += 1
            self._gap(name, close)
        start = cursor.position
        properties = self._properties(name, close)
        key_at = cursor.position
        has_key = not (self._is_colon() or self._at_item_end())
        key = self._node(properties, name) if has_key else empty(cursor.position, properties)
        key_end = cursor.position
        newline = self._gap(name, close)
        is_pair = self._is_colon()
        if isinstance(collection, Sequence) and not (explicit or is_pair):
            collection.items.append(key)
            return
        if isinstance(collection, Sequence) and not explicit:
            self._check_pair_key(start, key_at, key_end, newline=newline)
        value: Node | None = None
        if is_pair:
            cursor.position += 1
            self._tight = False
            self._gap(name, close)
            value_properties = self._properties(name, close)
            if self._at_item_end():
                value = empty(cursor.position, value_properties)
            else:
                value = self._node(value_properties, name)
        if isinstance(collection, Sequence):
            collection.items.append(Mapping(key.position, [(key, value)], flow=True))
        else:
            collection.pairs.append((key, value))

    def _check_pair_key(self, start: int, key_at: int, key_end: int, *, newline: bool) -> None:
        cursor = self._cursor
        if newline or "\n" in cursor.text[key_at:key_end]:
            raise cursor.error("Implicit keys of flow sequence pairs need to be on a single line", key_at)
        if start < cursor.position - MAX_KEY:
            raise cursor.error(
                "The : indicator must be at most 1024 chars after the start of an implicit flow sequence key"
            )

    def _node(self, properties: Properties, name: str) -> Node:
        cursor = self._cursor
        character = cursor.at()
        node: Node
        if character in ("[", "{"):
            node = self.read()
        elif character in ('"', "'"):
            node = cursor.read_quoted(self._floor)
            self._tight = True
        elif character == "*":
            node = cursor.read_alias()
        elif self._indicator("-"):
            raise cursor.error("Block collections are not allowed within flow collections")
        elif self._indicator("?"):
            raise cursor.error(f"Missing , between {name} items")
        else:
            node = cursor.read_plain(self._floor, flow=True)
            self._tight = False
        return with_properties(node, properties, cursor)

    def _properties(self, name: str, close: str) -> Properties:
        properties = Properties()
        while self._cursor.at() in ("!", "&"):
            self._cursor.read_property(properties)
            self._gap(name, close)
        return properties

    def _indicator(self, character: str) -> bool:
        cursor = self._cursor
        return cursor.at() == character and (cursor.is_space(1) or cursor.at(1) in FLOW_INDICATORS)

    def _is_colon(self) -> bool:
        return self._cursor.at() == ":" and (self._tight or self._indicator(":"))

    def _at_item_end(self) -> bool:
        return self._cursor.at() in (",", "]", "}")

    def _gap(self, name: str, close: str) -> bool:
        """To the next token; tells whether lines ended. Raises when the collection does."""
        cursor = self._cursor
        before = cursor.position
        newline = cursor.skip_gap().newline
        if cursor.position >= cursor.end:
            raise self._unclosed(name, close, before)
        if newline:
            indent = cursor.indentation()
            ends = indent == self._floor - 1 and self._level == 1 and cursor.at() in ("]", "}")
            if indent < self._floor and not ends:
                raise self._unclosed(name, close, before)
        return newline

    def _unclosed(self, name: str, close: str, position: int) -> Exception:
        title = name.capitalize()
        if self._at_root and self._level == 1:
            return self._cursor.error(f"{title} must end with a {close}", position)
        message = f"{title} in block collection must be sufficiently indented and end with a {close}"
        return self._cursor.error(message, position)
