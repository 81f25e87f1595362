"""Makes a repository, and lets people in. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from app.errors import CallboardError, NotFoundError
from app.interfaces import Clock
from plugins.github.actions.repository import GithubRepository
from plugins.github.actions.secrets import put_secrets, put_variables
from plugins.github.api.errors import GithubError, GithubInvalidError, GithubNotFoundError
from scaffolder.interfaces import ActionContext, ActionLogger

SKEW: Final = timedelta(minutes=5)
"""How far GitHub's clock may be from ours."""


class Creation:
    """Makes what the inputs `CREATION` describe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def create(
        self, context: ActionContext, repository: GithubRepository, *, auto_init: bool = False
    ) -> dict[str, str]:
        """`{"remoteUrl", "htmlUrl"}`. After a crash it goes on where it was.

        Raises NotFoundError for a team that is not there, CallboardError when the repository cannot be made.
        """
        given = context.input
        account = await repository.api.get("/users/{username}", username=repository.owner)
        organization = account["type"] == "Organization"
        team = _team_of(given.get("access"), repository.owner)
        if team is not None:
            await _find_team(repository, team)
        key, began_now = f"create.github.repo.{repository.owner}.{repository.name}", False

        async def begin() -> str:
            nonlocal began_now
            began_now = True
            return self._clock.now().isoformat()

        began = datetime.fromisoformat(await context.checkpoint(f"{key}.begin", begin))

        async def make() -> dict[str, str]:
            since = None if began_now else began - SKEW
            made = await _made(repository, given, organization, auto_init=auto_init, since=since)
            return {"remoteUrl": made["clone_url"], "htmlUrl": made["html_url"]}

        urls = await context.checkpoint(key, make)
        await _settle(repository, given, team, context.log)
        return urls


def creation_body(name: str, given: Mapping[str, Any], *, organization: bool, auto_init: bool) -> dict[str, Any]:
    """What GitHub is asked for. Pure."""
    visibility = given.get("repoVisibility", "private")
    body = {
        "name": name,
        "private": visibility == "private",
        "description": given.get("description"),
        "homepage": given.get("homepage"),
        "delete_branch_on_merge": given.get("deleteBranchOnMerge", False),
        "allow_merge_commit": given.get("allowMergeCommit", True),
        "allow_squash_merge": given.get("allowSquashMerge", True),
        "squash_merge_commit_title": given.get("squashMergeCommitTitle", "COMMIT_OR_PR_TITLE"),
        "squash_merge_commit_message": given.get("squashMergeCommitMessage", "COMMIT_MESSAGES"),
        "allow_rebase_merge": given.get("allowRebaseMerge", True),
        "allow_auto_merge": given.get("allowAutoMerge", False),
        "has_projects": given.get("hasProjects"),
        "has_wiki": given.get("hasWiki"),
        "has_issues": given.get("hasIssues"),
        "auto_init": auto_init or None,
    }
    if organization:
        body["visibility"] = visibility
        body["custom_properties"] = given.get("customProperties")
    return {key: value for key, value in body.items() if value is not None}


async def _made(
    repository: GithubRepository,
    given: Mapping[str, Any],
    organization: bool,
    *,
    auto_init: bool,
    since: datetime | None,
) -> Any:
    """`since`: an attempt of ours that began then may have made it without living to say so."""
    body = creation_body(repository.name, given, organization=organization, auto_init=auto_init)
    path = "/orgs/{org}/repos" if organization else "/user/repos"
    try:
        return await repository.api.request("POST", path, json=body, org=repository.owner)
    except GithubError as error:
        if since is not None and isinstance(error, GithubInvalidError):
            found = await repository.find()
            if found and datetime.fromisoformat(found["created_at"]) >= since and not found.get("size"):
                return found
        kind = "Organization" if organization else "User"
        raise CallboardError(
            f"Failed to create the {kind} repository {repository.full_name}, {error.message}"
        ) from error


async def _settle(repository: GithubRepository, given: Mapping[str, Any], team: str | None, log: ActionLogger) -> None:
    """All that may be done twice."""
    access = given.get("access")
    if team is not None:
        await _let_team_in(repository, team, "admin")
    elif access and access != repository.owner:
        await _let_user_in(repository, access, "admin")
    for one in given.get("collaborators") or ():
        name = one.get("user") or one.get("team")
        plain = re.split(r"[:/]", name)[-1]
        let_in = _let_user_in if one.get("user") else _let_team_in
        try:
            await let_in(repository, plain, one["access"])
        except GithubError as error:
            await log.warn(f"Skipping {one['access']} access for {plain}, {error.message}")
    topics = [str(topic).lower() for topic in given.get("topics") or ()]
    if topics:
        try:
            await repository.ask("PUT", "/topics", {"names": topics})
        except GithubError as error:
            await log.warn(f"Skipping topics {' '.join(topics)}, {error.message}")
    if given.get("allowUpdateBranch"):
        await repository.ask("PATCH", "", {"allow_update_branch": True})
    await put_variables(repository, given.get("repoVariables") or {})
    await put_secrets(repository, given.get("secrets") or {})
    oidc = given.get("oidcCustomization")
    if oidc:
        body = {"use_default": oidc.get("useDefault", False), "include_claim_keys": oidc.get("includeClaimKeys")}
        asked = {key: value for key, value in body.items() if value is not None}
        await repository.ask("PUT", "/actions/oidc/customization/sub", asked)
    if given.get("subscribe"):
        await repository.ask("PUT", "/subscription", {"subscribed": True, "ignored": False})


def _team_of(access: str | None, owner: str) -> str | None:
    prefix = f"{owner}/"
    return access.removeprefix(prefix) if access and access.startswith(prefix) else None


async def _find_team(repository: GithubRepository, team: str) -> None:
    try:
        await repository.api.get("/orgs/{org}/teams/{team_slug}", org=repository.owner, team_slug=team)
    except GithubNotFoundError as error:
        raise NotFoundError(
            f"Received 'Not Found' from the API; one of org: {repository.owner} or team: {team} was not found within"
            " GitHub."
        ) from error


async def _let_team_in(repository: GithubRepository, team: str, access: str) -> None:
    await repository.api.request(
        "PUT",
        "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}",
        json={"permission": access},
        org=repository.owner,
        team_slug=team,
        owner=repository.owner,
        repo=repository.name,
    )


async def _let_user_in(repository: GithubRepository, user: str, access: str) -> None:
    await repository.ask("PUT", "/collaborators/{username}", {"permission": access}, username=user)
