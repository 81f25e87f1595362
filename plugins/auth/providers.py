"""What a way to sign in is."""

from __future__ import annotations

from fastapi import Request, Response

from app.errors import NotFoundError, NotImplementedByServerError


class UnknownProviderError(NotFoundError):
    def __init__(self, provider: str) -> None:
        super().__init__(f"Unknown auth provider '{provider}'")


class Provider:
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
