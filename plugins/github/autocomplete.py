"""What a field of a form may hold, as GitHub knows it, with the user's own token. Source: spec/scaffolder.md §1.10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import orjson

from app.errors import InputError, ServiceUnavailableError
from app.interfaces import Outgoing
from plugins.github.settings import PUBLIC_HOST, GithubHost

PAGE: Final = 100
MAX_PAGES: Final = 20


class GithubAutocomplete:
    """`repositoriesWithOwner`, `branches` and `owners`, at the configured hosts alone: a token goes nowhere else."""

    def __init__(self, hosts: Sequence[GithubHost], outgoing: Outgoing) -> None:
        self._hosts = {one.host: one.api_base_url or f"https://api.{one.host}" for one in hosts}
        self._outgoing = outgoing

    async def __call__(self, resource: str, token: str, context: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        """Raises InputError for an unknown resource or host, or a context that lacks something."""
        host = context.get("host") or PUBLIC_HOST
        if resource == "repositoriesWithOwner":
            return [{"id": one["full_name"]} for one in await self._all(host, "/user/repos", token)]
        if resource == "owners":
            return [{"id": one["login"]} for one in await self._all(host, "/user/orgs", token)]
        if resource == "branches":
            owner, repository = context.get("owner"), context.get("repository")
            if not owner or not repository:
                raise InputError("Missing owner and/or repository context parameter")
            path = f"/repos/{quote(owner, safe='')}/{quote(repository, safe='')}/branches"
            return [{"id": one["name"]} for one in await self._all(host, path, token)]
        raise InputError(f"Invalid resource: {resource}")

    async def _all(self, host: str, path: str, token: str) -> list[Any]:
        base = self._hosts.get(host)
        if base is None:
            raise InputError(f"No integration for host {host}")
        found: list[Any] = []
        for page in range(1, MAX_PAGES + 1):
            response = await self._outgoing.request(
                "GET",
                f"{base}{path}?per_page={PAGE}&page={page}",
                headers={"authorization": f"Bearer {token}", "accept": "application/vnd.github+json"},
            )
            if response.status_code in (401, 403, 404):
                raise InputError(f"GitHub refuses to list {path}: {response.status_code}")
            if response.status_code != 200:
                raise ServiceUnavailableError(f"GitHub does not list {path}: {response.status_code}")
            entries = orjson.loads(response.content)
            found += entries
            if len(entries) < PAGE:
                break
        return found
