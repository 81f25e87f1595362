"""Reads from Bitbucket Cloud. Source: spec/catalog.md §5.5."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import orjson

from app.errors import CallboardError
from app.interfaces import Clock, Outgoing, ReadResponse
from app.reading.interfaces import (
    ArchivedFile,
    RepositoryPlace,
    RepositoryReader,
    quoted,
    quoted_path,
    required_path,
    tar_files,
)
from plugins.bitbucket.integration import cloud_place
from plugins.bitbucket.settings import CLOUD_API, BitbucketCloud

SIGN_IN: Final = "/site/oauth2/access_token"
RENEWED_BEFORE_END: Final = timedelta(minutes=10)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class BitbucketCloudCredentials:
    """`site` is where tokens of OAuth clients come from, without a trailing slash."""

    def __init__(self, settings: BitbucketCloud, outgoing: Outgoing, clock: Clock, site: str) -> None:
        self._settings = settings
        self._outgoing = outgoing
        self._clock = clock
        self._site = site
        self._token: tuple[str, datetime] | None = None
        self._lock = asyncio.Lock()

    async def headers(self) -> dict[str, str]:
        settings = self._settings
        if settings.username and settings.password:
            return {"authorization": basic(settings.username, settings.password)}
        if settings.client_id:
            return {"authorization": f"Bearer {await self._client_token()}"}
        return {}

    async def for_git(self, remote: str) -> tuple[str, str] | None:
        settings = self._settings
        if settings.username and settings.password:
            # Git takes API tokens under a name of their own.
            return ("x-bitbucket-api-token-auth" if settings.token else settings.username, settings.password)
        return ("x-token-auth", await self._client_token()) if settings.client_id else None

    async def _client_token(self) -> str:
        async with self._lock:
            now = self._clock.now()
            if self._token is None or self._token[1] <= now:
                assert self._settings.client_id and self._settings.client_secret
                secret = self._settings.client_secret.get_secret_value()
                response = await self._outgoing.request(
                    "POST",
                    self._site + SIGN_IN,
                    headers={
                        "authorization": basic(self._settings.client_id, secret),
                        "content-type": "application/x-www-form-urlencoded",
                    },
                    content=urlencode({"grant_type": "client_credentials"}).encode(),
                )
                try:
                    given = orjson.loads(response.content) if response.is_success else {}
                    ends = now + timedelta(seconds=float(given["expires_in"])) - RENEWED_BEFORE_END
                    self._token = str(given["access_token"]), ends
                except (ValueError, KeyError, TypeError) as error:
                    raise CallboardError(f"Bitbucket Cloud gave no token: {response.status_code}") from error
            return self._token[0]


class BitbucketCloudReader(RepositoryReader):
    def __init__(
        self,
        outgoing: Outgoing,
        credentials: BitbucketCloudCredentials,
        *,
        api: str = CLOUD_API,
        site: str,
    ) -> None:
        super().__init__(outgoing)
        self._credentials = credentials
        self._base = api
        self._site = site

    def place(self, url: str) -> RepositoryPlace:
        return cloud_place(url)

    async def headers(self, place: RepositoryPlace) -> dict[str, str]:
        return await self._credentials.headers()

    async def file(self, place: RepositoryPlace, etag: str | None) -> ReadResponse:
        about = self._about(place)
        path = quoted_path(required_path(place, about).path)
        url = f"{self._api(place)}/src/{quoted(place.ref or 'HEAD')}/{path}"
        return self.content(await self.ask(place, url, about=about, etag=etag))

    async def commit(self, place: RepositoryPlace) -> str:
        about = self._about(place)
        url = f"{self._api(place)}/commits/{quoted(place.ref or 'HEAD')}?pagelen=1&fields=values.hash"
        return str(self.json(await self.ask(place, url, about=about), about, "values", 0, "hash"))

    async def archive(self, place: RepositoryPlace, commit: str) -> Iterable[ArchivedFile]:
        url = f"{self._site}/{quoted(place.owner)}/{quoted(place.name)}/get/{quoted(commit)}.tar.gz"
        return tar_files((await self.ask(place, url, about=self._about(place), archive=True)).content)

    def _api(self, place: RepositoryPlace) -> str:
        return f"{self._base}/repositories/{quoted(place.owner)}/{quoted(place.name)}"

    def _about(self, place: RepositoryPlace) -> str:
        ref = f"/src/{place.ref}/{place.path}" if place.ref else ""
        return f"{self._site}/{place.owner}/{place.name}{ref}"
