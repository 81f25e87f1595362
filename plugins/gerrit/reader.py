"""Reads from Gerrit's REST API and Gitiles. Source: spec/catalog.md §5.5."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

import httpx
import orjson

from app.errors import CallboardError
from app.interfaces import Json, Outgoing, ReadResponse
from app.reading.interfaces import (
    ArchivedFile,
    RepositoryPlace,
    RepositoryReader,
    quoted,
    quoted_path,
    required_path,
    tar_files,
)
from plugins.gerrit.integration import GerritIntegration, branch_of, gitiles_place, is_commit, project_of
from plugins.gerrit.settings import GerritHost

PREFIX = b")]}'"
"""Comes before every JSON answer, so that no browser runs it as a script."""


class GerritReader(RepositoryReader):
    def __init__(self, outgoing: Outgoing, settings: GerritHost) -> None:
        super().__init__(outgoing)
        self._settings = settings
        self._integration = GerritIntegration(settings.gitiles, settings.base)

    def place(self, url: str) -> RepositoryPlace:
        return gitiles_place(url, self._settings.gitiles)

    def url_of(self, url: str, path: str) -> str:
        return self._integration.resolve_url(f"/{path}", url)

    async def headers(self, place: RepositoryPlace) -> dict[str, str]:
        if not self._signs_in:
            return {}
        assert self._settings.password
        secret = f"{self._settings.username}:{self._settings.password.get_secret_value()}"
        return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}

    async def for_git(self, remote: str) -> tuple[str, str] | None:
        if not self._signs_in:
            return None
        assert self._settings.username and self._settings.password
        return self._settings.username, self._settings.password.get_secret_value()

    async def file(self, place: RepositoryPlace, etag: str | None) -> ReadResponse:
        about = self._about(place)
        path = quoted(required_path(place, about).path)
        response = await self.ask(place, f"{self._revision(place)}/files/{path}/content", about=about)
        try:
            content = base64.b64decode(response.content, validate=True)
        except binascii.Error as error:
            raise CallboardError(f"could not read {about}, the host's answer makes no sense") from error
        return ReadResponse(content)

    async def commit(self, place: RepositoryPlace) -> str:
        if place.ref is not None and is_commit(place.ref):
            return place.ref
        about = self._about(place)
        return str(_member(await self.ask(place, self._revision(place), about=about), about, "revision"))

    async def archive(self, place: RepositoryPlace, commit: str) -> Iterable[ArchivedFile]:
        signed_in = "/a" if self._signs_in else ""
        base = self._settings.gitiles
        url = f"{base}{signed_in}/{quoted_path(project_of(place))}/+archive/{quoted(commit)}.tar.gz"
        response = await self.ask(place, url, about=self._about(place), archive=True)
        return tar_files(response.content, strip=False)

    @property
    def _signs_in(self) -> bool:
        return bool(self._settings.username and self._settings.password)

    def _revision(self, place: RepositoryPlace) -> str:
        signed_in = "/a" if self._signs_in else ""
        kind, name = ("commits", place.ref) if is_commit(place.ref) else ("branches", branch_of(place.ref))
        return f"{self._settings.base}{signed_in}/projects/{quoted(project_of(place))}/{kind}/{quoted(name or '')}"

    def _about(self, place: RepositoryPlace) -> str:
        ref = f"/+/{place.ref}/{place.path}" if place.ref else ""
        return f"{self._settings.gitiles}/{project_of(place)}{ref}"


def _member(response: httpx.Response, about: str, key: str) -> Json:
    try:
        return orjson.loads(response.content.removeprefix(PREFIX))[key]
    except (ValueError, KeyError, TypeError) as error:
        raise CallboardError(f"could not read {about}, the host's answer makes no sense") from error
