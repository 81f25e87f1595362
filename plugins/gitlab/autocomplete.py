"""What a field of a form may hold, as GitLab knows it, with the user's own token. Source: spec/scaffolder.md §1.10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from app.errors import InputError, ServiceUnavailableError
from app.interfaces import Outgoing
from app.reading.interfaces import quoted
from plugins.gitlab.settings import PUBLIC_HOST, GitlabHost

PAGE: Final = 100
MAX_PAGES: Final = 20


class GitlabAutocomplete:
    """`groups` and `repositories`, at the configured hosts alone: a token goes nowhere else."""

    def __init__(self, hosts: Sequence[GitlabHost], outgoing: Outgoing) -> None:
        self._apis = {one.host: one.api for one in hosts}
        self._outgoing = outgoing

    async def __call__(self, resource: str, token: str, context: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        """Raises InputError for an unknown resource or host, or a context that lacks something."""
        host = context.get("host") or PUBLIC_HOST
        if host not in self._apis:
            raise InputError(f"No integration for host {host}")
        api = self._apis[host]
        if resource == "groups":
            groups = await self._all(f"{api}/groups", token)
            user = await self._one(f"{api}/user", token)
            # The user's own projects are in a group of their name, so to say.
            return [
                *({"title": group["full_path"], "id": str(group["id"])} for group in groups),
                {"title": user["username"], "id": str(user["id"])},
            ]
        if resource == "repositories":
            owner = context.get("id")
            if not owner:
                raise InputError("Missing groupId and userId context parameter")
            mine = owner == str((await self._one(f"{api}/user", token))["id"])
            found = await self._all(f"{api}/{'users' if mine else 'groups'}/{quoted(owner)}/projects", token)
            return [{"title": project["name"].strip(), "id": project["path"]} for project in found]
        raise InputError(f"Invalid resource: {resource}")

    async def _one(self, url: str, token: str) -> Any:
        # Personal and OAuth tokens may both be sent so.
        response = await self._outgoing.request("GET", url, headers={"authorization": f"Bearer {token}"})
        if response.status_code in (401, 403, 404):
            raise InputError(f"GitLab refuses to list {url.partition('?')[0]}: {response.status_code}")
        if response.status_code != 200:
            raise ServiceUnavailableError(f"GitLab does not list {url.partition('?')[0]}: {response.status_code}")
        try:
            return orjson.loads(response.content)
        except ValueError as error:
            raise ServiceUnavailableError("GitLab's answer makes no sense") from error

    async def _all(self, url: str, token: str) -> list[Any]:
        found: list[Any] = []
        for page in range(1, MAX_PAGES + 1):
            entries = await self._one(f"{url}?per_page={PAGE}&page={page}", token)
            found += entries
            if len(entries) < PAGE:
                break
        return found
