"""What enters the catalog: processors, providers, placeholders, and what they hand out. Source: spec/catalog.md §4."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol

from catalog.interfaces.basics import Json
from catalog.model.kinds import BUILTIN_KINDS, Kind

if TYPE_CHECKING:
    from catalog.interfaces.basics import Entity
    from catalog.interfaces.incremental import IncrementalEntityProvider


@dataclass(frozen=True, slots=True)
class LocationSpec:
    """Where entities come from: `type:target`. Split on the first colon only."""

    type: str
    target: str
    presence: Literal["required", "optional"] = "required"

    def __str__(self) -> str:
        return f"{self.type}:{self.target}"


class Relation(NamedTuple):
    """`source` and `target` are canonical refs."""

    source: str
    type: str
    target: str


@dataclass(frozen=True, slots=True)
class DeferredEntity:
    """An unprocessed entity as a provider or a parent emitted it. `location_key` owns the ref. Source: §4.3."""

    entity: Entity
    location_key: str | None = None


class Emit(Protocol):
    """What a processor may hand out beside the entity it returns. Source: §4.4."""

    def entity(self, location: LocationSpec, entity: Entity, location_key: str | None = None) -> None: ...
    def location(self, location: LocationSpec) -> None: ...
    def relation(self, relation: Relation) -> None: ...
    def error(self, error: Exception) -> None: ...
    def refresh_key(self, key: str) -> None: ...


class ProcessorCache(Protocol):
    """A processor's own JSON store for one entity, kept between passes."""

    def get(self, key: str) -> Json: ...
    def set(self, key: str, value: Json) -> None: ...


class CatalogProcessor:
    """One step on an entity's way into the catalog. Override only what the step is about.

    Priority ascending; ties by registration order. A step that asks something outside the entity (a service, a
    file) sets
    `reads_outside`: its entities are processed again every processing interval instead of only when they change.
    """

    name: ClassVar[str]
    priority: int = 20
    reads_outside: ClassVar[bool] = False
    portable: bool = False
    """Whether `type(step)()` does the same in another process: its hooks look at nothing but what they are given, wait
    for nothing and keep nothing. While all steps are so, many entities are processed beside the requests."""

    async def pre_process(
        self, entity: Entity, location: LocationSpec, emit: Emit, origin: LocationSpec, cache: ProcessorCache
    ) -> Entity:
        """Change an entity before it is validated."""
        return entity

    async def validate_entity_kind(self, entity: Entity) -> bool:
        """True: this is of a kind known to me and valid. False: not my kind. Raises InputError: mine, and wrong."""
        return False

    async def post_process(self, entity: Entity, location: LocationSpec, emit: Emit, cache: ProcessorCache) -> Entity:
        """Derive relations and further entities from a valid entity."""
        return entity

    async def read_location(self, location: LocationSpec, optional: bool, emit: Emit, cache: ProcessorCache) -> bool:
        """Read a location and emit what it holds. False: not my type."""
        return False


@dataclass(frozen=True, slots=True)
class FullMutation:
    """All that the provider knows: what it does not name any more is removed."""

    entities: Sequence[DeferredEntity]


@dataclass(frozen=True, slots=True)
class DeltaMutation:
    added: Sequence[DeferredEntity] = ()
    removed: Sequence[str] = ()
    """Canonical entity refs."""


class ProviderConnection(Protocol):
    """A provider's way into the catalog. Source: §4.2."""

    async def apply_mutation(
        self, mutation: FullMutation | DeltaMutation, *, cause: Mapping[str, Json] | None = None
    ) -> MutationResult:
        """All or nothing. Raises InputError when an entity's envelope is not valid."""

    async def refresh(self, keys: Iterable[str], *, cause: Mapping[str, Json] | None = None) -> int:
        """Process again now whatever emitted one of these refresh keys; gives how many entities that were."""

    async def held(self) -> Sequence[Entity]:
        """What the catalog holds of this provider, as the provider emitted it: to tell what a new answer changes."""


@dataclass(frozen=True, slots=True)
class MutationResult:
    added: int = 0
    updated: int = 0
    removed: int = 0
    held: str | None = None
    """Id of the held mutation, if it would have removed too much and waits for an operator's word."""


class EntityProvider(Protocol):
    """A source of entities. `name` is unique and stays the same for ever."""

    name: str

    async def connect(self, connection: ProviderConnection) -> None: ...


@dataclass(frozen=True, slots=True)
class PlaceholderContext:
    key: str
    value: Json
    base_url: str
    read: Callable[[str], Awaitable[bytes]]
    resolve: Callable[[str, str], str]
    emit: Emit


@dataclass(frozen=True, slots=True)
class OrgItem:
    """A user, team or group of a directory, as its host tells of it.

    `source` names the host's sort (`github`, …), `data` is its own JSON, `organization` where it was found, and
    `entity` what the provider makes of it by itself.
    """

    source: str
    data: Mapping[str, Json]
    organization: str
    entity: Entity


OrgTransformer = Callable[[OrgItem], Awaitable["Entity | None"]]
"""Gives the entity that a user or group becomes, or None to leave it out. Changes nothing in what it is given."""


@dataclass
class OrgTransformers:
    """How users and groups of directories become entities, beyond what providers do by themselves:
    `host.extension(OrgTransformers)`. They run one after the other, each on what the one before made of it."""

    users: list[tuple[str, OrgTransformer]] = field(default_factory=list)
    groups: list[tuple[str, OrgTransformer]] = field(default_factory=list)

    def add_user_transformer(self, source: str, transformer: OrgTransformer) -> None:
        self.users.append((source, transformer))

    def add_group_transformer(self, source: str, transformer: OrgTransformer) -> None:
        self.groups.append((source, transformer))


PlaceholderResolver = Callable[[PlaceholderContext], Awaitable[Json]]


class LocationAnalyzer(Protocol):
    """Finds descriptors in a repository that somebody wants to register. Source: §1.4 analyze-location."""

    def supports(self, url: str) -> bool: ...
    async def analyze(self, url: str, catalog_filename: str | None) -> Sequence[tuple[LocationSpec, Entity]]: ...


@dataclass
class CatalogExtensions:
    """What plugins add to the catalog: `host.extension(CatalogExtensions)`."""

    processors: list[CatalogProcessor] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=lambda: list(BUILTIN_KINDS))
    """Kinds that `callboard lint` and `callboard schema` know as data; processors validate them in the server."""
    providers: list[EntityProvider] = field(default_factory=list)
    incremental: list[IncrementalEntityProvider] = field(default_factory=list)
    placeholders: dict[str, PlaceholderResolver] = field(default_factory=dict)
    analyzers: list[LocationAnalyzer] = field(default_factory=list)
    allowed_location_types: set[str] = field(default_factory=lambda: {"url"})

    def add_processor(self, *processors: CatalogProcessor) -> None:
        self.processors.extend(processors)

    def add_kind(self, *kinds: Kind) -> None:
        self.kinds.extend(kinds)

    def add_entity_provider(self, *providers: EntityProvider) -> None:
        self.providers.extend(providers)

    def add_incremental_provider(self, *providers: IncrementalEntityProvider) -> None:
        self.incremental.extend(providers)

    def add_placeholder_resolver(self, key: str, resolver: PlaceholderResolver) -> None:
        self.placeholders[key] = resolver

    def add_location_analyzer(self, *analyzers: LocationAnalyzer) -> None:
        self.analyzers.extend(analyzers)
