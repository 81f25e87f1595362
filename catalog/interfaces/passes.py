"""What one pass over one entity gives, and why something changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from catalog.interfaces.basics import Entity, Json
    from catalog.interfaces.emissions import DeferredEntity, Relation


@dataclass(frozen=True, slots=True)
class RegisteredLocation:
    """A row of `/locations`; `entity_ref` is its Location entity's."""

    id: str
    type: str
    target: str
    entity_ref: str


@dataclass(frozen=True, slots=True)
class ProcessingResult:
    """One pass over one entity, outside the catalog. `entity` is None when the pass failed."""

    entity: Entity | None
    deferred: Sequence[DeferredEntity]
    relations: Sequence[Relation]
    errors: Sequence[Exception]
    refresh_keys: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something changed; stored with each revision. `actor` is a principal's subject, if somebody asked for it."""

    kind: Literal["provider", "location", "api", "webhook", "startup", "orphan", "operator", "import"]
    detail: Mapping[str, Json] = field(default_factory=dict)
    actor: str | None = None
