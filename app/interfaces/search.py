"""What can be found, and where it comes from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from app.interfaces.basics import Json
    from app.interfaces.permissions import Permission


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """Something that can be found. Source: spec/ui-backends.md §6.

    `key` names it within its type and stays the same for as long as it is there; `group` (the key, if empty) names what
    is replaced and removed as one: all pages of a documentation site. `names` are further texts that people call it by:
    who types one exactly finds it first, as with the title. `fields` are the document's further members, which filters
    name. `resource_ref` is what the type's visibility permission is asked about: None makes it as visible as its type.
    `location` is a path or an http(s) URL; documents with any other are not shown.
    """

    key: str
    title: str
    text: str
    location: str
    fields: Mapping[str, Json] = field(default_factory=dict)
    resource_ref: str | None = None
    group: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchChange:
    """What has changed in one type: the groups of `removed` go, and `put` is added, or replaces what has its keys.

    A group may be in both: it then holds just what is put. `position` is stored once all of it is, and given
    back to `SearchCollator.changes` when it has to go on from here; what was cut off before that comes again.
    """

    put: Sequence[SearchDocument] = ()
    removed: Sequence[str] = ()
    position: str | None = None


class SearchCollator:
    """Where the documents of one type come from. One process at a time collates. Override what there is to say.

    At first, and when `frequency` has passed, the version has changed or somebody asks for it, all documents are
    collated anew: what is not named any more goes. In between `changes` says what has changed, if it can. Whoever
    learns of a change by other means tells `SearchIndex` about it instead.
    """

    type: ClassVar[str]
    """`software-catalog`, `techdocs`, …: what `types` of a query names."""
    visibility: Permission | None = None
    """Who may see these documents at all, or, if it is a resource permission, those of which `resource_ref`."""
    version: str = "1"
    """Changes when the same source yields other documents than before: another shape, another filter."""
    frequency: timedelta | None = None
    """How often everything is collated anew; None where `changes` or `SearchIndex` tell of every change."""
    timeout: timedelta = timedelta(minutes=15)
    """How long collating everything may take. Then it is given up, and what there was stays."""

    async def position(self) -> str | None:
        """Where `changes` has to begin so that nothing is lost that happens while `collate` runs; None without it."""
        return None

    def collate(self) -> AsyncIterator[Sequence[SearchDocument]]:
        """Everything there is, in batches. A failure leaves the index as it was."""
        raise NotImplementedError

    def changes(self, after: str) -> AsyncIterator[SearchChange]:
        """What has changed after a position, for ever: it waits where nothing has. Raises SearchPositionLostError where
        that cannot be told any more: then everything is collated anew."""
        raise NotImplementedError


class SearchPositionLostError(Exception):
    """The changes after a position are not known any more."""


@dataclass
class SearchExtensions:
    """What plugins add to the search: `host.extension(SearchExtensions)`."""

    collators: list[SearchCollator] = field(default_factory=list)

    def add_collator(self, *collators: SearchCollator) -> None:
        """One for each type. The second for a type stops the start."""
        self.collators.extend(collators)


class SearchIndex(Protocol):
    """The index, for those who know of a change themselves: `host.service(SearchIndex)`."""

    async def update(self, type: str, change: SearchChange) -> None:  # noqa: A002
        """Found by everybody once this returns. From any process and at any time; wins over a collation under way.

        Raises InputError: nobody collates documents of this type.
        """

    async def collate(self, type: str) -> None:  # noqa: A002
        """Have everything of a type collated anew soon. Raises InputError as `update` does."""
