"""Guest sign-in: everybody is one configured user. For trying things out. Source: spec/ui-backends.md §3.4."""

from __future__ import annotations

from fastapi import Request, Response

from app.errors import NotAllowedError, NotFoundError
from app.interfaces import Auth, SignedIn, SignInContext, SignInProfile, SignInProvider
from catalog.model.refs import parse_ref
from plugins.auth.session import session, session_response
from plugins.auth.settings import GuestSettings


class GuestProvider(SignInProvider):
    id = "guest"

    def __init__(self, settings: GuestSettings, users: SignInContext, auth: Auth, *, development: bool) -> None:
        """Raises CallboardError if the configured user is no entity ref."""
        self._ref = str(parse_ref(settings.user_entity_ref, default_kind="user"))
        self._unknown = SignedIn(self._ref, settings.ownership_entity_refs or (self._ref,))
        self._allowed = development or settings.allow_outside_development
        self._users = users
        self._auth = auth

    async def refresh(self, request: Request) -> Response:
        """Raises NotAllowedError outside development, unless the configuration says otherwise."""
        if not self._allowed:
            raise NotAllowedError(
                "Guest sign-in is for development. To allow it elsewhere, "
                "set auth.providers.guest.dangerouslyAllowOutsideDevelopment to true"
            )
        try:
            identity = await self._users.sign_in(await self._users.find_user(ref=self._ref))
        except NotFoundError:
            identity = self._unknown
        return session_response(await session(self._auth, identity, SignInProfile()))
