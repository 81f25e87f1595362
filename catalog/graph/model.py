"""A piece of the catalog's graph, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import orjson

from app.errors import CallboardError, InputError
from catalog.model.refs import parse_ref

Direction = Literal["outgoing", "incoming", "both"]


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """What to walk. `roots` are canonical refs; empty `relations` or `kinds` mean all; `kinds` are lower-case."""

    roots: tuple[str, ...]
    depth: int = 1
    direction: Direction = "outgoing"
    relations: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Node:
    """An entity, or what a relation names although the catalog does not have it (`exists` False).

    `depth` counts relations from the nearest root.
    """

    ref: str
    kind: str
    namespace: str
    name: str
    depth: int
    exists: bool = True
    title: str | None = None
    type: str | None = None

    @property
    def label(self) -> str:
        return self.title or self.name


class Edge(NamedTuple):
    source: str
    type: str
    target: str


@dataclass(frozen=True, slots=True)
class Graph:
    """`truncated_at` is the depth at which entities were left out for want of room; None when all are there."""

    roots: tuple[str, ...]
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    truncated_at: int | None = None


def canonical(text: str) -> str:
    """A full entity ref as the store writes it: `kind:namespace/name`, lower-case; the namespace may be left out.

    Raises:
        InputError: it does not name an entity with its kind.
    """
    try:
        return str(parse_ref(text.strip()))
    except CallboardError as error:
        raise InputError(f"Invalid entity reference '{text}': {error}") from None


def node_of(ref: str, document: bytes | None, depth: int) -> Node:
    """The node of a ref: in the words of its document, or by its ref alone where there is none."""
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    if document is None:
        return Node(ref, kind, namespace, name, depth, exists=False)
    entity = orjson.loads(document)
    metadata, spec = entity["metadata"], entity.get("spec") or {}
    profile = spec.get("profile")
    title = metadata.get("title") or (profile.get("displayName") if isinstance(profile, dict) else None)
    kind_of = spec.get("type")
    return Node(
        ref,
        str(entity["kind"]),
        str(metadata.get("namespace", namespace)),
        str(metadata["name"]),
        depth,
        title=title if isinstance(title, str) else None,
        type=kind_of if isinstance(kind_of, str) else None,
    )
