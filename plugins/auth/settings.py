"""`auth` in the configuration. Source: spec/ui-backends.md §3."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from app.config import Duration
from plugins.auth.oauth.scopes import split_scope
from plugins.auth.server.urls import CLIENT_ID_PATTERNS, LOOPBACK_PATTERNS, REGISTERED_PATTERNS


class _Settings(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,
        hide_input_in_errors=True,
    )


class GuestSettings(_Settings):
    """`auth.providers.guest`; `{}` is enough to switch it on."""

    user_entity_ref: str = "user:development/guest"
    ownership_entity_refs: tuple[str, ...] | None = None
    """What the guest owns things in the name of, unless the catalog knows the user; by default the guest alone."""
    allow_outside_development: bool = Field(default=False, alias="dangerouslyAllowOutsideDevelopment")


class ResolverSettings(_Settings):
    """What else stands beside the name are the resolver's options."""

    model_config = ConfigDict(extra="allow")

    resolver: str
    """Which of the provider's resolvers: see docs/authentication.md."""

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class SignInResolversSettings(_Settings):
    resolvers: tuple[ResolverSettings, ...] = ()
    """Ways to find the user entity, tried in this order; none: the provider signs nobody in."""
    remember_claims: tuple[str, ...] = ()
    """What else of the provider's account to keep, for policies to ask: names of OpenID claims or profile members."""


Scopes = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: split_scope(given) if isinstance(given, str) else given)
]


class OAuthSettings(_Settings):
    """What every OAuth provider has, in each of its environments."""

    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    callback_url: str | None = None
    """Where the provider sends browsers back to, if not `<backend.baseUrl>/api/auth/<provider>/handler/frame`."""
    additional_scopes: Scopes = ()
    """Scopes to ask for beside those that signing in needs: a list, or one text."""
    session_duration: Duration | None = None
    """How long the refresh cookie is kept; 1000 days if not given."""
    sign_in: SignInResolversSettings = Field(default_factory=SignInResolversSettings.model_construct)

    @model_validator(mode="before")
    @classmethod
    def _no_scope(cls, given: Any) -> Any:
        if isinstance(given, dict) and "scope" in given:
            raise ValueError("no longer supports 'scope'; use 'additionalScopes' instead")
        return given


class OidcSettings(OAuthSettings):
    metadata_url: str
    """The provider's metadata document, or its issuer."""
    token_endpoint_auth_method: Literal["client_secret_basic", "client_secret_post", "none"] = "client_secret_basic"  # noqa: S105
    token_signed_response_alg: str = "RS256"  # noqa: S105
    """How ID tokens are signed; shared secrets and `none` are not accepted."""
    prompt: str = "none"
    """Sent to the provider as it is; `auto` sends none, which lets it decide."""
    start_url_search_params: dict[str, str] = Field(default_factory=dict)
    """Further parameters of the provider's authorisation page."""
    timeout: Duration | None = None
    """Of requests to the provider; 10 seconds if not given."""

    @field_validator("token_signed_response_alg")
    @classmethod
    def _asymmetric(cls, value: str) -> str:
        if value.startswith("HS") or value.lower() == "none":
            raise ValueError("must be an asymmetric algorithm such as RS256")
        return value


class GithubSettings(OAuthSettings):
    enterprise_instance_url: str | None = None
    """The web address of a GitHub Enterprise Server."""


class GitlabSettings(OAuthSettings):
    audience: str = "https://gitlab.com"
    """The instance's web address."""


class MicrosoftSettings(OAuthSettings):
    tenant_id: str
    domain_hint: str | None = None
    """Spares users the choice between accounts: a tenant's domain, `organizations` or `consumers`."""
    skip_user_profile: bool = False
    """Do not ask the Graph API: what the ID token says will do."""


class OktaSettings(OAuthSettings):
    audience: str = Field(default="https://okta.com", pattern=r"^https?://")
    """The organisation's web address."""
    auth_server_id: str | None = None
    idp: str | None = None
    """An identity provider behind Okta to go to at once."""


class Auth0Settings(OAuthSettings):
    domain: str
    audience: str | None = None
    connection: str | None = None
    connection_scope: str | None = None
    prompt: str = "consent"
    """`auto` sends none."""
    organization: str | None = None
    federated_logout: bool = False
    """Also leave the identity provider behind Auth0."""


class OneLoginSettings(OAuthSettings):
    issuer: str


class OAuth2Settings(OAuthSettings):
    authorization_url: str
    token_url: str
    include_basic_auth: bool = False
    """Also send the client's credentials as HTTP basic authentication."""


class ProxySettings(_Settings):
    """What a provider has that signs people in by the headers of a proxy in front of us."""

    sign_in: SignInResolversSettings


class IapSettings(ProxySettings):
    audience: str
    """`/projects/<number>/…`, as the console shows it."""
    jwt_header: str = "x-goog-iap-jwt-assertion"


class AlbSettings(ProxySettings):
    issuer: str
    signer: str | None = None
    """The load balancer's ARN. Without it, tokens of any load balancer with the same issuer are good."""
    region: str


class ServiceTokenSettings(_Settings):
    token: str
    """The client id of a Cloudflare service token."""
    subject: str
    """The email address it signs in as."""


class CloudflareSettings(ProxySettings):
    team_name: str = Field(pattern=r"^[A-Za-z0-9-]+$")
    audience: str
    jwt_header_name: str = "cf-access-jwt-assertion"
    authorization_cookie_name: str = "CF_Authorization"
    service_tokens: tuple[ServiceTokenSettings, ...] = ()


E_ = TypeVar("E_", bound=BaseModel)


class Environments(RootModel[dict[str, E_]], Generic[E_], defer_build=True):
    """A provider's settings by environment (`development`, `production`, …); the frontend names the one it is in."""


class SessionSettings(_Settings):
    secret: SecretStr | None = None
    """Accepted for the sake of existing configurations: sessions here need no secret, their cookies hold the
    provider's own tokens."""


class CimdSettings(_Settings):
    enabled: bool = False
    """Let clients in that publish their metadata at the URL that is their id."""
    allowed_client_id_patterns: tuple[str, ...] = CLIENT_ID_PATTERNS
    """Which client ids are let in; the command line's own always is."""
    allowed_redirect_uri_patterns: tuple[str, ...] = LOOPBACK_PATTERNS


class DcrSettings(_Settings):
    enabled: bool = False
    """Let anybody register a client. Deprecated, as in Backstage: prefer `clientIdMetadataDocuments`."""
    allowed_redirect_uri_patterns: tuple[str, ...] = REGISTERED_PATTERNS


class RefreshTokenSettings(_Settings):
    enabled: bool = False
    """Give refresh tokens to clients that ask for `offline_access`."""
    token_lifetime: Duration = timedelta(days=30)
    """How long a refresh token is good for if it is not used."""
    max_rotation_lifetime: Duration = timedelta(days=365)
    """How long a session may be renewed at all."""
    max_tokens_per_user: int = Field(default=20, ge=1)
    disable_catalog_presence_check: bool = Field(default=False, alias="dangerouslyDisableCatalogPresenceCheck")
    """Also renew sessions of users who are not in the catalog."""

    @model_validator(mode="after")
    def _in_order(self) -> RefreshTokenSettings:
        if not timedelta(0) < self.token_lifetime < self.max_rotation_lifetime:
            raise ValueError("maxRotationLifetime must be greater than tokenLifetime, and both be positive")
        return self


class SignInSettings(_Settings):
    environment: str = "development"
    """Which of a provider's environments the frontend uses."""
    experimental_extra_allowed_origins: tuple[str, ...] = ()
    """Origins of further frontends that may sign in, as patterns: `https://*.example.com`."""
    session: SessionSettings = Field(default_factory=SessionSettings.model_construct)
    client_id_metadata_documents: CimdSettings | None = None
    experimental_client_id_metadata_documents: CimdSettings = Field(default_factory=CimdSettings.model_construct)
    """The older name of `clientIdMetadataDocuments`, which goes before it."""
    experimental_dynamic_client_registration: DcrSettings = Field(default_factory=DcrSettings.model_construct)
    experimental_refresh_token: RefreshTokenSettings = Field(default_factory=RefreshTokenSettings.model_construct)

    @property
    def cimd(self) -> CimdSettings:
        return self.client_id_metadata_documents or self.experimental_client_id_metadata_documents
