"""`publish:github:pull-request`. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping
from typing import Any, Final

from app.errors import CallboardError, ConflictError, InputError, NotFoundError
from plugins.github.actions.action import GithubAction
from plugins.github.actions.change import Changes, Commit, changed_tree, commit_at, parents_of
from plugins.github.actions.inputs import REPO_URL, STRINGS, TOKEN
from plugins.github.actions.repository import GithubRepository, Repositories
from plugins.github.api.errors import GithubError
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, NUMBER, STRING, described, record
from scaffolder.interfaces import ActionContext
from scaffolder.publishing import CommitDefaults, WorkspaceFile, workspace_files

REPO = "github.com?owner=acme&repo=lamps"
MAX_ASSIGNEES: Final = 10
FORK_TRIES: Final = 30
FORK_DELAY_S: Final = 1.0
"""GitHub makes forks in the background."""


class PublishGithubPullRequest(GithubAction):
    id = "publish:github:pull-request"
    description = "Opens a pull request with the files of the workspace."
    supports_dry_run = True
    examples = (
        example(
            "publish:github:pull-request",
            "Propose a change",
            repoUrl=REPO,
            branchName="add-lamp",
            title="Add a lamp",
            description="One more light",
        ),
        example(
            "publish:github:pull-request",
            "Propose a change of one folder, and take an old file away",
            repoUrl=REPO,
            branchName="new-docs",
            title="Write new docs",
            description="The old ones were dark",
            sourcePath="docs",
            targetPath="docs",
            filesToDelete=["old.md"],
            reviewers=["ada"],
            teamReviewers=["lamp-keepers"],
            update=True,
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "branchName": described(STRING, "The branch that is made"),
            "targetBranchName": described(STRING, "The branch to merge into. Default: the default branch"),
            "title": described(STRING, "The pull request's title"),
            "description": described(STRING, "The pull request's text"),
            "draft": described(BOOLEAN, "Make a draft"),
            "sourcePath": described(STRING, "The folder of the workspace whose files are taken"),
            "targetPath": described(STRING, "The folder of the repository they go to"),
            "filesToDelete": described(STRINGS, "Files of the repository that are taken away"),
            "token": TOKEN,
            "reviewers": described(STRINGS, "Logins of those who are asked for a review"),
            "assignees": described(STRINGS, "Logins of those it is assigned to"),
            "teamReviewers": described(STRINGS, "Slugs of teams that are asked for a review"),
            "commitMessage": described(STRING, "The commit's message. Default: the title"),
            "update": described(BOOLEAN, "Add to a branch and pull request that are there already"),
            "forceFork": described(BOOLEAN, "Make the branch in a fork"),
            "gitAuthorName": described(STRING, "The author's name. Default: the token's user"),
            "gitAuthorEmail": described(STRING, "The author's e-mail address. Default: the token's user's"),
            "forceEmptyGitAuthor": described(BOOLEAN, "Let GitHub name the author, whatever is configured"),
            "createWhenEmpty": described(BOOLEAN, "Open it although nothing changes. Default: true"),
        },
        ["repoUrl", "branchName", "title", "description"],
    )
    output_schema = record(
        {
            "targetBranchName": described(STRING, "The branch to merge into"),
            "remoteUrl": described(STRING, "A URL to the pull request"),
            "pullRequestNumber": described(NUMBER, "The pull request's number"),
        }
    )

    def __init__(
        self, repositories: Repositories, defaults: CommitDefaults, *, fork_delay: float = FORK_DELAY_S
    ) -> None:
        super().__init__(repositories)
        self._defaults = defaults
        self._fork_delay = fork_delay

    async def pretend(self, context: ActionContext) -> None:
        given = context.input
        self._repositories.named(given)
        context.output("targetBranchName", given["branchName"])
        context.output("remoteUrl", given["repoUrl"])
        context.output("pullRequestNumber", 43)

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        files = await asyncio.to_thread(workspace_files, context.workspace, given.get("sourcePath"))
        changes = changes_of(files, given)
        try:
            pull = await self._proposed(context, repository, changes)
        except CallboardError as error:
            kind = "HttpError" if isinstance(error, GithubError) else error.name
            raise CallboardError(f"Pull request creation failed; caused by {kind}: {error.message}") from error
        if pull is None:
            await context.log.info("No changes were made: no pull request is opened")
            return
        await self._ask_people(context, repository, pull["number"])
        context.output("targetBranchName", pull["base"])
        context.output("remoteUrl", pull["url"])
        context.output("pullRequestNumber", pull["number"])

    async def _proposed(
        self, context: ActionContext, repository: GithubRepository, changes: Changes
    ) -> dict[str, Any] | None:
        given = context.input
        key = f"{repository.full_name}.{given['branchName']}"
        about = await repository.ask("GET")
        base_branch = given.get("targetBranchName") or about["default_branch"]
        base = await commit_at(repository, base_branch)
        if base is None:
            raise NotFoundError(f"{repository.full_name} has no branch {base_branch}")
        pushes = about.get("permissions", {}).get("push", True)
        head = repository if pushes and not given.get("forceFork") else await self._fork(context, repository, base)

        async def push() -> str | None:
            return await self._pushed(given, head, base, changes)

        sha = await context.checkpoint(f"push.pr.{key}", push)
        if sha is None:
            return None

        async def make() -> dict[str, Any]:
            return await _opened(given, repository, head, base_branch)

        return await context.checkpoint(f"create.pr.{key}", make)

    async def _fork(self, context: ActionContext, repository: GithubRepository, base: Commit) -> GithubRepository:
        made = await repository.ask("POST", "/forks", {})
        fork = repository.other(made["owner"]["login"], made["name"])
        await context.log.info(f"The branch is made in the fork {fork.full_name}")
        for _ in range(FORK_TRIES):
            context.raise_if_cancelled()
            if await fork.find("/git/commits/{commit_sha}", commit_sha=base.sha) is not None:
                return fork
            await asyncio.sleep(self._fork_delay)
        raise CallboardError(f"The fork {fork.full_name} does not hold {base.sha}")

    async def _pushed(
        self, given: Mapping[str, Any], head: GithubRepository, base: Commit, changes: Changes
    ) -> str | None:
        """The commit that the branch points to in the end; None where there is nothing to propose."""
        branch = given["branchName"]
        existing = await commit_at(head, branch)
        parent = existing if existing is not None and given.get("update") else base
        tree = await changed_tree(head, parent, changes)
        if tree == base.tree and not given.get("createWhenEmpty", True):
            return None
        if existing is not None and not given.get("update"):
            # What an attempt of ours left that did not live to say so.
            if existing.tree == tree and await parents_of(head, existing.sha) == [base.sha]:
                return existing.sha
            raise ConflictError(f'The branch "{branch}" already exists, and update is not set')
        if parent is existing and tree == parent.tree:
            return parent.sha
        body: dict[str, Any] = {
            "message": given.get("commitMessage") or self._defaults.message or given["title"],
            "tree": tree,
            "parents": [parent.sha],
        }
        author = self._author(given)
        if author is not None:
            body["author"] = author
        made = await head.ask("POST", "/git/commits", body)
        sha: str = made["sha"]
        if existing is None:
            await head.ask("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
        else:
            await head.ask("PATCH", "/git/refs/{+ref}", {"sha": sha}, ref=f"heads/{branch}")
        return sha

    def _author(self, given: Mapping[str, Any]) -> dict[str, str] | None:
        if given.get("forceEmptyGitAuthor"):
            return None
        name = given.get("gitAuthorName") or self._defaults.name
        email = given.get("gitAuthorEmail") or self._defaults.email
        if not name and not email:
            return None
        return {"name": name or "Scaffolder", "email": email or "scaffolder@backstage.io"}

    async def _ask_people(self, context: ActionContext, repository: GithubRepository, number: int) -> None:
        """Twice is no harm, and a failure only said: the pull request is there."""
        given = context.input
        asked = {
            "reviewers": list(dict.fromkeys(given.get("reviewers") or ())),
            "team_reviewers": list(dict.fromkeys(given.get("teamReviewers") or ())),
        }
        wanted = {key: value for key, value in asked.items() if value}
        if wanted:
            try:
                await repository.ask("POST", "/pulls/{pull_number}/requested_reviewers", wanted, pull_number=number)
            except GithubError as error:
                await context.log.error(f"Failure when adding reviewers to pull request {number}: {error.message}")
        assignees = list(given.get("assignees") or ())
        if not assignees:
            return
        if len(assignees) > MAX_ASSIGNEES:
            await context.log.warn(f"GitHub assigns a pull request to {MAX_ASSIGNEES} people at most")
        try:
            await repository.ask(
                "POST", "/issues/{issue_number}/assignees", {"assignees": assignees}, issue_number=number
            )
        except GithubError as error:
            await context.log.error(f"Failure when adding assignees to pull request {number}: {error.message}")


def changes_of(files: list[WorkspaceFile], given: Mapping[str, Any]) -> dict[str, WorkspaceFile | None]:
    """By path in the repository. `filesToDelete` wins over what the workspace holds. Raises InputError. Pure."""
    root = _inside(given.get("targetPath") or ".", "targetPath")
    changes: dict[str, WorkspaceFile | None] = {posixpath.join(root, file.path): file for file in files}
    for path in given.get("filesToDelete") or ():
        changes[posixpath.join(root, _inside(path, "filesToDelete"))] = None
    return changes


def _inside(path: str, what: str) -> str:
    plain = posixpath.normpath(path.strip("/") or ".")
    if plain == ".." or plain.startswith("../"):
        raise InputError(f"{what} '{path}' leads out of the repository")
    return "" if plain == "." else plain


async def _opened(
    given: Mapping[str, Any], repository: GithubRepository, head: GithubRepository, base: str
) -> dict[str, Any]:
    source = f"{head.owner}:{given['branchName']}"
    query = {"head": source, "base": base, "state": "open"}
    found = await repository.ask("GET", "/pulls", query=query)
    told = {"title": given["title"], "body": given["description"]}
    if found:
        pull = await repository.ask("PATCH", "/pulls/{pull_number}", told, pull_number=found[0]["number"])
    else:
        body = {**told, "head": source, "base": base, "draft": given.get("draft", False)}
        pull = await repository.ask("POST", "/pulls", body)
    return {"number": pull["number"], "url": pull["html_url"], "base": base}
