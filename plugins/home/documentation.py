"""`/docs`: the OpenAPI documents as plain lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from plugins.home.html import Markup, element, join, page, table

_METHODS: Final = ("get", "post", "put", "patch", "delete")


def documentation(title: str, documents: Mapping[str, Mapping[str, Any]]) -> bytes:
    """All operations of all documents, by plugin."""
    parts = [element("h1", "API documentation"), element("p", element("a", title, href="/callboard"), class_="dim")]
    for plugin, document in documents.items():
        parts += [element("h2", plugin), *(_operation(*found, document) for found in _operations(document))]
    return page(f"{title}: API documentation", *parts)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any], list[Any]]]:
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method], [*item.get("parameters", []), *item[method].get("parameters", [])]


def _operation(
    method: str, path: str, operation: Mapping[str, Any], parameters: list[Any], document: Mapping[str, Any]
) -> Markup:
    summary = str(operation.get("summary") or operation.get("operationId") or "")
    heading = element(
        "summary",
        element("span", method.upper(), class_="method"),
        element("code", path),
        " ",
        element("small", summary),
    )
    parts = [
        element("p", paragraph)
        for paragraph in str(operation.get("description", "")).split("\n\n")
        if paragraph.strip()
    ]
    known = [_resolve(parameter, document) for parameter in parameters]
    if known:
        parts.append(table(["Parameter", "In", "Type", ""], [_parameter(parameter, document) for parameter in known]))
    body = _resolve(operation.get("requestBody", {}), document).get("content", {})
    if body:
        parts.append(element("p", "Body: ", _media(body, document)))
    answers = operation.get("responses", {})
    if answers:
        rows = [
            (element("code", status), _resolve(answer, document).get("description", ""))
            for status, answer in answers.items()
        ]
        parts.append(table(["Answer", ""], rows))
    return element("details", heading, *parts)


def _parameter(parameter: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[object, ...]:
    schema = _resolve(parameter.get("schema", {}), document)
    name = element("code", parameter.get("name", ""))
    required = element("small", " required") if parameter.get("required") else ""
    return join([name, required]), parameter.get("in", ""), _type(schema, document), parameter.get("description", "")


def _media(content: Mapping[str, Any], document: Mapping[str, Any]) -> Markup:
    described = []
    for media_type, media in content.items():
        schema = _resolve(media.get("schema", {}), document)
        names = ", ".join(f"{n}*" if n in schema.get("required", ()) else n for n in schema.get("properties", {}))
        described.append(join([element("code", media_type), f" {{ {names} }}" if names else ""]))
    return join(described)


def _type(schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    kind = str(schema.get("type", "any"))
    return f"{kind} of {_type(_resolve(schema.get('items', {}), document), document)}" if kind == "array" else kind


def _resolve(part: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(10):
        if not isinstance(part, Mapping) or "$ref" not in part:
            break
        target: Any = document
        for name in str(part["$ref"]).removeprefix("#/").split("/"):
            target = target.get(name, {}) if isinstance(target, Mapping) else {}
        part = target
    return part if isinstance(part, Mapping) else {}
