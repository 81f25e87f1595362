"""Reads from Bitbucket Server and Data Center. Source: spec/catalog.md §5.5."""

from __future__ import annotations

from collections.abc import Iterable

from app.interfaces import Outgoing, ReadResponse
from app.reading.interfaces import (
    ArchivedFile,
    RepositoryPlace,
    RepositoryReader,
    compiled,
    is_simple_glob,
    quoted,
    quoted_path,
    required_path,
)
from plugins.bitbucket.cloud import basic
from plugins.bitbucket.integration import server_place
from plugins.bitbucket.settings import BitbucketServer


class BitbucketServerReader(RepositoryReader):
    def __init__(self, outgoing: Outgoing, settings: BitbucketServer) -> None:
        super().__init__(outgoing)
        self._settings = settings

    def place(self, url: str) -> RepositoryPlace:
        return server_place(url)

    async def headers(self, place: RepositoryPlace) -> dict[str, str]:
        settings = self._settings
        if settings.token:
            return {"authorization": f"Bearer {settings.token.get_secret_value()}"}
        if settings.username and settings.password:
            return {"authorization": basic(settings.username, settings.password.get_secret_value())}
        return {}

    async def for_git(self, remote: str) -> tuple[str, str] | None:
        settings = self._settings
        if settings.token:
            return "x-token-auth", settings.token.get_secret_value()
        if settings.username and settings.password:
            return settings.username, settings.password.get_secret_value()
        return None

    async def file(self, place: RepositoryPlace, etag: str | None) -> ReadResponse:
        about = self._about(place)
        path = quoted_path(required_path(place, about).path)
        at = f"?at={quoted(place.ref)}" if place.ref else ""
        return self.content(await self.ask(place, f"{self._api(place)}/raw/{path}{at}", about=about, etag=etag))

    async def commit(self, place: RepositoryPlace) -> str:
        about = self._about(place)
        until = f"&until={quoted(place.ref)}" if place.ref else ""
        url = f"{self._api(place)}/commits?limit=1{until}"
        return str(self.json(await self.ask(place, url, about=about), about, "values", 0, "id"))

    async def archive(self, place: RepositoryPlace, commit: str) -> Iterable[ArchivedFile]:
        folder = compiled(place.path).literal_prefix if is_simple_glob(place.path) else place.path
        below = f"&path={quoted(folder)}" if folder else ""
        url = f"{self._api(place)}/archive?format=tgz&at={quoted(commit)}&prefix={quoted(place.name)}{below}"
        return await self.packed(place, url, about=self._about(place), narrowed=bool(below))

    def _api(self, place: RepositoryPlace) -> str:
        return f"{self._settings.api}/projects/{quoted(place.owner)}/repos/{quoted(place.name)}"

    def _about(self, place: RepositoryPlace) -> str:
        at = f"?at={place.ref}" if place.ref else ""
        path = f"/browse/{place.path}" if place.path else ""
        return f"https://{self._settings.host}/projects/{place.owner}/repos/{place.name}{path}{at}"
