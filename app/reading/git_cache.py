"""A small copy of one remote: the trees of its newest commit, and those contents that have been read.

Trees come by a partial, shallow fetch (`--depth 1 --filter=blob:none`); contents come by their SHA, all that are
missing in one request, and are kept, so that what has not changed is never fetched again.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from app.errors import CallboardError, NotFoundError
from app.reading.git_process import Access, GitProcess
from app.reading.git_target import is_commit

FETCH_TIMEOUT_S: Final = 300.0
MAX_BLOB_BYTES: Final = 50 * 1024 * 1024
BATCH_BYTES: Final = 128 * 1024 * 1024
MAX_PACKS: Final = 60
"""Every push that is read leaves a small pack. Beyond this many it is cheaper to fetch the trees afresh."""
_TIP: Final = "refs/callboard/tip"
_FETCH: Final = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
    *("--no-recurse-submodules", "--no-show-forced-updates"),
)
_REPOSITORY: Final = """[core]
\trepositoryformatversion = 1
\tbare = true
[extensions]
\tpartialClone = origin
[remote "origin"]
\tpromisor = true
\tpartialclonefilter = blob:none
"""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A regular file in a commit."""

    path: str
    sha: str
    executable: bool = False
    size: int | None = None


class _Copy:
    """A bare repository of ours."""

    def __init__(self, folder: Path, url: str, git: GitProcess) -> None:
        self.folder = folder
        self.url = url
        self._git = git

    async def create(self, config: str | None) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        await self._git.run(["init", "--quiet", "--bare", "--template=", "--", str(self.folder)])
        if config:
            (self.folder / "config").write_text(config)

    async def fetch(self, source: str, access: Access, *options: str) -> str:
        """The commit that was fetched."""
        await self._git.run(
            [*_FETCH, "--depth=1", *options, "--", "origin", f"+{source}:{_TIP}"],
            repository=self.folder,
            access=access,
            config=[f"remote.origin.url={self.url}"],
            timeout=FETCH_TIMEOUT_S,
            about=self.url,
        )
        output = await self._git.run(["rev-parse", "--verify", "--quiet", f"{_TIP}^{{commit}}"], repository=self.folder)
        commit = output.decode().strip()
        if not is_commit(commit):
            raise NotFoundError(f"{self.url} gave no commit for {source}")
        return commit

    async def fetch_objects(self, shas: Sequence[str], access: Access) -> None:
        await self._git.run(
            [*_FETCH, "--filter=blob:none", "--stdin", "--", "origin"],
            repository=self.folder,
            access=access,
            # Without bargaining: told of commits we have, the remote would think that we have their contents.
            config=[f"remote.origin.url={self.url}", "fetch.negotiationAlgorithm=noop"],
            given="".join(f"{sha}\n" for sha in shas).encode(),
            timeout=FETCH_TIMEOUT_S,
            about=self.url,
        )

    async def tree(self, commit: str, below: str, *, sizes: bool = False) -> list[TreeEntry]:
        """Regular files at or below a path. Links and submodules are none."""
        output = await self._git.run(
            [
                "ls-tree",
                "-r",
                "-z",
                "--full-tree",
                *(("--long",) if sizes else ()),
                commit,
                "--",
                *filter(None, [below]),
            ],
            repository=self.folder,
            about=self.url,
        )
        entries = []
        for line in output.split(b"\x00")[:-1]:
            about, _, name = line.partition(b"\t")
            mode, kind, sha, *size = about.split()
            if kind == b"blob" and mode in (b"100644", b"100755", b"100664"):
                path = name.decode("utf-8", "surrogateescape")
                entries.append(TreeEntry(path, sha.decode(), mode == b"100755", int(size[0]) if size else None))
        return entries

    async def sizes(self, shas: Sequence[str]) -> dict[str, int]:
        """Sizes in bytes of those contents that are here."""
        output = await self._git.run(
            ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"],
            repository=self.folder,
            given="".join(f"{sha}\n" for sha in shas).encode(),
            about=self.url,
        )
        lines = (line.split() for line in output.decode().splitlines())
        return {line[0]: int(line[2]) for line in lines if len(line) == 3 and line[1] == "blob"}

    async def read(self, sizes: dict[str, int]) -> AsyncIterator[tuple[str, bytes]]:
        """Contents by SHA, in one process for every `BATCH_BYTES`."""
        waiting = list(sizes.items())
        while waiting:
            batch: list[str] = []
            room = BATCH_BYTES
            while waiting and (not batch or waiting[0][1] <= room):
                sha, size = waiting.pop(0)
                batch.append(sha)
                room -= size
            output = await self._git.run(
                ["cat-file", "--batch"],
                repository=self.folder,
                given="".join(f"{sha}\n" for sha in batch).encode(),
                about=self.url,
            )
            at = 0
            for sha in batch:
                end = output.index(b"\n", at)
                size = int(output[at:end].split()[2])
                yield sha, output[end + 1 : end + 1 + size]
                at = end + 2 + size


class WholeCopy:
    """One commit with all its contents."""

    def __init__(self, copy: _Copy) -> None:
        self._copy = copy

    async def tree(self, commit: str, below: str) -> list[TreeEntry]:
        return await self._copy.tree(commit, below, sizes=True)

    async def contents(self, entries: Sequence[TreeEntry]) -> AsyncIterator[tuple[TreeEntry, bytes]]:
        by_sha: dict[str, list[TreeEntry]] = {}
        for entry in entries:
            by_sha.setdefault(entry.sha, []).append(entry)
        async for sha, content in self._copy.read({entry.sha: entry.size or 0 for entry in entries}):
            for entry in by_sha[sha]:
                yield entry, content


class GitCache:
    """One per remote and process; several processes may share the folder."""

    def __init__(self, folder: Path, url: str, git: GitProcess) -> None:
        self._folder = folder / sha256(url.encode()).hexdigest()[:32]
        self._copy = _Copy(self._folder / "repository", url, git)
        self._url = url
        self._git = git
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Nobody else, in this process or another, works on the folder."""
        async with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (self._folder / "lock").open("w") as lock:
                await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
                yield

    def _tip(self) -> str | None:
        try:
            return (self._copy.folder / _TIP).read_text().strip()
        except FileNotFoundError:
            return None

    def _packs(self) -> int:
        try:
            return sum(entry.name.endswith(".pack") for entry in os.scandir(self._copy.folder / "objects" / "pack"))
        except FileNotFoundError:
            return 0

    async def fetch(self, commit: str, source: str, access: Access) -> str:
        """Have the trees of a commit here; gives the commit that is here now: a newer one if the ref has moved."""
        async with self._alone():
            if self._tip() == commit:
                return commit
            if self._packs() > MAX_PACKS:
                await asyncio.to_thread(shutil.rmtree, self._copy.folder)
            if not (self._copy.folder / "config").exists():
                await self._copy.create(_REPOSITORY)
            return await self._copy.fetch(source, access, "--filter=blob:none")

    async def tree(self, commit: str, below: str) -> list[TreeEntry]:
        return await self._copy.tree(commit, below)

    def _kept_at(self, sha: str) -> Path:
        return self._folder / "contents" / sha[:2] / sha

    async def kept(self, sha: str) -> bytes | None:
        """The content if it has been brought already."""

        def read() -> bytes | None:
            try:
                return self._kept_at(sha).read_bytes()
            except FileNotFoundError:
                return None

        return await asyncio.to_thread(read)

    async def bring(self, shas: Sequence[str], access: Access) -> None:
        """Fetch and keep those contents that are not here yet, all in one request."""
        async with self._alone():
            missing = [sha for sha in dict.fromkeys(shas) if not self._kept_at(sha).exists()]
            if not missing:
                return
            try:
                await self._copy.fetch_objects(missing, access)
            except NotFoundError:
                # A server that gives out nothing but the tips of refs. Take the whole commit, once.
                tip = self._tip()
                if tip is None:
                    raise
                await self._copy.fetch(tip, access, "--refetch", "--no-filter")
            sizes = await self._copy.sizes(missing)
            small = {sha: size for sha, size in sizes.items() if size <= MAX_BLOB_BYTES}
            async for sha, content in self._copy.read(small):
                await asyncio.to_thread(_keep, self._kept_at(sha), content)

    @asynccontextmanager
    async def whole(self, commit: str, source: str, access: Access) -> AsyncIterator[WholeCopy]:
        """A complete copy of one commit, gone at the end."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="whole-") as folder:
            copy = _Copy(Path(folder) / "repository", self._url, self._git)
            await copy.create(None)
            fetched = await copy.fetch(source, access)
            if fetched != commit:
                raise CallboardError(f"{self._url} was pushed to while it was read")
            yield WholeCopy(copy)


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Renamed into place: half a file must never be taken for a whole one.
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as fresh:
        fresh.write(content)
    Path(fresh.name).replace(path)
