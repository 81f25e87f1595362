"""What a template speaks of, without running it: for lint."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal

from scaffolder.language.parser import Tree
from scaffolder.language.syntax import Filter, Member, Name, Test
from scaffolder.language.syntax import Literal as LiteralNode
from scaffolder.language.template import Template


@dataclass(frozen=True, slots=True)
class Reference:
    """A name from outside, a filter or a test, and where it stands (one-based).

    `path` is `("parameters", "name")` for `parameters.name` and `parameters["name"]`; it ends before the
    first key that is computed.
    """

    kind: Literal["variable", "filter", "test"]
    path: tuple[str, ...]
    line: int
    column: int


def references(template: Template) -> list[Reference]:
    """Everything a template refers to and does not define itself, in the order of the source."""
    found = sorted(_found(template.tree), key=lambda one: one[2])
    return [Reference(kind, path, *template.position(at)) for kind, path, at in found]


Found = tuple[Literal["variable", "filter", "test"], tuple[str, ...], int]


def _found(tree: Tree) -> Iterator[Found]:
    pending: list[object] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, Member):
            path, start, rest = _path(node)
            pending += rest
            if path and path[0] not in tree.names:
                yield "variable", path, start
            continue
        if isinstance(node, Name):
            if node.name not in tree.names:
                yield "variable", (node.name,), node.at
        elif isinstance(node, Filter):
            yield "filter", (node.name,), node.at
        elif isinstance(node, Test):
            yield "test", (node.name,), node.at
        if is_dataclass(node):
            pending += [getattr(node, one.name) for one in fields(node)]
        elif isinstance(node, (list, tuple)):
            pending += node


def _path(node: Member) -> tuple[tuple[str, ...], int, list[object]]:
    """The path a member begins with, where it stands, and what else has to be looked at."""
    keys: list[str] = []
    rest: list[object] = []
    target: object = node
    while isinstance(target, Member):
        key = target.key
        if isinstance(key, LiteralNode) and isinstance(key.value, str):
            keys.append(key.value)
        else:
            keys.clear()
            rest.append(key)
        target = target.target
    if isinstance(target, Name):
        return (target.name, *reversed(keys)), target.at, rest
    return (), 0, [target, *rest]
