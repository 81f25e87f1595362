"""`integrations.azure`. Source: spec/catalog.md §5.2."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator
from pydantic.alias_generators import to_camel

PUBLIC_HOST = "dev.azure.com"


class _Settings(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class AzureCredential(_Settings):
    """A personal access token, or a service principal of Entra ID."""

    organizations: tuple[str, ...] | None = None
    """For these alone. Absent: for all that no other credential names."""
    personal_access_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    tenant_id: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> AzureCredential:
        principal = (self.client_id, self.client_secret, self.tenant_id)
        if not self.personal_access_token and not all(principal):
            raise ValueError("needs a personalAccessToken, or clientId, clientSecret and tenantId")
        if self.personal_access_token and any(principal):
            raise ValueError("holds two sorts of credentials")
        return self


class AzureHost(_Settings):
    host: str = PUBLIC_HOST
    credentials: tuple[AzureCredential, ...] = ()
    commit_signing_key: SecretStr | None = None

    @model_validator(mode="after")
    def _unambiguous(self) -> AzureHost:
        if sum(credential.organizations is None for credential in self.credentials) > 1:
            raise ValueError("has more than one credential without organizations")
        named = [name.lower() for credential in self.credentials for name in credential.organizations or ()]
        if len(named) != len(set(named)):
            raise ValueError("names an organization in two credentials")
        if self.host != PUBLIC_HOST and any(not c.personal_access_token for c in self.credentials):
            raise ValueError("can have personal access tokens alone, as the host is not dev.azure.com")
        return self

    def credential(self, organization: str) -> AzureCredential | None:
        wanted = organization.lower()
        for credential in self.credentials:
            if credential.organizations and wanted in (name.lower() for name in credential.organizations):
                return credential
        return next((credential for credential in self.credentials if credential.organizations is None), None)


class AzureIntegrations(_Settings):
    azure: tuple[AzureHost, ...] = ()

    @property
    def hosts(self) -> tuple[AzureHost, ...]:
        if any(host.host == PUBLIC_HOST for host in self.azure):
            return self.azure
        return (*self.azure, AzureHost())
