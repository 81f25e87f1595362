"""What every `UrlReader` promises, as tests to inherit.

class TestLampsReader(ReaderContract):
    @pytest.fixture
    async def vendor(self, tmp_path):
        async with a_lamps_server(ReaderContract.FILES) as server:
            yield LampsVendor(server)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Protocol

import pytest

from app.errors import CallboardError, InputError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.interfaces import SearchResponse, UrlReader

Stumble = Literal["limited", "broken", "half", "nonsense"]
"""429 or what the host has in its place; 500; an answer that breaks off; a sign-in page with status 200."""


class ReaderVendor(Protocol):
    """A host that really answers, with a repository that holds `ReaderContract.FILES` on its default branch.

    `globs`: whether the reader can search with globs. `etags`: whether the host answers conditional requests.
    """

    reader: UrlReader
    globs: bool
    etags: bool

    def url(self, path: str) -> str:
        """How a location names a file, folder or glob of the repository."""

    async def write(self, files: Mapping[str, bytes | None]) -> None:
        """One commit on the default branch; None takes a file away."""

    async def stumble(self, how: Stumble | None) -> None:
        """From now on the host answers so, to whatever it is asked; None: it is well again."""


class ReaderContract:
    """Inherit it, and give the fixture `vendor`."""

    FILES: ClassVar[Mapping[str, bytes]] = {
        "catalog-info.yaml": b"kind: Component\n",
        "docs/index.md": b"# docs\n",
        "services/a/catalog-info.yaml": b"a",
        "services/b/catalog-info.yaml": b"b",
        "services/b/with space.txt": b"\x00\xff binary",
    }

    @pytest.fixture
    async def vendor(self) -> ReaderVendor:
        raise NotImplementedError("inherit ReaderContract and give the fixture `vendor`")

    async def test_a_file_is_read_as_it_is(self, vendor: ReaderVendor) -> None:
        for path in ("catalog-info.yaml", "docs/index.md"):
            assert (await vendor.reader.read_url(vendor.url(path))).content == self.FILES[path]
        strange = "services/b/with space.txt"
        assert (await vendor.reader.read_url(vendor.url(strange.replace(" ", "%20")))).content == self.FILES[strange]

    async def test_a_file_is_read_again_only_when_it_has_changed(self, vendor: ReaderVendor) -> None:
        url = vendor.url("catalog-info.yaml")
        first = await vendor.reader.read_url(url)
        if not vendor.etags:
            assert first.etag is None
            return
        assert first.etag is not None
        with pytest.raises(NotModifiedError):
            await vendor.reader.read_url(url, etag=first.etag)
        with pytest.raises(NotModifiedError):
            await vendor.reader.search(url, etag=first.etag)
        await vendor.write({"catalog-info.yaml": b"kind: System\n"})
        # No etag: what was asked a moment ago may be remembered, what is read may not.
        again = await vendor.reader.read_url(url)
        assert (again.content, again.etag != first.etag) == (b"kind: System\n", True)

    async def test_what_is_not_there_is_not_found_and_a_search_for_it_empty(self, vendor: ReaderVendor) -> None:
        with pytest.raises(NotFoundError):
            await vendor.reader.read_url(vendor.url("none.yaml"))
        assert list((await vendor.reader.search(vendor.url("none.yaml"))).files) == []

    async def test_a_search_without_globs_finds_the_file(self, vendor: ReaderVendor) -> None:
        url = vendor.url("docs/index.md")
        (found,) = (await vendor.reader.search(url)).files
        assert (found.url, await found.read()) == (url, self.FILES["docs/index.md"])

    async def test_globs_find_files_and_name_them_as_locations_would(self, vendor: ReaderVendor) -> None:
        glob = vendor.url("services/*/catalog-info.yaml")
        if not vendor.globs:
            with pytest.raises(CallboardError):
                await vendor.reader.search(glob)
            return
        found = await vendor.reader.search(glob)
        assert await _contents(found) == {f"services/{name}/catalog-info.yaml": name.encode() for name in "ab"}
        assert {one.url for one in found.files} == {vendor.url(f"services/{name}/catalog-info.yaml") for name in "ab"}
        everywhere = await vendor.reader.search(vendor.url("**/catalog-info.yaml"))
        assert set(await _contents(everywhere)) == {path for path in self.FILES if path.endswith("catalog-info.yaml")}
        assert list((await vendor.reader.search(vendor.url("nothing/*.yaml"))).files) == []
        with pytest.raises(NotModifiedError):
            await vendor.reader.search(glob, etag=found.etag)
        await vendor.write({"services/c/catalog-info.yaml": b"c", "services/a/catalog-info.yaml": None})
        assert set(await _contents(await vendor.reader.search(glob))) == {
            "services/b/catalog-info.yaml",
            "services/c/catalog-info.yaml",
        }

    async def test_a_tree_holds_what_is_below_a_folder(self, vendor: ReaderVendor) -> None:
        everything = await vendor.reader.read_tree(vendor.url(""))
        assert await _contents(everything) == dict(self.FILES)
        with pytest.raises(NotModifiedError):
            await vendor.reader.read_tree(vendor.url(""), etag=everything.etag)
        below = await vendor.reader.read_tree(vendor.url("services/b"))
        assert set(await _contents(below)) == {"catalog-info.yaml", "with space.txt"}

    @pytest.mark.parametrize("how", ["limited", "broken", "half", "nonsense"])
    @pytest.mark.parametrize("path", ["catalog-info.yaml", "services/*/catalog-info.yaml", ""])
    async def test_a_stumbling_host_is_an_error_and_never_an_empty_answer(
        self, vendor: ReaderVendor, how: Stumble, path: str
    ) -> None:
        if how == "nonsense" and path == "catalog-info.yaml":
            # A file may hold anything.
            return
        await vendor.stumble(how)
        with pytest.raises(CallboardError) as failed:
            if path:
                await vendor.reader.search(vendor.url(path))
            else:
                await vendor.reader.read_tree(vendor.url(path))
        assert not isinstance(failed.value, NotFoundError | NotModifiedError)
        if how in ("limited", "broken", "half") and (vendor.globs or "*" not in path):
            assert isinstance(failed.value, ServiceUnavailableError)
        await vendor.stumble(None)
        assert (await vendor.reader.read_url(vendor.url("catalog-info.yaml"))).content == self.FILES[
            "catalog-info.yaml"
        ]

    @pytest.mark.parametrize("path", ["%2e%2e/x", "a%2F..%2F..%2Fuser", "a%252F..%252Fx", "..%5cx"])
    async def test_a_path_leads_nowhere_else(self, vendor: ReaderVendor, path: str) -> None:
        """CVE-2026-29185: a token went where an encoded path led."""
        with pytest.raises(InputError):
            await vendor.reader.search(vendor.url(path))


async def _contents(found: SearchResponse) -> dict[str, bytes]:
    return {one.path: await one.read() for one in found.files}
