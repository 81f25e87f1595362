"""The sources of the fetch actions: files beside the template, URLs the readers know, and any git remote.

Source: spec/scaffolder.md §5.0, §5.1.
"""

from __future__ import annotations

import asyncio
import os
import posixpath
import re
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

from app.errors import CallboardError, InputError, NotFoundError
from app.interfaces import Reading, UrlReader
from scaffolder.interfaces import ActionContext
from scaffolder.workspace import SafeFolder

MAX_TREE_FILES: Final = 100_000
MAX_TREE_BYTES: Final = 1024 * 1024 * 1024
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_GIT: Final = re.compile(r"(?:git:|ssh://|git\+)|[^?#]*\.git/?(?:[?#]|$)")


@runtime_checkable
class TokenReader(Protocol):
    """A URL reader that can read with a token of the caller's instead of the server's."""

    def with_token(self, token: str) -> UrlReader: ...


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder to read from; `path` is where the content lies in it, empty for the root."""

    folder: SafeFolder
    path: str = ""

    @property
    def absolute(self) -> Path:
        return self.folder.path(self.path)


@dataclass(frozen=True, slots=True)
class FetchedFile:
    content: bytes
    mode: int = 0o644


class Sources:
    """Resolves what a template's `url` means and reads it."""

    def __init__(self, reading: Reading, *, require_user_credentials: bool = False) -> None:
        self._reading = reading
        self._require_user_credentials = require_user_credentials

    @asynccontextmanager
    async def tree(self, context: ActionContext, url: str, token: str | None = None) -> AsyncIterator[Tree]:
        """The tree that `url` names, for as long as the context lasts.

        Files beside the template are read where they are; all else is fetched into a temporary folder.

        Raises:
            InputError: a relative URL and no place to start from.
            NotAllowedError: it leads out of the template's folder, or no reader may read it.
        """
        beside = self._beside(context, url)
        if beside is not None:
            folder, path = beside
            await asyncio.to_thread(_status_of, folder, path)
            yield Tree(folder, path)
            return
        absolute = self.resolved(context, url)
        self._check_credentials(absolute, token)
        async with context.temporary_directory() as directory:
            folder = SafeFolder(directory)
            if self._is_git(absolute):
                yield await self._checked_out(absolute, folder)
            else:
                await self._fetched(await self._reader(context, absolute, token), absolute, folder)
                yield Tree(folder)

    async def file(self, context: ActionContext, url: str, token: str | None = None) -> FetchedFile:
        """One file."""
        beside = self._beside(context, url)
        if beside is not None:
            folder, path = beside
            status = await asyncio.to_thread(_status_of, folder, path)
            return FetchedFile(await asyncio.to_thread(folder.read, path), stat.S_IMODE(status.st_mode))
        absolute = self.resolved(context, url)
        self._check_credentials(absolute, token)
        if self._is_git(absolute):
            target = self._reading.git.parse(absolute.removeprefix("git:"))
            found = await self._reading.git.search(target)
            if len(found.files) != 1:
                raise NotFoundError(f"{absolute} names {len(found.files)} files, not one")
            return FetchedFile(await found.files[0].read())
        reader = await self._reader(context, absolute, token)
        return FetchedFile((await reader.read_url(absolute)).content)

    def resolved(self, context: ActionContext, url: str) -> str:
        """The absolute URL that `url` means for this template."""
        if _is_absolute(url):
            return url
        base = context.template.base_url
        if not base:
            raise InputError(
                f"Failed to fetch, template location could not be determined and the fetch URL is relative, {url}"
            )
        integration = self._reading.integration_for(base)
        if integration is not None:
            return integration.resolve_url(url, base)
        if self._is_git(base):
            remote = base.removeprefix("git:")
            # Said to be git's, it stays so: not every remote's URL shows it.
            return f"{base[: len(base) - len(remote)]}{self._reading.git.resolve(url, remote)}"
        raise InputError(f"No integration found for location {base}")

    # ------------------------------------------------------------------------------------------------- inside

    def _beside(self, context: ActionContext, url: str) -> tuple[SafeFolder, str] | None:
        """The folder of a template that lies on this machine, and the path in it."""
        base = context.template.base_url
        if _is_absolute(url) or not base or not base.startswith("file://"):
            return None
        own = Path(unquote(base.removeprefix("file://"))).parent
        root = context.template.root or own
        folder = SafeFolder(root)
        return folder, folder.relative(url if root == own else posixpath.normpath(f"{own.relative_to(root)}/{url}"))

    def _is_git(self, url: str) -> bool:
        return _GIT.match(url) is not None and (
            not url.startswith(("http:", "https:")) or self._reading.integration_for(url) is None
        )

    async def _checked_out(self, url: str, into: SafeFolder) -> Tree:
        text = url.removeprefix("git:")
        target = self._reading.git.parse(text)
        await self._reading.git.checkout(target.remote, target.ref, into.root)
        # Without a path of its own a target means a descriptor; a tree's is the root.
        path = into.relative(target.path.strip("/")) if "path=" in urlsplit(text).query else ""
        if not await asyncio.to_thread(into.is_folder, path):
            raise NotFoundError(f"{target.remote} has no folder {path}")
        return Tree(into, path)

    async def _fetched(self, reader: UrlReader, url: str, into: SafeFolder) -> None:
        found = await reader.read_tree(url)
        if len(found.files) > MAX_TREE_FILES:
            raise InputError(f"{url} holds more than {MAX_TREE_FILES} files")
        left = MAX_TREE_BYTES
        for file in found.files:
            content = await file.read()
            left -= len(content)
            if left < 0:
                raise InputError(f"{url} is larger than {MAX_TREE_BYTES} bytes")
            await asyncio.to_thread(into.write, posixpath.normpath(file.path), content)

    async def _reader(self, context: ActionContext, url: str, token: str | None) -> UrlReader:
        reader = self._reading.reader_for(url)
        if token and isinstance(reader, TokenReader):
            return reader.with_token(token)
        if token:
            if self._require_user_credentials:
                raise InputError(f"The reader of {urlsplit(url).netloc} cannot use the token it is given")
            await context.log.warn(
                f"The token is not used: {urlsplit(url).netloc} is read with the server's credentials"
            )
        return reader

    def _check_credentials(self, url: str, token: str | None) -> None:
        if not self._require_user_credentials or token:
            return
        integration = self._reading.integration_for(url)
        if integration is not None and integration.type in ("github", "gitlab"):
            raise InputError(
                f"No user credentials provided for host {integration.host}, but scaffolder.requireScmUserCredentials "
                "is enabled"
            )


def _is_absolute(url: str) -> bool:
    return _ABSOLUTE.match(url) is not None


def _status_of(folder: SafeFolder, path: str) -> os.stat_result:
    try:
        return folder.status(path)
    except (FileNotFoundError, NotADirectoryError):
        raise CallboardError(f"ENOENT: no such file or directory, lstat '{folder.root / path}'") from None
