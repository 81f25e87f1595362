"""Tokens for Azure DevOps. Source: spec/catalog.md §5.2."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import orjson

from app.errors import CallboardError
from app.interfaces import Clock, Outgoing
from app.reading.interfaces import quoted
from plugins.azure.integration import place_of
from plugins.azure.settings import AzureCredential, AzureHost

LOGIN: Final = "https://login.microsoftonline.com"
SCOPE: Final = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Azure DevOps as Entra ID knows it."""
RENEWED_BEFORE_END: Final = timedelta(minutes=10)


class AzureCredentials:
    """`login` is where service principals sign in, without a trailing slash."""

    def __init__(self, settings: AzureHost, outgoing: Outgoing, clock: Clock, login: str = LOGIN) -> None:
        self._settings = settings
        self._outgoing = outgoing
        self._clock = clock
        self._login = login
        self._tokens: dict[str, tuple[str, datetime]] = {}
        self._lock = asyncio.Lock()

    async def headers(self, organization: str) -> dict[str, str]:
        credential = self._settings.credential(organization)
        if credential is None:
            return {}
        if credential.personal_access_token:
            secret = f":{credential.personal_access_token.get_secret_value()}"
            return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}
        return {"authorization": f"Bearer {await self._token(credential)}"}

    async def for_git(self, remote: str) -> tuple[str, str] | None:
        credential = self._settings.credential(place_of(remote).organization)
        if credential is None:
            return None
        token = credential.personal_access_token
        return "callboard", token.get_secret_value() if token else await self._token(credential)

    async def _token(self, credential: AzureCredential) -> str:
        assert credential.client_id and credential.client_secret and credential.tenant_id
        async with self._lock:
            now = self._clock.now()
            kept = self._tokens.get(credential.client_id)
            if kept is None or kept[1] <= now:
                response = await self._outgoing.request(
                    "POST",
                    f"{self._login}/{quoted(credential.tenant_id)}/oauth2/v2.0/token",
                    headers={"content-type": "application/x-www-form-urlencoded"},
                    content=urlencode(
                        {
                            "grant_type": "client_credentials",
                            "client_id": credential.client_id,
                            "client_secret": credential.client_secret.get_secret_value(),
                            "scope": SCOPE,
                        }
                    ).encode(),
                )
                try:
                    given = orjson.loads(response.content) if response.is_success else {}
                    ends = now + timedelta(seconds=float(given["expires_in"])) - RENEWED_BEFORE_END
                    kept = self._tokens[credential.client_id] = str(given["access_token"]), ends
                except (ValueError, KeyError, TypeError) as error:
                    raise CallboardError(f"Entra ID gave no token for Azure DevOps: {response.status_code}") from error
            return kept[0]
