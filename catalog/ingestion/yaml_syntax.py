"""What YAML text consists of: nodes, where they stand, and errors that say so. Source: YAML 1.2.2, spec §4.7.

Nodes are those of the careful reader (`yaml_block`, `yaml_flow`); the fast one uses libyaml's.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import ClassVar

from app.errors import CallboardError

MAX_BYTES = 20 * 1024 * 1024
"""A longer text is refused."""

MAX_DEPTH = 200
"""Collections nested deeper than this are refused; JSON writers and readers have limits not much higher."""

MAX_KEY = 1024
"""An implicit key ends at most this many characters after it began."""

MAX_ALIASES = 100
"""How often an anchored value may be used, nested uses multiplied. Source: §4.7."""

MAX_EXPANDED = 1_000_000
"""How many values all aliases of a document may stand for together."""


class YamlError(CallboardError):
    """A document that is not YAML. `line` and `column` count from 1; the text ends with an excerpt of the place."""

    name: ClassVar[str] = "YAMLParseError"

    def __init__(self, message: str, source: Source, position: int, *, width: int = 1) -> None:
        self.line, self.column = source.place(position)
        self.reason = message
        super().__init__(f"{message} at line {self.line}, column {self.column}{source.excerpt(position, width)}")


class AliasError(YamlError):
    """An alias without its anchor, or so many of them that they can only be meant to exhaust memory."""

    name: ClassVar[str] = "ReferenceError"


class Source:
    """The text of a stream, and lines and columns in it. Columns are UTF-16 code units, as editors and JavaScript
    count."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None

    def place(self, position: int) -> tuple[int, int]:
        """Line and column, both from 1."""
        starts = self._line_starts()
        line = bisect_right(starts, position) - 1
        before = self.text[starts[line] : position]
        return line + 1, (len(before) if before.isascii() else len(before.encode("utf-16-le")) // 2) + 1

    def excerpt(self, position: int, width: int) -> str:
        """The line of the position with a pointer below it; empty where there is nothing to see."""
        starts = self._line_starts()
        line = bisect_right(starts, position) - 1
        shown = self._line(line)
        at = position - starts[line]
        if at >= 60 and len(shown) > 80:
            cut = min(at - 39, len(shown) - 79)
            shown = "…" + shown[cut:]
            at -= cut - 1
        if len(shown) > 80:
            shown = shown[:79] + "…"
        if line > 0 and not shown[:at].strip(" "):
            before = self._line(line - 1)
            shown = (before if len(before) <= 80 else before[:79] + "…") + "\n" + shown
        if not shown.strip(" "):
            return ""
        return f":\n\n{shown}\n{' ' * at}{'^' * max(1, min(width, 80 - at))}\n"

    def _line(self, index: int) -> str:
        starts = self._line_starts()
        end = starts[index + 1] if index + 1 < len(starts) else len(self.text)
        return self.text[starts[index] : end].rstrip("\r\n")

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts = [0]
            position = self.text.find("\n") + 1
            while position:
                starts.append(position)
                position = self.text.find("\n", position) + 1
            self._starts = starts
        return self._starts


@dataclass(slots=True)
class Properties:
    """Tag and anchor of the node that follows; where the first of them starts; whether a line ended behind them."""

    tag: str | None = None
    anchor: str | None = None
    position: int = -1
    then_newline: bool = False

    def __bool__(self) -> bool:
        return self.tag is not None or self.anchor is not None


@dataclass(slots=True)
class Scalar:
    """`text` is the content after folding and unescaping. Only a plain one without a tag is looked at for its type."""

    position: int
    text: str
    plain: bool
    tag: str | None = None
    anchor: str | None = None
    quote: str = ""


@dataclass(slots=True)
class Sequence:
    position: int
    items: list[Node] = field(default_factory=list)
    tag: str | None = None
    anchor: str | None = None
    flow: bool = False


@dataclass(slots=True)
class Mapping:
    position: int
    pairs: list[tuple[Node, Node | None]] = field(default_factory=list)
    """A value is None where not even a colon stands, as in `{a}`."""
    tag: str | None = None
    anchor: str | None = None
    flow: bool = False


@dataclass(slots=True)
class Alias:
    position: int
    anchor: str
    """The name of what it stands for."""


Node = Scalar | Sequence | Mapping | Alias


def empty(position: int, properties: Properties | None = None) -> Scalar:
    """The node where nothing stands."""
    if properties is None:
        return Scalar(position, "", plain=True)
    return Scalar(position, "", plain=True, tag=properties.tag, anchor=properties.anchor)
