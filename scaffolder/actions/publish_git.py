"""`publish:git`: the workspace as a commit on any git remote. Additive; inputs and outputs are those of its siblings.

Source: spec/scaffolder.md §5.0 (initRepoAndPush).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.errors import CallboardError, InputError, NotAllowedError, NotFoundError
from app.interfaces import GitCommit, Reading
from scaffolder.actions.debug import wait
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.schemas import BOOLEAN, STRING, described, record
from scaffolder.actions.stopping import unless_cancelled
from scaffolder.interfaces import Action, ActionContext

TRIES: Final = 6
FIRST_DELAY_S: Final = 2.0
PATIENCE_S: Final = 120.0
"""Seconds after which a push that fails is not tried again: a remote that hangs is not worth six time-outs."""
JITTER: Final = 0.1


@dataclass(frozen=True, slots=True)
class CommitDefaults:
    """`scaffolder.defaultAuthor` and `scaffolder.defaultCommitMessage`."""

    name: str = "Scaffolder"
    email: str = "scaffolder@backstage.io"
    message: str = "initial commit"


class PublishGit(Action):
    """Commits the workspace and pushes it."""

    id = "publish:git"
    description = "Commits the content of the workspace and pushes it to a branch of any git remote."
    examples = (
        example("publish:git", "Push to a repository", remoteUrl="https://git.example.com/team/service.git"),
        example(
            "publish:git",
            "Push to a new branch with a token of the user's",
            remoteUrl="https://git.example.com/team/service.git",
            branchName="add-service",
            gitCommitMessage="Add the service",
            token="${{ secrets.USER_OAUTH_TOKEN }}",  # noqa: S106 - a template
        ),
    )
    input_schema = record(
        {
            "remoteUrl": described(STRING, "An https or ssh URL of the git repository"),
            "branchName": described(STRING, "The branch to push to; defaults to defaultBranch"),
            "defaultBranch": described(STRING, "The branch of a repository that is still empty. Default: main"),
            "gitCommitMessage": described(STRING, "Sets the commit message on the repository"),
            "gitAuthorName": described(STRING, "Sets the author name for the commit"),
            "gitAuthorEmail": described(STRING, "Sets the author email for the commit"),
            "sourcePath": described(STRING, "Path within the workspace that will be used as the repository root"),
            "username": described(STRING, "The user name that goes with the token. Default: oauth2"),
            "token": described(STRING, "The token to push with, instead of the server's credentials"),
            "signCommit": described(BOOLEAN, "Refused: commits are not signed"),
        },
        ["remoteUrl"],
    )
    output_schema = record(
        {
            "remoteUrl": described(STRING, "A URL to the repository"),
            "repoContentsUrl": described(STRING, "A URL to the root of the repository, if its host is known"),
            "commitHash": described(STRING, "The git commit hash of the commit"),
            "branchName": described(STRING, "The branch that was pushed"),
            "changed": described(BOOLEAN, "False where the branch held the same files already"),
        }
    )

    def __init__(
        self,
        reading: Reading,
        defaults: CommitDefaults | None = None,
        *,
        folders: Sequence[Path] = (),
        first_delay: float = FIRST_DELAY_S,
    ) -> None:
        self._reading = reading
        self._defaults = defaults or CommitDefaults()
        self._folders = folders
        self._first_delay = first_delay

    async def run(self, context: ActionContext) -> None:
        given = context.input
        if given.get("signCommit"):
            raise CallboardError("Signing commits is enabled but no signing key is provided in the configuration")
        workspace = workspace_of(context)
        source = await asyncio.to_thread(workspace.path, _inside(given.get("sourcePath")))
        if not await asyncio.to_thread(source.is_dir):
            raise InputError("Invalid source path")
        remote = given["remoteUrl"]
        commit = GitCommit(
            branch=given.get("branchName") or given.get("defaultBranch") or "main",
            message=given.get("gitCommitMessage") or self._defaults.message,
            author_name=given.get("gitAuthorName") or self._defaults.name,
            author_email=given.get("gitAuthorEmail") or self._defaults.email,
        )
        token = given.get("token")
        credentials = (given.get("username") or "oauth2", token) if token else None

        async def push() -> dict[str, Any]:
            return await self._pushed(context, remote, source, commit, credentials)

        pushed = await context.checkpoint(f"push.git.{remote}.{commit.branch}", push)
        if not pushed["changed"]:
            await context.log.warn(f"{commit.branch} holds the same files already; nothing was pushed")
        context.output("remoteUrl", remote)
        context.output("commitHash", pushed["sha"])
        context.output("branchName", commit.branch)
        context.output("changed", pushed["changed"])
        contents = self._contents_url(remote, commit.branch)
        if contents:
            context.output("repoContentsUrl", contents)

    async def _pushed(
        self,
        context: ActionContext,
        remote: str,
        source: Path,
        commit: GitCommit,
        credentials: tuple[str, str] | None,
    ) -> dict[str, Any]:
        delay, began = self._first_delay, time.monotonic()
        for left in reversed(range(TRIES)):
            context.raise_if_cancelled()
            try:
                push = self._reading.git.publish(remote, source, commit, credentials=credentials, folders=self._folders)
                done = await unless_cancelled(context, push)
            except (NotAllowedError, NotFoundError, InputError):
                raise
            except CallboardError as error:
                context.raise_if_cancelled()
                if not left or time.monotonic() - began > PATIENCE_S:
                    raise
                await context.log.warn(f"The push failed and is tried again: {error.message}")
                await wait(context, delay * (1 + random.random() * JITTER))  # noqa: S311 - spreads load
                delay *= 2
            else:
                await context.log.info(f"Pushed {done.sha} to {commit.branch} of {remote}")
                return {"sha": done.sha, "changed": done.changed}
        raise AssertionError("the last try returns or raises")

    def _contents_url(self, remote: str, branch: str) -> str | None:
        integration = self._reading.integration_for(remote)
        if integration is None:
            return None
        kinds = {"github": "blob", "gitlab": "-/blob", "gitea": "src/branch", "bitbucketCloud": "src"}
        kind = kinds.get(integration.type)
        return f"{remote.removesuffix('/').removesuffix('.git')}/{kind}/{branch}" if kind else None


def _inside(path: str | None) -> str:
    """The source path as the reference takes it: leading `../` are dropped."""
    text = path or "."
    while text.startswith("../"):
        text = text[3:]
    return text
