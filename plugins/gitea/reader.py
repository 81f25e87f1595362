"""Reads from Gitea. Source: spec/catalog.md §5.5."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

import httpx

from app.errors import AuthenticationError, CallboardError, NotModifiedError
from app.interfaces import Outgoing, ReadResponse
from app.reading.interfaces import (
    ArchivedFile,
    RepositoryPlace,
    RepositoryReader,
    parse_web_url,
    quoted,
    quoted_path,
    required_path,
    tar_files,
)
from plugins.gitea.integration import place_of
from plugins.gitea.settings import GiteaHost


class GiteaReader(RepositoryReader):
    def __init__(self, outgoing: Outgoing, settings: GiteaHost) -> None:
        super().__init__(outgoing)
        self._settings = settings
        self._base_path = parse_web_url(settings.base).path

    def place(self, url: str) -> RepositoryPlace:
        return place_of(url, self._base_path)

    async def headers(self, place: RepositoryPlace) -> dict[str, str]:
        settings = self._settings
        if settings.password is None:
            return {}
        password = settings.password.get_secret_value()
        if settings.username is None:
            return {"authorization": f"token {password}"}
        return {"authorization": "Basic " + base64.b64encode(f"{settings.username}:{password}".encode()).decode()}

    async def for_git(self, remote: str) -> tuple[str, str] | None:
        settings = self._settings
        if settings.password is None:
            return None
        return settings.username or "token", settings.password.get_secret_value()

    def check(self, response: httpx.Response, about: str) -> None:
        if response.status_code == 403:
            raise AuthenticationError(f"could not read {about}, 403 {response.reason_phrase}".rstrip())
        super().check(response, about)

    async def file(self, place: RepositoryPlace, etag: str | None) -> ReadResponse:
        about = self._about(place)
        ref = f"?ref={quoted(place.ref)}" if place.ref else ""
        url = f"{self._api(place)}/contents/{quoted_path(required_path(place, about).path)}{ref}"
        response = await self.ask(place, url, about=about)
        # The blob's SHA serves as ETag: Gitea gives none of its own here.
        sha = str(self.json(response, about, "sha"))
        if sha == etag:
            raise NotModifiedError()
        if self.json(response, about, "encoding") != "base64":
            raise CallboardError(f"could not read {about}, it is not a file")
        try:
            content = base64.b64decode(self.json(response, about, "content"))
        except (binascii.Error, TypeError) as error:
            raise CallboardError(f"could not read {about}, the host's answer makes no sense") from error
        return ReadResponse(content, sha)

    async def commit(self, place: RepositoryPlace) -> str:
        about = self._about(place)
        ref = f"&sha={quoted(place.ref)}" if place.ref else ""
        url = f"{self._api(place)}/commits?limit=1&stat=false&verification=false&files=false{ref}"
        return str(self.json(await self.ask(place, url, about=about), about, 0, "sha"))

    async def archive(self, place: RepositoryPlace, commit: str) -> Iterable[ArchivedFile]:
        url = f"{self._api(place)}/archive/{quoted(commit)}.tar.gz"
        return tar_files((await self.ask(place, url, about=self._about(place), archive=True)).content)

    def _api(self, place: RepositoryPlace) -> str:
        return f"{self._settings.base}/api/v1/repos/{quoted(place.owner)}/{quoted(place.name)}"

    def _about(self, place: RepositoryPlace) -> str:
        ref = f"/src/branch/{place.ref}/{place.path}" if place.ref else ""
        return f"{self._settings.base}/{place.owner}/{place.name}{ref}"
