"""`catalog.providers.github`. Source: spec/catalog.md §6.2."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from app.config import Schedule
from plugins.github.settings import PUBLIC_HOST

DEFAULT_ID: Final = "default"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True)


class TopicFilter(_Part):
    """A repository without any of `include`, or with one of `exclude`, is left out."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class RepositoryFilters(_Part):
    branch: str | None = None
    """The branch descriptors are on; each repository's default branch if absent."""
    repository: str | None = None
    """A regular expression that has to match the whole name."""
    allow_forks: bool = True
    allow_archived: bool = False
    visibility: tuple[Literal["public", "private", "internal"], ...] = ()
    """Empty: all."""
    topic: TopicFilter = TopicFilter()

    @field_validator("branch")
    @classmethod
    def _no_slash(cls, branch: str | None) -> str | None:
        if branch is not None and "/" in branch:
            raise ValueError("a branch with a slash cannot be told from a path in GitHub's URLs")
        return branch

    @field_validator("repository")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"is no regular expression: {error}") from None
        return pattern


class PageSizes(_Part):
    repositories: int = Field(default=25, ge=1, le=100)
    """How many repositories are asked for at a time."""


class GithubProviderSettings(_Part):
    """One of `organization` (a user's login, too) and `app` (an App's id: wherever it is installed)."""

    organization: str | None = None
    app: int | None = None
    host: str = PUBLIC_HOST
    catalog_path: str = "/catalog-info.yaml"
    """A file or a glob."""
    filters: RepositoryFilters = RepositoryFilters()
    validate_locations_exist: bool = False
    """Leave out repositories that lack the file."""
    page_sizes: PageSizes = PageSizes()
    schedule: Schedule = Schedule(frequency=timedelta(hours=3), timeout=timedelta(hours=1))

    @model_validator(mode="after")
    def _is_whole(self) -> GithubProviderSettings:
        if self.organization is None and self.app is None:
            raise ValueError("needs an organization or an app")
        if self.validate_locations_exist and "*" in self.catalog_path:
            raise ValueError(
                "validateLocationsExist cannot be had together with a catalogPath that contains a wildcard"
            )
        return self


class GithubProviders(_Part):
    """Part of `catalog.providers`."""

    github: GithubProviderSettings | dict[str, GithubProviderSettings] = Field(default_factory=dict)
    """One provider, or several by id."""

    @model_validator(mode="before")
    @classmethod
    def _decide(cls, given: Any) -> Any:
        """Which of the two forms it is, so that mistakes are told of that one."""
        if isinstance(given, dict) and isinstance(found := given.get("github"), dict):
            single = "organization" in found or "app" in found
            made: Any = (
                GithubProviderSettings.model_validate(found)
                if single
                else {key: GithubProviderSettings.model_validate(value) for key, value in found.items()}
            )
            return {**given, "github": made}
        return given

    @property
    def by_id(self) -> dict[str, GithubProviderSettings]:
        if isinstance(self.github, GithubProviderSettings):
            return {DEFAULT_ID: self.github}
        return dict(self.github)
