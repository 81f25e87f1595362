"""`catalog.providers.githubOrg`. Source: spec/catalog.md §6.2."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from app.config import Schedule
from app.reading.interfaces import parse_web_url


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class UserTransformerSettings(_Part):
    use_verified_emails: bool = False
    """Take the address that the organization has verified, where there is one."""


class PageSizes(_Part):
    teams: int = Field(default=25, ge=1, le=100)
    team_members: int = Field(default=50, ge=1, le=100)
    organization_members: int = Field(default=50, ge=1, le=100)


class GithubOrgSettings(_Part):
    id: str
    github_url: str
    """`https://github.com`, or where your Enterprise is."""
    org_url: str | None = None
    """`https://github.com/acme`: that organization alone, as the reference's legacy provider `GithubOrgEntityProvider`
    has it. Instead of `githubUrl` and `orgs`."""
    orgs: tuple[str, ...] | None = None
    """Absent: all organizations where the configured Apps are installed."""
    schedule: Schedule
    exclude_suspended_users: bool = False
    """Leave out users that are suspended. Enterprise only."""
    check_suspended_with_rest: bool = Field(default=False, alias="experimental_checkForSuspendedUsersWithRest")
    """Ask for each user over REST whether they are suspended, for an Enterprise whose GraphQL does not say."""
    default_user_transformer: UserTransformerSettings = UserTransformerSettings()
    page_sizes: PageSizes = PageSizes()

    @model_validator(mode="before")
    @classmethod
    def _of_one(cls, given: Any) -> Any:
        """An `orgUrl` says where GitHub is and which organization."""
        if not isinstance(given, dict) or "orgUrl" not in given:
            return given
        if {"githubUrl", "orgs"} & given.keys():
            raise ValueError("orgUrl stands alone: githubUrl and orgs follow from it")
        url = parse_web_url(str(given["orgUrl"]))
        org = url.path.strip("/")
        if not org or "/" in org:
            raise ValueError("orgUrl is the page of an organization: https://github.com/acme")
        return {**given, "githubUrl": f"{url.scheme}://{url.netloc}", "orgs": [org]}

    @field_validator("github_url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        parse_web_url(url)
        return url.rstrip("/")

    @property
    def provider_name(self) -> str:
        return f"Github{'' if self.org_url else 'Multi'}OrgEntityProvider:{self.id}"

    @property
    def location_key(self) -> str:
        return f"github{'' if self.org_url else '-multi'}-org-provider:{self.id}"

    @property
    def host(self) -> str:
        return parse_web_url(self.github_url).netloc


class GithubOrgProviders(_Part):
    """Part of `catalog.providers`."""

    github_org: GithubOrgSettings | tuple[GithubOrgSettings, ...] = ()
    """One provider, or a list of them."""

    @property
    def all(self) -> tuple[GithubOrgSettings, ...]:
        found = self.github_org
        return (found,) if isinstance(found, GithubOrgSettings) else found
