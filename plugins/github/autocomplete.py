"""What a field of a form may hold, as GitHub knows it, with the user's own token. Source: spec/scaffolder.md §1.10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.errors import InputError
from plugins.github.api.errors import GithubCredentialsError, GithubForbiddenError, GithubNotFoundError
from plugins.github.api.hosts import GithubHosts
from plugins.github.settings import PUBLIC_HOST

MAX_PAGES: Final = 20


class GithubAutocomplete:
    """`repositoriesWithOwner`, `branches` and `owners`, at the configured hosts alone: a token goes nowhere else."""

    def __init__(self, hosts: GithubHosts) -> None:
        self._hosts = hosts

    async def __call__(self, resource: str, token: str, context: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        """Raises InputError for an unknown resource or host, or a context that lacks something."""
        host = context.get("host") or PUBLIC_HOST
        if resource == "repositoriesWithOwner":
            return [{"id": one["full_name"]} for one in await self._all(host, token, "/user/repos")]
        if resource == "owners":
            return [{"id": one["login"]} for one in await self._all(host, token, "/user/orgs")]
        if resource == "branches":
            owner, repository = context.get("owner"), context.get("repository")
            if not owner or not repository:
                raise InputError("Missing owner and/or repository context parameter")
            path = "/repos/{owner}/{repo}/branches"
            return [{"id": one["name"]} for one in await self._all(host, token, path, owner=owner, repo=repository)]
        raise InputError(f"Invalid resource: {resource}")

    async def _all(self, host: str, token: str, path: str, **parts: Any) -> list[Any]:
        found: list[Any] = []
        pages = 0
        try:
            async for page in self._hosts.api(host, token=token).pages(path, **parts):
                found += page
                pages += 1
                if pages == MAX_PAGES:
                    break
        except (GithubCredentialsError, GithubForbiddenError, GithubNotFoundError) as error:
            raise InputError(f"GitHub refuses to list {path}: {error.status}") from error
        return found
