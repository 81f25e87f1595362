"""All that is known of one entity, put together: what the read API serves. Source: spec/catalog.md §3.2, §4.10."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.json_numbers import dumps
from catalog.model import well_known
from catalog.model.entity import stable_hash
from catalog.model.refs import DEFAULT_NAMESPACE

Entity = dict[str, Any]

STATUS_TYPE = "backstage.io/catalog-processing"


@dataclass(frozen=True, slots=True)
class Final:
    """A final entity, its hash (40 hex digits, equal for equal content) and its JSON text."""

    entity: Entity
    hash: str
    document: bytes


def final_entity(
    processed: Entity,
    *,
    uid: str,
    relations: Iterable[tuple[str, str]] = (),
    errors: Sequence[Mapping[str, Any]] = (),
    orphan: bool = False,
) -> Final:
    """Puts a final entity together. `processed` is left as it is; the parts it shares with the result must not change.

    `relations` are `(type, target ref)` in any order, also repeated. `errors` are those of the last pass, as
    `errors.serialized` wrote them. The hash covers everything but the etag that is made from it; an etag that the
    source brought along is kept.
    """
    metadata: Entity = {"namespace": DEFAULT_NAMESPACE, **processed["metadata"], "uid": uid}
    own_annotations = _safe_annotations(metadata.get("annotations"), orphan=orphan)
    if own_annotations is not None:
        metadata["annotations"] = own_annotations
    entity: Entity = {**processed, "metadata": metadata}
    entity["relations"] = [{"type": kind, "targetRef": target} for kind, target in sorted(set(relations))]
    if errors:
        entity["status"] = _status(processed.get("status"), errors)
    digest = stable_hash(entity)
    if not metadata.get("etag"):
        metadata["etag"] = digest
    return Final(entity, digest, dumps(entity))


def _safe_annotations(given: Mapping[str, Any] | None, *, orphan: bool) -> Entity | None:
    """A changed copy, or None where nothing has to change."""
    changed: Entity = {}
    if orphan:
        changed[well_known.ORPHAN] = "true"
    for key in (well_known.VIEW_URL, well_known.EDIT_URL):
        value = given.get(key) if given else None
        if isinstance(value, str) and well_known.is_script_url(value):
            changed[key] = well_known.REJECTED_URL
    return {**(given or {}), **changed} if changed else None


def _status(given: Mapping[str, Any] | None, errors: Sequence[Mapping[str, Any]]) -> Entity:
    items = [
        {"type": STATUS_TYPE, "level": "error", "message": f"{error['name']}: {error['message']}", "error": error}
        for error in errors
    ]
    return {**(given or {}), "items": [*(given or {}).get("items", ()), *items]}
