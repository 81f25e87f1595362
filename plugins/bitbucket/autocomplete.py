"""What a field of a form may hold, as Bitbucket Cloud knows it, with the user's own token.

Source: spec/scaffolder.md §1.10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from app.errors import InputError, ServiceUnavailableError
from app.interfaces import Outgoing
from app.reading.interfaces import quoted
from plugins.bitbucket.settings import CLOUD_API

MAX_PAGES: Final = 20


class BitbucketCloudAutocomplete:
    """`workspaces`, `projects`, `repositories` and `branches`."""

    def __init__(self, outgoing: Outgoing, api: str = CLOUD_API) -> None:
        self._outgoing = outgoing
        self._api = api

    async def __call__(self, resource: str, token: str, context: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        """Raises InputError for an unknown resource, or a context that lacks something."""
        workspace, project, repository = (context.get(name) for name in ("workspace", "project", "repository"))
        if resource == "workspaces":
            return await self._all("/workspaces", token, "slug")
        if resource == "projects":
            if not workspace:
                raise InputError("Missing workspace context parameter")
            return await self._all(f"/workspaces/{quoted(workspace)}/projects", token, "key")
        if resource == "repositories":
            if not workspace or not project:
                raise InputError("Missing workspace and/or project context parameter")
            # A key holds letters, digits and underscores: nothing that ends the text it stands in.
            if not project.replace("_", "").isalnum():
                raise InputError(f"'{project}' is no project's key")
            query = quoted(f'project.key="{project}"')
            return await self._all(f"/repositories/{quoted(workspace)}?q={query}", token, "slug")
        if resource == "branches":
            if not workspace or not repository:
                raise InputError("Missing workspace and/or repository context parameter")
            return await self._all(
                f"/repositories/{quoted(workspace)}/{quoted(repository)}/refs/branches", token, "name"
            )
        raise InputError(f"Invalid resource: {resource}")

    async def _all(self, path: str, token: str, member: str) -> list[dict[str, str]]:
        found: list[Any] = []
        url: str | None = f"{self._api}{path}"
        for _ in range(MAX_PAGES):
            # Where the next page is comes from the answer: the token goes to no other host.
            if url is None or not url.startswith(f"{self._api}/"):
                break
            response = await self._outgoing.request("GET", url, headers={"authorization": f"Bearer {token}"})
            about = path.partition("?")[0]
            if response.status_code in (401, 403, 404):
                raise InputError(f"Bitbucket refuses to list {about}: {response.status_code}")
            if response.status_code != 200:
                raise ServiceUnavailableError(f"Bitbucket does not list {about}: {response.status_code}")
            page = orjson.loads(response.content)
            found += page.get("values", [])
            url = page.get("next")
        return [{"id": str(one[member])} for one in found]
