"""The story of an entity or a URL, in words an owner understands. Pure: facts in, JSON out. Additive to Backstage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from catalog.model.well_known import LOCATION, ORIGIN_LOCATION
from catalog.store.inspection import State

Json = Any


def iso(milliseconds: int | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def explain_entity(
    ref: str,
    state: State | None,
    *,
    path: Sequence[str],
    parents: Sequence[tuple[str | None, str | None]],
    children: Sequence[str],
    conflicts: Sequence[Mapping[str, Json]],
    revisions: Sequence[Mapping[str, Json]],
    steps: Sequence[Mapping[str, Json]] = (),
    interval_s: float | None = None,
) -> dict[str, Json]:
    """All that is known of a ref.

    Args:
        path: from where it all began to the parent: `provider:<name>`, then entity refs.
        interval_s: how often what reads outside is looked at again.
    """
    story: dict[str, Json] = {
        "entityRef": ref,
        "found": state is not None and state.final_hash is not None,
        "summary": _sentences(ref, state, path, conflicts, revisions, interval_s),
        "path": list(path),
        "parents": [{"provider": key} if key is not None else {"entityRef": source} for key, source in parents],
        "emits": list(children),
        "conflicts": [{**one, "at": iso(one["at"])} for one in conflicts],
        "revisions": [{**one, "at": iso(one["at"])} for one in revisions],
        "steps": list(steps),
        "errors": [],
        "state": None,
    }
    if state is None:
        return story
    annotations = state.unprocessed.get("metadata", {}).get("annotations") or {}
    story["errors"] = state.problems
    story["state"] = {
        "entityId": state.entity_id,
        "uid": state.uid,
        "location": annotations.get(LOCATION),
        "originLocation": annotations.get(ORIGIN_LOCATION),
        "locationKey": state.location_key,
        "discoveredAt": iso(state.discovered_at),
        "lastPassAt": iso(state.last_pass_at),
        "dueAt": iso(state.due_at),
        "updatedAt": iso(state.updated_at),
        "readsOutside": state.reads_outside,
        "checkedEverySeconds": interval_s if state.reads_outside else None,
        "orphan": not parents,
    }
    return story


def _sentences(
    ref: str,
    state: State | None,
    path: Sequence[str],
    conflicts: Sequence[Mapping[str, Json]],
    revisions: Sequence[Mapping[str, Json]],
    interval_s: float | None,
) -> list[str]:
    if state is None:
        return [*_absent(ref, conflicts, revisions)]
    said = []
    annotations = state.unprocessed.get("metadata", {}).get("annotations") or {}
    where = annotations.get(LOCATION)
    came = f"{ref} comes from {where}" if where else f"{ref} is known"
    said.append(f"{came}, by way of {' → '.join(path)}." if path else f"{came}; nothing emits it any more (orphan).")
    if state.due_at is not None:
        said.append("It is due to be processed.")
    if state.final_hash is None:
        said.append(
            "It is not in the catalog yet." if not state.problems else "It is not in the catalog because of errors."
        )
    elif state.problems:
        said.append("The catalog shows its last good version, because the newest one has errors.")
    else:
        said.append("It is in the catalog, and its last processing went well.")
    said.extend(f"{one['name']}: {one['message']}" for one in state.problems)
    said.extend(_of_conflicts(ref, conflicts))
    if state.reads_outside and interval_s is not None:
        said.append(f"Its sources are looked at again every {interval_s:.0f} to {interval_s * 1.5:.0f} seconds.")
    return said


def _absent(ref: str, conflicts: Sequence[Mapping[str, Json]], revisions: Sequence[Mapping[str, Json]]) -> list[str]:
    said = [f"{ref} is not in the catalog, and no source has it."]
    gone = next((one for one in revisions if one["change"] == "deleted"), None)
    if gone is not None:
        said.append(f"It was there, and was deleted at {iso(gone['at'])} ({_because(gone['cause'])}).")
    said.extend(_of_conflicts(ref, conflicts))
    return said


def _of_conflicts(ref: str, conflicts: Sequence[Mapping[str, Json]]) -> list[str]:
    return [
        f"{one['locationKey'] or one['source']} also claims {one['entityRef']}, which belongs to "
        f"{one['heldBy'] or 'another source'}; it takes over when that one lets go."
        for one in conflicts
        if one["entityRef"] == ref or one["source"] == f"entity:{ref}"
    ]


def _because(cause: Mapping[str, Json]) -> str:
    words = {
        "provider": "a provider changed its mind",
        "location": "its location changed",
        "api": "a client asked for it",
        "webhook": "a push said so",
        "startup": "the configuration changed",
        "orphan": "nothing emitted it any more",
        "operator": "an operator said so",
        "import": "an import said so",
    }
    said = words.get(cause.get("kind", ""), str(cause.get("kind")))
    return f"{said}, {cause['actor']}" if cause.get("actor") else said


def explain_url(url: str, locations: Sequence[dict[str, Json]]) -> dict[str, Json]:
    """What a URL has brought: `locations` are the stories of the Location entities that read it."""
    if not locations:
        said = [f"No location in the catalog reads {url}.", "Register it, or check the spelling of the URL."]
    else:
        said = [f"{url} is read by {', '.join(one['entityRef'] for one in locations)}."]
        said.extend(sentence for one in locations for sentence in one["summary"][1:])
        brought = sum(len(one["emits"]) for one in locations)
        said.append(f"These locations have brought {brought} entities in.")
    return {"url": url, "found": bool(locations), "summary": said, "locations": list(locations)}
