"""`github:webhook`. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

import secrets

from plugins.github.actions.action import GithubAction
from plugins.github.actions.inputs import REPO_URL, STRINGS, TOKEN
from plugins.github.actions.repository import GithubRepository
from plugins.github.api.errors import GithubError
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, STRING, described, one_of, record
from scaffolder.interfaces import ActionContext


class GithubWebhook(GithubAction):
    """Without a `webhookSecret` the configured default is used, else one that nobody knows."""

    id = "github:webhook"
    description = "Creates webhook for a repository on GitHub."
    supports_dry_run = True
    examples = (
        example(
            "github:webhook",
            "Tell the catalog of every push",
            repoUrl="github.com?owner=acme&repo=lamps",
            webhookUrl="https://portal.example.com/api/events/http/github",
            webhookSecret="${{ secrets.WEBHOOK_SECRET }}",
            contentType="json",
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "webhookUrl": described(STRING, "Where deliveries go"),
            "webhookSecret": described(STRING, "What deliveries are signed with"),
            "events": described(STRINGS, 'The events to deliver, or ["*"] for all. Default: push'),
            "active": described(BOOLEAN, "Whether it delivers. Default: true"),
            "contentType": described(one_of("form", "json"), "How deliveries are written. Default: form"),
            "insecureSsl": described(BOOLEAN, "Do not verify the receiver's certificate. Default: false"),
            "token": TOKEN,
        },
        ["repoUrl", "webhookUrl"],
    )

    async def pretend(self, context: ActionContext) -> None:
        repository = self._repositories.named(context.input)
        await context.log.info(f"Dry run: no webhook is made for {repository.owner}/{repository.repo}")

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        config = {
            "url": given["webhookUrl"],
            "content_type": given.get("contentType", "form"),
            "secret": given.get("webhookSecret") or secrets.token_hex(32),
            "insecure_ssl": "1" if given.get("insecureSsl") else "0",
        }
        body = {"config": config, "events": given.get("events", ["push"]), "active": given.get("active", True)}

        async def make() -> bool:
            await repository.ask("POST", "/hooks", body)
            return True

        try:
            await context.checkpoint(f"create.webhook.{repository.full_name}.{given['webhookUrl']}", make)
        except GithubError as error:
            await context.log.warn(
                f"Failed: create webhook '{given['webhookUrl']}' on repo: '{repository.name}', {error.message}"
            )
        else:
            await context.log.info(f"Webhook '{given['webhookUrl']}' created successfully")
