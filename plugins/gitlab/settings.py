"""`integrations.gitlab`. Source: spec/catalog.md §5.2."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

PUBLIC_HOST = "gitlab.com"


class _Settings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class GitlabRetry(_Settings):
    max_retries: int = Field(default=0, ge=0, le=10)
    retry_status_codes: tuple[int, ...] = ()
    max_api_requests_per_minute: int = -1
    """-1: as many as there are."""


class GitlabHost(_Settings):
    host: str
    token: SecretStr | None = None
    api_base_url: str | None = None
    base_url: str | None = None
    """Where GitLab is, if it lives below a path of the host."""
    retry: GitlabRetry = GitlabRetry()
    commit_signing_key: SecretStr | None = None

    @property
    def base(self) -> str:
        return (self.base_url or f"https://{self.host}").rstrip("/")

    @property
    def api(self) -> str:
        return (self.api_base_url or f"{self.base}/api/v4").rstrip("/")


class GitlabIntegrations(_Settings):
    gitlab: tuple[GitlabHost, ...] = ()

    @property
    def hosts(self) -> tuple[GitlabHost, ...]:
        if any(host.host == PUBLIC_HOST for host in self.gitlab):
            return self.gitlab
        return (*self.gitlab, GitlabHost(host=PUBLIC_HOST))
