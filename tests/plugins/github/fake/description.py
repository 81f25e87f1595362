"""Holds requests against GitHub's own descriptions: OpenAPI for REST, the public schema for GraphQL.

Sources: npm `@octokit/openapi`, `@octokit/graphql-schema`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import orjson
from graphql import GraphQLSchema, build_ast_schema, parse

from tests.plugins.github.fake.routing import Asked
from tests.reference.npm import installed

Json = Any
PACKAGES = Path(__file__).parent.parent / "npm"
_BODIES = ("POST", "PUT", "PATCH", "DELETE")
_EVERYWHERE = {"per_page", "page"}


@cache
def modules() -> Path:
    return installed(PACKAGES) / "node_modules"


@cache
def graphql_schema() -> GraphQLSchema:
    text = (modules() / "@octokit/graphql-schema/schema.graphql").read_text()
    return build_ast_schema(parse(text, no_location=True), assume_valid=True, assume_valid_sdl=True)


class Description:
    """The OpenAPI description of GitHub's REST API."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._validators: dict[int, Any] = {}
        self._paths: list[tuple[re.Pattern[str], str]] = []
        for path, item in document["paths"].items():
            several = {
                parameter["name"]
                for operation in item.values()
                if isinstance(operation, dict)
                for parameter in map(self._resolved, operation.get("parameters", ()))
                if parameter.get("x-multi-segment")
            }
            pattern = re.sub(
                r"\\{(\w+)\\}",
                lambda match, several=several: "(.+)" if match[1] in several else "([^/]+)",  # type: ignore[misc]
                re.escape(path),
            )
            self._paths.append((re.compile(pattern), path))
        # Plain segments go before holes: /orgs/{org}/repos before /{a}/{b}/{c}.
        self._paths.sort(key=lambda one: (one[1].count("{"), -len(one[1])))

    def mistakes(self, asked: Asked) -> list[str]:
        """What is wrong with a request; nothing for one that GitHub documents as it is."""
        operation, names, values = self._operation(asked)
        what = f"{asked.method} {asked.path}"
        if operation is None:
            return [f"{what}: GitHub documents no such operation"]
        parameters = [self._resolved(one) for one in operation.get("parameters", ())]
        wrong = []
        known = {one["name"]: one for one in parameters if one["in"] == "query"}
        for name, value in asked.query.items():
            # `owner[]` style lists aside, GitHub's names are plain.
            if name not in known and name not in _EVERYWHERE:
                wrong.append(f"{what}: there is no parameter {name}")
            elif name in known and not self._fits(known[name]["schema"], _typed(value, known[name]["schema"])):
                wrong.append(f"{what}: {name}={value} does not fit")
        wrong += [
            f"{what}: lacks {name}" for name, one in known.items() if one.get("required") and name not in asked.query
        ]
        in_path = {one["name"]: one for one in parameters if one["in"] == "path"}
        for name, value in zip(names, values, strict=True):
            schema = in_path.get(name, {}).get("schema", {})
            if not self._fits(schema, _typed(value, schema)):
                wrong.append(f"{what}: {name}={value} does not fit")
        return wrong + self._body(asked, operation, what)

    def _body(self, asked: Asked, operation: Json, what: str) -> list[str]:
        described = self._resolved(operation.get("requestBody") or {})
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        if not asked.body:
            return [f"{what}: lacks a body"] if described.get("required") else []
        if schema is None:
            return [f"{what}: takes no JSON"]
        try:
            body = orjson.loads(asked.body)
        except ValueError:
            return [f"{what}: its body is no JSON"]
        wrong = [f"{what}: {error.message}" for error in self._validator(schema).iter_errors(body)]
        properties = self._resolved(schema).get("properties")
        if properties and isinstance(body, dict) and not self._resolved(schema).get("additionalProperties"):
            wrong += [f"{what}: there is no member {name}" for name in body if name not in properties]
        return wrong

    def _operation(self, asked: Asked) -> tuple[Json | None, list[str], list[str]]:
        for pattern, path in self._paths:
            match = pattern.fullmatch(asked.path)
            operation = self._document["paths"][path].get(asked.method.lower()) if match else None
            if match and operation:
                return operation, re.findall(r"\{(\w+)\}", path), [unquote(one) for one in match.groups()]
        return None, [], []

    def _fits(self, schema: Json, value: Json) -> bool:
        return bool(self._validator(schema).is_valid(value))

    def _validator(self, schema: Json) -> Any:
        found = self._validators.get(id(schema))
        if found is None:
            found = self._validators[id(schema)] = jsonschema_rs.Draft7Validator(self._plain(schema))
        return found

    def _plain(self, schema: Json) -> Json:
        """A JSON Schema of an OpenAPI 3.0 one: references followed, `nullable` spelled out."""
        if isinstance(schema, list):
            return [self._plain(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        schema = self._resolved(schema)
        made = {
            key: self._plain(value) for key, value in schema.items() if key not in ("example", "examples", "nullable")
        }
        if schema.get("nullable"):
            return {"anyOf": [{"type": "null"}, made]}
        return made

    def _resolved(self, value: Json) -> Json:
        while isinstance(value, dict) and "$ref" in value:
            found = self._document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value


def _typed(text: str, schema: Json) -> Json:
    if schema.get("type") in ("integer", "number") and text.lstrip("-").isdigit():
        return int(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    if schema.get("type") == "array":
        return text.split(",")
    return text


@cache
def description() -> Description:
    return Description(orjson.loads((modules() / "@octokit/openapi/generated/api.github.com.json").read_bytes()))
