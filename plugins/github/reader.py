"""Reads from GitHub. Source: spec/catalog.md §5.5."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from app.errors import InputError, NotModifiedError
from app.interfaces import FoundFile, Outgoing, ReadResponse, SearchResponse
from app.reading.interfaces import (
    ArchivedFile,
    RepositoryPlace,
    RepositoryReader,
    is_glob,
    quoted,
    quoted_path,
    required_path,
    tar_files,
    validator_of,
)
from plugins.github.credentials import GithubCredentials
from plugins.github.integration import place_of
from plugins.github.settings import GithubHost
from plugins.github.versions import Versions, blob_sha

ABSENT: Final = "absent"
"""The etag of a file that is not there."""
_BLOB: Final = "blob:"
_SHA_ETAG: Final = re.compile(r"(?:blob:)?([0-9a-f]{40})(?: (.+))?")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_RAW: Final = "application/vnd.github.v3.raw"
_SHA: Final = "application/vnd.github.sha"
_JSON: Final = "application/vnd.github+json"


class GithubReader(RepositoryReader):
    is_glob = staticmethod(is_glob)

    def __init__(
        self, outgoing: Outgoing, settings: GithubHost, credentials: GithubCredentials, versions: Versions
    ) -> None:
        super().__init__(outgoing)
        self._settings = settings
        self._credentials = credentials
        self._versions = versions

    async def search(self, url: str, *, etag: str | None = None) -> SearchResponse:
        """Beside what the port promises: a file that is not there has an etag, too."""
        await self._raise_if_unchanged(url, etag)
        found = await super().search(url, etag=etag if etag != ABSENT else None)
        if found.files or found.etag is not None or not await self._told(url):
            return found
        self._versions.learn(self.place(url), None)
        return SearchResponse((), ABSENT)

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse:
        await self._raise_if_unchanged(url, etag)
        return await super().read_url(url, etag=etag)

    async def _told(self, url: str) -> bool:
        """Whether GitHub can be asked for versions there."""
        place = self.place(url)
        return self._settings.api is not None and bool(place.path) and bool(await self.headers(place))

    async def _raise_if_unchanged(self, url: str, etag: str | None) -> None:
        """Answers from what is known of many files at once, if that is enough to say that nothing has changed."""
        sha = None if etag == ABSENT else _sha_of(etag)
        if (sha is None and etag != ABSENT) or self._settings.api is None:
            return
        place = self.place(url)
        if self.is_glob(place.path):
            place = RepositoryPlace(place.owner, place.name, place.ref, "")
        version = await self._versions.current(place)
        if version is not None and version.sha == sha:
            raise NotModifiedError()

    def place(self, url: str) -> RepositoryPlace:
        return place_of(url)

    async def headers(self, place: RepositoryPlace) -> dict[str, str]:
        return await self._credentials.headers(place.owner)

    async def file(self, place: RepositoryPlace, etag: str | None) -> ReadResponse:
        place = required_path(place, f"{self._settings.host}/{place.owner}/{place.name}")
        about = self._about(place)
        raw = self._settings.raw
        if raw and (self._settings.api is None or not await self.headers(place)):
            # Anonymous API calls are few an hour, raw files are not counted.
            path = f"{raw}/{quoted(place.owner)}/{quoted(place.name)}/{quoted(place.ref or 'HEAD')}"
            return self.content(await self.ask(place, f"{path}/{quoted_path(place.path)}", about=about, etag=etag))
        ref = f"?ref={quoted(place.ref)}" if place.ref else ""
        url = f"{self._api(place)}/contents/{quoted_path(place.path)}{ref}"
        response = await self.ask(place, url, about=about, etag=_http_etag(etag), accept=_RAW)
        sha = blob_sha(response.content)
        self._versions.learn(place, sha)
        return ReadResponse(response.content, f"{_BLOB}{sha} {validator_of(response) or ''}".rstrip())

    async def commit(self, place: RepositoryPlace) -> str:
        url = f"{self._api(place)}/commits/{quoted(place.ref or 'HEAD')}"
        about = self._about(place)
        response = await self.ask(place, url, about=about, accept=_SHA)
        said = response.text.strip()
        # Not all that speak GitHub's API know how to say the SHA alone.
        return said if _COMMIT.fullmatch(said) else str(self.json(response, about, "sha"))

    async def tree(self, place: RepositoryPlace, commit: str, matches: Callable[[str], bool]) -> list[FoundFile] | None:
        about = self._about(place)
        url = f"{self._api(place)}/git/trees/{quoted(commit)}?recursive=1"
        response = await self.ask(place, url, about=about, accept=_JSON)
        if self.json(response, about, "truncated"):
            return None
        return [
            self._blob(place, entry["path"], entry["sha"])
            for entry in self.json(response, about, "tree")
            if entry["type"] == "blob" and entry["mode"] != "120000" and matches(entry["path"])
        ]

    def _blob(self, place: RepositoryPlace, path: str, sha: str) -> FoundFile:
        async def read() -> bytes:
            url = f"{self._api(place)}/git/blobs/{quoted(sha)}"
            return (await self.ask(place, url, about=self._about(place), accept=_RAW)).content

        return FoundFile("", path, read, sha)

    async def archive(self, place: RepositoryPlace, commit: str) -> Iterable[ArchivedFile]:
        response = await self.ask(
            place,
            f"{self._api(place)}/tarball/{quoted(commit)}",
            about=self._about(place),
            redirect_to=(f"codeload.{self._settings.host}", self._settings.host),
            archive=True,
        )
        return tar_files(response.content)

    def _api(self, place: RepositoryPlace) -> str:
        if self._settings.api is None:
            raise InputError(f"Only single files can be read from {self._settings.host}: it has no apiBaseUrl")
        return f"{self._settings.api}/repos/{quoted(place.owner)}/{quoted(place.name)}"

    def _about(self, place: RepositoryPlace) -> str:
        ref = f"/tree/{place.ref}" if place.ref else ""
        path = f"/{place.path}" if place.path else ""
        return f"https://{self._settings.host}/{place.owner}/{place.name}{ref}{path}"


def _sha_of(etag: str | None) -> str | None:
    """The blob or commit that an etag of ours stands for."""
    match = _SHA_ETAG.fullmatch(etag or "")
    return match[1] if match else None


def _http_etag(etag: str | None) -> str | None:
    """What GitHub's own ETag was; one of before there were ours is it itself."""
    if etag is None or etag == ABSENT:
        return None
    if not etag.startswith(_BLOB):
        return etag
    match = _SHA_ETAG.fullmatch(etag)
    return match[2] if match else None
