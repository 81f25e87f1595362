"""What every action promises that turns a workspace into a repository, as tests to inherit.

class TestPublishLamps(PublisherContract):
    @pytest.fixture
    async def vendor(self):
        async with a_lamps_server() as server:
            yield LampsVendor(server)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.errors import CallboardError
from scaffolder.interfaces import Action
from scaffolder.testing.context import Context
from scaffolder.workspace import SafeFolder

Json = Any
TOKEN = "canary-token-7d1f"  # noqa: S105 - what must not be seen anywhere


class PublisherVendor(Protocol):
    """A host that really takes pushes (or commits), with the action under test, which waits for nothing in between.

    The host takes `TOKEN` as a user's own token.
    """

    action: Action

    def given(self, name: str) -> Mapping[str, Json]:
        """The action's input for a repository of that name, without a token."""

    async def files(self, name: str) -> Mapping[str, bytes]:
        """What the default branch holds, links as the text they are; nothing if there is no such repository."""

    async def commits(self, name: str) -> Sequence[str]:
        """The messages of the default branch, the newest first."""

    async def refuse(self) -> None:
        """From now on the host lets nobody in."""


class PublisherContract:
    """Inherit it, and give the fixture `vendor`."""

    @pytest.fixture
    async def vendor(self) -> PublisherVendor:
        raise NotImplementedError("inherit PublisherContract and give the fixture `vendor`")

    @pytest.fixture
    def workspace(self, tmp_path: Path) -> SafeFolder:
        (tmp_path / "published").mkdir()
        return SafeFolder(tmp_path / "published")

    async def test_a_workspace_becomes_a_repository(self, vendor: PublisherVendor, workspace: SafeFolder) -> None:
        held = {"README.md": b"# lamps\n", "src/deep/a.bin": b"\x00\xff", ".hidden": b"x", "with space": b"y"}
        for path, content in held.items():
            workspace.write(path, content)
        context = await self.published(vendor, workspace, gitCommitMessage="Begin")
        assert await vendor.files("lamps") == held
        assert list(await vendor.commits("lamps")) == ["Begin"]
        assert context.outputs["remoteUrl"]
        assert context.outputs["commitHash"]

    async def test_a_folder_of_the_workspace_may_be_meant(self, vendor: PublisherVendor, workspace: SafeFolder) -> None:
        workspace.write("content/a", b"1")
        workspace.write("b", b"2")
        await self.published(vendor, workspace, sourcePath="content")
        assert await vendor.files("lamps") == {"a": b"1"}

    async def test_nothing_outside_the_workspace_is_published(
        self, vendor: PublisherVendor, workspace: SafeFolder, tmp_path: Path
    ) -> None:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret").write_bytes(b"hush")
        workspace.make_link("link", str(tmp_path / "outside"))
        workspace.write("a", b"1")
        for path in ("link", "x/../../outside", str(tmp_path / "outside")):
            with pytest.raises(CallboardError):
                await self.published(vendor, workspace, sourcePath=path)
        await self.published(vendor, workspace)
        found = await vendor.files("lamps")
        assert found == {"a": b"1", "link": str(tmp_path / "outside").encode()}

    async def test_git_in_the_workspace_is_nothing_special(
        self, vendor: PublisherVendor, workspace: SafeFolder, tmp_path: Path
    ) -> None:
        workspace.write(".git/config", f"[core]\n\tfsmonitor = touch {tmp_path}/stolen\n".encode())
        workspace.write(".git/HEAD", b"ref: refs/heads/main\n")
        workspace.write("a", b"1")
        await self.published(vendor, workspace)
        assert await vendor.files("lamps") == {"a": b"1"}
        assert not (tmp_path / "stolen").exists()

    async def test_a_step_that_is_run_again_does_nothing_twice(
        self, vendor: PublisherVendor, workspace: SafeFolder
    ) -> None:
        workspace.write("a", b"1")
        first = await self.published(vendor, workspace)
        again = self.context(vendor, workspace, stored=first.stored)
        await vendor.action.run(again)
        assert len(await vendor.commits("lamps")) == 1
        assert again.outputs == first.outputs

    async def test_a_token_is_seen_nowhere(self, vendor: PublisherVendor, workspace: SafeFolder) -> None:
        workspace.write("a", b"1")
        context = await self.published(vendor, workspace, token=TOKEN)
        assert TOKEN not in repr((context.outputs, context.said.lines, context.stored))
        await vendor.refuse()
        refused = self.context(vendor, workspace, token=TOKEN, name="other")
        with pytest.raises(CallboardError) as told:
            await vendor.action.run(refused)
        assert TOKEN not in repr((told.value.message, refused.said.lines))
        assert await vendor.files("other") == {}
        assert "commitHash" not in refused.outputs

    async def published(self, vendor: PublisherVendor, workspace: SafeFolder, **more: Json) -> Context:
        context = self.context(vendor, workspace, **more)
        await vendor.action.run(context)
        return context

    def context(
        self,
        vendor: PublisherVendor,
        workspace: SafeFolder,
        *,
        name: str = "lamps",
        stored: Mapping[str, Json] | None = None,
        **more: Json,
    ) -> Context:
        async def no_jobs(job: str, arguments: Mapping[str, Json]) -> Json:
            raise AssertionError(f"{job} was not foreseen")

        return Context({**vendor.given(name), **more}, workspace, no_jobs, stored=dict(stored or {}))
