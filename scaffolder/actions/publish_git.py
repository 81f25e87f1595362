"""`publish:git`: the workspace as a commit on any git remote. Additive; inputs and outputs are those of its siblings.

Source: spec/scaffolder.md §5.0 (initRepoAndPush).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.errors import CallboardError
from app.interfaces import Reading
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, STRING, described, record
from scaffolder.interfaces import Action, ActionContext
from scaffolder.publishing.commits import CommitDefaults
from scaffolder.publishing.pushing import FIRST_DELAY_S, Pushing


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
        self._pushing = Pushing(reading, folders=folders, first_delay=first_delay)

    async def run(self, context: ActionContext) -> None:
        given = context.input
        if given.get("signCommit"):
            raise CallboardError("Signing commits is enabled but no signing key is provided in the configuration")
        remote = given["remoteUrl"]
        commit = self._defaults.commit(given, given.get("branchName") or given.get("defaultBranch") or "main")
        token = given.get("token")
        credentials = (given.get("username") or "oauth2", token) if token else None
        pushed = await self._pushing.push(context, remote, commit, credentials)
        if not pushed["changed"]:
            await context.log.warn(f"{commit.branch} holds the same files already; nothing was pushed")
        context.output("remoteUrl", remote)
        context.output("commitHash", pushed["sha"])
        context.output("branchName", commit.branch)
        context.output("changed", pushed["changed"])
        contents = self._contents_url(remote, commit.branch)
        if contents:
            context.output("repoContentsUrl", contents)

    def _contents_url(self, remote: str, branch: str) -> str | None:
        integration = self._reading.integration_for(remote)
        if integration is None:
            return None
        kinds = {"github": "blob", "gitlab": "-/blob", "gitea": "src/branch", "bitbucketCloud": "src"}
        kind = kinds.get(integration.type)
        return f"{remote.removesuffix('/').removesuffix('.git')}/{kind}/{branch}" if kind else None
