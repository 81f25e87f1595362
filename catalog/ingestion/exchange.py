"""Entities on their way between two catalogs: what a file of them holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from catalog.interfaces import DeferredEntity, Entity
from catalog.model.well_known import LOCATION, ORIGIN_LOCATION, ORPHAN

IMPORT_PREFIX = "import:"
"""Providers of imported entities are named so; they belong to no plugin, and stay when others are cleaned up."""

_MANAGED = ("uid", "etag")
_DERIVED = ("relations", "status")


def exported(entity: Entity) -> Entity:
    """A final entity as its source had it: without what a catalog adds, but with where it came from."""
    metadata: dict[str, Any] = {key: value for key, value in entity["metadata"].items() if key not in _MANAGED}
    annotations = metadata.get("annotations")
    if annotations and ORPHAN in annotations:
        metadata["annotations"] = {key: value for key, value in annotations.items() if key != ORPHAN}
    kept = {key: value for key, value in entity.items() if key not in _DERIVED}
    return {**kept, "metadata": metadata}


def imported(entities: Iterable[Entity], provider: str, where: str) -> Iterator[DeferredEntity]:
    """Entities of a file as a provider emits them. Those that do not say where they come from come from the file."""
    for entity in entities:
        metadata = entity["metadata"]
        annotations = {LOCATION: where, ORIGIN_LOCATION: where, **(metadata.get("annotations") or {})}
        yield DeferredEntity({**entity, "metadata": {**metadata, "annotations": annotations}}, provider)
