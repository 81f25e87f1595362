"""What other packages may add to TechDocs: publishers.

`host.extension(TechdocsExtensions).add_publisher("myStore", make)` makes `techdocs.publisher.type: myStore` known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

Json = Any
METADATA = "techdocs_metadata.json"
INDEX = "index.html"


class Site(NamedTuple):
    """Whose site it is, in the case in which it is stored: lower, unless
    `techdocs.legacyUseCaseSensitiveTripletPaths`."""

    namespace: str
    kind: str
    name: str

    @property
    def prefix(self) -> str:
        return f"{self.namespace}/{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a site. Either `path` names it on this disk, or `chunks` gives its content, once."""

    size: int | None = None
    etag: str | None = None
    """A validator as HTTP writes it, quotes included."""
    modified: datetime | None = None
    path: Path | None = None
    chunks: AsyncIterator[bytes] | None = None


class Publisher(Protocol):
    """Where sites are kept. Paths of files are relative to their site, `/`-separated, and have no dot segments."""

    redirects_case: bool
    """Whether requests for another case of a site's path are redirected, rather than answered."""
    missing: bytes
    """The body that a missing file is answered with."""

    async def ready(self) -> None:
        """Called once at the start; logs what will not work."""

    async def publish(self, site: Site, folder: Path) -> list[str]:
        """Replace a site by a folder's files; gives their paths. Raises NotAllowedError for links that lead out."""

    async def metadata(self, site: Site) -> Mapping[str, Json]:
        """The site's `techdocs_metadata.json`. Raises NotFoundError."""

    async def has_site(self, site: Site) -> bool:
        """Whether its `index.html` is there."""

    async def open(self, site: Site, path: str) -> StoredFile | None:
        """A file; None where there is none. A folder is no file."""

    async def is_folder(self, site: Site, path: str) -> bool:
        """Whether files lie below this path, as far as the store knows folders."""

    async def read(self, site: Site, path: str, *, max_bytes: int) -> bytes:
        """The whole of a file. Raises NotFoundError, InputError for one that is larger."""


@dataclass
class TechdocsExtensions:
    """What plugins add to TechDocs."""

    publishers: dict[str, Callable[[], Publisher]] = field(default_factory=dict)

    def add_publisher(self, type: str, make: Callable[[], Publisher]) -> None:  # noqa: A002
        """Raises ValueError for a second publisher of the same type."""
        if type in self.publishers:
            raise ValueError(f"Publisher for type {type} is already registered")
        self.publishers[type] = make
