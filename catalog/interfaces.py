"""All that others see of the catalog: its model of an entity, what may be added to it, and its ports.

Plugins add processors, providers and placeholders through `CatalogExtensions`; they read through
`EntitiesCatalog` and write through providers and `Locations`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

from catalog.model.kinds import BUILTIN_KINDS, Kind

if TYPE_CHECKING:
    from pyroaring import BitMap

    from app.interfaces import Principal

Json = Any
Entity = dict[str, Any]
"""An entity as JSON: apiVersion, kind, metadata, spec?, relations?, status?. Numbers are JSON doubles (1.0 is 1)."""

Query = Mapping[str, Json]
"""A predicate in wire form. Source: spec/catalog.md §2.3. `{}` matches everything."""


# ------------------------------------------------------------------------------------------------ emissions


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
    placeholders: dict[str, PlaceholderResolver] = field(default_factory=dict)
    analyzers: list[LocationAnalyzer] = field(default_factory=list)
    allowed_location_types: set[str] = field(default_factory=lambda: {"url"})

    def add_processor(self, *processors: CatalogProcessor) -> None:
        self.processors.extend(processors)

    def add_kind(self, *kinds: Kind) -> None:
        self.kinds.extend(kinds)

    def add_entity_provider(self, *providers: EntityProvider) -> None:
        self.providers.extend(providers)

    def add_placeholder_resolver(self, key: str, resolver: PlaceholderResolver) -> None:
        self.placeholders[key] = resolver

    def add_location_analyzer(self, *analyzers: LocationAnalyzer) -> None:
        self.analyzers.extend(analyzers)


# -------------------------------------------------------------------------------------------- reading entities


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    direction: Literal["asc", "desc"] = "asc"


@dataclass(frozen=True, slots=True)
class FullText:
    """Lower-cased substring of any of the fields' values; fields None = the sort field, else `metadata.uid`.
    Source: §2.5."""

    term: str
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A `by-query` request. Either `cursor` (opaque text of an earlier answer) or the rest. Source: §2.5."""

    limit: int
    cursor: str | None = None
    query: Query | None = None
    order: tuple[Order, ...] = ()
    full_text: FullText | None = None
    offset: int = 0
    total: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """`items` are entities as wire-ready JSON bytes, never parsed on the way."""

    items: Sequence[bytes]
    total: int
    next_cursor: str | None = None
    prev_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int


class EntitiesCatalog(Protocol):
    """Reads of final entities. `visible` is an additional predicate (a permission's conditions): what it does not
    match does not exist.

    Every method sees at least every revision committed by this process before the call.
    """

    async def revision(self) -> int:
        """The number of the newest change; equal numbers mean equal answers."""

    async def page(self, request: PageRequest, *, visible: Query | None = None) -> Page:
        """Raises InputError for a malformed cursor or query."""

    async def listing(
        self,
        query: Query | None,
        order: Sequence[Order],
        *,
        limit: int | None,
        offset: int = 0,
        visible: Query | None = None,
    ) -> tuple[Sequence[bytes], bool]:
        """`GET /entities` in paged mode: documents, and whether more follow. Source: §1.3 (nulls last, ref order)."""

    def everything(
        self, query: Query | None, order: Order | None, *, visible: Query | None = None
    ) -> AsyncIterator[Sequence[bytes]]:
        """`GET /entities` in unpaged mode, in batches. With an order, entities lacking the field are left out."""

    async def count(self, query: Query | None, *, visible: Query | None = None) -> int: ...

    async def facets(
        self, facets: Sequence[str], query: Query | None, *, visible: Query | None = None
    ) -> dict[str, list[FacetValue]]: ...

    async def by_refs(
        self, refs: Sequence[str], query: Query | None = None, *, visible: Query | None = None
    ) -> list[bytes | None]:
        """Exact canonical refs, in order, duplicates repeated, None where there is none."""

    async def by_uid(self, uid: str, *, visible: Query | None = None) -> bytes | None: ...

    async def matching(self, refs: Sequence[str], query: Query) -> set[str]:
        """Those of the refs whose entity matches."""


# ------------------------------------------------------------------------------------------------- ingestion


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


# ---------------------------------------------------------------------------------------------- following changes


@dataclass(frozen=True, slots=True)
class EntityChange:
    """Change number `revision` of the catalog. `number` is the entity's own, as long as it exists; `at` in ms, UTC."""

    revision: int
    number: int
    entity_ref: str
    change: Literal["created", "updated", "deleted"]
    cause: Cause
    at: int


@dataclass(frozen=True, slots=True)
class StoredEntity:
    """A final entity as it is now: its number, and its wire-ready JSON."""

    number: int
    entity_ref: str
    document: bytes


class RevisionsLostError(Exception):
    """The revisions after a number are not there: forgotten, or the database was put back to an earlier state.

    Whoever follows has to look at everything again.
    """


class EntityVisibility(Protocol):
    """Which entities somebody may see, for features that show what belongs to entities: by number, as sets.

    Sets cost next to nothing when they are asked for again. Change nothing in them.
    """

    async def allowed(self, conditions: Mapping[str, Json]) -> BitMap:
        """The numbers of all entities that fulfil the conditions of a CONDITIONAL decision about entities.

        Raises InputError for conditions that are not about entities.
        """

    async def matching(self, query: Query, *, revision: int = 0) -> BitMap:
        """The numbers of all entities that match, as of this revision or a later one. Raises InputError."""

    async def numbers(self, refs: Sequence[str]) -> dict[str, int]:
        """The numbers of those refs that exist, past all caches."""


class RevisionFeed(Protocol):
    """The catalog's changes in order, without gaps, from whichever process they come.

    A follower keeps the last revision it has worked off, in the same transaction as what it made of it, and goes on
    from there after a restart. Entities are read apart from the changes, past all caches: they may be newer than the
    change that led to them, never older.
    """

    async def newest(self) -> int:
        """The number of the newest change, 0 before the first."""

    async def after(self, revision: int, *, limit: int = 500) -> Sequence[EntityChange]:
        """At most `limit` changes after a revision, oldest first; none when there is nothing new.

        Raises RevisionsLostError.
        """

    def follow(self, revision: int, *, limit: int = 500) -> AsyncIterator[Sequence[EntityChange]]:
        """The same for ever, in batches: it waits while there is nothing new, and is woken by commits."""

    async def entities(self, refs: Sequence[str]) -> list[StoredEntity]:
        """Those of the entities that exist, in no order."""

    def everything(self, *, batch: int = 500) -> AsyncIterator[Sequence[StoredEntity]]:
        """All entities by number, in batches. No snapshot: take `newest` before it and follow from there after it."""


# ------------------------------------------------------------------------------------------------- changing it


class Locations(Protocol):
    """Registered locations. Source: §1.4. Raises ConflictError, NotFoundError, InputError."""

    async def create(
        self, spec: LocationSpec, *, on_conflict: Literal["refresh", "reject"] | None, actor: Principal
    ) -> RegisteredLocation: ...
    async def dry_run(self, spec: LocationSpec) -> tuple[bool, RegisteredLocation, list[Entity]]:
        """Whether it exists, what it would be, and the entities it would bring, in the reference's order."""

    async def list(self) -> list[RegisteredLocation]: ...
    async def get(self, location_id: str) -> RegisteredLocation: ...
    async def by_entity(self, entity: Entity) -> RegisteredLocation: ...
    async def find(self, *, type: str, target: str) -> RegisteredLocation | None: ...  # noqa: A002
    async def update(self, location_id: str, spec: LocationSpec, *, actor: Principal) -> RegisteredLocation: ...
    async def delete(self, location_id: str, *, actor: Principal) -> None: ...


class CatalogControl(Protocol):
    """What clients may do to the catalog beside registering locations."""

    async def refresh(self, entity_ref: str, *, cause: Cause) -> None:
        """The entity and its Location ancestors are processed at once. Raises NotFoundError. Source: §1.4."""

    async def refresh_by_keys(self, keys: Iterable[str], *, cause: Cause) -> int: ...

    async def delete_by_uid(self, uid: str, *, cause: Cause) -> None:
        """No error for an unknown uid. Source: §4.9."""

    async def process(self, entity: Entity, location: LocationSpec) -> ProcessingResult:
        """One pass of the pipeline, nothing stored. For validate-entity and dry runs."""

    async def lineage(self, ref: str) -> Mapping[str, Sequence[str]]:
        """The entities whose processing emitted the given one, those that emitted them, and so on: each ref with its
        parents in the order in which they came to be. The given ref is always there. One statement."""

    async def unprocessed(self, state: Literal["failed", "pending"], owner: str | None) -> list[dict[str, Json]]:
        """Rows in the wire shape of §1.5."""

    async def delete_unprocessed(self, entity_id: str, *, cause: Cause) -> None: ...
    async def explain(self, *, ref: str | None = None, url: str | None = None) -> dict[str, Json]:
        """All that is stored about an entity or a URL: state, parents, location key, errors, conflicts, revisions,
        next check."""

    async def held_mutations(self) -> list[dict[str, Json]]: ...
    async def release_mutation(self, mutation_id: str, *, actor: Principal) -> MutationResult: ...
    async def discard_mutation(self, mutation_id: str, *, actor: Principal) -> None: ...
    async def settled(self, *, timeout: timedelta) -> bool:
        """Waits until nothing is due or queued: for start-up progress, imports and tests."""


@dataclass(frozen=True, slots=True)
class ScmPush:
    """A push in neutral terms, as webhook plugins publish it on topic `scm.push`.

    `urls` are descriptor URLs as locations may name them, one list per changed file (all spellings a host knows,
    such as
    `/blob/` and `/tree/`). `repository_urls` are prefixes below which everything belongs to the repository.
    `remotes` are its git URLs.
    """

    repository_urls: tuple[str, ...]
    remotes: tuple[str, ...]
    branch: str
    default_branch: bool
    added: tuple[tuple[str, ...], ...] = ()
    modified: tuple[tuple[str, ...], ...] = ()
    removed: tuple[tuple[str, ...], ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    commit: str | None = None
    complete: bool = True
    """False when the host did not name all files: everything below the repository is then checked again."""


@dataclass(frozen=True, slots=True)
class ScmRepositoryChange:
    """Topic `scm.repository`: a repository was deleted, archived, moved (renamed, transferred) or unarchived."""

    change: Literal["deleted", "archived", "unarchived", "moved", "default-branch"]
    url: str
    previous_url: str | None = None
    default_branch: str | None = None
