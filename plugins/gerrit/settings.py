"""`integrations.gerrit`. Source: spec/catalog.md §5.2."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic.alias_generators import to_camel


class _Settings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class GerritHost(_Settings):
    host: str
    gitiles_base_url: str
    base_url: str | None = None
    clone_url: str | None = None
    disable_edit_url: bool = False
    username: str | None = None
    password: SecretStr | None = None
    commit_signing_key: SecretStr | None = None

    @property
    def base(self) -> str:
        return (self.base_url or f"https://{self.host}").rstrip("/")

    @property
    def gitiles(self) -> str:
        return self.gitiles_base_url.rstrip("/")


class GerritIntegrations(_Settings):
    gerrit: tuple[GerritHost, ...] = ()
