"""Where an entity's documentation lies, by its annotations. Source: spec/ui-backends.md §7."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from app.errors import CallboardError, InputError, NotAllowedError
from app.interfaces import GitTarget, Reading
from catalog.model.locations import LocationRef, parse_location_ref
from catalog.model.refs import EntityRef, parse_ref
from plugins.techdocs.interfaces import Site

REF: Final = "backstage.io/techdocs-ref"
FORWARD: Final = "backstage.io/techdocs-entity"
_SOURCE: Final = "backstage.io/source-location"
_MANAGED_BY: Final = "backstage.io/managed-by-location"

Entity = Mapping[str, Any]


class DocsLocation(NamedTuple):
    """`url`: a folder in a repository. `dir`: a folder of this machine. `git`: `<remote>?ref=…&path=<folder>`, which
    `folder` has in parts."""

    type: Literal["url", "dir", "git"]
    target: str
    folder: GitTarget | None = None


def annotation_of(entity: Entity, name: str) -> str | None:
    value = (entity["metadata"].get("annotations") or {}).get(name)
    return value if isinstance(value, str) and value else None


def reference_of(entity: Entity) -> LocationRef:
    """The entity's `techdocs-ref`. Raises InputError: it has none, or one that cannot be read."""
    text = annotation_of(entity, REF)
    if text is None:
        raise InputError(f"No {REF} annotation provided in entity: {entity['metadata']['name']}")
    return parse_location_ref(text)


def source_of(entity: Entity) -> LocationRef:
    """Where the entity comes from. Raises InputError.

    `source-location` is its author's word, and good for places that anybody could name. A place of this machine, or a
    git remote, is where the catalog has read it from: `file:/etc/x` must not make `/etc` somebody's documentation.
    """
    said = annotation_of(entity, _SOURCE)
    if said is not None and (source := parse_location_ref(said)).type == "url":
        return source
    managed_by = annotation_of(entity, _MANAGED_BY)
    if managed_by is None:
        raise InputError(f"Entity '{entity['metadata']['name']}' is missing location")
    return parse_location_ref(managed_by)


def location_of(entity: Entity, reading: Reading) -> DocsLocation:
    """Where the documentation lies.

    Raises:
        InputError: no annotation, or one that means nothing here.
        NotAllowedError: a path that leads out of the folder of the entity's descriptor.
    """
    kind, target = reference_of(entity)
    if kind == "url":
        return DocsLocation("url", target)
    if kind != "dir":
        raise CallboardError(f"Invalid reference annotation {kind}")
    source = source_of(entity)
    if source.type == "url":
        return DocsLocation("url", reading.resolve_url(target, source.target))
    if source.type == "file":
        return DocsLocation("dir", _below(posixpath.dirname(source.target) or ".", target))
    if source.type == "git":
        at = reading.git.parse(source.target)
        folder = _below(posixpath.dirname(at.path.lstrip("/")) or ".", target.lstrip("/") or ".")
        found = GitTarget(at.remote, at.ref, "/" if folder == "." else f"/{folder.strip('/')}")
        return DocsLocation("git", _as_text(found), found)
    raise InputError(f"Unable to resolve location type {source.type}")


def _as_text(target: GitTarget) -> str:
    ref = f"ref={target.ref}&" if target.ref else ""
    return f"{target.remote}?{ref}path={target.path}"


def _below(folder: str, target: str) -> str:
    """A folder at or below another. Raises NotAllowedError."""
    path = posixpath.normpath(posixpath.join(folder, target))
    base = posixpath.normpath(folder)
    if "\0" in target or not (
        path == base or path.startswith(base.rstrip("/") + "/") or (base == "." and _is_inner(path))
    ):
        raise NotAllowedError("Relative path is not allowed to refer to a directory outside its parent")
    return path


def _is_inner(path: str) -> bool:
    return not path.startswith("/") and path != ".." and not path.startswith("../")


def forwarded_to(entity: Entity) -> EntityRef | None:
    """The entity whose documentation is this one's, if it has none of its own. Raises InputError for a bad ref."""
    text = annotation_of(entity, FORWARD)
    if text is None or annotation_of(entity, REF) is not None:
        return None
    try:
        return parse_ref(text, default_kind="component")
    except CallboardError as error:
        raise InputError(f"The annotation {FORWARD} is no entity ref", cause=error) from error


def site_of(ref: EntityRef, *, keep_case: bool = False) -> Site:
    """Raises NotAllowedError for a part that would be more than one segment of a path (GHSA-4jqc-jvh2-pxg9)."""
    parts = (ref.namespace, ref.kind, ref.name)
    for part in parts:
        if part in ("", ".", "..") or any(character in part for character in "/\\\0"):
            raise NotAllowedError("Relative path is not allowed to refer to a directory outside its parent")
    return Site(*(part if keep_case else part.lower() for part in parts))


def ref_of_entity(entity: Entity) -> EntityRef:
    metadata = entity["metadata"]
    return EntityRef(entity["kind"], metadata.get("namespace") or "default", metadata["name"])
