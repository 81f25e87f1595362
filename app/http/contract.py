"""The contract: an OpenAPI document that requests are held against.

`Contract.load("catalog.yaml")` reads a document of the `openapi/` folder. `operations()` gives its operations by
path template and method; the router pairs them with routes of the same path. What a route then finds is told in
`app.http.exchange`.

Extensions understood: `x-body-limit` on an operation, in bytes, where 100 KiB is too little; `x-unvalidated: true` on
one that is described but whose requests are let through as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, Final

import yaml
from starlette.types import Receive, Scope

from app.errors import InputError
from app.http.body import JSON_LIMIT, header, parse_json, read_body, replay
from app.http.exchange import PARSED, Parsed
from app.http.parameters import QueryParameter, QueryParameters, describe
from app.schema import Schema

METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})
_PROJECT: Final = Path(__file__).parents[2]
FOLDERS: Final = (_PROJECT / "openapi", Path(__file__).parents[1] / "openapi")
"""A checkout has the documents at its root, an installed package inside `app`."""


class Operation:
    """One method of one path. Compiled when it is first asked for: start-up pays for none."""

    def __init__(self, contract: Contract, method: str, path: str, document: Mapping[str, Any]) -> None:
        self.method, self.path = method, path
        self._contract, self._document = contract, document
        body = contract.resolve(document.get("requestBody", {}))
        self._has_body = "application/json" in body.get("content", {})
        self._limit = int(document.get("x-body-limit", JSON_LIMIT))

    @cached_property
    def query(self) -> QueryParameters:
        resolve = self._contract.resolve
        own = [resolve(p) for p in self._document.get("parameters", ())]
        names = {(p["in"], p["name"]) for p in own}
        shared = [resolve(p) for p in self._contract.document["paths"][self.path].get("parameters", ())]
        declared = [*(p for p in shared if (p["in"], p["name"]) not in names), *own]
        return QueryParameters(
            [QueryParameter.of(p, self._contract.schema(p.get("schema", {}))) for p in declared if p["in"] == "query"]
        )

    @cached_property
    def body(self) -> tuple[bool, Schema]:
        document = self._contract.resolve(self._document["requestBody"])
        media = document["content"]["application/json"]
        return bool(document.get("required")), Schema(self._contract.schema(media.get("schema", {})))

    async def check(self, scope: Scope, receive: Receive) -> Receive:
        """Puts a `Parsed` into the scope and gives the `receive` for the route. Raises InputError.

        The body is read first, as in the reference: a body that is too long or malformed is told before a wrong
        parameter.
        """
        if not self._has_body:
            scope[PARSED] = Parsed(self.query.read(scope["query_string"]), None)
            return receive
        raw = await read_body(receive, scope["headers"], self._limit)
        required, schema = self.body
        content_type = header(scope["headers"], b"content-type")
        document = parse_json(raw, content_type, required=required)
        query = self.query.read(scope["query_string"])
        # A body that may be absent and is has nothing to be held against the schema; the route says what it lacks.
        if content_type and not schema.is_valid(document):
            raise InputError(describe("body", schema.first(document)))
        scope[PARSED] = Parsed(query, document)
        return replay(raw, receive)


class Contract:
    """One OpenAPI document, 3.0 or 3.1, or what reads it when it is first needed."""

    def __init__(self, document: Mapping[str, Any] | Callable[[], Mapping[str, Any]]) -> None:
        self._given = document

    @cached_property
    def document(self) -> Mapping[str, Any]:
        return self._given() if callable(self._given) else self._given

    @classmethod
    def load(cls, name: str) -> Contract:
        """A document by its name under `openapi/`, or by an absolute path. Raises FileNotFoundError."""
        for folder in FOLDERS:
            path = folder / name
            if path.is_file():
                return cls(partial(_read, path))
        raise FileNotFoundError(f"there is no contract {name!r}")

    def operations(self) -> Iterator[Operation]:
        for path, item in self.document.get("paths", {}).items():
            for method, operation in item.items():
                if method in METHODS and operation.get("x-unvalidated") is not True:
                    yield Operation(self, method.upper(), path, operation)

    def resolve(self, document: Any) -> Any:
        """Follows local references until there is none at the top."""
        while isinstance(document, Mapping) and "$ref" in document:
            target: Any = self.document
            for part in str(document["$ref"]).removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            document = target
        return document

    def schema(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A schema of this document as JSON Schema of its own, with the components it may refer to."""
        root: dict[str, Any] = self._plain(self.resolve(document))
        if '"$ref"' in json.dumps(root, default=str):
            root["components"] = {"schemas": self._components}
        if str(self.document.get("openapi", "3.0")).startswith("3.1"):
            root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        return root

    @cached_property
    def _components(self) -> dict[str, Any]:
        return {k: self._plain(v) for k, v in self.document.get("components", {}).get("schemas", {}).items()}

    def _plain(self, schema: Any) -> Any:
        """OpenAPI 3.0's `nullable` as a JSON Schema type; everything else as it is."""
        if isinstance(schema, list):
            return [self._plain(entry) for entry in schema]
        if not isinstance(schema, Mapping):
            return schema
        plain = {key: self._plain(value) for key, value in schema.items()}
        if plain.get("nullable") is True and isinstance(plain.get("type"), str):
            plain["type"] = [plain["type"], "null"]
        return plain

    def served_under(self, mount: str) -> dict[str, Any]:
        """The document as `openapi.json` serves it: paths prefixed with the mount (`/api/catalog`)."""
        paths = {mount + path: item for path, item in self.document.get("paths", {}).items()}
        return {**self.document, "paths": paths}


def _read(path: Path) -> Mapping[str, Any]:
    return _parsed(path.read_bytes())


@lru_cache(maxsize=64)
def _parsed(text: bytes) -> Mapping[str, Any]:
    """One document for all that ask for the same text in one process; nobody changes it."""
    # CSafeLoader reads no more than SafeLoader does, ten times as fast.
    document: Mapping[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return document


def merged(contracts: list[Contract], mount: str) -> dict[str, Any]:
    """Several documents of one plugin as one: the first gives what they do not share."""
    result: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {"title": mount.rpartition("/")[2], "version": "1"},
        "paths": {},
    }
    for contract in reversed(contracts):
        served = contract.served_under(mount)
        components = {**result.get("components", {})}
        for section, entries in served.get("components", {}).items():
            components[section] = {**components.get(section, {}), **entries}
        result = {**result, **served, "paths": {**result["paths"], **served["paths"]}}
        if components:
            result["components"] = components
    return result
