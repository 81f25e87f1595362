"""A valid entity of every built-in kind at once, and what to put into it to break it."""

from __future__ import annotations

import copy
import random
from typing import Any

from catalog.model.kinds import BUILTIN_KINDS

VALID: dict[str, Any] = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {
        "name": "n",
        "namespace": "default",
        "title": "t",
        "description": "",
        "labels": {"a": "b"},
        "annotations": {"a/b": "c"},
        "tags": ["x"],
        "links": [{"url": "http://x", "title": "t", "icon": "i", "type": "x"}],
    },
    "spec": {
        "type": "a",
        "lifecycle": "b",
        "owner": "c",
        "definition": "d",
        "children": [],
        "memberOf": ["x"],
        "profile": {"displayName": "x"},
        "targets": ["a"],
        "presence": "required",
        "providesApis": ["a"],
        "system": "s",
        "dependsOn": ["x:y"],
    },
}

_VALUES: list[Any] = [
    *(None, "", 5, 1.5, True, [], {}, "x", "X-", "a/b", "a/b/c", "a" * 64, "a\n", "\n", "http://x", "a--b", "c++"),
    *([""], [1], ["A"], [[]], {"a": 1}, {"a": "-"}, {"": "x"}, {"A/b/c": "v"}, [{}], [{"url": "x"}]),
    *([{"url": "http://a", "title": " "}], [{"url": "http://a", "icon": 5}], "required", "optional"),
    *("backstage.io/v1beta1", "b.c/v1", "component", "Location"),
]
_METADATA = [
    "name",
    "namespace",
    "title",
    "labels",
    "annotations",
    "tags",
    "links",
    "uid",
    "etag",
    "description",
    "foo",
]
_SPEC = [*VALID["spec"], "members", "parent", "target", "domain", "subcomponentOf"]
_PATHS = [
    *(["apiVersion"], ["kind"], ["metadata"], ["spec"], ["extra"], ["relations"], ["status"]),
    *(["metadata", key] for key in _METADATA),
    *(["metadata", key] for key in _METADATA),
    *(["spec", key] for key in _SPEC),
    *(["spec", key] for key in _SPEC),
]


def entities(count: int, seed: int) -> list[dict[str, Any]]:
    """Entities of all built-in kinds, each changed in one to three places; most of them are wrong somewhere."""
    order = random.Random(seed)
    return [_changed(order) for _ in range(count)]


def _changed(order: random.Random) -> dict[str, Any]:
    entity = copy.deepcopy(VALID)
    entity["kind"] = order.choice(BUILTIN_KINDS).name
    for _ in range(order.randint(1, 3)):
        *parents, key = order.choice(_PATHS)
        holder: Any = entity
        for parent in parents:
            holder = holder.get(parent) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            if order.random() < 0.25:
                holder.pop(key, None)
            else:
                holder[key] = copy.deepcopy(order.choice(_VALUES))
    return entity
