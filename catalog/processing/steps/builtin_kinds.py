"""The built-in kinds: validation, order of references, relations. Source: spec/catalog.md §3.3, §3.5."""

from __future__ import annotations

from typing import ClassVar

from catalog.interfaces import CatalogProcessor, Emit, Entity, LocationSpec, ProcessorCache, Relation
from catalog.model.ai_kinds import AI_KINDS
from catalog.model.kinds import BUILTIN_KINDS
from catalog.model.relations import relations_of, sort_references
from catalog.validation.kinds import KindValidator


class BuiltinKindsEntityProcessor(CatalogProcessor):
    """Component, API, Resource, Group, Location, User, System and Domain, and with `ai` what agents use."""

    name: ClassVar[str] = "BuiltinKindsEntityProcessor"

    def __init__(self, *, ai: bool = False) -> None:
        self.portable = not ai
        self._validator = KindValidator((*BUILTIN_KINDS, *AI_KINDS) if ai else BUILTIN_KINDS)

    async def pre_process(
        self, entity: Entity, location: LocationSpec, emit: Emit, origin: LocationSpec, cache: ProcessorCache
    ) -> Entity:
        return sort_references(entity)

    async def validate_entity_kind(self, entity: Entity) -> bool:
        return self._validator.recognizes(entity)

    async def post_process(self, entity: Entity, location: LocationSpec, emit: Emit, cache: ProcessorCache) -> Entity:
        for source, kind, target in relations_of(entity):
            emit.relation(Relation(source, kind, target))
        return entity
