"""`github:issues:create` and `github:issues:label`. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

from typing import Any

from plugins.github.actions.action import GithubAction
from plugins.github.actions.inputs import REPO_URL, STRINGS, TOKEN
from plugins.github.actions.repository import GithubRepository
from plugins.github.api.errors import GithubError
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import NUMBER, STRING, described, record
from scaffolder.interfaces import ActionContext

REPO = "github.com?owner=acme&repo=lamps"


class GithubIssuesCreate(GithubAction):
    id = "github:issues:create"
    description = "Creates an issue on GitHub."
    supports_dry_run = True
    examples = (
        example("github:issues:create", "Make an issue", repoUrl=REPO, title="Fill the lamps"),
        example(
            "github:issues:create",
            "Make an issue for somebody",
            repoUrl=REPO,
            title="Fill the lamps",
            body="Before the night train leaves.",
            assignees=["ada"],
            labels=["good first issue"],
            milestone="1",
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "title": described(STRING, "The issue's title"),
            "body": described(STRING, "The issue's text"),
            "assignees": described(STRINGS, "Logins of those it is assigned to"),
            "milestone": described({"anyOf": [STRING, NUMBER]}, "The number of its milestone"),
            "labels": described(STRINGS, "Its labels"),
            "token": TOKEN,
        },
        ["repoUrl", "title"],
    )
    output_schema = record(
        {
            "issueUrl": described(STRING, "A URL to the issue"),
            "issueNumber": described(NUMBER, "The issue's number"),
        }
    )

    async def pretend(self, context: ActionContext) -> None:
        repository = self._repositories.named(context.input)
        await context.log.info(f"Dry run: issue '{context.input['title']}' is not made")
        context.output("issueUrl", f"https://github.com/{repository.owner}/{repository.repo}/issues/42")
        context.output("issueNumber", 42)

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        body = {key: given[key] for key in ("title", "body", "assignees", "milestone", "labels") if key in given}

        async def make() -> dict[str, Any]:
            made = await repository.ask("POST", "/issues", body)
            return {"url": made["html_url"], "number": made["number"]}

        made = await context.checkpoint(f"create.issue.{repository.full_name}.{given['title']}", make)
        await context.log.info(f"Made issue {made['number']} of {repository.full_name}")
        context.output("issueUrl", made["url"])
        context.output("issueNumber", made["number"])


class GithubIssuesLabel(GithubAction):
    id = "github:issues:label"
    description = "Adds labels to a pull request or issue on GitHub."
    examples = (example("github:issues:label", "Label an issue", repoUrl=REPO, number=1, labels=["bug"]),)
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "number": described(NUMBER, "The number of the issue or pull request"),
            "labels": described(STRINGS, "The labels to add"),
            "token": TOKEN,
        },
        ["repoUrl", "number", "labels"],
    )

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        number, labels = int(context.input["number"]), context.input["labels"]
        try:
            await repository.ask("POST", "/issues/{issue_number}/labels", {"labels": labels}, issue_number=number)
        except GithubError as error:
            await context.log.warn(
                f"Failed: adding labels to issue: '{number}' on repo: '{repository.name}', {error.message}"
            )
