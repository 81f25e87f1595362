"""`integrations.bitbucketCloud` and `integrations.bitbucketServer`. Source: spec/catalog.md §5.2."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator
from pydantic.alias_generators import to_camel

CLOUD_HOST = "bitbucket.org"
CLOUD_API = "https://api.bitbucket.org/2.0"


class _Settings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class BitbucketCloud(_Settings):
    """Either a user name with a token or app password, or the id and secret of an OAuth client, or nothing."""

    host: str = CLOUD_HOST
    """Always bitbucket.org; tolerated in the configuration."""
    username: str | None = None
    token: SecretStr | None = None
    app_password: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    commit_signing_key: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> BitbucketCloud:
        if bool(self.client_id) != bool(self.client_secret):
            raise ValueError("needs both clientId and clientSecret")
        if self.username and not (self.token or self.app_password):
            raise ValueError("needs a token or an appPassword beside the username")
        return self

    @property
    def password(self) -> str | None:
        secret = self.token or self.app_password
        return secret.get_secret_value() if secret else None


class BitbucketServer(_Settings):
    host: str
    token: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    api_base_url: str | None = None
    commit_signing_key: SecretStr | None = None

    @property
    def api(self) -> str:
        return (self.api_base_url or f"https://{self.host}/rest/api/1.0").rstrip("/")


class BitbucketIntegrations(_Settings):
    bitbucket_cloud: tuple[BitbucketCloud, ...] = ()
    bitbucket_server: tuple[BitbucketServer, ...] = ()

    @property
    def cloud(self) -> BitbucketCloud:
        return self.bitbucket_cloud[0] if self.bitbucket_cloud else BitbucketCloud()
