"""Reading from outside: URLs, files, git remotes, and the guarded HTTP client."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """What a URL holds. `etag` is opaque and may be given back to ask whether it has changed."""

    content: bytes
    etag: str | None = None
    last_modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file of a search or tree: `url` as a catalog location would name it, `path` relative to the root of the
    tree."""

    url: str
    path: str
    read: Callable[[], Awaitable[bytes]]
    version: str | None = None
    """Changes when the content does (blob SHA, ETag, mtime and size); None where the host gives none."""


@dataclass(frozen=True, slots=True)
class SearchResponse:
    files: Sequence[FoundFile]
    etag: str | None = None
    read_all: Callable[[], Awaitable[list[bytes]]] | None = None
    """Reads all files in their order, where that is cheaper than one by one."""


class UrlReader(Protocol):
    """Reads from one sort of host. Every failure is one of `app.errors`: NotModifiedError, NotFoundError,
    NotAllowedError, …"""

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse: ...
    async def read_tree(self, url: str, *, etag: str | None = None) -> SearchResponse: ...
    async def search(self, url: str, *, etag: str | None = None) -> SearchResponse:
        """Files matching a URL with globs; without globs one `read_url`, and no files where there is nothing."""


class ScmIntegration(Protocol):
    """What is known of one configured host: how its URLs are put together. Pure. Source: §5.2, §5.4."""

    type: str
    """`github`, `gitlab`, `bitbucketCloud`, `bitbucketServer`, `gitea`, `azure`, `gerrit`, …"""
    host: str

    def resolve_url(self, url: str, base: str) -> str: ...
    def resolve_edit_url(self, url: str) -> str: ...
    def repository(self, url: str) -> RepositoryFile | None:
        """The parts of a URL that names a repository or a file in one; None if it does neither."""


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """`owner` may hold slashes (GitLab subgroups). `ref` and `path` are None where the URL names a whole repository."""

    host: str
    owner: str
    name: str
    ref: str | None = None
    path: str | None = None

    @property
    def slug(self) -> str:
        return f"{self.owner}/{self.name}"


class Reading(Protocol):
    """The URL readers and integrations of all plugins. First reader whose predicate matches wins."""

    def add_reader(self, matches: Callable[[str], bool], reader: UrlReader, *, order: int = 50) -> None: ...
    def add_integration(self, integration: ScmIntegration) -> None: ...
    def reader_for(self, url: str) -> UrlReader:
        """Raises NotAllowedError when no reader may read the URL."""

    def integration_for(self, url: str) -> ScmIntegration | None: ...
    def resolve_url(self, url: str, base: str) -> str: ...
    def resolve_edit_url(self, url: str) -> str | None:
        """None without an integration."""

    def add_git_credentials(self, host: str, credentials: GitCredentials) -> None:
        """How git signs in to a host (`name` or `name:port`, exactly as in the remote's URL)."""

    @property
    def git(self) -> GitRemotes: ...

    @property
    def files(self) -> LocalFiles: ...


class LocalFiles(Protocol):
    """Files of this machine, for locations of type `file`. Never reachable through a URL."""

    async def search(self, pattern: str, *, etag: str | None = None) -> SearchResponse:
        """Files that a path or a glob (`*`, `**`) names, sorted; none is not an error. Source: §4.6.

        Relative patterns start at the working directory. `version` is mtime and size; it and `etag` are None while a
        file is so fresh that a second write could go unnoticed. Raises NotModifiedError when nothing has changed.
        """


GitCredentials = Callable[[str], Awaitable[tuple[str, str] | None]]
"""Gives user name and password for a remote's URL, None to try without."""


@dataclass(frozen=True, slots=True)
class GitTarget:
    """A location of type `git`: `remote` (https, ssh, file), `ref` (branch, tag or None for the default), `path` (a
    file or a glob)."""

    remote: str
    ref: str | None
    path: str


@dataclass(frozen=True, slots=True)
class GitCommit:
    """What a published commit says of itself, and the branch it goes to."""

    branch: str
    message: str
    author_name: str
    author_email: str


@dataclass(frozen=True, slots=True)
class PushedCommit:
    """`changed` is False where the branch held the same files already; `sha` is then the commit that was there."""

    sha: str
    branch: str
    changed: bool


class GitRemotes(Protocol):
    """Any git remote, without a vendor API: partial, shallow fetches and blob SHAs."""

    def is_shared(self, target: str) -> bool:
        """Whether a location's target is a repository of this machine that everybody may name: one below a folder of
        `backend.reading.localRepositories`."""

    def parse(self, target: str) -> GitTarget:
        """A location's target, `<remote>?ref=<branch or tag>&path=<path or glob>`. Raises InputError.

        Both parameters may be absent: the default branch, `/catalog-info.yaml`.
        """

    def resolve(self, target: str, base: str) -> str:
        """A target relative to another one: `./x` beside its path, `/x` from the root, all else as it is."""

    async def head(self, remote: str, ref: str | None) -> str:
        """The commit a ref points to, by `ls-remote` alone. Raises NotFoundError."""

    async def search(self, target: GitTarget, *, etag: str | None = None) -> SearchResponse:
        """Files matching the path; `etag` is the commit, NotModifiedError when it is unchanged."""

    async def checkout(self, remote: str, ref: str | None, into: Path) -> str:
        """A plain tree of one commit without `.git`; gives the commit's SHA."""

    async def publish(
        self,
        remote: str,
        folder: Path,
        commit: GitCommit,
        *,
        credentials: tuple[str, str] | None = None,
        folders: Sequence[Path] = (),
    ) -> PushedCommit:
        """Lay a plain folder's files over a branch and push them as one commit, never by force.

        A branch that is not there starts at the remote's default branch, or is the first of an empty repository.
        `.gitignore` is obeyed, `.git` is not looked at. `credentials` are a user's own, instead of the host's
        configured ones. A `file` remote has to lie in one of `folders`, and is made if it is not there.

        Raises NotAllowedError, NotFoundError, ServiceUnavailableError (UnreachableError where connections are refused
        or cut), InputError.
        """


@dataclass(frozen=True, slots=True)
class OutgoingAnswer:
    """An answer whose body is still on its way. Header names are as sent."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: AsyncIterator[bytes]


class Outgoing(Protocol):
    """The guarded HTTP client: every outgoing request of the product goes through it.

    Addresses are resolved once, checked (no loopback, private, link-local or metadata address unless the
    configuration names
    the host) and pinned; redirects are followed by hand and each hop is checked again.
    """

    def trust(self, host: str) -> None:
        """The configuration names this host (`name`, `name:port`, `*.name`; a URL means its host): its address may be
        a private one, and a loopback one unless it is a wildcard."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        allow: Callable[[str], bool] | None = None,
        max_redirects: int = 0,
        max_bytes: int = 50 * 1024 * 1024,
        timeout: float = 30.0,
    ) -> httpx.Response:
        """`allow(url)` vets the first and every further hop. Raises NotAllowedError, ServiceUnavailableError."""


class StreamingOutgoing(Outgoing, Protocol):
    """The same, for bodies that are passed on instead of held."""

    def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        content: AsyncIterable[bytes] | None = None,
        timeout: float = 30.0,
        verify: bool = True,
    ) -> AbstractAsyncContextManager[OutgoingAnswer]:
        """One hop, passed on piece by piece: headers go out as given, the body comes back as it is on the wire.

        `timeout` is seconds of silence, not of the whole. Without `verify` any certificate will do. `content` needs a
        content-length among the headers, or is sent in chunks. Raises as `request` does, within the body too.
        """
