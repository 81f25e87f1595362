"""Targets of locations of type `git`: `<remote>?ref=<branch or tag>&path=<path or glob>`. Pure.

    https://git.example.com/team/repo.git
    https://git.example.com/team/repo.git?ref=main&path=/services/**/catalog-info.yaml
    ssh://git@git.example.com/team/repo.git?path=/catalog-info.yaml
    git@git.example.com:team/repo.git
    file:///srv/git/repo.git?ref=v1.2

Without `ref` the remote's default branch is read, without `path` `/catalog-info.yaml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import dirname, normpath
from typing import Final, Literal
from urllib.parse import quote, unquote

from app.errors import InputError
from app.interfaces import GitTarget
from app.reading.archive import plain_path
from app.reading.urls import WebUrl, check_no_traversal, parse_web_url

DEFAULT_PATH: Final = "/catalog-info.yaml"
_KEPT: Final = "/*?[]{},!@:~$'()"
_SCP = re.compile(r"(?P<user>[A-Za-z0-9_][\w.-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<path>[^/:].*)")
_SSH = re.compile(
    r"ssh://(?:(?P<user>[A-Za-z0-9_][\w.-]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*)(?::(?P<port>\d{1,5}))?(?P<path>/.+)"
)
_PATH = re.compile(r"[^\x00-\x20\x7f\\]+")
_REF = re.compile(r"\w[^\x00-\x20\x7f\\~^:?*\[]*")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Remote:
    """A git URL that is safe to hand to git. `host` and `port` are None for `file`."""

    url: str
    scheme: Literal["https", "http", "ssh", "file"]
    host: str | None = None
    port: int | None = None

    @property
    def as_web(self) -> str:
        """The http(s) URL that permissions are asked about: who may read a host may read it by ssh as well."""
        if self.scheme != "ssh":
            return self.url
        found = _SSH.fullmatch(self.url)
        assert found is not None
        port = "" if self.port == 22 else f":{self.port}"
        return f"https://{self.host}{port}{found['path']}"

    @property
    def web(self) -> WebUrl | None:
        """Host and port in the shape that trust is decided on."""
        if self.host is None or self.port is None:
            return None
        if self.scheme == "ssh":
            return WebUrl("https", self.host, 443 if self.port == 22 else self.port, "/", "")
        return WebUrl(self.scheme, self.host, self.port, "/", "")


def is_commit(ref: str | None) -> bool:
    """Whether a ref is a full commit SHA, which never moves."""
    return ref is not None and _COMMIT.fullmatch(ref) is not None


def check_ref(ref: str) -> str:
    """A branch or tag name as git allows them, narrowed to what cannot be taken for an option or a revision range.

    Raises InputError. Source: git-check-ref-format(1).
    """
    parts = ref.split("/")
    if (
        len(ref) > 255
        or not _REF.fullmatch(ref)
        or ".." in ref
        or "@{" in ref
        or any(not part or part.startswith(".") or part.endswith((".lock", ".")) for part in parts)
    ):
        raise InputError(f"'{ref[:100]}' is not a valid branch or tag name")
    return ref


def parse_remote(url: str) -> Remote:
    """Raises InputError for anything but https, http, ssh and file URLs without credentials or tricks."""
    if scp := _SCP.fullmatch(url):
        url = f"ssh://{scp['user']}@{scp['host']}/{scp['path']}"
    if url.startswith("ssh://"):
        found = _SSH.fullmatch(url)
        if found is None or not _PATH.fullmatch(found["path"]) or found["path"].startswith("/-"):
            raise InputError("Not a valid ssh URL of a git repository")
        check_no_traversal(found["path"])
        return Remote(url, "ssh", found["host"].lower(), int(found["port"] or 22))
    if url.startswith("file://"):
        path = url.removeprefix("file://")
        if not path.startswith("/") or path.startswith("//") or not _PATH.fullmatch(path):
            raise InputError("A file URL of a git repository is file:// and an absolute path")
        check_no_traversal(path)
        return Remote(url, "file")
    if not url.startswith(("https://", "http://")):
        raise InputError("A git repository is named by an https, ssh or file URL")
    web = parse_web_url(url)
    if web.query:
        raise InputError("The URL of a git repository has no other parameters than ref and path")
    return Remote(str(web), "https" if web.scheme == "https" else "http", web.host, web.port)


def parse_git_target(target: str) -> GitTarget:
    """Raises InputError. The remote comes back in a normal form, the path with a leading slash."""
    remote, _, query = target.partition("?")
    given: dict[str, str] = {}
    for part in query.split("&") if query else ():
        key, equals, value = part.partition("=")
        if key not in ("ref", "path") or not equals or key in given:
            raise InputError(f"'{target}' is not a git location: after '?', ref= and path= may each appear once")
        try:
            given[key] = unquote(value, errors="strict")
        except UnicodeDecodeError as error:
            raise InputError(f"'{target}' holds bytes that are not UTF-8") from error
    ref = given.get("ref") or None
    path = plain_path((given.get("path") or DEFAULT_PATH).lstrip("/"))
    if path is None:
        raise InputError(f"'{target}' is not a git location: its path leads out of the repository")
    return GitTarget(parse_remote(remote).url, check_ref(ref) if ref else None, f"/{path}")


def format_git_target(target: GitTarget) -> str:
    """The inverse of `parse_git_target`."""
    ref = f"ref={quote(target.ref, safe=_KEPT)}&" if target.ref else ""
    return f"{target.remote}?{ref}path={quote(target.path, safe=_KEPT)}"


def resolve_git_target(target: str, base: str) -> str:
    """See `app.interfaces.GitRemotes.resolve`."""
    if "://" in target.partition("?")[0] or _SCP.fullmatch(target.partition("?")[0]):
        return target
    parsed = parse_git_target(base)
    path = target if target.startswith("/") else f"{dirname(parsed.path)}/{target}"
    # normpath would quietly stop at the root; a path that climbs out is a mistake, so it is told.
    depth = 0
    for segment in path.split("/"):
        depth += -1 if segment == ".." else segment not in ("", ".")
        if depth < 0:
            raise InputError(f"'{target}' leads out of the repository {parsed.remote}")
    return format_git_target(GitTarget(parsed.remote, parsed.ref, normpath(path)))
