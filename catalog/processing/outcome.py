"""From a pass to what is stored of it. Pure."""

from __future__ import annotations

from hashlib import sha1

from catalog.ingestion.mutation import prepare
from catalog.interfaces import Cause
from catalog.json_numbers import dumps
from catalog.model.entity import stable_json
from catalog.model.errors import FormError, serialized
from catalog.processing.pipeline import Pass
from catalog.store.outcomes import DueRow, Outcome
from catalog.store.texts import refresh_key
from catalog.store.unprocessed import Unprocessed
from catalog.store.writing import cause_json

CHECKED = cause_json(Cause("location", {"checked": True}))
"""Why something was processed that nobody had asked for: its source was looked at and had changed."""


def cause_of(row: DueRow) -> str:
    """Why what a pass gives has changed, as JSON."""
    return row.cause if row.due_at is not None and row.cause else CHECKED


def outcome_of(row: DueRow, done: Pass) -> Outcome:
    """The pass in stored form. A child whose ref cannot be stored is an error of its parent."""
    children: list[Unprocessed] = []
    errors = list(done.errors)
    if done.ok:
        for deferred in done.deferred:
            try:
                children.append(prepare(deferred))
            except FormError as error:
                errors.append(error)
    written = dumps([serialized(error) for error in errors])
    keys = frozenset(map(refresh_key, done.refresh_keys))
    cause = cause_of(row)
    if errors or done.entity is None:
        failure = sha1(b"failed\0" + written, usedforsecurity=False).hexdigest()
        return Outcome(row, cause, failure, written.decode(), reads_outside=int(done.reads_outside), refresh_keys=keys)
    # Stored in the order of its source: templates show it. What counts as a change is told by the sorted text.
    processed = dumps(done.entity)
    relations = frozenset((source, kind, target) for source, kind, target in done.relations)
    digest = sha1(stable_json(done.entity), usedforsecurity=False)
    for one in sorted(children, key=lambda child: (child.ref, child.hash, child.location_key or "")):
        digest.update(f"\0c{one.ref}\0{one.hash}\0{one.location_key}".encode())
    for relation in sorted(relations):
        digest.update("\0r".join(relation).encode())
    for key in sorted(keys):
        digest.update(b"\0k" + key.encode())
    digest.update(b"\1" if done.reads_outside else b"\0")
    return Outcome(
        row,
        cause,
        digest.hexdigest(),
        "[]",
        processed.decode(),
        stable_json(done.cache).decode(),
        int(done.reads_outside),
        children,
        relations,
        keys,
    )
