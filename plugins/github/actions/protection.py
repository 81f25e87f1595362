"""Protects a branch. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from plugins.github.actions.repository import GithubRepository
from plugins.github.api.errors import GithubError
from scaffolder.interfaces import ActionLogger

JUST_MADE_S: Final = 0.6
"""GitHub may not know yet of a branch that was pushed a moment ago."""


def protection_body(given: Mapping[str, Any], *, enforce_admins: bool, block_creations: bool = False) -> dict[str, Any]:
    """What GitHub is asked for, by the inputs `PROTECTION`. Pure."""
    reviews: dict[str, Any] = {
        "required_approving_review_count": given.get("requiredApprovingReviewCount", 1),
        "require_code_owner_reviews": given.get("requireCodeOwnerReviews", False),
        "dismiss_stale_reviews": given.get("dismissStaleReviews", False),
        "require_last_push_approval": given.get("requireLastPushApproval", False),
    }
    if given.get("bypassPullRequestAllowances"):
        reviews["bypass_pull_request_allowances"] = given["bypassPullRequestAllowances"]
    return {
        "required_status_checks": {
            "strict": given.get("requireBranchesToBeUpToDate", True),
            "contexts": given.get("requiredStatusCheckContexts", []),
        },
        "restrictions": given.get("restrictions"),
        "enforce_admins": enforce_admins,
        "required_pull_request_reviews": reviews,
        "required_conversation_resolution": given.get("requiredConversationResolution", False),
        "required_linear_history": given.get("requiredLinearHistory", False),
        "block_creations": block_creations,
    }


async def protect(
    repository: GithubRepository, branch: str, body: Mapping[str, Any], *, signed: bool, log: ActionLogger
) -> None:
    """Raises GithubError, except where the plan of the owner has no protection: that is only said."""
    try:
        await _put(repository, branch, body)
    except GithubError as error:
        if "Upgrade to GitHub Pro or make this repository public to enable this feature" not in error.message:
            raise
        await log.warn("Branch protection was not enabled as it requires GitHub Pro for private repositories")
        return
    if signed:
        await repository.ask("POST", "/branches/{branch}/protection/required_signatures", branch=branch)


async def _put(repository: GithubRepository, branch: str, body: Mapping[str, Any]) -> None:
    try:
        await repository.ask("PUT", "/branches/{branch}/protection", dict(body), branch=branch)
    except GithubError as error:
        if "Branch not found" not in error.message:
            raise
        await asyncio.sleep(JUST_MADE_S)
        await repository.ask("PUT", "/branches/{branch}/protection", dict(body), branch=branch)


async def protect_default_branch(
    repository: GithubRepository, branch: str, given: Mapping[str, Any], log: ActionLogger
) -> None:
    """After a push, by the inputs `PUSH` and `PROTECTION`. A failure is only said: what was pushed is there."""
    if not given.get("protectDefaultBranch", True):
        return
    body = protection_body(given, enforce_admins=given.get("protectEnforceAdmins", True))
    try:
        await protect(repository, branch, body, signed=given.get("requiredCommitSigning", False), log=log)
    except GithubError as error:
        await log.warn(f"Skipping: default branch protection on '{repository.name}', {error.message}")
