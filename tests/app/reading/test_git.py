"""Git remotes, against real repositories over HTTP (`git http-backend`) and `file://`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from git import Git

from app.errors import InputError, NotAllowedError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.interfaces import GitTarget
from app.reading.git import GitReader
from app.reading.hosts import HostPattern, TrustedHosts
from tests.app.reading.git_server import Repository, git, git_server
from tests.app.reading.web_server import HANG, WebServer, reply, serving


def reader_of(folder: Path, *servers: WebServer, timeout: float = 30.0) -> GitReader:
    trusted = TrustedHosts()
    for server in servers:
        trusted.add(HostPattern.parse(server.host))
    return GitReader(folder, may_read=lambda _: True, trusted=trusted, head_timeout=timeout)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "srv")
    made.commit(
        {
            "catalog-info.yaml": "root",
            "services/a/catalog-info.yaml": "a",
            "services/b/catalog-info.yaml": "b",
            "services/b/big.bin": b"x" * 200_000,
            "README.md": "read me",
        }
    )
    return made


@pytest.fixture
async def server(repository: Repository, tmp_path: Path) -> AsyncIterator[WebServer]:
    async with git_server(tmp_path / "srv") as serving_git:
        yield serving_git


@pytest.fixture
def reader(tmp_path: Path, server: WebServer) -> GitReader:
    return reader_of(tmp_path / "data", server)


def remote_of(server: WebServer) -> str:
    return f"{server.url}/team/repo.git"


def git_commands() -> str:
    """The command lines of everything that runs on this machine."""
    running = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            running.append(file.read_bytes().decode("utf-8", "replace"))
    return "\n".join(running)


async def contents(reader: GitReader, remote: str, path: str, ref: str | None = None) -> dict[str, bytes]:
    found = await reader.search(GitTarget(remote, ref, path))
    return {file.path: await file.read() for file in found.files}


async def test_the_head_is_that_of_the_default_branch_a_branch_or_a_tag(
    reader: GitReader, server: WebServer, repository: Repository
) -> None:
    main = git("rev-parse", "HEAD", cwd=repository.work)
    git("tag", "-a", "-m", "v1", "v1.0", cwd=repository.work)
    git("push", "--quiet", "origin", "v1.0", cwd=repository.work)
    feature = repository.commit({"x": "y"}, branch="feature/x")
    remote = remote_of(server)
    assert await reader.head(remote, None) == main
    assert await reader.head(remote, "main") == main
    assert await reader.head(remote, "v1.0") == main
    assert await reader.head(remote, "feature/x") == feature
    assert await reader.head(remote, main) == main
    with pytest.raises(NotFoundError, match="no branch or tag 'nope'"):
        await reader.head(remote, "nope")


async def test_a_path_names_one_file_and_a_glob_many(reader: GitReader, server: WebServer) -> None:
    remote = remote_of(server)
    assert await contents(reader, remote, "/catalog-info.yaml") == {"catalog-info.yaml": b"root"}
    assert await contents(reader, remote, "/services/*/catalog-info.yaml", "main") == {
        "services/a/catalog-info.yaml": b"a",
        "services/b/catalog-info.yaml": b"b",
    }
    assert len(await contents(reader, remote, "/**/catalog-info.yaml")) == 3
    assert await contents(reader, remote, "/services") == {}
    assert await contents(reader, remote, "/nope.yaml") == {}


async def test_files_are_named_as_targets_and_versioned_by_their_blobs(
    reader: GitReader, server: WebServer, repository: Repository
) -> None:
    remote = remote_of(server)
    found = await reader.search(GitTarget(remote, "main", "/services/a/*.yaml"))
    assert found.files[0].url == f"{remote}?ref=main&path=/services/a/catalog-info.yaml"
    assert found.files[0].version == git("rev-parse", "HEAD:services/a/catalog-info.yaml", cwd=repository.work)
    assert found.etag == git("rev-parse", "HEAD", cwd=repository.work)
    assert reader.parse(found.files[0].url) == GitTarget(remote, "main", "/services/a/catalog-info.yaml")


async def test_an_unmoved_branch_costs_one_question(reader: GitReader, server: WebServer) -> None:
    target = GitTarget(remote_of(server), None, "/**/catalog-info.yaml")
    etag = (await reader.search(target)).etag
    server.asked.clear()
    with pytest.raises(NotModifiedError):
        await reader.search(target, etag=etag)
    assert all("upload-pack" in asked.target for asked in server.asked)
    assert len(server.asked) <= 2  # the handshake and ls-refs


async def test_contents_come_together_and_unchanged_ones_never_again(
    reader: GitReader, server: WebServer, repository: Repository
) -> None:
    remote = remote_of(server)
    await contents(reader, remote, "/**/catalog-info.yaml")
    packs = sum(asked.method == "POST" and b"fetch" in asked.body for asked in server.asked)
    assert packs == 2  # the trees, and all contents in one go
    repository.commit({"services/a/catalog-info.yaml": "a2"})
    server.asked.clear()
    assert (await contents(reader, remote, "/**/catalog-info.yaml"))["services/a/catalog-info.yaml"] == b"a2"
    unchanged = git("rev-parse", "HEAD:services/b/catalog-info.yaml", cwd=repository.work)
    assert not any(unchanged.encode() in asked.body for asked in server.asked)


async def test_big_files_that_nobody_reads_are_not_fetched(
    reader: GitReader, server: WebServer, tmp_path: Path
) -> None:
    await contents(reader, remote_of(server), "/**/catalog-info.yaml")
    assert sum(file.stat().st_size for file in (tmp_path / "data").rglob("*.pack")) < 5_000


async def test_a_server_without_filters_works_as_well(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "srv")
    git("config", "uploadpack.allowFilter", "false", cwd=repository.bare)
    repository.commit({"catalog-info.yaml": "one", "other.yaml": "x"})
    reader = reader_of(tmp_path / "data")
    remote = f"file://{repository.bare}"
    assert await contents(reader, remote, "/catalog-info.yaml") == {"catalog-info.yaml": b"one"}
    repository.commit({"catalog-info.yaml": "two"})
    assert await contents(reader, remote, "/catalog-info.yaml") == {"catalog-info.yaml": b"two"}


async def test_a_server_of_the_old_protocol_works_as_well(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "srv")
    repository.commit({"catalog-info.yaml": "one"})

    async with git_server(tmp_path / "srv") as server:
        inner = server.url

        async with serving(
            lambda asked: forwarded(inner, asked.method, asked.target, asked.headers, asked.body)
        ) as old:
            reader = reader_of(tmp_path / "data", old)
            remote = f"{old.url}/team/repo.git"
            assert await contents(reader, remote, "/*.yaml") == {"catalog-info.yaml": b"one"}


async def forwarded(base: str, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    import httpx

    kept = {k: v for k, v in headers.items() if k in ("content-type", "content-encoding", "accept")}
    async with httpx.AsyncClient(trust_env=False) as client:
        said = await client.request(method, base + target, headers=kept, content=body)
    return reply(said.content, f"{said.status_code} X", content_type=said.headers.get("content-type", ""))


async def test_bare_repositories_are_read_from_disk(repository: Repository, tmp_path: Path) -> None:
    reader = reader_of(tmp_path / "data")
    assert await contents(reader, f"file://{repository.bare}", "/services/*/*.yaml") != {}


async def test_force_pushes_removals_and_moves_are_followed(
    reader: GitReader, server: WebServer, repository: Repository
) -> None:
    remote = remote_of(server)
    await contents(reader, remote, "/**/*.yaml")
    git("checkout", "--quiet", "--orphan", "fresh", cwd=repository.work)
    repository.commit({"services/a/catalog-info.yaml": None, "moved/catalog-info.yaml": "a"})
    assert set(await contents(reader, remote, "/**/catalog-info.yaml")) == {
        "catalog-info.yaml", "services/b/catalog-info.yaml", "moved/catalog-info.yaml",
    }  # fmt: skip


async def test_many_readers_of_one_remote_do_not_disturb_each_other(tmp_path: Path, server: WebServer) -> None:
    readers = [reader_of(tmp_path / "data", server) for _ in range(3)]
    answers = await asyncio.gather(
        *(contents(reader, remote_of(server), "/**/catalog-info.yaml") for reader in readers * 2)
    )
    assert all(len(answer) == 3 for answer in answers)


async def test_the_cache_starts_afresh_before_it_grows_without_end(
    reader: GitReader, server: WebServer, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.reading.git_cache.MAX_PACKS", 2)
    for number in range(5):
        repository.commit({"catalog-info.yaml": f"v{number}"})
        assert await contents(reader, remote_of(server), "/catalog-info.yaml") == {
            "catalog-info.yaml": f"v{number}".encode()
        }
    assert len(list((tmp_path / "data").rglob("*.pack"))) <= 4


async def test_a_checkout_is_a_plain_tree(
    reader: GitReader, server: WebServer, repository: Repository, tmp_path: Path
) -> None:
    (repository.work / "run.sh").write_text("#!/bin/sh\n")
    (repository.work / "run.sh").chmod(0o755)
    (repository.work / "link").symlink_to("/etc/passwd")
    commit = repository.commit({"copy.md": "read me"})
    into = tmp_path / "out"
    into.mkdir()
    assert await reader.checkout(remote_of(server), "main", into) == commit
    assert (into / "copy.md").read_text() == (into / "README.md").read_text() == "read me"
    assert (into / "services/b/big.bin").stat().st_size == 200_000
    assert (into / "run.sh").stat().st_mode & 0o111
    assert not (into / "link").is_symlink()
    assert not (into / ".git").exists()


# ------------------------------------------------------------------------------------------------- credentials


async def test_a_token_reaches_the_remote_by_askpass_and_leaves_no_trace(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    execute = Git.execute

    def seen(self: Git, command: list[str], **rest: Any) -> Any:
        commands.append(command)
        return execute(self, command, **rest)

    monkeypatch.setattr(Git, "execute", seen)

    async def credentials(remote: str) -> tuple[str, str] | None:
        return "reader", "s3cret-token"

    async with git_server(tmp_path / "srv", password="s3cret-token") as server:
        reader = reader_of(tmp_path / "data", server)
        with pytest.raises(NotAllowedError):
            await contents(reader, remote_of(server), "/catalog-info.yaml")
        reader.add_credentials(server.host, credentials)
        assert await contents(reader, remote_of(server), "/catalog-info.yaml") == {"catalog-info.yaml": b"root"}
    for file in (tmp_path / "data").rglob("*"):
        assert not file.is_file() or b"s3cret-token" not in file.read_bytes()
    # Everybody on the machine may see what a program is called with.
    assert commands
    assert not any("s3cret-token" in word for command in commands for word in command)


async def test_a_wrong_token_is_told_without_naming_it(repository: Repository, tmp_path: Path) -> None:
    async def credentials(remote: str) -> tuple[str, str] | None:
        return "reader", "wr0ng-token"

    async with git_server(tmp_path / "srv", password="s3cret-token") as server:
        reader = reader_of(tmp_path / "data", server)
        reader.add_credentials(server.host, credentials)
        with pytest.raises(NotAllowedError) as caught:
            await reader.head(remote_of(server), None)
        assert "wr0ng" not in str(caught.value)


async def test_credentials_for_one_port_are_not_given_to_another(repository: Repository, tmp_path: Path) -> None:
    async def credentials(remote: str) -> tuple[str, str] | None:
        return "reader", "s3cret-token"

    async with serving(lambda _: reply(b"", "401 Unauthorized", www_authenticate='Basic realm="git"')) as thief:
        reader = reader_of(tmp_path / "data", thief)
        reader.add_credentials("127.0.0.1:1", credentials)
        with pytest.raises(NotAllowedError):
            await reader.head(f"{thief.url}/x.git", None)
        assert not any("authorization" in asked.headers for asked in thief.asked)


# ----------------------------------------------------------------------------------------------------- attacks


async def test_a_redirect_is_not_followed(repository: Repository, tmp_path: Path, server: WebServer) -> None:
    location = f"{server.url}/team/repo.git/info/refs?service=git-upload-pack"
    async with serving(lambda _: reply(b"", "302 Found", location=location)) as redirecting:
        reader = reader_of(tmp_path / "data", redirecting, server)
        with pytest.raises((ServiceUnavailableError, NotFoundError)):
            await reader.head(f"{redirecting.url}/team/repo.git", None)
    assert server.asked == []


async def test_an_inner_host_is_refused_unless_it_is_configured(tmp_path: Path, server: WebServer) -> None:
    with pytest.raises(NotAllowedError):
        await reader_of(tmp_path / "other").head(remote_of(server), None)
    assert server.asked == []


async def test_git_dials_the_address_that_was_checked(tmp_path: Path, server: WebServer) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    trusted = TrustedHosts()
    trusted.add(HostPattern.parse(f"pinned.invalid:{server.port}"))
    reader = GitReader(tmp_path / "data", may_read=lambda _: True, trusted=trusted, resolve=resolve)
    # A name that no name server knows: only the pinned address can lead there.
    assert await reader.head(f"http://pinned.invalid:{server.port}/team/repo.git", None)


async def test_a_remote_that_may_not_be_read_is_not_asked(tmp_path: Path, server: WebServer) -> None:
    reader = GitReader(tmp_path / "data", may_read=lambda _: False)
    for remote in (remote_of(server), "file:///etc", "ssh://git@example.com/x.git"):
        with pytest.raises(NotAllowedError, match="is not allowed"):
            await reader.head(remote, None)
    assert server.asked == []


async def test_a_remote_that_hangs_is_given_up_with_all_its_children(tmp_path: Path) -> None:
    async with serving(lambda _: HANG) as silent:
        reader = reader_of(tmp_path / "data", silent, timeout=1.0)
        with pytest.raises(ServiceUnavailableError, match="within 1 seconds"):
            await reader.head(f"{silent.url}/x.git", None)
        assert silent.url not in git_commands()


@pytest.mark.parametrize(
    "said",
    [
        reply(b"", "500 Oops"),
        reply(b"", "429 Too Many Requests"),
        reply(b"half", content_length="400"),
        b"",
        reply(b"0000", content_type="application/x-git-upload-pack-advertisement"),
    ],
)
async def test_a_broken_remote_is_an_error_that_may_pass(said: bytes, tmp_path: Path) -> None:
    async with serving(lambda _: said) as broken:
        with pytest.raises((ServiceUnavailableError, NotFoundError)):
            await reader_of(tmp_path / "data", broken).head(f"{broken.url}/x.git", None)


async def test_a_missing_repository_is_not_found(tmp_path: Path, server: WebServer) -> None:
    with pytest.raises(NotFoundError):
        await reader_of(tmp_path / "data", server).head(f"{server.url}/team/none.git", None)


async def test_hooks_and_configuration_of_the_environment_do_not_run(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: WebServer
) -> None:
    """CVE-2024-53983, CVE-2026-44244: whatever git could be told from elsewhere, it is not."""
    mark = tmp_path / "executed"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f"[core]\n\thooksPath = {tmp_path}\n\tfsmonitor = {script}\n\tsshCommand = {script}\n\taskPass = {script}\n"
        f'[credential]\n\thelper = "!{script}"\n[url "ext::{script} "]\n\tinsteadOf = http://\n'
        f"[http]\n\tproxy = http://127.0.0.1:1\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(config.read_text())
    for name, value in {
        "HOME": str(home), "GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG": str(config), "GIT_ASKPASS": str(script),
        "SSH_ASKPASS": str(script), "GIT_SSH": str(script), "GIT_SSH_COMMAND": str(script),
        "GIT_PROXY_COMMAND": str(script), "GIT_EXTERNAL_DIFF": str(script), "GIT_DIR": str(tmp_path),
        "GIT_TRACE": str(mark), "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.proxy", "GIT_CONFIG_VALUE_0": "http://127.0.0.1:1",
        "GIT_CONFIG_PARAMETERS": "'http.proxy'='http://127.0.0.1:1'", "https_proxy": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    reader = reader_of(tmp_path / "data", server)
    assert await contents(reader, remote_of(server), "/catalog-info.yaml") == {"catalog-info.yaml": b"root"}
    assert not mark.exists()


async def test_hooks_of_a_local_remote_do_not_run(repository: Repository, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    for name in ("pre-upload", "post-checkout", "reference-transaction", "post-index-change"):
        hook = repository.bare / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
        hook.chmod(0o755)
    git("config", "uploadpack.packObjectsHook", f"touch {mark};", cwd=repository.bare)
    into = tmp_path / "out"
    into.mkdir()
    reader = reader_of(tmp_path / "data")
    await reader.checkout(f"file://{repository.bare}", None, into)
    assert await contents(reader, f"file://{repository.bare}", "/catalog-info.yaml")
    assert not mark.exists()


async def test_submodules_and_links_in_a_tree_are_never_followed(
    reader: GitReader, server: WebServer, repository: Repository
) -> None:
    (repository.work / "link.yaml").symlink_to("/etc/passwd")
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub", cwd=repository.work)
    (repository.work / ".gitmodules").write_text('[submodule "sub"]\n\tpath = sub\n\turl = ext::sh -c "touch /tmp/x"\n')
    git("add", "link.yaml", ".gitmodules", cwd=repository.work)
    repository.push()
    assert "link.yaml" not in await contents(reader, remote_of(server), "/*.yaml")


@pytest.mark.parametrize("path", ["../evil", ".git/hooks/post-checkout", ".GIT/config", "a/../../evil"])
async def test_a_hostile_tree_cannot_be_checked_out(path: str, tmp_path: Path) -> None:
    """Trees may hold names that no work tree can: they are written with plumbing, as an attacker would."""
    repository = Repository(tmp_path / "srv")
    blob = git("hash-object", "-w", "--stdin", cwd=repository.bare, given=b"evil")
    tree = ""
    for depth, name in enumerate(reversed(path.split("/"))):
        kind = f"100644 blob {blob}" if depth == 0 else f"040000 tree {tree}"
        tree = git("mktree", cwd=repository.bare, given=f"{kind}\t{name}\n".encode())
    commit = git("commit-tree", "-m", "evil", tree, cwd=repository.bare)
    git("update-ref", "refs/heads/main", commit, cwd=repository.bare)
    into = tmp_path / "out" / "into"
    into.mkdir(parents=True)
    with pytest.raises((InputError, ServiceUnavailableError)):
        await reader_of(tmp_path / "data").checkout(f"file://{repository.bare}", None, into)
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "out" / "evil").exists()
    assert list(into.rglob("*evil*")) == []


async def test_a_checkout_does_not_write_through_a_link(repository: Repository, tmp_path: Path) -> None:
    outside, into = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    into.mkdir()
    (into / "services").symlink_to(outside)
    with pytest.raises(InputError):
        await reader_of(tmp_path / "data").checkout(f"file://{repository.bare}", None, into)
    assert [file for file in outside.rglob("*") if file.is_file()] == []
