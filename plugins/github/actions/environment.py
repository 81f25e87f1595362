"""`github:environment:create`. Source: spec/scaffolder.md §5.3."""

from __future__ import annotations

from typing import Any

from app.errors import CallboardError, InputError
from catalog.model.refs import parse_ref
from plugins.github.actions.action import GithubAction
from plugins.github.actions.inputs import REPO_URL, STRINGS, TEXTS, TOKEN
from plugins.github.actions.repository import GithubRepository
from plugins.github.actions.secrets import ENVIRONMENT, put_secrets, put_variables
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, NUMBER, STRING, closed, described, record
from scaffolder.interfaces import ActionContext


class GithubEnvironmentCreate(GithubAction):
    id = "github:environment:create"
    description = "Creates Deployment Environments."
    examples = (
        example(
            "github:environment:create",
            "Make an environment that only protected branches reach, after a review",
            repoUrl="github.com?owner=acme&repo=lamps",
            name="production",
            deploymentBranchPolicy={"protected_branches": True, "custom_branch_policies": False},
            reviewers=["group:default/lamp-keepers"],
            environmentVariables={"REGION": "eu"},
            secrets={"DEPLOY_TOKEN": "${{ secrets.DEPLOY_TOKEN }}"},
        ),
        example(
            "github:environment:create",
            "Make an environment for releases",
            repoUrl="github.com?owner=acme&repo=lamps",
            name="release",
            deploymentBranchPolicy={"protected_branches": False, "custom_branch_policies": True},
            customTagPolicyNames=["v*"],
        ),
    )
    input_schema = record(
        {
            "repoUrl": REPO_URL,
            "name": described(STRING, "The environment's name"),
            "deploymentBranchPolicy": described(
                closed(
                    {
                        "protected_branches": described(BOOLEAN, "Only protected branches deploy"),
                        "custom_branch_policies": described(BOOLEAN, "Only branches and tags with these names deploy"),
                    },
                    ["protected_branches", "custom_branch_policies"],
                ),
                "Which branches may deploy. Default: all",
            ),
            "customBranchPolicyNames": described(STRINGS, "Patterns of branches that may deploy"),
            "customTagPolicyNames": described(STRINGS, "Patterns of tags that may deploy"),
            "environmentVariables": described(TEXTS, "The environment's variables"),
            "secrets": described(TEXTS, "The environment's secrets"),
            "waitTimer": described(NUMBER, "Minutes to wait before a deployment"),
            "preventSelfReview": described(BOOLEAN, "Whoever deploys may not approve it"),
            "reviewers": described(STRINGS, "Entity refs of users and groups that approve deployments"),
            "token": TOKEN,
        },
        ["repoUrl", "name"],
    )

    async def act(self, context: ActionContext, repository: GithubRepository) -> None:
        given = context.input
        name, policy = given["name"], given.get("deploymentBranchPolicy")
        body = {
            "deployment_branch_policy": policy,
            "wait_timer": given.get("waitTimer"),
            "prevent_self_review": given.get("preventSelfReview"),
            "reviewers": await self._reviewers(context, repository) if given.get("reviewers") else None,
        }
        asked = {key: value for key, value in body.items() if value is not None}
        await repository.ask("PUT", "/environments/{environment_name}", asked, environment_name=name)
        if policy and policy["custom_branch_policies"]:
            for kind, names in (("branch", "customBranchPolicyNames"), ("tag", "customTagPolicyNames")):
                for pattern in given.get(names) or ():
                    await repository.ask(
                        "POST",
                        "/environments/{environment_name}/deployment-branch-policies",
                        {"name": pattern, "type": kind},
                        environment_name=name,
                    )
        await put_variables(repository, given.get("environmentVariables") or {}, ENVIRONMENT, environment_name=name)
        await put_secrets(repository, given.get("secrets") or {}, ENVIRONMENT, environment_name=name)

    async def _reviewers(self, context: ActionContext, repository: GithubRepository) -> list[dict[str, Any]]:
        """Those that GitHub knows by the names of their entities."""
        found = []
        for text in context.input["reviewers"]:
            try:
                ref = parse_ref(text)
                found.append(await _reviewer(repository, ref.kind.lower(), ref.name))
            except CallboardError as error:
                await context.log.error(f"The reviewer {text} is left out: {error.message}")
        return found


async def _reviewer(repository: GithubRepository, kind: str, name: str) -> dict[str, Any]:
    if kind == "user":
        user = await repository.api.get("/users/{username}", username=name)
        return {"type": "User", "id": user["id"]}
    if kind == "group":
        team = await repository.api.get("/orgs/{org}/teams/{team_slug}", org=repository.owner, team_slug=name)
        return {"type": "Team", "id": team["id"]}
    raise InputError("it is neither a user nor a group")
