"""`integrations.gitea`. Source: spec/catalog.md §5.2."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel


class _Settings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class GiteaHost(_Settings):
    host: str
    base_url: str | None = None
    username: str | None = None
    password: SecretStr | None = None
    """Without a user name: a token."""
    commit_signing_key: SecretStr | None = None

    @property
    def base(self) -> str:
        return (self.base_url or f"https://{self.host}").rstrip("/")


class GiteaIntegrations(_Settings):
    gitea: tuple[GiteaHost, ...] = ()
