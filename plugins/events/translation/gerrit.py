"""Gerrit: `ref-updated`. No files are named. Source: Gerrit's documentation of stream events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.interfaces import ScmPush
from plugins.events.translation.files import branch_of, commit_of
from plugins.events.translation.payload import Json, text
from plugins.events.translation.pushes import push


def translate(
    subtopic: str, body: Json, headers: Mapping[str, str], *, hosts: Sequence[tuple[str, str | None]] = ()
) -> Sequence[ScmPush]:
    """`hosts` are the configured Gitiles, and where their projects are cloned: payloads name the project alone."""
    project, ref = text(body, "refUpdate", "project"), text(body, "refUpdate", "refName")
    # Older servers leave out the prefix of branches.
    branch = branch_of(ref if ref.startswith("refs/") else f"refs/heads/{ref}")
    if subtopic != "ref-updated" or not project or not branch:
        return ()
    return push(
        urls=[f"{gitiles.rstrip('/')}/{project}" for gitiles, _ in hosts],
        remotes=[f"{(clone or gitiles).rstrip('/')}/{project}" for gitiles, clone in hosts],
        branch=branch,
        # The payload does not say which branch is the default one.
        default_branch=True,
        commit=commit_of(text(body, "refUpdate", "newRev")),
    )
