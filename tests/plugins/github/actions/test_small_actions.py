"""The actions that ask for one thing each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.errors import CallboardError
from tests.plugins.github.actions.conftest import Run, lamps
from tests.plugins.github.fake import FakeGithub
from tests.plugins.github.fake.faults import Fault, everything
from tests.plugins.github.fake.publishing import opened
from tests.plugins.github.fake.routing import failed


@pytest.fixture(autouse=True)
async def _repository(github: FakeGithub) -> AsyncIterator[None]:
    github.world.add_repo("acme", "lamps", {"README.md": "x"}, hook=False)
    yield


async def test_issues_are_made_and_labelled(run: Run, github: FakeGithub) -> None:
    made = await run("github:issues:create", title="Fill", body="Oil", assignees=["ada"], labels=["bug"], milestone=1)
    assert made.outputs == {"issueUrl": f"{github.url}/acme/lamps/issues/1", "issueNumber": 1}
    await run("github:issues:label", number=1, labels=["night"])
    assert lamps(github).settings["issues"][0]["labels"] == ["bug", "night"]
    missing = await run("github:issues:label", number=9, labels=["night"])
    assert missing.said.lines[0].startswith("Failed: adding labels to issue: '9' on repo: 'lamps', Not Found")
    again = await run("github:issues:create", context=made, title="Fill")
    assert again.outputs["issueNumber"] == 1
    assert len(lamps(github).settings["issues"]) == 1
    github.faults.append(Fault(everything, failed(410, "Issues are disabled for this repo")))
    with pytest.raises(CallboardError, match="Issues are disabled"):
        await run("github:issues:create", title="x")
    dry = await run("github:issues:create", dry=True, title="x")
    assert dry.outputs == {"issueUrl": "https://github.com/acme/lamps/issues/42", "issueNumber": 42}


async def test_a_webhook_is_made_once(run: Run, github: FakeGithub) -> None:
    url = "https://portal.example.com/hook"
    made = await run("github:webhook", webhookUrl=url, webhookSecret="hush", events=["*"], contentType="json")
    await run("github:webhook", context=made)
    (hook,) = lamps(github).settings["hooks"]
    assert hook == {
        "config": {"url": url, "content_type": "json", "secret": "hush", "insecure_ssl": "0"},
        "events": ["*"],
        "active": True,
    }
    plain = await run("github:webhook", webhookUrl=url)
    assert len(lamps(github).settings["hooks"][1]["config"]["secret"]) == 64
    assert lamps(github).settings["hooks"][1]["events"] == ["push"]
    assert not [line for line in (*made.said.lines, *plain.said.lines) if "hush" in line]
    github.faults.append(Fault(everything, failed(422, "Hook already exists on this repository")))
    failing = await run("github:webhook", webhookUrl=url)
    assert failing.said.lines[0].startswith(f"Failed: create webhook '{url}' on repo: 'lamps', Hook already exists")
    assert (await run("github:webhook", dry=True, webhookUrl=url)).outputs == {}
    assert len(lamps(github).settings["hooks"]) == 2


async def test_a_workflow_is_run(run: Run, github: FakeGithub) -> None:
    given = {"workflowId": "release.yaml", "branchOrTagName": "main"}
    assert (await run("github:actions:dispatch", **given, workflowInputs={"level": "patch"})).outputs == {}
    detailed = await run("github:actions:dispatch", **given, returnWorkflowRunDetails=True)
    assert detailed.outputs == {
        "workflowRunId": 7,
        "workflowRunUrl": f"{github.api}/repos/acme/lamps/actions/runs/7",
        "workflowRunHtmlUrl": f"{github.url}/acme/lamps/actions/runs/7",
    }
    assert lamps(github).settings["dispatches"] == [
        ("release.yaml", {"ref": "main", "inputs": {"level": "patch"}}),
        ("release.yaml", {"ref": "main", "inputs": {}, "return_run_details": True}),
    ]


async def test_a_deploy_key_leaves_its_private_half_as_a_secret(run: Run, github: FakeGithub) -> None:
    made = await run(
        "github:deployKey:create", publicKey="ssh-ed25519 A", privateKey="PRIVATE", deployKeyName="Push Tags"
    )
    assert made.outputs == {"privateKeySecretName": "PUSH_TAGS_PRIVATE_KEY"}
    assert lamps(github).settings["keys"] == [{"title": "Push Tags", "key": "ssh-ed25519 A"}]
    assert opened(lamps(github).settings["secrets"]["PUSH_TAGS_PRIVATE_KEY"]["encrypted_value"]) == "PRIVATE"


async def test_an_environment_is_made_with_all_that_belongs_to_it(run: Run, github: FakeGithub) -> None:
    made = await run(
        "github:environment:create",
        name="pre/production",
        deploymentBranchPolicy={"protected_branches": False, "custom_branch_policies": True},
        customBranchPolicyNames=["main"],
        customTagPolicyNames=["v*"],
        environmentVariables={"REGION": "eu"},
        secrets={"TOKEN": "hush"},
        waitTimer=5,
        preventSelfReview=True,
        reviewers=["user:default/ada", "group:default/lamp-keepers", "user:ghost", "component:default/x"],
    )
    known = lamps(github).settings
    environment = known["environments"]["pre/production"]
    ada, team = github.world.account("ada"), github.world.team("acme", "lamp-keepers")
    assert ada is not None
    assert team is not None
    assert environment["reviewers"] == [{"type": "User", "id": ada.id}, {"type": "Team", "id": team.id}]
    assert (environment["wait_timer"], environment["prevent_self_review"]) == (5, True)
    assert known["policies"] == [{"name": "main", "type": "branch"}, {"name": "v*", "type": "tag"}]
    assert known["variables:pre/production"] == {"REGION": "eu"}
    assert opened(known["secrets:pre/production"]["TOKEN"]["encrypted_value"]) == "hush"
    assert [line.partition(" is left out")[0] for line in made.said.lines] == [
        "The reviewer user:ghost",
        "The reviewer component:default/x",
    ]
    await run("github:environment:create", name="pre/production", environmentVariables={"REGION": "us"})
    assert known["variables:pre/production"] == {"REGION": "us"}


async def test_links_pages_and_protection_are_set(run: Run, github: FakeGithub) -> None:
    await run("github:autolinks:create", keyPrefix="T-", urlTemplate="https://t.example.com/<num>")
    await run("github:pages:enable", buildType="legacy", sourceBranch="gh-pages", sourcePath="/docs")
    await run(
        "github:branch-protection:create",
        requiredApprovingReviewCount=2,
        blockCreations=True,
        enforceAdmins=False,
        restrictions={"users": ["ada"], "teams": []},
        bypassPullRequestAllowances={"teams": ["lamp-keepers"]},
        requireLastPushApproval=True,
    )
    known = lamps(github).settings
    assert known["autolinks"] == [
        {"key_prefix": "T-", "url_template": "https://t.example.com/<num>", "is_alphanumeric": True}
    ]
    assert known["pages"] == [{"build_type": "legacy", "source": {"branch": "gh-pages", "path": "/docs"}}]
    assert known["protection"]["main"] == {
        "required_status_checks": {"strict": True, "contexts": []},
        "restrictions": {"users": ["ada"], "teams": []},
        "enforce_admins": False,
        "required_pull_request_reviews": {
            "required_approving_review_count": 2,
            "require_code_owner_reviews": False,
            "dismiss_stale_reviews": False,
            "require_last_push_approval": True,
            "bypass_pull_request_allowances": {"teams": ["lamp-keepers"]},
        },
        "required_conversation_resolution": False,
        "required_linear_history": False,
        "block_creations": True,
    }
    github.faults.append(Fault(everything, failed(422, "Validation Failed")))
    with pytest.raises(CallboardError, match="Validation Failed"):
        await run("github:autolinks:create", keyPrefix="T-", urlTemplate="https://t.example.com/<num>")
