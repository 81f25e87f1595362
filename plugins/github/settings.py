"""`integrations.github`. Source: spec/catalog.md §5.2."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.alias_generators import to_camel

PUBLIC_HOST = "github.com"


class _Settings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class GithubApp(_Settings):
    """A GitHub App. Its installations' tokens are made when they are needed."""

    app_id: int | str
    private_key: SecretStr
    client_id: str | None = None
    client_secret: SecretStr | None = None
    webhook_secret: SecretStr | None = None
    allowed_installation_owners: tuple[str, ...] | None = None
    """Owners (any case) whose installations may be used. Absent: all."""
    public_access: bool = False
    """Whether public repositories of other owners are read in this app's name."""


class GithubHost(_Settings):
    host: str = PUBLIC_HOST
    token: SecretStr | None = None
    api_base_url: str | None = None
    raw_base_url: str | None = None
    apps: tuple[GithubApp, ...] = ()

    @model_validator(mode="after")
    def _has_a_base(self) -> GithubHost:
        if self.host != PUBLIC_HOST and not self.api_base_url and not self.raw_base_url:
            raise ValueError("needs an apiBaseUrl or a rawBaseUrl, as the host is not github.com")
        return self

    @property
    def api(self) -> str | None:
        public = "https://api.github.com" if self.host == PUBLIC_HOST else None
        return (self.api_base_url or public or "").rstrip("/") or None

    @property
    def raw(self) -> str | None:
        public = "https://raw.githubusercontent.com" if self.host == PUBLIC_HOST and not self.api_base_url else None
        return (self.raw_base_url or public or "").rstrip("/") or None


class GithubIntegrations(_Settings):
    github: tuple[GithubHost, ...] = Field(default=())

    @property
    def hosts(self) -> tuple[GithubHost, ...]:
        """The configured hosts, and the public one in any case."""
        if any(host.host == PUBLIC_HOST for host in self.github):
            return self.github
        return (*self.github, GithubHost())
