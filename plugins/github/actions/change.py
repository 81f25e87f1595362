"""A change of a repository without git: one commit through the API. Source: docs.github.com, "Git database"."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from plugins.github.actions.repository import GithubRepository
from scaffolder.publishing import WorkspaceFile

FILE, EXECUTABLE, LINK = "100644", "100755", "120000"
MAX_INLINE: Final = 100_000
"""Bytes of a text that goes within the tree: a request of its own for each file would meet GitHub's limits."""
MAX_ENTRIES: Final = 500
MAX_TREE_BYTES: Final = 2_000_000

Changes = Mapping[str, WorkspaceFile | None]
"""By path; None takes a file away."""


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    tree: str


async def commit_at(repository: GithubRepository, branch: str) -> Commit | None:
    """What a branch points to; None for one that is not there."""
    found = await repository.find("/git/ref/{+ref}", ref=f"heads/{branch}")
    return await read_commit(repository, found["object"]["sha"]) if found else None


async def read_commit(repository: GithubRepository, sha: str) -> Commit:
    found = await repository.ask("GET", "/git/commits/{commit_sha}", commit_sha=sha)
    return Commit(found["sha"], found["tree"]["sha"])


async def parents_of(repository: GithubRepository, sha: str) -> list[str]:
    found = await repository.ask("GET", "/git/commits/{commit_sha}", commit_sha=sha)
    return [one["sha"] for one in found["parents"]]


async def changed_tree(repository: GithubRepository, base: Commit, changes: Changes) -> str:
    """The tree of a commit with files put in or taken out."""
    entries = []
    for path, file in changes.items():
        if file is not None:
            entries.append(await _entry(repository, path, file))
        # GitHub refuses to take away what is not there.
        elif await repository.find("/contents/{+path}", query={"ref": base.sha}, path=path) is not None:
            entries.append({"path": path, "mode": FILE, "type": "blob", "sha": None})
    tree = base.tree
    for batch in _batches(entries):
        made = await repository.ask("POST", "/git/trees", {"base_tree": tree, "tree": batch})
        tree = made["sha"]
    return tree


async def _entry(repository: GithubRepository, path: str, file: WorkspaceFile) -> dict[str, Any]:
    mode = LINK if file.link else EXECUTABLE if file.executable else FILE
    entry: dict[str, Any] = {"path": path, "mode": mode, "type": "blob"}
    if len(file.content) <= MAX_INLINE:
        try:
            return {**entry, "content": file.content.decode()}
        except UnicodeDecodeError:
            pass
    encoded = base64.b64encode(file.content).decode()
    blob = await repository.ask("POST", "/git/blobs", {"content": encoded, "encoding": "base64"})
    return {**entry, "sha": blob["sha"]}


def _batches(entries: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        length = len(entry.get("content", ""))
        if batch and (len(batch) == MAX_ENTRIES or size + length > MAX_TREE_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch
