"""Any git remote, without a vendor API. See `app.interfaces.GitRemotes`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from app.errors import InputError, NotAllowedError, NotFoundError, NotModifiedError
from app.interfaces import FoundFile, GitCommit, GitCredentials, GitTarget, PushedCommit, SearchResponse
from app.reading.archive import plain_path
from app.reading.git_cache import GitCache, TreeEntry
from app.reading.git_process import Access, GitProcess
from app.reading.git_push import create_bare, push_folder
from app.reading.git_target import (
    Remote,
    check_ref,
    format_git_target,
    is_commit,
    parse_git_target,
    parse_remote,
    resolve_git_target,
)
from app.reading.globs import compiled, is_glob
from app.reading.hosts import TrustedHosts
from app.reading.transport import Resolve, checked_addresses, resolve_name

HEAD_TIMEOUT_S: Final = 30.0
CHECKOUT_TIMEOUT_S: Final = 600.0
MAX_CHECKOUT_BYTES: Final = 1024 * 1024 * 1024


class GitReader:
    """`folder` is where copies are kept; `may_read` decides about a remote's URL; `trusted` hosts may have private
    addresses."""

    def __init__(
        self,
        folder: Path,
        *,
        may_read: Callable[[Remote], bool],
        trusted: TrustedHosts | None = None,
        resolve: Resolve | None = None,
        head_timeout: float = HEAD_TIMEOUT_S,
        shared: Sequence[Path] = (),
    ) -> None:
        self._shared = [folder.resolve() for folder in shared]
        self._folder = folder
        self._may_read = may_read
        self._trusted = trusted or TrustedHosts()
        self._resolve = resolve or resolve_name
        self._git = GitProcess(folder / "home")
        self._caches: dict[str, GitCache] = {}
        self._credentials: dict[str, GitCredentials] = {}
        self._head_timeout = head_timeout

    def add_credentials(self, host: str, credentials: GitCredentials) -> None:
        self._credentials[host.lower()] = credentials

    def is_shared(self, target: str) -> bool:
        """See `app.interfaces.GitRemotes.is_shared`."""
        try:
            return self._is_shared(parse_remote(parse_git_target(target).remote))
        except InputError:
            return False

    def _is_shared(self, remote: Remote) -> bool:
        if remote.scheme != "file":
            return False
        place = Path(remote.url.removeprefix("file://")).resolve()
        return any(place != folder and place.is_relative_to(folder) for folder in self._shared)

    def parse(self, target: str) -> GitTarget:
        return parse_git_target(target)

    def resolve(self, target: str, base: str) -> str:
        return resolve_git_target(target, base)

    async def head(self, remote: str, ref: str | None) -> str:
        """See `app.interfaces.GitRemotes.head`."""
        checked = parse_remote(remote)
        return (await self._head(checked, ref, await self._access(checked)))[0]

    async def search(self, target: GitTarget, *, etag: str | None = None) -> SearchResponse:
        """See `app.interfaces.GitRemotes.search`. Contents are fetched together, when the first of them is read."""
        remote = parse_remote(target.remote)
        access = await self._access(remote)
        commit, name = await self._head(remote, target.ref, access)
        if commit == etag:
            raise NotModifiedError()
        cache = self._cache(remote)
        commit = await cache.fetch(commit, name, access)
        path = target.path.lstrip("/")
        if is_glob(path):
            glob = compiled(path)
            entries = await cache.tree(commit, glob.literal_prefix)
            entries = [entry for entry in entries if glob.matches(entry.path)]
        else:
            entries = [entry for entry in await cache.tree(commit, path) if entry.path == path]
        entries.sort(key=lambda entry: entry.path)
        # Access is renewed for the contents: addresses and tokens may have changed until somebody reads.
        contents = _Together([entry.sha for entry in entries], cache, lambda: self._access(remote))
        return SearchResponse([_found(target, entry, contents) for entry in entries], commit)

    async def checkout(self, remote: str, ref: str | None, into: Path) -> str:
        """See `app.interfaces.GitRemotes.checkout`. Links and submodules are left out; nothing is overwritten."""
        checked = parse_remote(remote)
        access = await self._access(checked)
        commit, name = await self._head(checked, ref, access)
        async with self._cache(checked).whole(commit, name, access) as copy:
            entries = await copy.tree(commit, "")
            if sum(entry.size or 0 for entry in entries) > MAX_CHECKOUT_BYTES:
                raise InputError(f"{checked.url} is larger than {MAX_CHECKOUT_BYTES} bytes")
            async for entry, content in copy.contents(entries):
                await asyncio.to_thread(_write, into, entry, content)
        return commit

    async def publish(
        self,
        remote: str,
        folder: Path,
        commit: GitCommit,
        *,
        credentials: tuple[str, str] | None = None,
        folders: Sequence[Path] = (),
    ) -> PushedCommit:
        """See `app.interfaces.GitRemotes.publish`."""
        checked = parse_remote(remote)
        if checked.scheme == "file":
            place = await asyncio.to_thread(_place_in, checked.url, folders)
            if place is None:
                raise NotAllowedError(f"Publishing to '{checked.url}' is not allowed")
            if not await asyncio.to_thread(place.exists):
                await create_bare(self._git, place, commit.branch)
            access = Access("file")
        else:
            access = await self._access(checked)
            if credentials is not None:
                access = replace(access, credentials=credentials)
        return await push_folder(self._git, checked, access, folder, commit, datetime.now(UTC))

    # ---------------------------------------------------------------------------------------------------- inside

    def _cache(self, remote: Remote) -> GitCache:
        if remote.url not in self._caches:
            self._caches[remote.url] = GitCache(self._folder, remote.url, self._git)
        return self._caches[remote.url]

    async def _access(self, remote: Remote) -> Access:
        """Raises NotAllowedError unless the configuration lets us read there."""
        if not (self._may_read(remote) or self._is_shared(remote)):
            raise NotAllowedError(
                f"Reading from '{remote.url}' is not allowed. You may need to configure an integration for the target "
                "host, or add it to the configured list of allowed hosts at 'backend.reading.allow'"
            )
        web = remote.web
        if web is None or remote.host is None:
            return Access(remote.scheme)
        addresses = await checked_addresses(remote.host, web, self._trusted, self._resolve)
        credentials = self._credentials.get(web.netloc) if remote.scheme in ("https", "http") else None
        return Access(
            remote.scheme, remote.host, remote.port, addresses, await credentials(remote.url) if credentials else None
        )

    async def _head(self, remote: Remote, ref: str | None, access: Access) -> tuple[str, str]:
        """Commit, and what to ask the remote for."""
        if ref is not None and is_commit(ref):
            return ref, ref
        wanted = (
            ["HEAD"] if ref is None else [f"refs/heads/{check_ref(ref)}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}"]
        )
        output = await self._git.run(
            ["ls-remote", "--quiet", "--", remote.url, *wanted],
            access=access,
            timeout=self._head_timeout,
            max_bytes=1024 * 1024,
            about=remote.url,
        )
        lines = (line.split("\t", 1) for line in output.decode("utf-8", "replace").splitlines() if "\t" in line)
        found = {name: sha for sha, name in lines if is_commit(sha)}
        for name in wanted:
            if name in found:
                return found[name], name.removesuffix("^{}")
        raise NotFoundError(f"{remote.url} has no branch or tag '{ref}'" if ref else f"{remote.url} is empty")


def _place_in(url: str, folders: Sequence[Path]) -> Path | None:
    """Where a file URL points, links resolved, if that is inside one of the folders."""
    place = Path(unquote(url.removeprefix("file://"))).resolve()
    roots = [folder.resolve() for folder in folders]
    return place if any(place != root and place.is_relative_to(root) for root in roots) else None


class _Together:
    """The contents of one search: the first that is read brings all of them."""

    def __init__(self, shas: Sequence[str], cache: GitCache, access: Callable[[], Awaitable[Access]]) -> None:
        self._shas = shas
        self._cache = cache
        self._access = access

    async def read(self, sha: str) -> bytes:
        content = await self._cache.kept(sha)
        if content is None:
            await self._cache.bring(self._shas, await self._access())
            content = await self._cache.kept(sha)
        if content is None:
            raise NotFoundError(f"The remote does not give out the content {sha}, or it is too large")
        return content


def _found(target: GitTarget, entry: TreeEntry, contents: _Together) -> FoundFile:
    url = format_git_target(GitTarget(target.remote, target.ref, f"/{entry.path}"))
    return FoundFile(url, entry.path, lambda: contents.read(entry.sha), entry.sha)


def _write(into: Path, entry: TreeEntry, content: bytes) -> None:
    path = plain_path(entry.path)
    if path != entry.path or any(part.lower() == ".git" for part in path.split("/")):
        raise InputError(f"The repository holds a file with a forbidden path: {entry.path[:200]!r}")
    file = into / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.parent.resolve().is_relative_to(into.resolve()):
        raise InputError(f"The repository's {entry.path[:200]!r} would be written outside its folder")
    mode = 0o755 if entry.executable else 0o644
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as opened:
        opened.write(content)
