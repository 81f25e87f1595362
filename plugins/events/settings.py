"""`events.*`, and what webhooks need to know of integrations. Source: spec/catalog.md §6.4."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True)


class HttpSettings(_Settings):
    topics: tuple[str, ...] = ()
    """Topics that are let in although no secret protects them."""


class ModuleSettings(_Settings):
    webhook_secret: SecretStr | None = None
    """Makes the topic known, and only deliveries that prove to know it are let in."""


class ModulesSettings(_Settings):
    github: ModuleSettings = Field(default_factory=ModuleSettings.model_construct)
    gitlab: ModuleSettings = Field(default_factory=ModuleSettings.model_construct)
    bitbucket_cloud: ModuleSettings = Field(default_factory=ModuleSettings.model_construct)
    bitbucket_server: ModuleSettings = Field(default_factory=ModuleSettings.model_construct)
    gitea: ModuleSettings = Field(default_factory=ModuleSettings.model_construct)
    azure_dev_ops: ModuleSettings = Field(default_factory=ModuleSettings.model_construct)
    git: ModuleSettings = Field(default_factory=ModuleSettings.model_construct)


class EventsSettings(_Settings):
    http: HttpSettings = Field(default_factory=HttpSettings.model_construct)
    modules: ModulesSettings = Field(default_factory=ModulesSettings.model_construct)
    notify_timeout_ms: int = Field(default=55_000, ge=1, le=600_000)
    """For how long the event bus lets a subscriber wait for news, in milliseconds."""


class _App(_Settings):
    webhook_secret: SecretStr | None = None


class _GithubHost(_Settings):
    apps: tuple[_App, ...] = ()


class _Host(_Settings):
    host: str


class _GerritHost(_Settings):
    host: str
    gitiles_base_url: str
    base_url: str | None = None
    clone_url: str | None = None


class IntegrationSettings(_Settings):
    """Part of `integrations`: secrets of GitHub Apps, and hosts whose webhooks do not say where they come from."""

    github: tuple[_GithubHost, ...] = ()
    bitbucket_server: tuple[_Host, ...] = ()
    gerrit: tuple[_GerritHost, ...] = ()

    @property
    def app_secrets(self) -> list[SecretStr]:
        return [app.webhook_secret for host in self.github for app in host.apps if app.webhook_secret]
