"""What a commit says where a template does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.interfaces import Config, GitCommit


@dataclass(frozen=True, slots=True)
class CommitDefaults:
    """`scaffolder.defaultAuthor` and `scaffolder.defaultCommitMessage`; None where they are not configured."""

    name: str | None = None
    email: str | None = None
    message: str | None = None

    def commit(self, given: Mapping[str, Any], branch: str) -> GitCommit:
        """By an action's `gitCommitMessage`, `gitAuthorName` and `gitAuthorEmail`, these defaults, and the
        reference's."""
        return GitCommit(
            branch=branch,
            message=given.get("gitCommitMessage") or self.message or "initial commit",
            author_name=given.get("gitAuthorName") or self.name or "Scaffolder",
            author_email=given.get("gitAuthorEmail") or self.email or "scaffolder@backstage.io",
        )


def commit_defaults(config: Config) -> CommitDefaults:
    def text(path: str) -> str | None:
        value = config.get(path)
        return None if value is None else str(value)

    return CommitDefaults(
        text("scaffolder.defaultAuthor.name"),
        text("scaffolder.defaultAuthor.email"),
        text("scaffolder.defaultCommitMessage"),
    )
