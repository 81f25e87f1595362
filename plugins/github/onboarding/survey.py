"""Goes through an organization's repositories."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from app.errors import CallboardError, NotFoundError
from plugins.github.api.client import GithubApi
from plugins.github.api.errors import GithubNotFoundError
from plugins.github.onboarding.facts import facts_of
from plugins.github.onboarding.journal import Entry
from plugins.github.onboarding.proposal import Proposal, has_descriptor, propose

CONCURRENT: Final = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """Which repositories are meant: globs over their names, any case."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    topics: Sequence[str] = ()
    forks: bool = False

    def means(self, repository: Mapping[str, Any]) -> bool:
        name = repository["name"].lower()
        if repository.get("archived") or (repository.get("fork") and not self.forks):
            return False
        if self.include and not any(fnmatchcase(name, one.lower()) for one in self.include):
            return False
        if any(fnmatchcase(name, one.lower()) for one in self.exclude):
            return False
        return not self.topics or bool(set(self.topics) & set(repository.get("topics") or ()))


async def chosen(api: GithubApi, owner: str, choice: Choice) -> list[Mapping[str, Any]]:
    """The repositories of an organization, or of a user, by name. Raises NotFoundError for neither."""
    try:
        account = await api.get("/users/{username}", username=owner)
    except GithubNotFoundError as error:
        raise NotFoundError(f"GitHub knows no organization or user {owner}") from error
    if account["type"] == "Organization":
        found = await api.all("/orgs/{org}/repos", keep=True, org=owner)
    else:
        found = await api.all("/users/{username}/repos", keep=True, username=owner)
    return sorted((one for one in found if choice.means(one)), key=lambda one: str(one["name"]).lower())


async def proposals(
    api: GithubApi,
    repositories: Sequence[Mapping[str, Any]],
    *,
    owner: str | None,
    filename: str,
    done: Callable[[], None],
) -> AsyncIterator[tuple[Mapping[str, Any], Proposal | Entry]]:
    """A proposal for each repository that needs one, else why not, in their order. `done` is called as each is known.

    Names are told apart within the run: two that would be the same get the second one's number.
    """
    limit = asyncio.Semaphore(CONCURRENT)

    async def look(repository: Mapping[str, Any]) -> Proposal | Entry:
        async with limit:
            try:
                facts = await facts_of(api, repository)
            except CallboardError as error:
                return Entry(repository["full_name"], "failed", error.message)
            finally:
                done()
        if facts is None:
            return Entry(repository["full_name"], "empty")
        if has_descriptor(facts, filename):
            return Entry(repository["full_name"], "described")
        return propose(facts, default_owner=owner, filename=filename)

    tasks = [asyncio.create_task(look(one)) for one in repositories]
    try:
        for repository, task in zip(repositories, tasks, strict=True):
            yield repository, await task
    finally:
        for task in tasks:
            task.cancel()
