"""What holds for entities of every kind, after they were pre-processed. Source: spec/catalog.md §3.1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.errors import CallboardError
from catalog.json_numbers import js_number_text
from catalog.model.refs import DEFAULT_NAMESPACE
from catalog.model.schema import ENTITY
from catalog.validation import fields
from catalog.validation.shape import Violation, compile_shape

Entity = dict[str, Any]

ROOT_FIELDS = ("apiVersion", "kind", "metadata", "spec")
"""What a descriptor may hold; relations and status are the catalog's to write."""

_entity_violation = compile_shape(ENTITY)

_MORE = (
    " To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/"
    "architecture-decisions/adr002-default-catalog-file-format.md"
)
_NAME = "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total"
_LABEL = "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total"
_TAG = "a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total"
_KIND = "a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total"
_QUALIFIED = "a valid prefix and/or suffix"
_URL = "a string that is a valid url"
_FILLED = "a non empty string"


class FieldError(CallboardError):
    """A field is not of its format. `path` leads to it; `at_key` is set when the key is what is wrong."""

    def __init__(self, message: str, path: tuple[str | int, ...], *, at_key: bool = False) -> None:
        super().__init__(message)
        self.path = path
        self.at_key = at_key


def enforce_policies(entity: Entity) -> Entity:
    """The entity with its namespace filled in.

    Raises CallboardError for one that breaks the schema or has fields of the catalog's own, FieldError for a field
    that is not of its format.
    """
    violation = _entity_violation(entity)
    if violation is not None:
        raise EnvelopeError(f"Malformed envelope, {violation}", violation)
    metadata = entity["metadata"]
    if "namespace" not in metadata:
        entity = {**entity, "metadata": {"namespace": DEFAULT_NAMESPACE, **metadata}}
    for field in entity:
        if field not in ROOT_FIELDS:
            raise FieldError(f"Unknown field {field}", (field,), at_key=True)
    _check_fields(entity)
    return entity


class EnvelopeError(CallboardError):
    """An entity does not have the form that all entities have."""

    def __init__(self, message: str, violation: Violation) -> None:
        super().__init__(message)
        self.violation = violation


def _check_fields(entity: Mapping[str, Any]) -> None:
    metadata = entity["metadata"]
    _require(fields.is_api_version, entity["apiVersion"], _QUALIFIED, "apiVersion")
    _require(fields.is_kind, entity["kind"], _KIND, "kind")
    _require(fields.is_object_name, metadata["name"], _NAME, "metadata", "name", label="metadata.name")
    _require(fields.is_dns_label, metadata["namespace"], _LABEL, "metadata", "namespace", label="metadata.namespace")
    for key, value in metadata.get("labels", {}).items():
        if not fields.is_qualified_name(key):
            raise _wrong(key, _QUALIFIED, f"labels.{key}", ("metadata", "labels", key), at_key=True)
        if not fields.is_label_value(value):
            raise _wrong(value, _NAME, f"labels.{key}", ("metadata", "labels", key))
    for key in metadata.get("annotations", {}):
        if not fields.is_qualified_name(key):
            raise _wrong(key, _QUALIFIED, f"annotations.{key}", ("metadata", "annotations", key), at_key=True)
    for index, tag in enumerate(metadata.get("tags", ())):
        if not fields.is_tag(tag):
            raise _wrong(tag, _TAG, f"tags.{index}", ("metadata", "tags", index))
    for index, link in enumerate(metadata.get("links", ())):
        _check_link(link, index)


def _check_link(link: Mapping[str, Any], index: int) -> None:
    _require(fields.is_url, link["url"], _URL, "metadata", "links", index, "url", label=f"links.{index}.url")
    for key in ("title", "icon"):
        if key in link:
            _require(
                fields.is_filled, link[key], _FILLED, "metadata", "links", index, key, label=f"links.{index}.{key}"
            )


def _require(
    is_valid: Callable[[Any], bool], value: Any, expected: str, *path: str | int, label: str | None = None
) -> None:
    if not is_valid(value):
        raise _wrong(value, expected, label or str(path[-1]), path)


def _wrong(value: Any, expected: str, label: str, path: tuple[str | int, ...], *, at_key: bool = False) -> FieldError:
    message = f'"{label}" is not valid; expected {expected} but found "{_as_text(value)}".{_MORE}'
    return FieldError(message, path, at_key=at_key)


def _as_text(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return js_number_text(value)
    return str(value)
