"""Ports of sign-in: what other plugins may add to the auth plugin. Source: spec/ui-backends.md §3.2, §3.6.

A plugin names them in `register`: `host.extension(SignInExtensions).add_resolver("github", "byTeam", by_team)`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotFoundError, NotImplementedByServerError


@dataclass(frozen=True, slots=True)
class SignInProfile:
    """What a frontend shows of somebody who has signed in."""

    email: str | None = None
    display_name: str | None = None
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class SignInInfo:
    """Somebody whom a provider has vouched for. `result` is the provider's own account of them:
    `fullProfile` of OAuth providers, `userinfo` and `claims` of OIDC, `headers` of a proxy."""

    provider: str
    profile: SignInProfile
    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who they are here: a user's canonical ref, and the refs in whose name they own things, their own first.

    `claims` go into their token and are remembered until they sign in again; policies may ask for them."""

    user_ref: str
    ownership: tuple[str, ...]
    claims: Mapping[str, Any] = field(default_factory=dict)


class SignInContext(Protocol):
    """What a resolver may ask. The catalog is read whatever anybody may see of it: nobody has signed in yet."""

    async def find_user(
        self,
        *,
        ref: str | None = None,
        annotations: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """The one User with this name (`[kind:][namespace/]name`), these annotations, or these field values; values
        are compared without regard to case. Raises NotFoundError for none, ConflictError for several."""

    async def all_with(self, *, annotations: Mapping[str, str], limit: int) -> list[Mapping[str, Any]]:
        """At most `limit` Users with these annotations, compared without regard to case."""

    async def sign_in(self, user: Mapping[str, Any]) -> SignedIn:
        """A User entity, with what it owns."""

    def sign_in_without_user(self, name: str) -> SignedIn:
        """Somebody whom the catalog does not know, who owns what is theirs alone."""


SignInResolver = Callable[[SignInInfo, SignInContext], Awaitable[SignedIn]]
"""Finds out who somebody is. NotFoundError lets the next resolver try; any other error ends the sign-in."""

SignInResolverFactory = Callable[[Mapping[str, Any]], SignInResolver]
"""Makes a resolver from its options in the configuration. Raises InputError for options it does not take."""

OwnershipResolver = Callable[[Mapping[str, Any]], Awaitable[tuple[str, ...]]]
"""The refs in whose name a User entity owns things, instead of its own and its groups'."""


class UnknownProviderError(NotFoundError):
    def __init__(self, provider: str) -> None:
        super().__init__(f"Unknown auth provider '{provider}'")


class SignInProvider:
    """One configured way to sign in, under `/api/auth/{id}`. Override what it can do."""

    id: str

    async def start(self, request: Request) -> Response:
        """Begin in the browser: usually a redirect to the identity provider."""
        raise NotImplementedByServerError("Not implemented")

    async def frame(self, request: Request) -> Response:
        """Where the identity provider sends the browser back to."""
        raise NotImplementedByServerError("Not implemented")

    async def refresh(self, request: Request) -> Response:
        """A fresh session for somebody who is signed in."""
        raise NotImplementedByServerError("Not implemented")

    async def logout(self, request: Request) -> Response:
        """Providers without a session of their own have nothing to leave."""
        raise UnknownProviderError(self.id)


@dataclass
class SignInExtensions:
    """What plugins add to sign-in: `host.extension(SignInExtensions)`."""

    resolvers: dict[tuple[str | None, str], SignInResolverFactory] = field(default_factory=dict)
    providers: list[SignInProvider] = field(default_factory=list)
    ownership: OwnershipResolver | None = None

    def add_resolver(self, provider: str | None, name: str, factory: SignInResolverFactory) -> None:
        """A resolver that `signIn.resolvers` may name, of one provider or (None) of all. Raises ValueError for a
        second one of the name."""
        if (provider, name) in self.resolvers:
            raise ValueError(f"there are two sign-in resolvers '{name}' of {provider or 'all providers'}")
        self.resolvers[provider, name] = factory

    def add_provider(self, provider: SignInProvider) -> None:
        self.providers.append(provider)

    def resolve_ownership_by(self, resolver: OwnershipResolver) -> None:
        """Raises ValueError where somebody does already."""
        if self.ownership is not None:
            raise ValueError("there are two resolvers of ownership")
        self.ownership = resolver
