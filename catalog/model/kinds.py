"""The kinds that the catalog knows of itself. Source: spec/catalog.md §3.3.

A kind is data: its schema is compiled in `catalog.validation.kinds` and written out by `callboard schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from catalog.model.relations import REFERENCES, Reference
from catalog.model.schema import record, text, texts

BUILTIN_VERSIONS: Final = ("backstage.io/v1alpha1", "backstage.io/v1beta1")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind in some API versions. `spec` is the JSON Schema of `spec`; names are matched in their exact case."""

    name: str
    api_versions: tuple[str, ...]
    spec: Mapping[str, Any]
    description: str
    references: tuple[Reference, ...] = ()
    """The fields of `spec` that name other entities."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Schemas of `spec` for some values of `spec.type`, in the place of the general one."""


TYPE = text("What sort of thing it is, in words of your own.")
LIFECYCLE = text("How far it has come, such as experimental, production or deprecated.")
OWNER = text("Ref of the group or user that owns it; of a group unless it says otherwise.")
SYSTEM = text("Ref of the system it is part of.")
_DEPENDS_ON = texts("Refs, with their kind, of components and resources that it needs.")

_PROFILE = record(
    {
        "displayName": text("The name to show."),
        "email": text("An address to write to."),
        "picture": text("URL of a picture."),
    },
    description="How to show it to people.",
)

COMPONENT: Final = Kind(
    "Component",
    BUILTIN_VERSIONS,
    record(
        {
            "type": TYPE,
            "lifecycle": LIFECYCLE,
            "owner": OWNER,
            "system": SYSTEM,
            "subcomponentOf": text("Ref of the component it is part of."),
            "providesApis": texts("Refs of APIs that it provides."),
            "consumesApis": texts("Refs of APIs that it uses."),
            "dependsOn": _DEPENDS_ON,
        },
        required=("type", "lifecycle", "owner"),
    ),
    "A piece of software: a service, a website, a library.",
    REFERENCES["Component"],
)

API: Final = Kind(
    "API",
    BUILTIN_VERSIONS,
    record(
        {
            "type": text("The form of the definition, such as openapi, asyncapi, graphql or grpc."),
            "lifecycle": LIFECYCLE,
            "owner": OWNER,
            "system": SYSTEM,
            "definition": text("The definition itself, or a placeholder that reads it."),
        },
        required=("type", "lifecycle", "owner", "definition"),
    ),
    "An interface that components provide and consume.",
    REFERENCES["API"],
)

RESOURCE: Final = Kind(
    "Resource",
    BUILTIN_VERSIONS,
    record(
        {"type": TYPE, "owner": OWNER, "dependsOn": _DEPENDS_ON, "system": SYSTEM},
        required=("type", "owner"),
    ),
    "What software needs to run: a database, a bucket, a cluster.",
    REFERENCES["Resource"],
)

GROUP: Final = Kind(
    "Group",
    BUILTIN_VERSIONS,
    record(
        {
            "type": text("What sort of group, such as team or department."),
            "profile": _PROFILE,
            "parent": text("Ref of the group it belongs to."),
            "children": texts("Refs of the groups that belong to it."),
            "members": texts("Refs of the users in it."),
        },
        required=("type", "children"),
    ),
    "A team, a unit, a department.",
    REFERENCES["Group"],
)

LOCATION: Final = Kind(
    "Location",
    BUILTIN_VERSIONS,
    record(
        {
            "type": text("The type of the targets; that of the location this was read from, unless given."),
            "target": text("Where to read entities from."),
            "targets": texts("Where to read entities from."),
            "presence": {
                "type": "string",
                "enum": ["required", "optional"],
                "default": "required",
                "description": "Whether a target that is not there is an error.",
            },
        }
    ),
    "A place to read further entities from.",
)

USER: Final = Kind(
    "User",
    BUILTIN_VERSIONS,
    record(
        {"profile": _PROFILE, "memberOf": texts("Refs of the groups the user is in.")},
        required=("memberOf",),
    ),
    "A person.",
    REFERENCES["User"],
)

SYSTEM_KIND: Final = Kind(
    "System",
    BUILTIN_VERSIONS,
    record(
        {"owner": OWNER, "domain": text("Ref of the domain it is part of."), "type": TYPE},
        required=("owner",),
    ),
    "Components, APIs and resources that work together.",
    REFERENCES["System"],
)

DOMAIN: Final = Kind(
    "Domain",
    BUILTIN_VERSIONS,
    record(
        {"owner": OWNER, "subdomainOf": text("Ref of the domain it is part of."), "type": TYPE},
        required=("owner",),
    ),
    "Systems that share a field of business.",
    REFERENCES["Domain"],
)

BUILTIN_KINDS: Final = (API, COMPONENT, RESOURCE, GROUP, LOCATION, USER, SYSTEM_KIND, DOMAIN)
