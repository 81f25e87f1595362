"""`github:deployKey:create`. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

from plugins.github.actions.action import GithubAction
from plugins.github.actions.inputs import REPO_URL, TOKEN
from plugins.github.actions.repository import GithubRepository
from plugins.github.actions.secrets import put_secrets
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import STRING, described, record
from scaffolder.interfaces import ActionContext


class GithubDeployKeyCreate(GithubAction):
    id = "github:deployKey:create"
    description = "Creates and stores Deploy Keys."
    examples = (
        example(
            "github:deployKey:create",
            "Make a deploy key, and keep its private half as a secret of the repository",
            repoUrl="github.com?owner=acme&repo=lamps",
            publicKey="ssh-ed25519 AAAA…",
            privateKey="${{ secrets.DEPLOY_KEY }}",
            deployKeyName="Push Tags",
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "publicKey": described(STRING, "The public key, as ssh-keygen writes it"),
            "privateKey": described(STRING, "The private key"),
            "deployKeyName": described(STRING, "The key's name"),
            "privateKeySecretName": described(
                STRING, "The secret that holds the private key. Default: the key's name, as in PUSH_TAGS_PRIVATE_KEY"
            ),
            "token": TOKEN,
        },
        ["repoUrl", "publicKey", "privateKey", "deployKeyName"],
    )
    output_schema = record({"privateKeySecretName": described(STRING, "The secret that holds the private key")})

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        name = given["deployKeyName"]
        secret = given.get("privateKeySecretName") or f"{name.replace(' ', '_').upper()}_PRIVATE_KEY"

        async def make() -> bool:
            await repository.ask("POST", "/keys", {"title": name, "key": given["publicKey"]})
            return True

        await context.checkpoint(f"create.deploy.key.{repository.full_name}.{name}", make)
        await put_secrets(repository, {secret: given["privateKey"]})
        context.output("privateKeySecretName", secret)
