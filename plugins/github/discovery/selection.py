"""Which repositories a provider takes, and where their descriptors are. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.reading.interfaces import compiled, is_glob
from catalog.interfaces import DeferredEntity, Entity
from catalog.model.locations import location_entity, location_entity_name
from plugins.github.discovery.repository import Repository
from plugins.github.discovery.settings import GithubProviderSettings


class Selection:
    """The choice that a provider's settings make."""

    def __init__(self, settings: GithubProviderSettings) -> None:
        self._settings = settings
        filters = settings.filters
        self._name = re.compile(f"(?:{filters.repository})") if filters.repository else None
        self.path = settings.catalog_path.removeprefix("/")
        self.is_glob = is_glob(self.path)
        self._glob = compiled(self.path) if self.is_glob else None

    @property
    def expression(self) -> str:
        """How GraphQL finds the descriptor of any of the repositories."""
        return f"{self._settings.filters.branch or 'HEAD'}:{self.path}"

    def takes(self, repository: Repository) -> bool:
        """Whether the filters let a repository through. One without a branch has nothing to read."""
        filters, topics = self._settings.filters, repository.topics
        return (
            repository.default_branch is not None
            and (self._name is None or self._name.fullmatch(repository.name) is not None)
            and (filters.allow_forks or not repository.fork)
            and (filters.allow_archived or not repository.archived)
            and (not filters.visibility or repository.visibility in filters.visibility)
            and not (topics & set(filters.topic.exclude))
            and (not filters.topic.include or bool(topics & set(filters.topic.include)))
            and (not self._settings.validate_locations_exist or repository.has_file is not False)
        )

    def branch(self, repository: Repository) -> str:
        return self._settings.filters.branch or repository.default_branch or "-"

    def target(self, repository: Repository) -> str:
        """The URL of its descriptor, or the glob over them."""
        return f"{repository.url}/blob/{self.branch(repository)}/{self.path}"

    def concerns(self, path: str) -> bool:
        """Whether a file of a repository is a descriptor."""
        return path == self.path if self._glob is None else self._glob.matches(path)

    def refresh_keys(self, repository: Repository, paths: Iterable[str]) -> list[str]:
        """What is to be read again when these files have changed."""
        branch = self.branch(repository)
        files = dict.fromkeys([*paths, self.path])
        return [f"url:{repository.url}/{view}/{branch}/{path}" for path in files for view in ("tree", "blob")]


def location_of(target: str, provider: str) -> DeferredEntity:
    return DeferredEntity(location_entity("url", target, presence="optional"), provider)


def location_ref_of(target: str) -> str:
    return f"location:default/{location_entity_name('url', target)}"


def target_of(entity: Entity) -> str:
    return str((entity.get("spec") or {}).get("target", ""))


def repository_of(target: str) -> tuple[str, str] | None:
    """Owner and name in a target that `Selection.target` has made."""
    parts = target.partition("://")[2].split("/")
    return (parts[1], parts[2]) if len(parts) > 4 else None
