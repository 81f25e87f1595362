"""What the readers of all git hosts have in common. A host's reader says how its API is asked; this is the rest."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import orjson

from app.errors import CallboardError, InputError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.interfaces import FoundFile, Json, Outgoing, ReadResponse, SearchResponse
from app.reading.archive import ArchivedFile, tar_files
from app.reading.fetch import check_read, conditional_headers, content_file, validator_of
from app.reading.globs import compiled, is_simple_glob
from app.reading.resolve import default_resolve_url
from app.reading.urls import parse_web_url, quoted_path

MAX_ARCHIVE_BYTES: Final = 200 * 1024 * 1024
MAX_ANSWER_BYTES: Final = 50 * 1024 * 1024
ARCHIVE_TIMEOUT_S: Final = 300.0
ANSWER_TIMEOUT_S: Final = 30.0
MAX_REDIRECTS: Final = 3


@dataclass(frozen=True, slots=True)
class RepositoryPlace:
    """A file, folder or glob in a repository, as a host's URL names it. Everything is decoded; `path` has no slashes
    around it and is empty for the root. `ref` None: the default branch."""

    owner: str
    name: str
    ref: str | None
    path: str


class RepositoryReader(ABC):
    """See `app.interfaces.UrlReader`. Subclasses are given requests by `ask`, which maps failures (§5.5)."""

    is_glob: Callable[[str], bool] = staticmethod(is_simple_glob)

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    @abstractmethod
    def place(self, url: str) -> RepositoryPlace:
        """What a URL names. Raises InputError."""

    @abstractmethod
    async def file(self, place: RepositoryPlace, etag: str | None) -> ReadResponse:
        """One file. Raises NotModifiedError, NotFoundError."""

    @abstractmethod
    async def commit(self, place: RepositoryPlace) -> str:
        """The SHA of the newest commit of the ref, in as few bytes as the host can say it."""

    @abstractmethod
    async def archive(self, place: RepositoryPlace, commit: str) -> Iterable[ArchivedFile]:
        """All files at a commit, at least those below `place.path`; paths are relative to the repository's root."""

    def url_of(self, url: str, path: str) -> str:
        """The URL of another file of the repository that `url` names, at the same ref."""
        return default_resolve_url(f"/{quoted_path(path)}", url)

    async def tree(self, place: RepositoryPlace, commit: str, matches: Callable[[str], bool]) -> list[FoundFile] | None:
        """The files whose path matches, if the host can list them without their content; `url` is filled in later.
        None: it cannot, take the archive."""
        return None

    # ------------------------------------------------------------------------------------------------ the port

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse:
        return await self.file(self.place(url), etag)

    async def search(self, url: str, *, etag: str | None = None) -> SearchResponse:
        place = self.place(url)
        if not type(self).is_glob(place.path):
            try:
                response = await self.file(place, etag)
            except NotFoundError:
                return SearchResponse(())
            return SearchResponse((content_file(url, place.path, response),), response.etag)
        glob = compiled(place.path)
        return await self._files(url, place, etag, glob.matches)

    async def read_tree(self, url: str, *, etag: str | None = None) -> SearchResponse:
        place = self.place(url)
        below = f"{place.path}/" if place.path else ""
        found = await self._files(url, place, etag, lambda path: path.startswith(below), listed=False)
        return SearchResponse(
            [FoundFile(file.url, file.path.removeprefix(below), file.read, file.version) for file in found.files],
            found.etag,
        )

    async def _files(
        self,
        url: str,
        place: RepositoryPlace,
        etag: str | None,
        matches: Callable[[str], bool],
        *,
        listed: bool = True,
    ) -> SearchResponse:
        commit = await self.commit(place)
        if commit == etag:
            raise NotModifiedError()
        found = await self.tree(place, commit, matches) if listed else None
        if found is None:
            archive = await self.archive(place, commit)
            found = await asyncio.to_thread(_unpacked, archive, matches)
        return SearchResponse(
            [FoundFile(self.url_of(url, file.path), file.path, file.read, file.version) for file in found], commit
        )

    # --------------------------------------------------------------------------------------------- for subclasses

    async def headers(self, place: RepositoryPlace) -> dict[str, str]:
        """Credentials for requests about a place."""
        return {}

    async def ask(
        self,
        place: RepositoryPlace,
        url: str,
        *,
        about: str,
        etag: str | None = None,
        accept: str | None = None,
        redirect_to: Sequence[str] = (),
        archive: bool = False,
    ) -> httpx.Response:
        """GET from the host's API. Redirects stay on the same origin, or go to the hosts in `redirect_to`.

        `about` is what error messages name. Raises what `check_read` raises.
        """
        origin = parse_web_url(url).origin

        def allow(hop: str) -> bool:
            parsed = parse_web_url(hop)
            return parsed.origin == origin or (parsed.scheme == "https" and parsed.netloc in redirect_to)

        headers = {**await self.headers(place), **conditional_headers(etag)}
        if accept:
            headers["accept"] = accept
        response = await self._outgoing.request(
            "GET",
            url,
            headers=headers,
            allow=allow,
            max_redirects=MAX_REDIRECTS,
            max_bytes=MAX_ARCHIVE_BYTES if archive else MAX_ANSWER_BYTES,
            timeout=ARCHIVE_TIMEOUT_S if archive else ANSWER_TIMEOUT_S,
        )
        if response.status_code == 429 or (
            response.status_code == 403 and response.headers.get("x-ratelimit-remaining") == "0"
        ):
            raise ServiceUnavailableError(
                f"could not read {about}, {response.status_code} {response.reason_phrase} (rate limit exceeded)"
            )
        self.check(response, about)
        return response

    async def packed(
        self, place: RepositoryPlace, url: str, *, about: str, narrowed: bool = False
    ) -> Iterable[ArchivedFile]:
        """The files of a tarball at a commit that is there. One that is `narrowed` to a folder, which may not be,
        holds nothing then."""
        try:
            response = await self.ask(place, url, about=about, archive=True)
        except NotFoundError:
            if not narrowed:
                raise
            return ()
        return tar_files(response.content)

    def check(self, response: httpx.Response, about: str) -> None:
        """Raises for an answer that is not what was asked for."""
        check_read(response, about)

    @staticmethod
    def content(response: httpx.Response) -> ReadResponse:
        return ReadResponse(response.content, validator_of(response))

    @staticmethod
    def json(response: httpx.Response, about: str, *path: str | int) -> Json:
        """The member at a path of the answer. Raises CallboardError when the host answered something else (a sign-in
        page, say), which must never pass for an empty answer."""
        try:
            value: Json = orjson.loads(response.content)
            for key in path:
                value = value[key]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise CallboardError(f"could not read {about}, the host's answer makes no sense") from error
        return value


def _unpacked(archive: Iterable[ArchivedFile], matches: Callable[[str], bool]) -> list[FoundFile]:
    return [
        content_file("", file.path, ReadResponse(file.content, file.version)) for file in archive if matches(file.path)
    ]


def required_path(place: RepositoryPlace, url: str) -> RepositoryPlace:
    """The place, which must be a file's. Raises InputError."""
    if not place.path:
        raise InputError(f"The URL {url} names a repository, not a file in it")
    return place
