"""A commit where git's port is blocked: GraphQL's `createCommitOnBranch`. Source: spec/scaffolder.md §5.3 (*push*).

GitHub makes and signs the commit itself, in the name of the token's owner. It knows files alone: no links, no
executable bit.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.errors import InputError
from app.interfaces import GitCommit
from plugins.github.actions.change import commit_at
from plugins.github.actions.repository import GithubRepository
from plugins.github.api.errors import GithubError
from plugins.github.versions import blob_sha
from scaffolder.interfaces import ActionContext
from scaffolder.publishing import workspace_files

MAX_BYTES: Final = 30 * 1024 * 1024
"""What GitHub takes in one request, roughly. Source: spec/scaffolder.md §5.3."""
KEEP: Final = ".gitkeep"
"""The first file of an empty repository: the mutation needs a branch to stand on."""
MUTATION: Final = """
mutation commit($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }
"""


async def commit_by_graphql(context: ActionContext, repository: GithubRepository, commit: GitCommit) -> dict[str, Any]:
    """Lay the files of the action's `sourcePath` over a branch: `{"sha", "changed"}`, as a push would.

    A branch that is not there starts at the default branch. Raises InputError for more than `MAX_BYTES`, GithubError.
    """
    found = await asyncio.to_thread(workspace_files, context.workspace, context.input.get("sourcePath"))
    files = [one for one in found if not one.link]
    if len(files) < len(found):
        left = ", ".join(one.path for one in found if one.link)
        await context.log.warn(f"Links cannot be committed without git and are left out: {left}")
    if sum(len(one.content) for one in files) > MAX_BYTES:
        raise InputError(f"More than {MAX_BYTES} bytes cannot be committed without git")
    head, needless = await _branch(repository, commit)
    wanted = {one.path for one in files}
    for last in (False, True):
        held = await _held(repository, head)
        changed = [one for one in files if held.get(one.path) != blob_sha(one.content)]
        deletions = [path for path in needless if path in held and path not in wanted]
        if not changed and not deletions:
            return {"sha": head, "changed": False}
        body = {
            "branch": {"repositoryNameWithOwner": repository.full_name, "branchName": commit.branch},
            "expectedHeadOid": head,
            "message": _message(commit.message),
            "fileChanges": {
                "additions": [
                    {"path": one.path, "contents": base64.b64encode(one.content).decode()} for one in changed
                ],
                "deletions": [{"path": path} for path in deletions],
            },
        }
        try:
            made = await repository.api.graphql(MUTATION, {"input": body})
        except GithubError:
            now = await commit_at(repository, commit.branch)
            if last or now is None or now.sha == head:
                raise
            # Somebody was faster, or GitHub did it without living to say so.
            head = now.sha
            continue
        sha: str = made["createCommitOnBranch"]["commit"]["oid"]
        await context.log.info(f"Committed {sha} to {commit.branch} of {repository.full_name}")
        return {"sha": sha, "changed": True}
    raise AssertionError("the last try returns or raises")


async def _branch(repository: GithubRepository, commit: GitCommit) -> tuple[str, Sequence[str]]:
    """The commit that the branch stands at, made if need be, and the files that are only there for its sake."""
    existing = await commit_at(repository, commit.branch)
    if existing is not None:
        return existing.sha, ()
    about = await repository.ask("GET")
    default = await commit_at(repository, about["default_branch"])
    if default is not None:
        await repository.ask("POST", "/git/refs", {"ref": f"refs/heads/{commit.branch}", "sha": default.sha})
        return default.sha, ()
    body = {"message": commit.message, "content": "", "branch": commit.branch}
    made = await repository.ask("PUT", "/contents/{+path}", body, path=KEEP)
    return made["commit"]["sha"], (KEEP,)


async def _held(repository: GithubRepository, head: str) -> Mapping[str, str]:
    """The files of a commit, path → blob; of a very large one those that GitHub tells in one answer."""
    query = {"recursive": "1"}
    told = await repository.ask("GET", "/git/trees/{+tree_sha}", query=query, tree_sha=head)
    return {one["path"]: one["sha"] for one in told["tree"] if one["type"] == "blob"}


def _message(text: str) -> dict[str, str]:
    headline, _, body = text.strip().partition("\n")
    return {"headline": headline or "initial commit", "body": body.strip()}
