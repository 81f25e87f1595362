"""`github:autolinks:create`, `github:pages:enable` and `github:branch-protection:create`.

Source: spec/scaffolder.md §5.3.
"""

from __future__ import annotations

from typing import Any

from plugins.github.actions.action import GithubAction
from plugins.github.actions.inputs import PROTECTION, REPO_URL, TOKEN
from plugins.github.actions.protection import protect, protection_body
from plugins.github.actions.repository import GithubRepository
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, STRING, described, one_of, record
from scaffolder.interfaces import ActionContext

REPO = "github.com?owner=acme&repo=lamps"


class GithubAutolinksCreate(GithubAction):
    id = "github:autolinks:create"
    description = "Create an autolink reference for a repository"
    examples = (
        example(
            "github:autolinks:create",
            "Link tickets",
            repoUrl=REPO,
            keyPrefix="TICKET-",
            urlTemplate="https://tickets.example.com/<num>",
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "keyPrefix": described(STRING, "The prefix that makes a text a link"),
            "urlTemplate": described(STRING, "Where it leads; <num> stands for what follows the prefix"),
            "isAlphanumeric": described(BOOLEAN, "Letters may follow, not only digits. Default: true"),
            "token": TOKEN,
        },
        ["repoUrl", "keyPrefix", "urlTemplate"],
    )

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        body = {
            "key_prefix": given["keyPrefix"],
            "url_template": given["urlTemplate"],
            "is_alphanumeric": given.get("isAlphanumeric", True),
        }

        async def make() -> bool:
            await repository.ask("POST", "/autolinks", body)
            return True

        await context.checkpoint(f"create.autolink.{repository.full_name}.{given['keyPrefix']}", make)
        await context.log.info(f"Autolink reference for {given['keyPrefix']} created")


class GithubPagesEnable(GithubAction):
    id = "github:pages:enable"
    description = "Enables GitHub Pages for a repository."
    examples = (
        example("github:pages:enable", "Publish what a workflow builds", repoUrl=REPO),
        example(
            "github:pages:enable", "Publish a folder", repoUrl=REPO, buildType="legacy", sourceBranch="main",
            sourcePath="/docs",
        ),
    )  # fmt: skip
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "buildType": described(one_of("legacy", "workflow"), "What builds the site. Default: workflow"),
            "sourceBranch": described(STRING, "The branch that is published. Default: main"),
            "sourcePath": described(one_of("/", "/docs"), "The folder that is published. Default: /"),
            "token": TOKEN,
        },
        ["repoUrl"],
    )

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        source = {"branch": given.get("sourceBranch", "main"), "path": given.get("sourcePath", "/")}
        body: dict[str, Any] = {"build_type": given.get("buildType", "workflow"), "source": source}

        async def make() -> bool:
            await repository.ask("POST", "/pages", body)
            return True

        await context.checkpoint(f"enable.pages.{repository.full_name}", make)
        await context.log.info(f"Completed enabling GitHub Pages for {repository.name}")


class GithubBranchProtectionCreate(GithubAction):
    id = "github:branch-protection:create"
    description = "Configures Branch Protection"
    examples = (
        example(
            "github:branch-protection:create",
            "Demand two approvals, one of them a code owner's",
            repoUrl=REPO,
            requiredApprovingReviewCount=2,
            requireCodeOwnerReviews=True,
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "branch": described(STRING, "The branch. Default: the repository's default branch"),
            "enforceAdmins": described(BOOLEAN, "It holds for admins too. Default: true"),
            **PROTECTION,
            "blockCreations": described(BOOLEAN, "Branches of that name may not be made. Default: false"),
            "token": TOKEN,
        },
        ["repoUrl"],
    )

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        branch = given.get("branch") or (await repository.ask("GET"))["default_branch"]
        body = protection_body(
            given,
            enforce_admins=given.get("enforceAdmins", True),
            block_creations=given.get("blockCreations", False),
        )
        await protect(repository, branch, body, signed=given.get("requiredCommitSigning", False), log=context.log)
