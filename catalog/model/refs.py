"""Entity refs: `[kind:][namespace/]name`. Source: spec/catalog.md §3.4.

Refs are compared by their canonical text alone, which is all lower case. There is no check of characters: an owner
`Person <x@y.z>` is a ref like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from app.errors import CallboardError
from catalog.model.errors import FormError

DEFAULT_NAMESPACE = "default"


class EntityRef(NamedTuple):
    """A complete ref in the case it was written in; `str()` gives the canonical text."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return canonical(self.kind, self.namespace, self.name)


def canonical(kind: str, namespace: str, name: str) -> str:
    """The canonical text of a ref. NUL, which databases refuse in text, is replaced."""
    text = f"{kind}:{namespace}/{name}".lower()
    return text.replace("\0", "\ufffd") if "\0" in text else text


def parse_ref(ref: Any, *, default_kind: str | None = None, default_namespace: str | None = None) -> EntityRef:
    """Reads a ref as text, or as an object with `kind`, `namespace` and `name`.

    Raises FormError for text with an empty part, and CallboardError where a part is missing and has no default.
    """
    if not ref and not isinstance(ref, (list, dict)):
        raise CallboardError("Entity reference must not be empty")
    kind: Any
    namespace: Any
    name: Any
    if isinstance(ref, str):
        kind, namespace, name = _split(ref)
    elif isinstance(ref, dict):
        kind, namespace, name = ref.get("kind"), ref.get("namespace"), ref.get("name")
    else:
        kind = namespace = name = None
    kind = default_kind if kind is None else kind
    namespace = (default_namespace or DEFAULT_NAMESPACE) if namespace is None else namespace
    if not kind:
        raise _missing(ref, 'kind (e.g. did not start with "component:" or similar)')
    if not namespace:
        raise _missing(ref, "namespace")
    if not name:
        raise _missing(ref, "name")
    if not (isinstance(kind, str) and isinstance(namespace, str) and isinstance(name, str)):
        raise FormError(f"Entity reference {_as_json(ref)} must have texts as its kind, namespace and name")
    return EntityRef(kind, namespace, name)


def ref_of(entity: Mapping[str, Any]) -> str:
    """The canonical ref of an entity whose envelope is valid."""
    metadata = entity["metadata"]
    namespace = metadata.get("namespace")
    return canonical(entity["kind"], DEFAULT_NAMESPACE if namespace is None else namespace, metadata["name"])


def _split(ref: str) -> tuple[str | None, str | None, str]:
    """First colon, first slash; a colon behind the slash belongs to the name."""
    colon = ref.find(":")
    slash = ref.find("/")
    if -1 < slash < colon:
        colon = -1
    kind = None if colon < 0 else ref[:colon]
    namespace = None if slash < 0 else ref[colon + 1 : slash]
    name = ref[max(colon, slash) + 1 :]
    if kind == "" or namespace == "" or name == "":
        raise FormError(f'Entity reference "{ref}" was not on the form [<kind>:][<namespace>/]<name>')
    return kind, namespace, name


def _missing(ref: Any, part: str) -> CallboardError:
    return CallboardError(f"Entity reference {_as_json(ref)} had missing or empty {part}")


def _as_json(ref: Any) -> str:
    return orjson.dumps(ref, option=orjson.OPT_NON_STR_KEYS).decode()
