"""Who calls: principals, tokens, sign-in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Protocol

from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from app.interfaces.basics import Json


@dataclass(frozen=True, slots=True)
class AccessRestriction:
    """What a restricted external token may do with one plugin; empty sets mean 'no limit of this sort'."""

    plugin: str
    permissions: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. Source: spec/catalog.md §7.6.

    `subject` is a user's entity ref, or a service's name (`external:conformance`, `plugin:catalog`).
    `ownership` holds the entity refs in whose name a user owns things (the token's `ent` claim).
    `restrictions` is None for an unrestricted service.
    """

    kind: Literal["none", "user", "service"]
    subject: str = ""
    ownership: tuple[str, ...] = ()
    restrictions: tuple[AccessRestriction, ...] | None = None
    limited: bool = False
    """A user's cookie token, good for reading static content alone."""
    actor: str | None = None
    """The service that acts for a user (`plugin:search`); None when the user calls directly."""


NOBODY = Principal("none")
"""The caller of a public route, or of any route when the default auth policy is off."""


CallerKind = Literal["none", "user", "service"]
ANY_CALLER: Collection[CallerKind] = ("none", "user", "service")


class ForeignTokens(Protocol):
    """Tokens of another issuer, whose public keys are at a URL. They are fetched when first needed and remembered."""

    async def claims(
        self, token: str, *, algorithms: Collection[str], issuer: Collection[str], audience: str
    ) -> Mapping[str, Json]:
        """What a signed token says that is in force, by one of these issuers and for this audience. Shared secrets and
        `none` are never good enough. Raises AuthenticationError."""


class Auth(Protocol):
    """Turns credentials into principals, and issues tokens."""

    @property
    def issuer(self) -> str:
        """The `iss` of user tokens, which is also where the auth plugin answers: `<backend.baseUrl>/api/auth`."""

    @property
    def user_token_lifetime(self) -> timedelta:
        """`auth.backstageTokenExpiration`: one hour unless configured, ten minutes to a day."""

    async def authenticate(self, token: str, *, plugin: str | None = None, allow_limited: bool = False) -> Principal:
        """Who presents this token to a plugin; None stands for a route outside all plugins.

        Raises:
            AuthenticationError: the token is not valid, is a service's for another plugin, or is a limited one
                where these are not good enough.
            NotAllowedError: the token is restricted to other plugins.
        """

    async def principal_of(
        self,
        request: HTTPConnection,
        *,
        allow: Collection[CallerKind] = ANY_CALLER,
        allow_limited: bool = False,
        allow_cookie: bool = False,
    ) -> Principal:
        """The caller that the credentials barrier found for this request; on a public route, whom its bearer token
        names, which may be a limited one if `allow_limited`, or, if `allow_cookie`, its auth cookie.

        Raises:
            AuthenticationError: nobody, where `allow` does not name `none`; or a token that is not valid.
            NotAllowedError: a caller of a kind that `allow` does not name.
        """

    async def issue_user_token(
        self,
        user_ref: str,
        ownership: Sequence[str],
        *,
        lifetime: timedelta | None = None,
        claims: Mapping[str, Json] | None = None,
    ) -> str:
        """A token for a signed-in user, whose ownership and further claims are remembered.
        Source: spec/ui-backends.md §2.1.

        `lifetime` is `user_token_lifetime`, and at most that. Raises InputError for a claim of a token's own name.
        """

    async def auth_cookie(self, token: str | None) -> str:
        """A `Set-Cookie` header that gives a browser the limited form of a user's own token, for routes that
        `allow_cookie`; None takes it away. Source: §2.5.

        Raises AuthenticationError for a token that is not a user's own.
        """

    async def issue_service_token(self, source: str, target: str, *, user_token: str | None = None) -> str:
        """A token with which plugin `source` calls plugin `target`, on behalf of a user if a token of theirs is given.
        Source: §2.2."""

    async def user_info(self, user_ref: str) -> Mapping[str, Json] | None:
        """The claims of the user's last sign-in (`sub`, `ent`); None for somebody who never signed in."""

    async def jwks(self, plugin: str | None = None) -> list[dict[str, Json]]:
        """The public keys, current and recent, as JWKs: of user tokens, or of a plugin's service tokens."""

    def foreign_tokens(self, jwks_url: str) -> ForeignTokens:
        """Checks tokens of the issuer whose keys are at this URL."""
