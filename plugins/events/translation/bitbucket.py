"""Bitbucket Cloud and Server. Neither names files in a push. Source: Atlassian's documentation of event payloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from catalog.interfaces import ScmPush, ScmRepositoryChange
from plugins.events.translation.files import commit_of
from plugins.events.translation.payload import Json, at, items, text
from plugins.events.translation.pushes import push

CLOUD: Final = "https://bitbucket.org"


def translate_cloud(subtopic: str, body: Json, headers: Mapping[str, str]) -> Sequence[ScmPush | ScmRepositoryChange]:
    repository = at(body, "repository")
    name = text(repository, "full_name")
    page = text(repository, "links", "html", "href") or (f"{CLOUD}/{name}" if name else "")
    if not page:
        return ()
    if subtopic == "repo:push":
        main = text(repository, "mainbranch", "name")
        return [one for change in items(body, "push", "changes") for one in _cloud_change(change, page, name, main)]
    if subtopic == "repo:deleted":
        return [ScmRepositoryChange("deleted", page)]
    if subtopic in ("repo:updated", "repo:transfer"):
        before = text(body, "changes", "full_name", "old")
        old_page = text(body, "changes", "links", "old", "html", "href") or (f"{CLOUD}/{before}" if before else "")
        return [ScmRepositoryChange("moved", page, old_page)] if old_page and old_page != page else ()
    return ()


def _cloud_change(change: Json, page: str, name: str, main: str) -> Sequence[ScmPush]:
    new, old = at(change, "new"), at(change, "old")
    branch = text(new, "name") or text(old, "name")
    if (text(new, "type") or text(old, "type")) not in ("branch", "named_branch") or not branch:
        return ()
    return push(
        urls=[page],
        remotes=[f"{page}.git", page, f"ssh://git@bitbucket.org/{name}.git" if name else ""],
        branch=branch,
        # Not every payload says which branch is the main one. Taking another for it costs a look, missing it an update.
        default_branch=branch == main or not main,
        commit=commit_of(text(new, "target", "hash")),
    )


def translate_server(
    subtopic: str, body: Json, headers: Mapping[str, str], *, hosts: Sequence[str] = ()
) -> Sequence[ScmPush | ScmRepositoryChange]:
    """`hosts` are the configured ones: payloads do not always say where they come from."""
    if subtopic == "repo:refs_changed":
        pages = _server_pages(at(body, "repository"), hosts)
        return [
            one
            for change in items(body, "changes")
            if text(change, "ref", "type") == "BRANCH"
            for one in push(
                urls=pages,
                remotes=_server_remotes(at(body, "repository"), pages),
                branch=text(change, "ref", "displayId"),
                default_branch=True,
                commit=commit_of(text(change, "toHash")) if text(change, "type") != "DELETE" else None,
            )
        ]
    if subtopic == "repo:modified":
        new = _server_pages(at(body, "new"), hosts)
        old = _server_pages(at(body, "old"), hosts)
        return [ScmRepositoryChange("moved", *pair) for pair in zip(new, old, strict=False) if pair[0] != pair[1]]
    return ()


def _server_pages(repository: Json, hosts: Sequence[str]) -> list[str]:
    key, slug = text(repository, "project", "key"), text(repository, "slug")
    if not key or not slug:
        return []
    space = f"users/{key[1:]}" if key.startswith("~") else f"projects/{key}"
    told = text(repository, "links", "self", 0, "href")
    bases = [told.partition(f"/{space}/")[0]] if f"/{space}/" in told else [f"https://{host}" for host in hosts]
    return [f"{base}/{space}/repos/{slug}" for base in bases]


def _server_remotes(repository: Json, pages: Sequence[str]) -> list[str]:
    key, slug = text(repository, "project", "key"), text(repository, "slug")
    told = [text(link, "href") for link in items(repository, "links", "clone")]
    return [*told, *(f"{page.rsplit('/', 4)[0]}/scm/{key.lower()}/{slug}.git" for page in pages)]
