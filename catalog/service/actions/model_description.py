"""The catalog's model in words, for agents that ask what there is. Written from the model itself."""

from __future__ import annotations

from typing import Final

from catalog.model.relations import REFERENCES


def _relations() -> str:
    rows = ["| kind | field | relation | inverse |", "|---|---|---|---|"]
    for kind, references in REFERENCES.items():
        rows += [f"| {kind} | `spec.{one.field}` | {one.forward} | {one.reverse} |" for one in references]
    return "\n".join(rows)


MODEL_DESCRIPTION: Final = f"""# The software catalog

Everything in the catalog is an entity: `apiVersion`, `kind`, `metadata` (with `name`, `namespace`, `title`,
`description`, `labels`, `annotations`, `tags`, `links`), `spec`, and `relations` to other entities. An entity is
referred to as `kind:namespace/name`, in lower case; the namespace is `default` unless it says otherwise.

## Kinds

- **Component**: a piece of software, such as a service, website or library (`spec.type`, `spec.lifecycle`,
  `spec.owner`).
- **API**: an interface that components provide and consume (`spec.definition`).
- **Resource**: what a component needs to run, such as a database or a queue.
- **System**: components, APIs and resources that do one thing together. **Domain**: systems of one business area.
- **Group** and **User**: who owns and does things (`spec.profile`, `spec.memberOf`).
- **Location**: where other entities are read from. **Template**: what new software is made from.

## Relations

Every relation has an inverse, so both entities show it in `relations` as `{{"type", "targetRef"}}`.

{_relations()}

## Queries

A query is a predicate over dotted paths, compared without regard to case:

- `{{"kind": "component", "spec.lifecycle": "production"}}`: all fields must match
- `{{"metadata.tags": {{"$contains": "java"}}}}`, `{{"spec.type": {{"$in": ["service", "website"]}}}}`,
  `{{"metadata.name": {{"$hasPrefix": "payment-"}}}}`,
  `{{"metadata.annotations.backstage.io/orphan": {{"$exists": true}}}}`
- `{{"relations.ownedBy": "group:default/team-a"}}`: entities related to another
- `{{"$all": […]}}`, `{{"$any": […]}}`, `{{"$not": {{…}}}}` combine predicates
"""
