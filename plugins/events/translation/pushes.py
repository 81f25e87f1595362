"""Puts a push together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.interfaces import ScmPush
from plugins.events.translation.files import Files, spelled
from plugins.events.translation.payload import some


def push(
    *,
    urls: Iterable[str],
    remotes: Iterable[str],
    branch: str,
    default_branch: bool,
    commit: str | None,
    files: Files | None = None,
    templates: Sequence[str] = (),
) -> list[ScmPush]:
    """One push, or none if its repository is not named. `templates` are a file's URLs, for `spelled`.

    Without `files`, or with a commit that is none (the branch is gone), it is an incomplete one.
    """
    repository_urls, known_remotes = some(urls), some(remotes)
    if not repository_urls and not known_remotes:
        return []
    listed = files if commit is not None else None
    given = listed or Files()
    return [
        ScmPush(
            repository_urls=repository_urls,
            remotes=known_remotes,
            branch=branch,
            default_branch=default_branch,
            added=spelled(templates, branch, given.added),
            modified=spelled(templates, branch, given.modified),
            removed=spelled(templates, branch, given.removed),
            commit=commit,
            complete=listed is not None,
        )
    ]
