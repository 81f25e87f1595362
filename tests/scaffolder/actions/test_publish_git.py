"""publish:git against a real git server over HTTP and against bare repositories on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import InputError, NotAllowedError, ServiceUnavailableError
from app.reading.outgoing import GuardedClient
from app.reading.service import ReadingService
from scaffolder.actions.publish_git import PublishGit
from scaffolder.testing.context import Context
from scaffolder.workspace import SafeFolder
from tests.app.reading.configuration import allowing
from tests.app.reading.git_server import Repository, git, git_server
from tests.app.reading.web_server import Asked, reply, serving
from tests.scaffolder.actions.conftest import Run
from tests.scaffolder.actions.parts import Parts


def _bare(folder: Path) -> Path:
    return folder / "git/team/service.git"


def _url(folder: Path) -> str:
    return f"file://{_bare(folder)}"


def _tree(bare: Path, branch: str) -> list[str]:
    return git("ls-tree", "-r", "--name-only", branch, cwd=bare).splitlines()


async def test_a_workspace_becomes_the_first_commit_of_a_new_repository(
    run: Run, workspace: SafeFolder, tmp_path: Path
) -> None:
    workspace.write("README.md", b"# Hello\n")
    workspace.write("bin/run", b"#!/bin/sh\n", mode=0o755)
    workspace.write(".gitignore", b"ignored\n")
    workspace.write("ignored", b"x")
    workspace.make_link("link", "/etc/passwd")
    context = await run(
        "publish:git",
        {
            "remoteUrl": _url(tmp_path),
            "gitCommitMessage": "Begin\n\n--amend",
            "gitAuthorName": "Eve <x>\ncommitter Mallory",
            "gitAuthorEmail": "eve@example.com",
        },
    )
    bare = _bare(tmp_path)
    assert git("rev-parse", "main", cwd=bare) == context.outputs["commitHash"]
    assert _tree(bare, "main") == [".gitignore", "README.md", "bin/run", "link"]
    assert git("ls-tree", "main", "bin/run", cwd=bare).startswith("100755")
    # A link goes as the text it is, never as what it points to.
    assert git("show", "main:link", cwd=bare) == "/etc/passwd"
    assert git("log", "-1", "--format=%an|%ae|%s", "main", cwd=bare) == "Eve x committer Mallory|eve@example.com|Begin"
    assert git("symbolic-ref", "HEAD", cwd=bare) == "refs/heads/main"
    git("fsck", "--strict", cwd=bare)


async def test_a_new_branch_starts_at_the_default_one_and_keeps_its_files(
    run: Run, workspace: SafeFolder, tmp_path: Path
) -> None:
    repository = Repository(tmp_path / "git", "team/service.git")
    first = repository.commit({"old": "1", "both": "old"})
    workspace.write("both", b"new")
    workspace.write("deep/new", b"2")
    context = await run("publish:git", {"remoteUrl": _url(tmp_path), "branchName": "add-service"})
    assert _tree(repository.bare, "add-service") == ["both", "deep/new", "old"]
    assert git("show", "add-service:both", cwd=repository.bare) == "new"
    assert git("rev-parse", "add-service^", cwd=repository.bare) == first
    assert git("rev-parse", "main", cwd=repository.bare) == first
    again = await run("publish:git", {"remoteUrl": _url(tmp_path), "branchName": "add-service"})
    assert again.outputs["changed"] is False
    assert again.outputs["commitHash"] == context.outputs["commitHash"]


async def test_git_configuration_in_a_workspace_configures_nothing(
    run: Run, workspace: SafeFolder, tmp_path: Path
) -> None:
    """CVE-2024-53983: a template wrote git configuration, and the push that followed gave tokens away."""
    stolen = tmp_path / "stolen"
    settings = [
        f"[core]\n\tfsmonitor = touch {stolen}\n\tsshCommand = touch {stolen}\n\thooksPath = hooks\n",
        f'[filter "x"]\n\tclean = touch {stolen}\n',
    ]
    workspace.write(".git/config", "".join(settings).encode())
    workspace.write(".git/HEAD", b"ref: refs/heads/main\n")
    workspace.write(".gitattributes", b"* filter=x diff=x\n")
    for hook in ("pre-commit", "pre-push", "post-index-change", "reference-transaction"):
        workspace.write(f"hooks/{hook}", f"#!/bin/sh\ntouch {stolen}\n".encode(), mode=0o755)
        workspace.write(f".git/hooks/{hook}", f"#!/bin/sh\ntouch {stolen}\n".encode(), mode=0o755)
    await run("publish:git", {"remoteUrl": _url(tmp_path)})
    assert not stolen.exists()
    assert not [path for path in _tree(_bare(tmp_path), "main") if path.startswith(".git/")]


@pytest.mark.parametrize(
    "path", ["sub/.git/config", "sub/.GIT/config", "sub/.g\u200cit/config", "git~1/config", ".git./config"]
)
async def test_repositories_within_a_workspace_are_refused(
    run: Run, workspace: SafeFolder, tmp_path: Path, path: str
) -> None:
    workspace.write(path, b"[core]\n")
    with pytest.raises(InputError, match="cannot be published"):
        await run("publish:git", {"remoteUrl": _url(tmp_path)})


@pytest.mark.parametrize(
    "given",
    [
        {"branchName": "--force"},
        {"branchName": "a..b"},
        {"branchName": "x\n[core]"},
        {"branchName": "+refs/heads/main"},
        {"sourcePath": "missing"},
    ],
    ids=str,
)
async def test_hostile_inputs_are_bad_input(
    run: Run, workspace: SafeFolder, tmp_path: Path, given: dict[str, str]
) -> None:
    workspace.write("a", b"x")
    with pytest.raises(InputError):
        await run("publish:git", {"remoteUrl": _url(tmp_path), **given})


@pytest.mark.parametrize(
    "remote",
    [
        "file:///etc/x.git",
        "file://{root}/git/../outside.git",
        "file://{root}/git",
        "https://git.example.com/x.git",
        "https://user:password@git.example.com/x.git",
        "ext::sh -c id",
        "--upload-pack=id",
        "https://git.example.com/a%2f..%2fb.git",
        "git@-oProxyCommand=id:x",
    ],
)
async def test_remotes_nobody_allowed_are_refused(run: Run, workspace: SafeFolder, tmp_path: Path, remote: str) -> None:
    workspace.write("a", b"x")
    with pytest.raises((NotAllowedError, InputError)):
        await run("publish:git", {"remoteUrl": remote.replace("{root}", str(tmp_path))})
    assert not (tmp_path / "outside.git").exists()


async def test_a_source_path_leaves_the_workspace_neither_by_text_nor_by_link(
    run: Run, workspace: SafeFolder, tmp_path: Path
) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/secret").write_text("secret")
    workspace.make_link("out", "../private")
    for path in ("out", "a/../../private"):
        with pytest.raises(NotAllowedError):
            await run("publish:git", {"remoteUrl": _url(tmp_path), "sourcePath": path})
    # Leading `../` are dropped, as the reference does.
    workspace.write("private/public", b"x")
    await run("publish:git", {"remoteUrl": _url(tmp_path), "sourcePath": "../private"})
    assert _tree(_bare(tmp_path), "main") == ["public"]


async def test_a_recovered_step_does_not_push_again(
    parts: Parts, run: Run, workspace: SafeFolder, tmp_path: Path
) -> None:
    workspace.write("a", b"x")
    first = await run("publish:git", {"remoteUrl": _url(tmp_path)})
    workspace.write("a", b"changed by a later step")
    context = Context({"remoteUrl": _url(tmp_path)}, workspace, parts.jobs, stored=first.stored)
    await parts.action("publish:git").run(context)
    assert context.outputs["commitHash"] == first.outputs["commitHash"] == git("rev-parse", "main", cwd=_bare(tmp_path))


def _over_http(parts: Parts, host: str, folder: Path) -> PublishGit:
    outgoing = GuardedClient(allowing(host))
    return PublishGit(ReadingService(allowing(host), outgoing, folder), first_delay=0.01)


async def test_a_workspace_goes_over_http_with_a_token_that_shows_nowhere(
    parts: Parts, workspace: SafeFolder, tmp_path: Path
) -> None:
    repository = Repository(tmp_path / "srv")
    git("config", "http.receivepack", "true", cwd=repository.bare)
    workspace.write("README.md", b"# Hello\n")
    async with git_server(tmp_path / "srv", password="t0ken-canary") as server:
        given = {"remoteUrl": f"{server.url}/team/repo.git", "username": "reader", "token": "t0ken-canary"}
        context = Context(given, workspace, parts.jobs)
        await _over_http(parts, server.host, tmp_path / "http").run(context)
    assert git("rev-parse", "main", cwd=repository.bare) == context.outputs["commitHash"]
    assert _tree(repository.bare, "main") == ["README.md"]
    assert "t0ken" not in f"{context.said.lines} {context.outputs} {context.stored}"
    kept = [path for path in (tmp_path / "http").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"t0ken" in path.read_bytes()]
    assert b"t0ken" not in b"".join(path.read_bytes() for path in repository.bare.rglob("*") if path.is_file())


async def test_a_wrong_token_is_refused_at_once(parts: Parts, workspace: SafeFolder, tmp_path: Path) -> None:
    Repository(tmp_path / "srv")
    workspace.write("a", b"x")
    async with git_server(tmp_path / "srv", password="right") as server:
        given = {"remoteUrl": f"{server.url}/team/repo.git", "username": "reader", "token": "wrong-canary"}
        context = Context(given, workspace, parts.jobs)
        with pytest.raises(NotAllowedError) as caught:
            await _over_http(parts, server.host, tmp_path / "http").run(context)
    assert "canary" not in str(caught.value)
    assert not [line for line in context.said.lines if "again" in line]


async def test_a_server_that_fails_is_asked_six_times(parts: Parts, workspace: SafeFolder, tmp_path: Path) -> None:
    workspace.write("a", b"x")

    async def failing(asked: Asked) -> bytes:
        return reply(b"", "502 Bad Gateway")

    async with serving(failing) as server:
        context = Context({"remoteUrl": f"{server.url}/team/repo.git"}, workspace, parts.jobs)
        with pytest.raises(ServiceUnavailableError):
            await _over_http(parts, server.host, tmp_path / "http").run(context)
    assert len([line for line in context.said.lines if "again" in line]) == 5
