"""The relations of the built-in kinds, always in both directions. Source: spec/catalog.md §3.5."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from catalog.model.refs import DEFAULT_NAMESPACE, canonical, parse_ref

Entity = dict[str, Any]

OWNED_BY, OWNER_OF = "ownedBy", "ownerOf"
PART_OF, HAS_PART = "partOf", "hasPart"
PROVIDES_API, API_PROVIDED_BY = "providesApi", "apiProvidedBy"
CONSUMES_API, API_CONSUMED_BY = "consumesApi", "apiConsumedBy"
DEPENDS_ON, DEPENDENCY_OF = "dependsOn", "dependencyOf"
MEMBER_OF, HAS_MEMBER = "memberOf", "hasMember"
CHILD_OF, PARENT_OF = "childOf", "parentOf"


class Reference(NamedTuple):
    """A field of `spec` that names other entities. Without a default kind every ref has to say its own."""

    field: str
    default_kind: str | None
    forward: str
    reverse: str


_OWNER = Reference("owner", "Group", OWNED_BY, OWNER_OF)
_SYSTEM = Reference("system", "System", PART_OF, HAS_PART)
_DEPENDS_ON = Reference("dependsOn", None, DEPENDS_ON, DEPENDENCY_OF)
_DEPENDENCY_OF = Reference("dependencyOf", None, DEPENDENCY_OF, DEPENDS_ON)

REFERENCES: Final[Mapping[str, tuple[Reference, ...]]] = {
    "Component": (
        _OWNER,
        Reference("subcomponentOf", "Component", PART_OF, HAS_PART),
        Reference("providesApis", "API", PROVIDES_API, API_PROVIDED_BY),
        Reference("consumesApis", "API", CONSUMES_API, API_CONSUMED_BY),
        _DEPENDS_ON,
        _DEPENDENCY_OF,
        _SYSTEM,
    ),
    "API": (_OWNER, _SYSTEM),
    "Resource": (_OWNER, _DEPENDS_ON, _DEPENDENCY_OF, _SYSTEM),
    "AiResource": (_OWNER, _DEPENDS_ON, _SYSTEM),
    "User": (Reference("memberOf", "Group", MEMBER_OF, HAS_MEMBER),),
    "Group": (
        Reference("parent", "Group", CHILD_OF, PARENT_OF),
        Reference("children", "Group", PARENT_OF, CHILD_OF),
        Reference("members", "User", HAS_MEMBER, MEMBER_OF),
    ),
    "System": (_OWNER, Reference("domain", "Domain", PART_OF, HAS_PART)),
    "Domain": (_OWNER, Reference("subdomainOf", "Domain", PART_OF, HAS_PART)),
}

SORTED_FIELDS: Final = (
    "providesApis",
    "consumesApis",
    "dependsOn",
    "dependencyOf",
    "memberOf",
    "children",
    "members",
)
"""Lists of `spec` that are sorted before anything else looks at them, and so in what clients see."""


class Mention(NamedTuple):
    """One ref as it stands in an entity: where, what it says, and the field's meaning."""

    path: tuple[str | int, ...]
    ref: Any
    reference: Reference

    def target(self, namespace: str) -> str:
        """The canonical ref, for an entity of that namespace. Raises as `parse_ref` does."""
        if type(self.ref) is str:
            return _target(self.ref, self.reference.default_kind, namespace)
        return str(parse_ref(self.ref, default_kind=self.reference.default_kind, default_namespace=namespace))


@lru_cache(maxsize=8192)
def _target(ref: str, default_kind: str | None, namespace: str) -> str:
    """Owners and systems are named again and again."""
    return str(parse_ref(ref, default_kind=default_kind, default_namespace=namespace))


def mentions(entity: Mapping[str, Any], references: Iterable[Reference]) -> Iterator[Mention]:
    """All refs that the entity names, unparsed. A single ref may stand where a list belongs."""
    spec = entity.get("spec")
    if not isinstance(spec, dict):
        return
    for reference in references:
        value = spec.get(reference.field)
        if isinstance(value, list):
            for index, ref in enumerate(value):
                yield Mention(("spec", reference.field, index), ref, reference)
        elif value or isinstance(value, dict):
            yield Mention(("spec", reference.field), value, reference)


def relations_of(
    entity: Mapping[str, Any], references: Iterable[Reference] | None = None
) -> list[tuple[str, str, str]]:
    """`(source, type, target)` with canonical refs, both directions of each mention.

    Raises for the first ref that cannot be parsed, as `parse_ref` does.
    """
    metadata = entity["metadata"]
    namespace = metadata.get("namespace") or DEFAULT_NAMESPACE
    own = canonical(entity["kind"], namespace, metadata["name"])
    if references is None:
        references = REFERENCES.get(entity["kind"], ())
    relations: list[tuple[str, str, str]] = []
    for mention in mentions(entity, references):
        target = mention.target(namespace)
        relations.append((own, mention.reference.forward, target))
        relations.append((target, mention.reference.reverse, own))
    return relations


def sort_references(entity: Entity) -> Entity:
    """Sorts the lists of `SORTED_FIELDS` in place, by UTF-16 code units, where they hold nothing but texts."""
    spec = entity.get("spec")
    if isinstance(spec, dict):
        for field in SORTED_FIELDS:
            value = spec.get(field)
            if isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value):
                value.sort(key=None if "".join(value).isascii() else _code_units)
    return entity


def _code_units(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")
