"""Kinds for what AI agents use: resources of their own, and APIs that are MCP servers.

The reference has them in an optional module, so they are known only where the deployment asks for them.
Source: spec/catalog.md §3.3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from catalog.model.kinds import API, LIFECYCLE, OWNER, SYSTEM, TYPE, Kind
from catalog.model.relations import REFERENCES
from catalog.model.schema import record, text, texts

_COMMON: Final = {"type": TYPE, "lifecycle": LIFECYCLE, "owner": OWNER, "system": SYSTEM}
_REQUIRED: Final = ("type", "lifecycle", "owner")


def _resource(*required: str, **fields: Any) -> dict[str, Any]:
    return record({**_COMMON, **fields}, required=(*_REQUIRED, *required))


AI_RESOURCE: Final = Kind(
    "AiResource",
    ("backstage.io/v1alpha1",),
    _resource(),
    "Something that AI agents work with.",
    REFERENCES["AiResource"],
    {
        "skill": _resource(
            disciplines=texts(),
            categories=texts(),
            agents=texts(),
            dependsOn=texts(),
            allowedTools=text(),
            license=text(),
            compatibility=text(maxLength=500),
        ),
        "rule": _resource("category", "rationale", disciplines=texts(), category=text(), rationale=text()),
        "plugin": _resource("skills", skills=texts(), version=text()),
        "marketplace": _resource("plugins", plugins=texts(), version=text()),
    },
)

MCP_API: Final = replace(
    API,
    variants={
        "mcp-server": record(
            {
                **_COMMON,
                "remotes": {
                    "type": "array",
                    "minItems": 1,
                    "items": record({"type": text(), "url": text()}, required=("type", "url")),
                    "description": "Where the server is, and how to talk to it.",
                },
            },
            required=(*_REQUIRED, "remotes"),
        )
    },
)
"""API, with the variant that has no definition but remotes."""

AI_KINDS: Final = (AI_RESOURCE, MCP_API)
