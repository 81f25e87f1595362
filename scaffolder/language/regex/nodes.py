"""The syntax tree of a pattern."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from scaffolder.language.regex.charset import Ranges


@dataclass(slots=True)
class Chars:
    """One unit out of a set."""

    ranges: Ranges


@dataclass(slots=True)
class Sequence:
    parts: "list[Node]"


@dataclass(slots=True)
class Choice:
    options: "list[Node]"


@dataclass(slots=True)
class Group:
    """A capturing group."""

    index: int
    body: "Node"


@dataclass(slots=True)
class Repeat:
    """A quantifier; captures `first` up to `last` are forgotten at each turn."""

    body: "Node"
    least: int
    most: int
    greedy: bool
    first: int
    last: int


@dataclass(slots=True)
class Look:
    body: "Node"
    ahead: bool
    negative: bool


@dataclass(slots=True)
class Edge:
    """An assertion about the position alone."""

    kind: Literal["start", "end", "word", "inside"]
    multiline: bool


@dataclass(slots=True)
class Back:
    """What one of `groups` has matched, once more."""

    groups: list[int]
    ignore_case: bool


Node: TypeAlias = Chars | Sequence | Choice | Group | Repeat | Look | Edge | Back
