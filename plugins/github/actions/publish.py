"""`publish:github`, `github:repo:create` and `github:repo:push`: a workspace becomes a repository.

Source: spec/scaffolder.md §5.3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from plugins.github.actions.action import GithubAction
from plugins.github.actions.creation import Creation
from plugins.github.actions.graphql_commit import commit_by_graphql
from plugins.github.actions.inputs import (
    COMMIT_HASH,
    CONTENTS_URL,
    CREATION,
    PROTECTION,
    PUSH,
    REMOTE_URL,
    REPO_URL,
    TOKEN,
)
from plugins.github.actions.protection import protect_default_branch
from plugins.github.actions.repository import GithubRepository, Repositories
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, described, one_of, record
from scaffolder.interfaces import ActionContext
from scaffolder.publishing import CommitDefaults, Pushing

REPO = "github.com?owner=acme&repo=lamps"


class _Pushes(GithubAction):
    """Pushes the workspace to a repository that is there."""

    def __init__(self, repositories: Repositories, pushing: Pushing, defaults: CommitDefaults) -> None:
        super().__init__(repositories)
        self._pushing = pushing
        self._defaults = defaults

    async def _push(self, context: ActionContext, repository: GithubRepository, remote: str, page: str) -> None:
        branch = context.input.get("defaultBranch") or "main"
        commit = self._defaults.commit(context.input, branch)

        async def without_git() -> dict[str, Any]:
            return await commit_by_graphql(context, repository, commit)

        credentials = ("x-access-token", repository.token)
        pushed = await self._pushing.push(context, remote, commit, credentials, otherwise=without_git)
        await protect_default_branch(repository, branch, context.input, context.log)
        context.output("remoteUrl", remote)
        context.output("repoContentsUrl", f"{page}/blob/{branch}")
        context.output("commitHash", pushed["sha"])


class PublishGithub(_Pushes):
    id = "publish:github"
    description = "Initializes a git repository of contents in workspace and publishes it to GitHub."
    examples = (
        example("publish:github", "Make a private repository", repoUrl=REPO),
        example(
            "publish:github",
            "Make a repository that a team owns, with topics and strict reviews",
            repoUrl=REPO,
            description="Lamps of the night trains",
            repoVisibility="internal",
            access="acme/lamp-keepers",
            topics=["lamps", "python"],
            requireCodeOwnerReviews=True,
            requiredStatusCheckContexts=["test"],
        ),
    )
    input_schema = record({"repoUrl": REPO_URL, **CREATION, **PROTECTION, **PUSH, "token": TOKEN}, ["repoUrl"])
    output_schema = record({"remoteUrl": REMOTE_URL, "repoContentsUrl": CONTENTS_URL, "commitHash": COMMIT_HASH})

    def __init__(
        self, repositories: Repositories, pushing: Pushing, defaults: CommitDefaults, creation: Creation
    ) -> None:
        super().__init__(repositories, pushing, defaults)
        self._creation = creation

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        await self._pushing.source(context)
        made = await self._creation.create(context, repository)
        await self._push(context, repository, made["remoteUrl"], made["htmlUrl"])


class GithubRepoCreate(GithubAction):
    id = "github:repo:create"
    description = "Creates a GitHub repository."
    examples = (
        example("github:repo:create", "Make an empty repository", repoUrl=REPO),
        example(
            "github:repo:create",
            "Make one with a first commit, whose workflows others of the organization may use",
            repoUrl=REPO,
            autoInit=True,
            workflowAccess="organization",
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            **CREATION,
            "autoInit": described(BOOLEAN, "Make a first commit with a README. Default: false"),
            "workflowAccess": described(
                one_of("none", "organization", "user"), "Who else may use its actions and workflows"
            ),
            "token": TOKEN,
        },
        ["repoUrl"],
    )
    output_schema = record({"remoteUrl": REMOTE_URL, "repoContentsUrl": CONTENTS_URL})

    def __init__(self, repositories: Repositories, creation: Creation) -> None:
        super().__init__(repositories)
        self._creation = creation

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        made = await self._creation.create(context, repository, auto_init=context.input.get("autoInit", False))
        access = context.input.get("workflowAccess")
        if access:
            await repository.ask("PUT", "/actions/permissions/access", {"access_level": access})
        context.output("remoteUrl", made["remoteUrl"])


class GithubRepoPush(_Pushes):
    id = "github:repo:push"
    description = "Initializes a git repository of contents in workspace and publishes it to GitHub."
    examples = (
        example("github:repo:push", "Push to a repository that an earlier step has made", repoUrl=REPO),
        example(
            "github:repo:push", "Push to another branch, unprotected", repoUrl=REPO, defaultBranch="trunk",
            protectDefaultBranch=False,
        ),
    )  # fmt: skip
    input_schema = record({"repoUrl": REPO_URL, **PROTECTION, **PUSH, "token": TOKEN}, ["repoUrl"])
    output_schema = record({"remoteUrl": REMOTE_URL, "repoContentsUrl": CONTENTS_URL, "commitHash": COMMIT_HASH})

    def __init__(self, repositories: Repositories, pushing: Pushing, defaults: CommitDefaults) -> None:
        # The configured message is publish:github's alone.
        super().__init__(repositories, pushing, replace(defaults, message=None))

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        found = await repository.ask("GET")
        await self._push(context, repository, found["clone_url"], found["html_url"])
