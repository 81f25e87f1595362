"""What clients may do to the catalog, and what source-control hosts tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from app.interfaces import Principal
    from catalog.interfaces.basics import Entity, Json
    from catalog.interfaces.emissions import LocationSpec, MutationResult
    from catalog.interfaces.passes import Cause, ProcessingResult, RegisteredLocation


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
