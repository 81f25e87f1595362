"""`catalog.processors.github*`. Both are off unless configured."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True)


class SlugSettings(_Part):
    enabled: bool = False
    """Annotate entities from GitHub with `github.com/project-slug` where they do not say it themselves."""
    kinds: tuple[str, ...] = ("Component",)


class LanguagesSettings(_Part):
    enabled: bool = False
    """Annotate Components from GitHub with the languages of their repository (`github.com/languages`)."""
    tags: bool = False
    """Tag them with these languages, too."""
    min_share: float = Field(default=0.1, ge=0, le=1)
    """Languages with a smaller share of the repository's bytes become no tags."""


class GithubProcessors(_Part):
    """Part of `catalog.processors`."""

    github_project_slug: SlugSettings = Field(default_factory=SlugSettings.model_construct)
    github_languages: LanguagesSettings = Field(default_factory=LanguagesSettings.model_construct)
