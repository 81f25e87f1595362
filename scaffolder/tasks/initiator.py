"""Who started a task, kept with its secrets until it ends. Source: spec/scaffolder.md §3.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from app.interfaces import AccessRestriction, Principal

TOKEN: Final = "backstageToken"  # noqa: S105 - a name
CREDENTIALS: Final = "__initiatorCredentials"


def stored_secrets(secrets: Mapping[str, str], initiator: Principal, token: str | None) -> dict[str, str]:
    """The caller's secrets with what the reference adds to them."""
    restrictions = None
    if initiator.restrictions is not None:
        restrictions = [
            {"plugin": one.plugin, "permissions": sorted(one.permissions), "actions": sorted(one.actions)}
            for one in initiator.restrictions
        ]
    credentials = {
        "kind": initiator.kind,
        "subject": initiator.subject,
        "ownership": list(initiator.ownership),
        "restrictions": restrictions,
        "actor": initiator.actor,
        "token": token,
    }
    added = {CREDENTIALS: orjson.dumps(credentials).decode()}
    if token is not None:
        added[TOKEN] = token
    return {**secrets, **added}


def initiator_of(secrets: Mapping[str, str]) -> Principal:
    """The principal within stored secrets; nobody if they are gone."""
    text = secrets.get(CREDENTIALS)
    if text is None:
        return Principal("none")
    found: dict[str, Any] = orjson.loads(text)
    restrictions = found["restrictions"]
    return Principal(
        found["kind"],
        found["subject"],
        tuple(found["ownership"]),
        None
        if restrictions is None
        else tuple(
            AccessRestriction(one["plugin"], frozenset(one["permissions"]), frozenset(one["actions"]))
            for one in restrictions
        ),
        actor=found["actor"],
    )
