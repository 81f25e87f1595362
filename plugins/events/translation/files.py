"""What a push has done to files, and how their URLs may be spelt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from plugins.events.translation.payload import Json, some, texts

MAX_FILES: Final = 10_000
"""Beyond this a list costs more than looking at the whole repository."""
NO_COMMIT: Final = frozenset("0")


@dataclass(frozen=True, slots=True)
class Files:
    added: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def net_changes(commits: Iterable[Json]) -> Files | None:
    """What is different after all commits (oldest first): a file that was added and removed again is none.

    None where there are too many to be listed, or a commit does not list its files at all.
    """
    there: dict[str, tuple[bool, bool]] = {}
    for commit in commits:
        if not isinstance(commit, dict) or not {"added", "modified", "removed"} & commit.keys():
            return None
        for kind, exists in (("added", True), ("modified", True), ("removed", False)):
            for path in texts(commit, kind):
                before = there[path][0] if path in there else kind != "added"
                there[path] = before, exists
    if len(there) > MAX_FILES:
        return None

    def having(before: bool, after: bool) -> tuple[str, ...]:
        return tuple(path for path, state in there.items() if state == (before, after))

    return Files(having(False, True), having(True, True), having(True, False))


def spelled(templates: Sequence[str], branch: str, paths: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """For each path its URLs: every template (with `{branch}` and `{path}`), plain and percent-encoded."""

    def urls(path: str) -> tuple[str, ...]:
        plain = [template.replace("{branch}", branch).replace("{path}", path) for template in templates]
        encoded = [
            template.replace("{branch}", quote(branch, safe="/")).replace("{path}", quote(path, safe="/"))
            for template in templates
        ]
        return some([*plain, *encoded])

    return tuple(urls(path) for path in paths)


def branch_of(ref: str) -> str | None:
    """The branch of a full ref; None for tags and everything else."""
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None


def commit_of(sha: str) -> str | None:
    """The commit, None for the zeros that stand for a branch that is gone."""
    return sha if sha and not set(sha) <= NO_COMMIT else None


def without_suffix(url: str) -> str:
    """A repository's URL as its pages have it."""
    return url.rstrip("/").removesuffix(".git")
