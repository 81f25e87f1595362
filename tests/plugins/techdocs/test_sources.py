"""Sources are brought into a folder of their own, and nothing else comes with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.errors import InputError, NotAllowedError, NotFoundError, NotModifiedError
from app.interfaces import FoundFile, GitTarget, ReadResponse, SearchResponse
from plugins.techdocs.building.sources import Sources
from plugins.techdocs.references import DocsLocation
from plugins.techdocs.settings import LimitSettings
from tests.app.reading.git_server import Repository
from tests.app.reading.plugin_host import ReadingHost


class Tree:
    """A reader of one tree at one commit."""

    def __init__(self, files: dict[str, bytes], commit: str = "c1") -> None:
        self.files, self.commit = files, commit

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse:
        raise NotFoundError(url)

    async def read_tree(self, url: str, *, etag: str | None = None) -> SearchResponse:
        if etag == self.commit:
            raise NotModifiedError()

        def file(path: str, content: bytes) -> FoundFile:
            async def read() -> bytes:
                return content

            return FoundFile(f"{url}/{path}", path, read)

        return SearchResponse([file(path, content) for path, content in self.files.items()], self.commit)

    async def search(self, url: str, *, etag: str | None = None) -> SearchResponse:
        return await self.read_tree(url, etag=etag)


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.source.mkdir()
        self.host = ReadingHost({"backend": {"reading": {"localRepositories": [str(folder / "git")]}}}, folder / "data")
        self.limits = LimitSettings(files=100, megabytes=1)
        self._count = 0

    async def bring(
        self, location: DocsLocation | None = None, etag: str | None = None
    ) -> tuple[dict[str, str], str | None]:
        self._count += 1
        into = self.folder / f"into-{self._count}"
        into.mkdir()
        found = await Sources(self.host.reading, self.limits).bring(
            location or DocsLocation("dir", str(self.source)), into, etag=etag
        )
        return {str(p.relative_to(into)): p.read_text() for p in sorted(into.rglob("*")) if p.is_file()}, found

    def read_from(self, files: dict[str, bytes]) -> DocsLocation:
        self.host.reading.add_reader(lambda url: url.startswith("https://tree.example"), Tree(files))
        return DocsLocation("url", "https://tree.example/o/r")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_a_folder_is_copied_and_known_again_by_its_contents(place: Place) -> None:
    (place.source / "docs").mkdir()
    (place.source / "docs/index.md").write_text("# Night train")
    (place.source / ".git").mkdir()
    (place.source / ".git/config").write_text("[credential]")
    files, etag = await place.bring()
    assert files == {"docs/index.md": "# Night train"}
    with pytest.raises(NotModifiedError):
        await place.bring(etag=etag)
    (place.source / "docs/index.md").write_text("# Day train")
    assert (await place.bring(etag=etag))[0] == {"docs/index.md": "# Day train"}


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../secret.txt", "loop", "missing", "chain", "folder", "../source-of-others/x"]
)
async def test_links_that_lead_out_are_refused(place: Place, target: str) -> None:
    """CVE-2026-25152."""
    (place.folder / "secret.txt").write_text("secret")
    (place.folder / "source-of-others").mkdir()
    (place.folder / "source-of-others/x").write_text("secret")
    (place.source / "folder").mkdir()
    (place.source / "chain").symlink_to("further")
    (place.source / "further").symlink_to("/etc/hostname")
    if target != "chain":
        (place.source / "chain").unlink()
        (place.source / "further").unlink()
    (place.source / "loop").symlink_to(target)
    with pytest.raises(NotAllowedError, match="not allowed to refer to a location outside"):
        await place.bring()


async def test_links_to_files_inside_are_files(place: Place) -> None:
    (place.source / "README.md").write_text("read me")
    (place.source / "index.md").symlink_to("README.md")
    assert (await place.bring())[0] == {"README.md": "read me", "index.md": "read me"}


async def test_what_is_neither_file_nor_folder_stays_behind(place: Place) -> None:
    os.mkfifo(place.source / "pipe")
    (place.source / "a.md").write_text("a")
    assert (await place.bring())[0] == {"a.md": "a"}


async def test_a_source_is_bounded(place: Place) -> None:
    with pytest.raises(NotFoundError, match="does not exist"):
        await place.bring(DocsLocation("dir", str(place.folder / "nowhere")))
    for number in range(101):
        (place.source / str(number)).touch()
    with pytest.raises(InputError, match="more than 100 files"):
        await place.bring()
    for number in range(101):
        (place.source / str(number)).unlink()
    (place.source / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    with pytest.raises(InputError, match="bytes"):
        await place.bring()


async def test_a_tree_of_a_repositorys_host_is_written_out(place: Place) -> None:
    location = place.read_from({"docs/index.md": b"# Night", "mkdocs.yml": b"site_name: x"})
    files, etag = await place.bring(location)
    assert (files, etag) == ({"docs/index.md": "# Night", "mkdocs.yml": "site_name: x"}, "c1")
    with pytest.raises(NotModifiedError):
        await place.bring(location, etag="c1")


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a\\..\\x", "a\0b"])
async def test_paths_of_a_tree_stay_inside(place: Place, path: str) -> None:
    with pytest.raises(InputError, match="forbidden path"):
        await place.bring(place.read_from({path: b"x"}))
    assert not (place.folder / "x").exists()


async def test_a_tree_is_bounded(place: Place) -> None:
    with pytest.raises(InputError, match="bytes"):
        await place.bring(place.read_from({"a": b"x" * 600_000, "b": b"x" * 600_000}))


async def test_a_git_remote_is_read_without_any_vendor(place: Place) -> None:
    repository = Repository(place.folder / "git")
    commit = repository.commit({"trains/docs/index.md": "# Night", "trains/mkdocs.yml": "site_name: x", "other": "y"})
    remote = f"file://{repository.bare}"

    def at(path: str, ref: str | None = "main") -> DocsLocation:
        return DocsLocation("git", f"{remote}?path={path}", GitTarget(remote, ref, path))

    files, etag = await place.bring(at("/trains"))
    assert (files, etag) == ({"docs/index.md": "# Night", "mkdocs.yml": "site_name: x"}, commit)
    with pytest.raises(NotModifiedError):
        await place.bring(at("/trains"), etag=commit)
    with pytest.raises(NotFoundError):
        await place.bring(at("/nowhere"))
    assert "other" in (await place.bring(at("/", None)))[0]


async def test_a_host_that_nobody_allowed_is_not_read(place: Place) -> None:
    with pytest.raises(NotAllowedError):
        await place.bring(DocsLocation("url", "https://169.254.169.254/latest"))
