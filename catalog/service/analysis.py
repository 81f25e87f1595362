"""analyze-location: the descriptors a repository holds, or a first one for it. Source: spec/catalog.md §1.4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from app.errors import InputError
from app.interfaces import Principal, Reading
from catalog.interfaces import Entity, LocationAnalyzer, Locations, LocationSpec
from catalog.permissions import permissions
from catalog.service import audit
from catalog.service.authorized import Gate

ANNOTATION_PREFIX: Final[Mapping[str, str]] = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "azure": "dev.azure.com",
}
"""By integration type. Bitbucket has none, since the reference asks for a type that no integration has."""
INSIDE: Final = frozenset({"-", "blob", "tree", "raw", "edit", "src", "browse"})
"""A segment after which a URL speaks of what is in the repository."""


@dataclass(frozen=True, slots=True)
class FoundDescriptor:
    location: LocationSpec
    registered: bool
    entity: Entity


@dataclass(frozen=True, slots=True)
class Analysis:
    """Either the descriptors that are there, or one generated for a repository without."""

    existing: Sequence[FoundDescriptor] = ()
    generated: Sequence[Entity] = ()


class Analyses:
    def __init__(
        self, gate: Gate, locations: Locations, reading: Reading, analyzers: Sequence[LocationAnalyzer]
    ) -> None:
        self._gate = gate
        self._locations = locations
        self._reading = reading
        self._analyzers = analyzers

    async def analyze(self, target: str, catalog_filename: str | None, caller: Principal) -> Analysis:
        """Raises NotAllowedError, and InputError for a target that is not a URL."""
        with audit.changing("location-analyze", caller, target=target):
            await self._gate.require(permissions.LOCATION_ANALYZE, caller)
            owner, name = repository_of(target)
            analyzer = next((one for one in self._analyzers if one.supports(target)), None)
            if analyzer is not None:
                found = await analyzer.analyze(target, catalog_filename)
                if found:
                    return Analysis(existing=[await self._existing(spec, entity) for spec, entity in found])
            integration = self._reading.integration_for(target)
            prefix = ANNOTATION_PREFIX.get(integration.type) if integration else None
            return Analysis(generated=[_stub(owner, name, prefix)])

    async def _existing(self, spec: LocationSpec, entity: Entity) -> FoundDescriptor:
        registered = await self._locations.find(type=spec.type, target=spec.target)
        return FoundDescriptor(spec, registered is not None, entity)


def repository_of(target: str) -> tuple[str, str]:
    """Owner and name of the repository that a URL is about, by its form alone. The owner may hold slashes or be empty.

    Raises:
        InputError: it is not a URL.
    """
    try:
        url = urlsplit(target)
        host = url.hostname
    except ValueError:
        host = None
    if not host or not url.scheme:
        raise InputError("The given location.target is not a URL")
    segments = [unquote(part) for part in url.path.split("/") if part]
    if "_git" in segments[:-1]:
        at = segments.index("_git")
        name = segments[at + 1]
        # A repository named like its project may leave the project out.
        return (segments[at - 1] if at > 1 else name), name
    # The name itself may be any word: only from the third segment on is one a sign.
    end = next((index for index, part in enumerate(segments) if index > 1 and part in INSIDE), len(segments))
    owner, name = segments[: end - 1], segments[end - 1] if segments else ""
    return "/".join(owner), name.removesuffix(".git")


def _stub(owner: str, name: str, prefix: str | None) -> Entity:
    metadata: dict[str, Any] = {"name": name}
    if prefix is not None:
        metadata["annotations"] = {f"{prefix}/project-slug": f"{owner}/{name}"}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": {"type": "other", "lifecycle": "unknown"},
    }
