"""publish:github, github:repo:create and github:repo:push against the fake, with real git pushes over HTTP."""

from __future__ import annotations

import pytest

from app.errors import CallboardError, InputError, NotFoundError
from plugins.github.actions.creation import creation_body
from scaffolder.interfaces import Action
from scaffolder.testing.context import Context
from scaffolder.workspace import SafeFolder
from tests.plugins.github.actions.conftest import USER_TOKEN, Run, lamps
from tests.plugins.github.fake import FakeGithub
from tests.plugins.github.fake.faults import Fault
from tests.plugins.github.fake.publishing import opened
from tests.plugins.github.fake.routing import Asked, failed


async def test_a_workspace_becomes_a_protected_repository(run: Run, workspace: SafeFolder, github: FakeGithub) -> None:
    workspace.write("README.md", b"# Lamps\n")
    workspace.write("bin/light", b"#!/bin/sh\n", mode=0o755)
    context = await run(
        "publish:github",
        description="Lights",
        homepage="https://lamps.example.com",
        access="acme/lamp-keepers",
        repoVisibility="public",
        topics=["Lamps", "night"],
        collaborators=[
            {"user": "user:default/grace", "access": "push"},
            {"team": "lamp-keepers", "access": "maintain"},
            {"user": "nobody", "access": "pull"},
        ],
        repoVariables={"REGION": "eu"},
        secrets={"DEPLOY_TOKEN": "hush"},
        oidcCustomization={"useDefault": False, "includeClaimKeys": ["repo", "context"]},
        customProperties={"tier": "1", "areas": ["light"]},
        hasWiki=False,
        allowUpdateBranch=True,
        subscribe=True,
        requiredStatusCheckContexts=["test"],
        requireCodeOwnerReviews=True,
        requiredCommitSigning=True,
        gitCommitMessage="Begin",
    )
    repo = lamps(github)
    assert context.outputs == {
        "remoteUrl": f"{github.url}/acme/lamps.git",
        "repoContentsUrl": f"{github.url}/acme/lamps/blob/main",
        "commitHash": repo.branches["main"],
    }
    assert repo.read("README.md") == b"# Lamps\n"
    assert repo.objects.message_of(repo.branches["main"]).strip() == "Begin"
    assert (repo.visibility, repo.description, repo.homepage) == ("public", "Lights", "https://lamps.example.com")
    known = repo.settings
    assert known["teams"] == {"lamp-keepers": "maintain"}
    assert known["collaborators"] == {"grace": "push"}
    assert known["topics"] == {"names": ["lamps", "night"]}
    assert known["variables:"] == {"REGION": "eu"}
    assert opened(known["secrets"]["DEPLOY_TOKEN"]["encrypted_value"]) == "hush"
    assert known["oidc"] == {"use_default": False, "include_claim_keys": ["repo", "context"]}
    assert known["custom_properties"] == {"tier": "1", "areas": ["light"]}
    assert known["subscription"] == {"subscribed": True, "ignored": False}
    assert known["settings"]["has_wiki"] is False
    assert known["settings"]["allow_update_branch"] is True
    assert known["settings"]["squash_merge_commit_title"] == "COMMIT_OR_PR_TITLE"
    protection = known["protection"]["main"]
    assert protection["required_status_checks"] == {"strict": True, "contexts": ["test"]}
    assert protection["required_pull_request_reviews"]["require_code_owner_reviews"] is True
    assert protection["enforce_admins"] is True
    assert protection["restrictions"] is None
    assert known["signatures"] == {"main": True}
    assert any(line.startswith("Skipping pull access for nobody, Not Found") for line in context.said.lines)
    assert not [line for line in context.said.lines if "hush" in line or "ghp_" in line]


async def test_a_users_repository_is_made_with_the_users_token(
    run: Run, workspace: SafeFolder, github: FakeGithub
) -> None:
    workspace.write("README.md", b"mine")
    await run(
        "publish:github",
        repoUrl=f"{github.host}?owner=ada&repo=notes",
        token=USER_TOKEN,
        access="ada",
        protectDefaultBranch=False,
        defaultBranch="trunk",
    )
    repo = github.world.repo("ada", "notes")
    assert repo is not None
    assert (repo.default_branch, repo.visibility) == ("trunk", "private")
    assert "protection" not in repo.settings
    assert "collaborators" not in repo.settings
    assert {asked.who for asked in github.asked} == {f"token:{USER_TOKEN}"}


async def test_a_failure_to_protect_is_only_said(run: Run, workspace: SafeFolder, github: FakeGithub) -> None:
    workspace.write("README.md", b"x")

    def protecting(asked: Asked) -> bool:
        return asked.path.endswith("/protection")

    github.faults.append(Fault(protecting, failed(404, "Branch not found")))
    github.faults.append(Fault(protecting, failed(403, "Forbidden by rule")))
    context = await run("publish:github")
    assert any("Skipping: default branch protection on 'lamps', Forbidden by rule" in x for x in context.said.lines)
    upgrade = "Upgrade to GitHub Pro or make this repository public to enable this feature."
    github.faults.append(Fault(protecting, failed(403, upgrade)))
    context = await run("github:repo:push")
    assert any("requires GitHub Pro" in line for line in context.said.lines)
    github.faults.append(Fault(protecting, failed(403, "Forbidden by rule")))
    with pytest.raises(CallboardError, match="Forbidden by rule"):
        await run("github:branch-protection:create")


async def test_a_team_has_to_be_there_before_anything_is_made(run: Run, github: FakeGithub) -> None:
    with pytest.raises(NotFoundError, match="one of org: acme or team: ghosts was not found within GitHub"):
        await run("publish:github", access="acme/ghosts")
    assert github.world.repo("acme", "lamps") is None


async def test_a_name_that_is_taken_is_an_error(run: Run, github: FakeGithub, workspace: SafeFolder) -> None:
    github.world.add_repo("acme", "lamps", {"a": "b"}, hook=False)
    workspace.write("README.md", b"x")
    with pytest.raises(
        CallboardError, match=r"^Failed to create the Organization repository acme/lamps, Repository creation failed"
    ):
        await run("publish:github")
    assert lamps(github).read("README.md") is None


async def test_a_worker_that_died_after_making_a_repository_finds_it_again(
    run: Run, workspace: SafeFolder, github: FakeGithub
) -> None:
    workspace.write("README.md", b"x")
    github.world.add_repo("acme", "lamps", hook=False, visibility="private")
    begun = {"create.github.repo.acme.lamps.begin": "2025-12-31T23:59:00+00:00"}

    async def no_jobs(job: str, arguments: object) -> object:
        raise AssertionError

    given = {"repoUrl": f"{github.host}?owner=acme&repo=lamps"}
    context = Context(given, workspace, no_jobs, stored=dict(begun))
    await run("publish:github", context=context)
    assert lamps(github).read("README.md") == b"x"
    # What was there before the attempt began is somebody else's.
    late = Context(given, workspace, no_jobs, stored={next(iter(begun)): "2026-02-01T00:00:00+00:00"})
    with pytest.raises(CallboardError, match="Failed to create"):
        await run("publish:github", context=late)
    # What has been done is not done again.
    asked = len(github.asked)
    pushes = len(github.git.pushes)
    await run("publish:github", context=context)
    assert len(github.git.pushes) == pushes
    assert not [one for one in github.asked[asked:] if one.method == "POST"]


async def test_a_repository_may_be_made_and_pushed_to_in_two_steps(
    run: Run, workspace: SafeFolder, github: FakeGithub
) -> None:
    workspace.write("src/app.py", b"print()\n")
    workspace.write("other/x", b"")
    made = await run("github:repo:create", autoInit=True, workflowAccess="organization")
    assert made.outputs == {"remoteUrl": f"{github.url}/acme/lamps.git"}
    assert lamps(github).settings["access"] == {"access_level": "organization"}
    pushed = await run("github:repo:push", sourcePath="../src", protectEnforceAdmins=False)
    repo = lamps(github)
    assert pushed.outputs["commitHash"] == repo.branches["main"]
    assert repo.read("app.py") == b"print()\n"
    assert repo.read("README.md") == b"# lamps"
    assert repo.settings["protection"]["main"]["enforce_admins"] is False
    with pytest.raises(NotFoundError):
        await run("github:repo:push", repoUrl=f"{github.host}?owner=acme&repo=none")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("elsewhere.example.com?owner=a&repo=b", "No matching integration configuration for host elsewhere"),
        ("{host}?repo=lamps", "missing owner"),
        ("{host}?owner=acme", "missing repo"),
    ],
)
async def test_a_repository_has_to_be_named_in_full(run: Run, github: FakeGithub, url: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        await run("publish:github", repoUrl=url.format(host=github.host))
    assert github.asked == []


def test_an_enterprise_may_keep_a_repository_internal() -> None:
    """GitHub's public description leaves this visibility out; its documentation for enterprises has it."""
    made = creation_body("lamps", {"repoVisibility": "internal"}, organization=True, auto_init=False)
    assert (made["visibility"], made["private"]) == ("internal", False)
    assert "visibility" not in creation_body("lamps", {}, organization=False, auto_init=False)


def test_every_action_says_what_it_takes(actions: dict[str, Action]) -> None:
    assert sorted(actions) == [
        "github:actions:dispatch",
        "github:autolinks:create",
        "github:branch-protection:create",
        "github:deployKey:create",
        "github:environment:create",
        "github:issues:create",
        "github:issues:label",
        "github:pages:enable",
        "github:repo:create",
        "github:repo:push",
        "github:webhook",
        "publish:github",
        "publish:github:pull-request",
    ]
    for action in actions.values():
        assert action.description
        assert action.examples
        assert action.input_schema is not None
        assert action.input_schema["additionalProperties"] is False
        assert all(one.get("description") for one in action.input_schema["properties"].values())
