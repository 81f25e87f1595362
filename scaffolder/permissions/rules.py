"""The rules a policy's conditions may use. Source: spec/scaffolder.md §6.

A page or step is the mapping the template has; a call of an action is an `ActionCall`; a task is a `Task`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.interfaces import PermissionRule
from scaffolder.interfaces import Task
from scaffolder.permissions.permissions import ACTION, TASK, TEMPLATE

Json = Any
Params = Mapping[str, Any]
_SEGMENT: Final = re.compile(r"[^.\[\]]+")
_HOSTS: Final = frozenset({"gitlab", "github", "bitbucket", "bitbucketCloud", "bitbucketServer"})
_CASELESS: Final = frozenset({"owner", "repoName", "projectId", "repoUrl"})


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One call of an action: what a policy decides about. `input` is rendered."""

    action: str
    input: Mapping[str, Json]


class _Absent:
    """What no property is equal to."""


_ABSENT: Final = _Absent()


def _segments(key: str) -> list[str]:
    return [segment.strip("'\"") for segment in _SEGMENT.findall(key)]


def _at(value: Json, key: str) -> Json:
    """The value at a path like `a.b[0].c`; a key of that very name goes first."""
    if isinstance(value, Mapping) and key in value:
        return value[key]
    for segment in _segments(key):
        if isinstance(value, Mapping) and segment in value:
            value = value[segment]
        elif isinstance(value, list) and segment.isdigit() and int(segment) < len(value):
            value = value[int(segment)]
        else:
            return _ABSENT
    return value


def _has_tag(resource: Mapping[str, Json], params: Params) -> bool:
    permissions = resource.get("backstage:permissions")
    tags = permissions.get("tags") if isinstance(permissions, Mapping) else None
    return isinstance(tags, list) and any(tag == params["tag"] for tag in tags)


def _has_action_id(call: ActionCall, params: Params) -> bool:
    return bool(call.action == params["actionId"])


def _is_boolean(value: Json) -> bool:
    return isinstance(value, bool)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _has_property(of_type: Callable[[Json], bool]) -> Callable[[ActionCall, Params], bool]:
    def rule(call: ActionCall, params: Params) -> bool:
        found = _at(call.input, params["key"])
        if not of_type(found):
            return False
        if "value" not in params:
            return True
        wanted = params["value"]
        if isinstance(found, str) and isinstance(wanted, str) and ignores_case(call.action, params["key"]):
            return found.lower() == wanted.lower()
        return bool(found == wanted and of_type(wanted))

    return rule


def ignores_case(action: str, key: str) -> bool:
    """Whether the hosts an action speaks to take upper for lower case in this input."""
    parts = action.split(":")
    if not _HOSTS.intersection(parts):
        return False
    name = ".".join(_segments(key))
    return name in _CASELESS or (name == "path" and "group" in parts)


def _is_task_owner(task: Task, params: Params) -> bool:
    return task.created_by is not None and task.created_by in params["createdBy"]


def _schema(required: str, properties: Mapping[str, Json]) -> dict[str, Json]:
    return {"type": "object", "properties": dict(properties), "required": [required]}


def _property_schema(kind: str) -> dict[str, Json]:
    key = {"type": "string", "description": "Property within the action's input to match on"}
    return _schema("key", {"key": key, "value": {"type": kind, "description": "Value of the property to match on"}})


_TEXTS: Final = {"type": "array", "items": {"type": "string"}, "description": "Entity refs of users"}

TEMPLATE_RULES: Final = (
    PermissionRule(
        "HAS_TAG",
        "Match parameters or steps with the given tag",
        TEMPLATE,
        _schema("tag", {"tag": {"type": "string", "description": "Name of the tag to match on"}}),
        _has_tag,
    ),
    PermissionRule(
        "HAS_ACTION_ID",
        "Match actions with the given id",
        ACTION,
        _schema("actionId", {"actionId": {"type": "string", "description": "Id of the action to match on"}}),
        _has_action_id,
    ),
    PermissionRule(
        "HAS_BOOLEAN_PROPERTY",
        "Allow actions whose input has the given boolean property",
        ACTION,
        _property_schema("boolean"),
        _has_property(_is_boolean),
    ),
    PermissionRule(
        "HAS_NUMBER_PROPERTY",
        "Allow actions whose input has the given number property",
        ACTION,
        _property_schema("number"),
        _has_property(_is_number),
    ),
    PermissionRule(
        "HAS_STRING_PROPERTY",
        "Allow actions whose input has the given string property",
        ACTION,
        _property_schema("string"),
        _has_property(_is_text),
    ),
)
TASK_RULES: Final = (
    PermissionRule(
        "IS_TASK_OWNER",
        "Allow tasks that were created by one of the given users",
        TASK,
        _schema("createdBy", {"createdBy": _TEXTS}),
        _is_task_owner,
    ),
)
