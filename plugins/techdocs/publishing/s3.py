"""Sites in an S3 bucket: objects named `<root>/<namespace>/<kind>/<name>/<path>`. Source: spec/ui-backends.md §7."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote_plus, urlencode
from xml.etree import ElementTree

import httpx
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

from app.errors import CallboardError, InputError, NotAllowedError, NotFoundError, ServiceUnavailableError
from app.interfaces import OutgoingAnswer, StreamingOutgoing
from plugins.techdocs.content_types import content_type
from plugins.techdocs.interfaces import INDEX, METADATA, Site, StoredFile
from plugins.techdocs.publishing.aws_credentials import AwsCredentials
from plugins.techdocs.publishing.local import parsed_metadata, site_files
from plugins.techdocs.settings import S3Settings

log = logging.getLogger(__name__)
AT_ONCE: Final = 10
"""Requests in flight while a site is published."""
TIMEOUT_S: Final = 120.0
_FIRST_PAUSE_S: Final = 0.2


class S3Publisher:
    """See `Publisher`. `credentials` are asked before each request: they may be temporary."""

    redirects_case = False
    missing = b"File Not Found"

    def __init__(
        self,
        settings: S3Settings,
        credentials: AwsCredentials,
        *,
        region: str,
        outgoing: StreamingOutgoing,
        pause: float = 1.0,
    ) -> None:
        """`pause` stretches the waits between attempts; tests have no time."""
        self._settings, self._credentials = settings, credentials
        self._region, self._outgoing, self._pause = region, outgoing, pause
        self._root = settings.bucket_root_path.strip("/")
        self._base = _base_url(settings, region)
        outgoing.trust(self._base)

    async def ready(self) -> None:
        try:
            answer = await self._request("HEAD", "")
            problem = "" if answer.is_success else f"{answer.status_code} {answer.reason_phrase}"
        except CallboardError as error:
            problem = error.message
        if problem:
            log.error("The bucket '%s' of TechDocs cannot be used: %s", self._settings.bucket_name, problem)

    async def publish(self, site: Site, folder: Path) -> list[str]:
        """The index goes last, so that what it refers to is there; what the site has no more is removed after it."""
        files = await asyncio.to_thread(lambda: list(site_files(folder)))
        before = {key async for key in self._keys(f"{self._key(site, '')}/")}
        await self._each([path for path in files if path not in (INDEX, METADATA)], site, folder)
        await self._each([path for path in files if path == INDEX], site, folder)
        await self._each([path for path in files if path == METADATA], site, folder)
        stale = before - {self._key(site, path) for path in files}
        slots = asyncio.Semaphore(AT_ONCE)

        async def remove(key: str) -> None:
            async with slots:
                _demand(await self._request("DELETE", key), key)

        async with asyncio.TaskGroup() as group:
            for key in stale:
                group.create_task(remove(key))
        return files

    async def _each(self, paths: Sequence[str], site: Site, folder: Path) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        headers = {"x-amz-server-side-encryption": self._settings.sse} if self._settings.sse else {}

        async def upload(path: str) -> None:
            async with slots:
                content = await asyncio.to_thread((folder / path).read_bytes)
                key = self._key(site, path)
                given = {**headers, "content-type": content_type(path)}
                _demand(await self._request("PUT", key, headers=given, content=content), key)

        try:
            async with asyncio.TaskGroup() as group:
                for path in paths:
                    group.create_task(upload(path))
        except* CallboardError as errors:
            raise next(_leaves(errors)) from None

    async def metadata(self, site: Site) -> Mapping[str, Any]:
        return parsed_metadata(await self.read(site, METADATA, max_bytes=16 * 1024 * 1024))

    async def has_site(self, site: Site) -> bool:
        return (await self._request("HEAD", self._key(site, INDEX))).is_success

    async def open(self, site: Site, path: str) -> StoredFile | None:
        stack = AsyncExitStack()
        key = self._key(site, path)
        answer = await stack.enter_async_context(
            self._outgoing.stream("GET", self._url(key), headers=await self._signed("GET", key, {}, b""))
        )
        if answer.status != 200:
            await stack.aclose()
            if answer.status not in (403, 404):
                log.warning("S3 answered %s for the object '%s'", answer.status, key)
            return None
        headers = {name.lower(): value for name, value in answer.headers}
        length = headers.get("content-length", "")
        return StoredFile(
            size=int(length) if length.isdigit() else None,
            etag=headers.get("etag"),
            modified=_date(headers.get("last-modified")),
            chunks=_and_close(answer, stack),
        )

    async def is_folder(self, site: Site, path: str) -> bool:
        return False

    async def read(self, site: Site, path: str, *, max_bytes: int) -> bytes:
        key = self._key(site, path)
        # An error has a body too, of some hundred bytes.
        answer = await self._request("GET", key, max_bytes=max(max_bytes, 65536))
        if answer.status_code in (403, 404):
            raise NotFoundError("File Not Found")
        _demand(answer, key)
        if len(answer.content) > max_bytes:
            raise InputError(f"{path} is larger than {max_bytes} bytes")
        return bytes(answer.content)

    # ------------------------------------------------------------------------------------------------- requests

    def _key(self, site: Site, path: str) -> str:
        parts = [part for part in (self._root, site.prefix, path) if part]
        key = "/".join(parts)
        if any(segment in (".", "..") for segment in key.split("/")):
            raise NotAllowedError("A key of the bucket may not hold dot segments")
        return key

    def _url(self, key: str, query: Mapping[str, str] | None = None) -> str:
        # Encoded as the signature's canonical form has it.
        asked = urlencode(sorted((query or {}).items()), quote_via=quote, safe="-_.~")
        return f"{self._base}/{quote(key, safe='/-_.~')}" + (f"?{asked}" if asked else "")

    async def _signed(
        self,
        method: str,
        key: str,
        headers: Mapping[str, str],
        content: bytes,
        query: Mapping[str, str] | None = None,
    ) -> list[tuple[str, str]]:
        request = AWSRequest(method, self._url(key, query), dict(headers), content)
        # Signed with the content, whatever the scheme: a proxy on the way shall not change it.
        request.headers["x-amz-content-sha256"] = hashlib.sha256(content).hexdigest()
        request.context["payload_signing_enabled"] = True
        S3SigV4Auth(await self._credentials(), "s3", self._region).add_auth(request)
        return [(name, value) for name, value in request.headers.items()]

    async def _request(
        self,
        method: str,
        key: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        query: Mapping[str, str] | None = None,
        max_bytes: int = 50 * 1024 * 1024,
    ) -> httpx.Response:
        """Tried again while the service is busy. Raises ServiceUnavailableError."""
        for attempt in range(self._settings.max_attempts):
            last = attempt == self._settings.max_attempts - 1
            try:
                answer = await self._outgoing.request(
                    method,
                    self._url(key, query),
                    headers=dict(await self._signed(method, key, headers or {}, content, query)),
                    content=content if method == "PUT" else None,
                    max_bytes=max_bytes,
                    timeout=TIMEOUT_S,
                )
                if last or not (answer.status_code >= 500 or answer.status_code == 429):
                    return answer
            except ServiceUnavailableError:
                if last:
                    raise
            await asyncio.sleep(_FIRST_PAUSE_S * 2**attempt * self._pause)
        raise AssertionError("there is at least one attempt")

    async def _keys(self, prefix: str) -> AsyncIterator[str]:
        following: dict[str, str] = {}
        while True:
            query = {"list-type": "2", "prefix": prefix, "encoding-type": "url", **following}
            answer = await self._request("GET", "", query=query)
            _demand(answer, prefix)
            # From the operator's own service; expat bounds what entities can grow to.
            root = ElementTree.fromstring(answer.content)  # noqa: S314
            token = None
            for element in root.iter():
                name = element.tag.rpartition("}")[2]
                if name == "Key":
                    yield unquote_plus(element.text or "")
                elif name == "NextContinuationToken":
                    token = element.text
            if not token:
                return
            following = {"continuation-token": token}


def _base_url(settings: S3Settings, region: str) -> str:
    """Of the bucket. Raises InputError for a name that no bucket has."""
    bucket = settings.bucket_name
    if not bucket or "/" in bucket or bucket != quote(bucket, safe=""):
        raise InputError(f"'{bucket}' is not the name of a bucket")
    endpoint = (settings.endpoint or f"https://s3.{region}.amazonaws.com").rstrip("/")
    scheme, separator, rest = endpoint.partition("://")
    if not separator:
        raise InputError("techdocs.publisher.awsS3.endpoint must be a URL")
    # A name with dots would not fit the certificate.
    if settings.s3_force_path_style or "." in bucket:
        return f"{endpoint}/{bucket}"
    return f"{scheme}://{bucket}.{rest}"


def region_of(settings: S3Settings, env: Mapping[str, str]) -> str:
    return settings.region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"


def _demand(answer: httpx.Response, key: str) -> None:
    if not answer.is_success:
        problem = f"{answer.status_code} {answer.reason_phrase}".rstrip()
        raise ServiceUnavailableError(f"S3 answered {problem} for '{key}'")


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


async def _and_close(answer: OutgoingAnswer, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    async with stack:
        async for chunk in answer.body:
            yield chunk


def _leaves(group: BaseExceptionGroup[CallboardError]) -> Iterator[CallboardError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
