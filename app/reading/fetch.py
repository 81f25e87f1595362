"""Plain HTTP(S): the reader for URLs that no integration knows. Source: spec/catalog.md §5.5 (fetch)."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from app.errors import CallboardError, InputError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.interfaces import FoundFile, Outgoing, ReadResponse, SearchResponse
from app.reading.allow import AllowList
from app.reading.globs import is_simple_glob
from app.reading.urls import parse_web_url

MAX_REDIRECTS: Final = 5
_DATE: Final = "date:"
"""Marks an etag of ours that is a Last-Modified date in truth."""


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def validator_of(response: httpx.Response) -> str | None:
    """What to ask with the next time: the ETag, or else a Last-Modified that can be relied on.

    A date counts whole seconds: content that changed again in the second it was read would be missed for ever. So it is
    used only if the server's clock was past that second already. Source: RFC 9110 §8.8.2.2.
    """
    etag = response.headers.get("etag")
    if etag:
        return str(etag)
    modified, now = _date(response.headers.get("last-modified")), _date(response.headers.get("date"))
    if modified is None or now is None or now - modified < timedelta(seconds=2):
        return None
    return _DATE + str(response.headers["last-modified"])


def conditional_headers(etag: str | None) -> dict[str, str]:
    """Headers that ask for an answer only if something has changed since `etag`."""
    if etag is None:
        return {}
    if etag.startswith(_DATE):
        return {"if-modified-since": etag.removeprefix(_DATE)}
    return {"if-none-match": etag}


def check_read(response: httpx.Response, url: str) -> None:
    """Raises what the reference raises for an answer that is not 2xx; busy and broken servers are
    ServiceUnavailableError."""
    if response.is_success:
        return
    if response.status_code == 304:
        raise NotModifiedError()
    message = f"could not read {url}, {response.status_code} {response.reason_phrase}".rstrip()
    if response.status_code in (404, 410):
        raise NotFoundError(message)
    if response.status_code == 429 or response.status_code >= 500:
        raise ServiceUnavailableError(message)
    raise CallboardError(message)


def content_file(url: str, path: str, response: ReadResponse) -> FoundFile:
    """A file whose content is here already."""

    async def read() -> bytes:
        return response.content

    return FoundFile(url, path, read, response.etag)


class FetchReader:
    """See `app.interfaces.UrlReader`. Reads what `backend.reading.allow` covers; redirects must be covered too."""

    def __init__(self, outgoing: Outgoing, allow: AllowList) -> None:
        self._outgoing = outgoing
        self._allow = allow

    def matches(self, url: str) -> bool:
        return self._allow.covers(url)

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse:
        response = await self._outgoing.request(
            "GET", url, headers=conditional_headers(etag), allow=self._allow.covers, max_redirects=MAX_REDIRECTS
        )
        check_read(response, url)
        return ReadResponse(response.content, validator_of(response), _date(response.headers.get("last-modified")))

    async def read_tree(self, url: str, *, etag: str | None = None) -> SearchResponse:
        raise InputError(f"Folders cannot be read from '{url}': the host has no integration")

    async def search(self, url: str, *, etag: str | None = None) -> SearchResponse:
        path = parse_web_url(url).path
        if is_simple_glob(path):
            raise InputError("Unsupported search pattern URL")
        try:
            response = await self.read_url(url, etag=etag)
        except NotFoundError:
            return SearchResponse(())
        return SearchResponse((content_file(url, path.rpartition("/")[2], response),), response.etag)
