"""Gathers what the steps of one pass hand out. Source: spec/catalog.md §4.4."""

from __future__ import annotations

import logging

from app.errors import InputError
from catalog.interfaces import DeferredEntity, Entity, LocationSpec, Relation
from catalog.model.errors import FormError
from catalog.model.locations import location_entity
from catalog.model.refs import ref_of
from catalog.model.well_known import LOCATION, ORIGIN_LOCATION
from catalog.store.texts import fits_index, storable
from catalog.validation.envelope import check_envelope

SHORT = 500
log = logging.getLogger(__name__)


class Collector:
    """See `catalog.interfaces.Emit`. `heard` counts everything handed out."""

    def __init__(self, ref: str, own: LocationSpec, origin: LocationSpec) -> None:
        self._ref = ref
        self._own = str(own)
        self._origin = str(origin)
        self.deferred: list[DeferredEntity] = []
        self.relations: list[Relation] = []
        self.errors: list[Exception] = []
        self.refresh_keys: list[str] = []
        self._too_long = False

    @property
    def heard(self) -> int:
        return len(self.deferred) + len(self.relations) + len(self.errors) + len(self.refresh_keys)

    def entity(self, location: LocationSpec, entity: Entity, location_key: str | None = None) -> None:
        try:
            check_envelope(entity)
        except FormError as error:
            self.errors.append(error)
            return
        if ref_of(entity) == self._ref:
            log.warning("entity %s emitted itself, ignored", self._ref)
            return
        where = str(location)
        metadata = entity["metadata"]
        annotations = metadata.get("annotations") or {}
        if not isinstance(annotations, dict):
            self.errors.append(InputError("metadata.annotations must be a valid object"))
            return
        owned = {**annotations, ORIGIN_LOCATION: self._origin, LOCATION: where}
        entity = {**entity, "metadata": {**metadata, "annotations": owned}}
        self.deferred.append(DeferredEntity(entity, where if location_key is None else location_key))

    def location(self, location: LocationSpec) -> None:
        try:
            entity = location_entity(
                location.type,
                location.target,
                presence=location.presence,
                origin=self._origin,
                parent_location=self._own,
            )
        except FormError as error:
            self.errors.append(error)
            return
        self.deferred.append(DeferredEntity(entity, self._own))

    def relation(self, relation: Relation) -> None:
        source, target = relation.source, relation.target
        if len(source) + len(target) < SHORT and source.isascii() and target.isascii():
            # Nearly all: refs without anything a database could stumble over.
            self.relations.append(relation)
            return
        source, target = storable(source), storable(target)
        if not fits_index(source, relation.type, target):
            if not self._too_long:
                # Its other side would say the same.
                self._too_long = True
                named = max(source, target, key=len)
                self.errors.append(FormError(f"A {relation.type} relation names a ref that is too long: {named[:80]}…"))
            return
        self.relations.append(Relation(source, relation.type, target))

    def error(self, error: Exception) -> None:
        self.errors.append(error)

    def refresh_key(self, key: str) -> None:
        self.refresh_keys.append(key)
