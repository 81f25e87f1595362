"""Pushes a plain folder as one commit. The repository is a fresh one of ours beside the folder, never one inside it:
nothing in the folder is configuration, hook or attribute driver to git (CVE-2024-53983).
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from app.errors import InputError, NotFoundError
from app.interfaces import GitCommit, PushedCommit
from app.reading.git_process import Access, GitProcess
from app.reading.git_target import Remote, check_ref, is_commit

HEADS_TIMEOUT_S: Final = 30.0
PUSH_TIMEOUT_S: Final = 300.0
LOCAL_TIMEOUT_S: Final = 300.0
_NAME: Final = re.compile(r"[<>\n\r\0]+")
_DEFAULT_BRANCH: Final = re.compile(r"^ref: refs/heads/(\S+)\tHEAD$", re.MULTILINE)
_QUIET: Final = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")


async def push_folder(
    git: GitProcess, remote: Remote, access: Access, folder: Path, commit: GitCommit, now: datetime
) -> PushedCommit:
    """See `app.interfaces.GitRemotes.publish`."""
    refuse_repositories(folder)
    branch = check_ref(commit.branch)
    heads, default = await _heads(git, remote, access)
    base = heads.get(branch) or heads.get(default or "")
    with tempfile.TemporaryDirectory(prefix="push-") as place:
        repository = Path(place, "repository.git")

        async def run(*arguments: str, given: bytes = b"", reach: Access | None = None) -> bytes:
            return await git.run(
                arguments,
                repository=repository,
                given=given,
                access=reach,
                timeout=PUSH_TIMEOUT_S if reach else LOCAL_TIMEOUT_S,
                # Links are stored as links whatever the machine, and never followed.
                config=("core.bare=false", "core.symlinks=true", "core.autocrlf=false", "push.gpgSign=false"),
                about=remote.url,
            )

        await git.run(["init", "--quiet", "--bare", "--template=", "--", str(repository)], about=remote.url)
        parent_tree = None
        if base is not None:
            await run("fetch", *_QUIET, "--depth=1", "--", remote.url, base, reach=access)
            await run("read-tree", base)
            parent_tree = (await run("rev-parse", "--verify", "--end-of-options", f"{base}^{{tree}}")).decode().strip()
        await run("-C", str(folder), f"--work-tree={folder}", "add", "--no-all", "--", ".")
        tree = (await run("write-tree")).decode().strip()
        if tree == parent_tree and base is not None and branch in heads:
            return PushedCommit(base, branch, changed=False)
        text = _commit_object(tree, base, commit, now)
        sha = (await run("hash-object", "-t", "commit", "-w", "--stdin", given=text)).decode().strip()
        if not is_commit(sha):
            raise InputError("git did not make a commit")
        await run(
            *("push", "--quiet", "--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no", "--"),
            *(remote.url, f"{sha}:refs/heads/{branch}"),
            reach=access,
        )
    return PushedCommit(sha, branch, changed=True)


async def create_bare(git: GitProcess, folder: Path, branch: str) -> None:
    """A new, empty bare repository on this machine."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    await git.run(
        ["init", "--quiet", "--bare", "--template=", f"--initial-branch={check_ref(branch)}", "--", str(folder)],
        about="a new repository",
    )


def refuse_repositories(folder: Path) -> None:
    """Raises InputError: a folder below holds a repository of its own, by whatever spelling some file system knows.

    The folder's own `.git` is ignored, by us and by git.
    """
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            plain = re.sub("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]", "", name).rstrip(". ").casefold()
            if plain in (".git", "git~1") and not (name == ".git" and Path(place) == folder):
                raise InputError(f"{os.path.relpath(os.path.join(place, name), folder)!r} cannot be published")  # noqa: PTH118
        if Path(place) == folder and ".git" in folders:
            folders.remove(".git")


async def _heads(git: GitProcess, remote: Remote, access: Access) -> tuple[dict[str, str], str | None]:
    """The remote's branches, and its default one."""
    try:
        output = await git.run(
            ["ls-remote", "--quiet", "--symref", "--", remote.url, "HEAD", "refs/heads/*"],
            access=access,
            timeout=HEADS_TIMEOUT_S,
            max_bytes=16 * 1024 * 1024,
            about=remote.url,
        )
    except NotFoundError as error:
        raise NotFoundError(f"There is no repository at {remote.url}") from error
    text = output.decode("utf-8", "replace")
    heads = {}
    for line in text.splitlines():
        sha, _, name = line.partition("\t")
        if is_commit(sha) and name.startswith("refs/heads/"):
            heads[name.removeprefix("refs/heads/")] = sha
    default = _DEFAULT_BRANCH.search(text)
    return heads, default[1] if default else None


def _commit_object(tree: str, parent: str | None, commit: GitCommit, now: datetime) -> bytes:
    """The commit as git stores it: no option, environment variable or configuration ever holds a user's text."""
    who = (
        f"{_signature(commit.author_name, 'Scaffolder')} <{_signature(commit.author_email, 'scaffolder@backstage.io')}>"
    )
    stamp = f"{int(now.timestamp())} +0000"
    lines: Sequence[str] = [
        f"tree {tree}",
        *([f"parent {parent}"] if parent else []),
        f"author {who} {stamp}",
        f"committer {who} {stamp}",
        "",
        commit.message.replace("\0", "").strip() or "initial commit",
        "",
    ]
    return "\n".join(lines).encode("utf-8", "replace")


def _signature(text: str, otherwise: str) -> str:
    return " ".join(_NAME.sub(" ", text).split()).strip(" .,:;\"'\\") or otherwise
