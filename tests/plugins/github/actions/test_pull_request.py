"""publish:github:pull-request against the fake: commits through the API alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.errors import CallboardError
from scaffolder.testing.context import Context
from scaffolder.workspace import SafeFolder
from tests.plugins.github.actions.conftest import USER_TOKEN, Run, lamps
from tests.plugins.github.fake import FakeGithub
from tests.plugins.github.fake.faults import Fault
from tests.plugins.github.fake.routing import failed

ASKED = {"branchName": "light", "title": "Add a lamp", "description": "One more"}


@pytest.fixture(autouse=True)
async def _repository(github: FakeGithub) -> AsyncIterator[None]:
    files = {"README.md": "old", "docs/old.md": "dark", "keep": "1"}
    github.world.add_repo("acme", "lamps", files, hook=False)
    yield


async def test_a_workspace_is_proposed_as_one_commit(run: Run, workspace: SafeFolder, github: FakeGithub) -> None:
    workspace.write("README.md", b"new")
    workspace.write("bin/run", b"#!/bin/sh\n", mode=0o755)
    workspace.write("logo.png", b"\x89PNG\xff")
    workspace.write(".gitignore", b"*.log\n!keep.log\nbuild/\n")
    workspace.write("x.log", b"")
    workspace.write("keep.log", b"")
    workspace.write("build/keep.log", b"")
    workspace.write(".git/config", b"[core]\n")
    workspace.make_link("link", "/etc/passwd")
    base = lamps(github).branches["main"]
    context = await run(
        "publish:github:pull-request",
        **ASKED,
        filesToDelete=["docs/old.md", "never/was", "bin/../keep"],
        reviewers=["ada", "ada"],
        teamReviewers=["lamp-keepers"],
        assignees=["grace"],
        draft=True,
    )
    repo = lamps(github)
    assert context.outputs == {
        "targetBranchName": "main",
        "remoteUrl": f"{github.url}/acme/lamps/pull/1",
        "pullRequestNumber": 1,
    }
    head = repo.branches["light"]
    assert repo.branches["main"] == base
    assert repo.objects.parents_of(head) == [base]
    assert repo.objects.message_of(head) == "Add a lamp"
    assert b"author Robot <r@example.com>" in repo.objects.held[head][1]
    files = repo.objects.files(repo.objects.tree_of(head))
    assert {path: entry.mode for path, entry in files.items()} == {
        ".gitignore": "100644",
        "README.md": "100644",
        "bin/run": "100755",
        "keep.log": "100644",
        "link": "120000",
        "logo.png": "100644",
    }
    assert repo.read("logo.png", "light") == b"\x89PNG\xff"
    assert repo.read("link", "light") == b"/etc/passwd"
    (pull,) = repo.settings["pulls"]
    assert (pull["head"], pull["base"], pull["draft"]) == ("acme:light", "main", True)
    assert pull["reviewers"] == ["ada"]
    assert pull["team_reviewers"] == ["lamp-keepers"]
    assert pull["assignees"] == ["grace"]


async def test_a_branch_that_is_there_is_added_to_only_if_asked(
    run: Run, workspace: SafeFolder, github: FakeGithub
) -> None:
    workspace.write("one", b"1")
    await run("publish:github:pull-request", **ASKED)
    first = lamps(github).branches["light"]
    workspace.write("two", b"2")
    with pytest.raises(CallboardError, match=r"^Pull request creation failed; caused by ConflictError: The branch"):
        await run("publish:github:pull-request", **ASKED)
    context = await run("publish:github:pull-request", **{**ASKED, "title": "Add two"}, update=True)
    repo = lamps(github)
    assert repo.objects.parents_of(repo.branches["light"]) == [first]
    assert context.outputs["pullRequestNumber"] == 1
    assert [pull["title"] for pull in repo.settings["pulls"]] == ["Add two"]
    # The same again changes nothing.
    again = await run("publish:github:pull-request", **ASKED, update=True)
    assert again.outputs["pullRequestNumber"] == 1


async def test_a_worker_that_died_in_between_goes_on(run: Run, workspace: SafeFolder, github: FakeGithub) -> None:
    workspace.write("one", b"1")
    await run("publish:github:pull-request", **ASKED)
    head = lamps(github).branches["light"]
    # A new attempt that has nothing stored finds its own branch and pull request.
    again = await run("publish:github:pull-request", **ASKED)
    assert again.outputs["pullRequestNumber"] == 1
    assert lamps(github).branches["light"] == head


async def test_nothing_new_is_proposed_only_if_wanted(run: Run, workspace: SafeFolder, github: FakeGithub) -> None:
    workspace.write("README.md", b"old")
    context = await run("publish:github:pull-request", **ASKED, createWhenEmpty=False)
    assert context.outputs == {}
    assert "light" not in lamps(github).branches
    await run("publish:github:pull-request", **ASKED)
    assert len(lamps(github).settings["pulls"]) == 1


async def test_folders_may_differ(run: Run, workspace: SafeFolder, github: FakeGithub) -> None:
    workspace.write("content/docs/new.md", b"bright")
    github.world.push(lamps(github), {"x": "y"}, "dev", hook=False)
    await run(
        "publish:github:pull-request",
        **ASKED,
        sourcePath="content/docs",
        targetPath="/docs/",
        filesToDelete=["old.md"],
        targetBranchName="dev",
        commitMessage="Say more",
        forceEmptyGitAuthor=True,
    )
    repo = lamps(github)
    head = repo.branches["light"]
    assert repo.read("docs/new.md", "light") == b"bright"
    assert repo.read("docs/old.md", "light") is None
    assert repo.read("x", "light") == b"y"
    assert repo.objects.message_of(head) == "Say more"
    assert b"author Token" in repo.objects.held[head][1]
    assert repo.settings["pulls"][0]["base"] == "dev"


async def test_who_may_not_push_proposes_from_a_fork(run: Run, workspace: SafeFolder, github: FakeGithub) -> None:
    workspace.write("one", b"1")
    context = await run("publish:github:pull-request", **ASKED, token=USER_TOKEN, forceFork=True)
    fork = github.world.repo("ada", "lamps")
    assert fork is not None
    assert fork.read("one", "light") == b"1"
    assert "light" not in lamps(github).branches
    assert lamps(github).settings["pulls"][0]["head"] == "ada:light"
    assert context.outputs["pullRequestNumber"] == 1


async def test_many_files_take_few_requests(run: Run, workspace: SafeFolder, github: FakeGithub) -> None:
    for number in range(1_200):
        workspace.write(f"src/{number}.py", b"x" * 100)
    before = len(github.asked)
    await run("publish:github:pull-request", **ASKED)
    assert len(github.asked) - before < 16
    assert len(lamps(github).objects.files(lamps(github).objects.tree_of(lamps(github).branches["light"]))) == 1_203


@pytest.mark.parametrize("given", [{"targetPath": "../x"}, {"filesToDelete": ["../../x"]}, {"sourcePath": "nowhere"}])
async def test_no_path_leads_out(run: Run, github: FakeGithub, given: dict[str, object]) -> None:
    with pytest.raises(CallboardError):
        await run("publish:github:pull-request", **ASKED, **given)
    assert "light" not in lamps(github).branches


async def test_reviewers_that_github_does_not_take_are_only_said(
    run: Run, workspace: SafeFolder, github: FakeGithub
) -> None:
    workspace.write("one", b"1")
    refused = failed(422, "Reviews may only be requested from collaborators.")
    github.faults.append(Fault(lambda asked: asked.path.endswith("/requested_reviewers"), refused))
    context = await run("publish:github:pull-request", **ASKED, reviewers=["x"], assignees=[str(n) for n in range(11)])
    assert context.outputs["pullRequestNumber"] == 1
    assert any("Reviews may only be requested" in line for line in context.said.lines)
    assert any("10 people at most" in line for line in context.said.lines)


async def test_a_dry_run_asks_github_nothing(run: Run, github: FakeGithub) -> None:
    context: Context = await run("publish:github:pull-request", dry=True, **ASKED)
    assert context.outputs == {
        "targetBranchName": "light",
        "remoteUrl": f"{github.host}?owner=acme&repo=lamps",
        "pullRequestNumber": 43,
    }
    assert github.asked == []
