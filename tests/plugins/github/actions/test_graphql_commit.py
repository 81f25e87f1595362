"""Publishing where git's port is blocked: connections are refused, the API is there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from app.errors import CallboardError, InputError
from app.reading.service import ReadingService
from plugins.github.actions import graphql_commit
from plugins.github.integration import GithubIntegration
from scaffolder.workspace import SafeFolder
from tests.plugins.github.actions.conftest import Run, lamps
from tests.plugins.github.fake import FakeGithub
from tests.plugins.github.fake import publishing as fake_publishing
from tests.plugins.github.fake.graphql import MUTATIONS


@pytest.fixture
def blocked(github: FakeGithub, reading: ReadingService) -> Iterator[FakeGithub]:
    """git is sent to a port where nobody listens."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        github.world.clones = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        reading.add_integration(GithubIntegration(github.world.clones.partition("//")[2]))
        yield github


async def test_a_workspace_is_committed_without_git(run: Run, workspace: SafeFolder, blocked: FakeGithub) -> None:
    workspace.write("README.md", b"# Lamps\n")
    workspace.write("docs/a b.bin", bytes(range(256)))
    workspace.write(".gitignore", b"*.log\n")
    workspace.write("noise.log", b"hum")
    (workspace.root / "link").symlink_to("README.md")
    context = await run("publish:github", gitCommitMessage="Begin\n\nIn the dark")
    repo = lamps(blocked)
    assert context.outputs["commitHash"] == repo.branches["main"]
    assert context.outputs["repoContentsUrl"] == f"{blocked.url}/acme/lamps/blob/main"
    files = repo.objects.files(repo.objects.tree_of(repo.branches["main"]))
    assert sorted(files) == [".gitignore", "README.md", "docs/a b.bin"]
    assert repo.read("docs/a b.bin") == bytes(range(256))
    assert repo.objects.message_of(repo.branches["main"]) == "Begin\n\nIn the dark"
    assert "main" in repo.settings["protection"] and repo.default_branch == "main"
    assert any(line.startswith("git does not get through, another way is taken") for line in context.said.lines)
    assert any(line.endswith("left out: link") for line in context.said.lines)


async def test_a_push_to_a_repository_that_has_files_changes_what_differs(
    run: Run, workspace: SafeFolder, blocked: FakeGithub
) -> None:
    kept = {"README.md": "# Lamps\n", "old.txt": "stays"}
    blocked.world.add_repo("acme", "lamps", kept)
    workspace.write("README.md", b"# Lamps\n")
    workspace.write("new.txt", b"new")
    context = await run("github:repo:push", defaultBranch="trunk", protectDefaultBranch=False)
    repo = lamps(blocked)
    assert repo.read("old.txt", "trunk") == b"stays" and repo.read("new.txt", "trunk") == b"new"
    assert repo.read("new.txt", "main") is None
    again = await run("github:repo:push", defaultBranch="trunk", protectDefaultBranch=False)
    assert again.outputs["commitHash"] == context.outputs["commitHash"] == repo.branches["trunk"]


async def test_a_branch_that_moves_meanwhile_is_tried_once_more(
    run: Run, workspace: SafeFolder, blocked: FakeGithub, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked.world.add_repo("acme", "lamps", {"README.md": "# Lamps\n"})
    workspace.write("new.txt", b"new")
    moves = [1]

    def moving(github: FakeGithub, asked: Any, given: Any) -> Any:
        if moves:
            github.world.push(lamps(github), {"other.txt": str(moves.pop())})
        return fake_publishing.create_commit(github, asked, given)

    monkeypatch.setitem(MUTATIONS, "createCommitOnBranch", moving)
    await run("github:repo:push", protectDefaultBranch=False)
    assert lamps(blocked).read("new.txt") == b"new" and lamps(blocked).read("other.txt") == b"1"
    moves += [2, 3, 4]
    workspace.write("new.txt", b"newer")
    with pytest.raises(CallboardError, match="Expected branch to point to"):
        await run("github:repo:push", protectDefaultBranch=False)
    assert lamps(blocked).read("new.txt") == b"new"


async def test_more_than_github_takes_is_refused(
    run: Run, workspace: SafeFolder, blocked: FakeGithub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphql_commit, "MAX_BYTES", 10)
    workspace.write("large", b"x" * 11)
    blocked.world.add_repo("acme", "lamps", {"README.md": "# Lamps\n"})
    with pytest.raises(InputError, match="More than 10 bytes cannot be committed without git"):
        await run("github:repo:push")
