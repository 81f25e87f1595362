"""Reads from Azure DevOps. Source: spec/catalog.md §5.5."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from app.errors import NotAllowedError, NotFoundError
from app.interfaces import Outgoing, ReadResponse
from app.reading.interfaces import (
    ArchivedFile,
    RepositoryPlace,
    RepositoryReader,
    quoted,
    required_path,
    zip_files,
)
from plugins.azure.credentials import AzureCredentials
from plugins.azure.integration import AzureIntegration, place_of


class AzureReader(RepositoryReader):
    """`base` is where Azure DevOps is, without a trailing slash. It knows no conditional requests for files."""

    def __init__(self, outgoing: Outgoing, base: str, credentials: AzureCredentials) -> None:
        super().__init__(outgoing)
        self._base = base
        self._credentials = credentials

    def place(self, url: str) -> RepositoryPlace:
        place = place_of(url)
        owner = "/".join(filter(None, [place.collection, place.organization, place.project]))
        return RepositoryPlace(owner, place.repository, place.ref, place.path)

    def url_of(self, url: str, path: str) -> str:
        return AzureIntegration("").resolve_url(f"/{path}", url)

    async def headers(self, place: RepositoryPlace) -> dict[str, str]:
        return await self._credentials.headers(place.owner.split("/")[-2])

    def check(self, response: httpx.Response, about: str) -> None:
        # A sign-in page instead of what was asked for, under a success code.
        if response.status_code == 203:
            raise NotAllowedError(f"could not read {about}, the credentials were not accepted")
        super().check(response, about)

    async def file(self, place: RepositoryPlace, etag: str | None) -> ReadResponse:
        about = self._about(place)
        path = quoted(required_path(place, about).path)
        url = f"{self._api(place)}/items?api-version=6.0&path={path}{_version('version', place)}"
        response = await self.ask(place, url, about=about, accept="application/octet-stream")
        return ReadResponse(response.content)

    async def commit(self, place: RepositoryPlace) -> str:
        about = self._about(place)
        which = _version("searchCriteria.itemVersion.version", place)
        url = f"{self._api(place)}/commits?api-version=6.0&searchCriteria.%24top=1{which}"
        response = await self.ask(place, url, about=about)
        if not self.json(response, about, "value"):
            raise NotFoundError(f"could not read {about}, there are no commits")
        return str(self.json(response, about, "value", 0, "commitId"))

    async def archive(self, place: RepositoryPlace, commit: str) -> Iterable[ArchivedFile]:
        url = (
            f"{self._api(place)}/items?api-version=6.0&scopePath=%2F&%24format=zip&download=true&recursionLevel=full"
            f"&versionDescriptor.versionType=commit&versionDescriptor.version={quoted(commit)}"
        )
        response = await self.ask(place, url, about=self._about(place), accept="application/zip", archive=True)
        return zip_files(response.content)

    def _api(self, place: RepositoryPlace) -> str:
        owner = "/".join(quoted(part) for part in place.owner.split("/"))
        return f"{self._base}/{owner}/_apis/git/repositories/{quoted(place.name)}"

    def _about(self, place: RepositoryPlace) -> str:
        path = f"?path=/{place.path}" if place.path else ""
        return f"{self._base}/{place.owner}/_git/{place.name}{path}"


def _version(parameter: str, place: RepositoryPlace) -> str:
    return f"&{parameter}={quoted(place.ref)}" if place.ref else ""
