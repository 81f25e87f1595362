"""Replaces `{$text: url}` and its kind by what the URL holds. Source: spec/catalog.md §4.5."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha1
from typing import Any, ClassVar

import orjson

from app.errors import CallboardError, NotModifiedError, describe
from app.interfaces import Reading
from catalog.ingestion.parsing import parse_documents
from catalog.ingestion.yaml_syntax import YamlError
from catalog.interfaces import (
    CatalogProcessor,
    Emit,
    Entity,
    LocationSpec,
    PlaceholderContext,
    PlaceholderResolver,
    ProcessorCache,
)
from catalog.json_numbers import js_value
from catalog.processing.pipeline import PLACEHOLDERS

Json = Any
MAX_DEPTH = 200


def _resolved(context: PlaceholderContext) -> str:
    if not isinstance(context.value, str):
        raise CallboardError(
            f"Placeholder ${context.key} expected a string value parameter, in the form of an absolute URL or a "
            "relative path"
        )
    try:
        return context.resolve(context.value, context.base_url)
    except Exception as error:
        raise CallboardError(
            f"Placeholder ${context.key} could not form a URL out of {context.base_url} and {context.value}, "
            f"{describe(error)}"
        ) from error


async def _text_of(context: PlaceholderContext) -> str:
    url = _resolved(context)
    context.emit.refresh_key(f"url:{url}")
    try:
        return (await context.read(url)).decode("utf-8", "replace")
    except Exception as error:
        raise CallboardError(f"Placeholder ${context.key} could not read location {url}, {describe(error)}") from error


async def text_placeholder(context: PlaceholderContext) -> Json:
    """`$text`: the text as it is."""
    return await _text_of(context)


async def json_placeholder(context: PlaceholderContext) -> Json:
    """`$json`: a JSON value."""
    text = await _text_of(context)
    try:
        return js_value(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise CallboardError(
            f"Placeholder ${context.key} failed to parse JSON data at {context.value}, SyntaxError: {error}"
        ) from error


async def yaml_placeholder(context: PlaceholderContext) -> Json:
    """`$yaml`: exactly one YAML document."""
    documents = parse_documents(await _text_of(context))
    if len(documents) != 1:
        raise CallboardError(
            f"Placeholder ${context.key} expected to find exactly one document of data at {context.value}, "
            f"found {len(documents)}"
        )
    (document,) = documents
    if isinstance(document, YamlError):
        raise CallboardError(
            f"Placeholder ${context.key} found an error in the data at {context.value}, {describe(document)}"
        ) from document
    return document.value


BUILTIN_PLACEHOLDERS: Mapping[str, PlaceholderResolver] = {
    "text": text_placeholder,
    "json": json_placeholder,
    "yaml": yaml_placeholder,
}


class PlaceholderProcessor(CatalogProcessor):
    """An object whose only key is `$` and a known name is replaced; whatever else holds `$` keys is left alone."""

    name: ClassVar[str] = PLACEHOLDERS
    reads_outside: ClassVar[bool] = True

    def __init__(self, resolvers: Mapping[str, PlaceholderResolver], reading: Reading) -> None:
        self._resolvers = resolvers
        self._reading = reading

    async def pre_process(
        self, entity: Entity, location: LocationSpec, emit: Emit, origin: LocationSpec, cache: ProcessorCache
    ) -> Entity:
        if not _mentions(entity):
            return entity
        seen: dict[str, dict[str, str | None]] = {}

        async def read(url: str) -> bytes:
            response = await self._reading.reader_for(url).read_url(url)
            seen[url] = {"etag": response.etag, "hash": _digest(response.content)}
            return response.content

        def resolve(url: str, base: str) -> str:
            return self._same_repository(self._reading.resolve_url(url, base), base)

        async def replace(value: Json, depth: int) -> Json:
            if isinstance(value, list) and depth < MAX_DEPTH:
                items = [await replace(item, depth + 1) for item in value]
                return value if all(a is b for a, b in zip(items, value, strict=True)) else items
            if not isinstance(value, dict) or depth >= MAX_DEPTH:
                return value
            if not any(key.startswith("$") for key in value):
                members = {key: await replace(member, depth + 1) for key, member in value.items()}
                return value if all(members[key] is value[key] for key in value) else members
            if len(value) != 1:
                return value
            ((key, given),) = value.items()
            resolver = self._resolvers.get(key[1:])
            if resolver is None:
                return value
            return await resolver(PlaceholderContext(key[1:], given, location.target, read, resolve, emit))

        replaced: Entity = await replace(entity, 0)
        if seen:
            cache.set("read", seen)
        return replaced

    async def unchanged(self, doing: str, state: Mapping[str, Json]) -> bool:
        """Whether everything that was read is as it was."""
        for url, before in state.get("read", {}).items():
            try:
                response = await self._reading.reader_for(url).read_url(url, etag=before["etag"])
            except NotModifiedError:
                continue
            if _digest(response.content) != before["hash"]:
                return False
        return True

    def _same_repository(self, url: str, base: str) -> str:
        """A descriptor may not pull in what another repository keeps to itself."""
        ours, theirs = self._repository(base), self._repository(url)
        if ours is not None and theirs is not None and ours != theirs:
            raise CallboardError(
                f"{url} is not in the repository of {base}: may only reference files from the same repository"
            )
        return url

    def _repository(self, url: str) -> tuple[str, str] | None:
        integration = self._reading.integration_for(url)
        found = integration.repository(url) if integration else None
        return None if found is None else (found.host.lower(), found.slug.lower())


def _mentions(entity: Entity) -> bool:
    """Whether some key may start with `$`. Most entities have none, and all of them come by here."""
    try:
        return b'"$' in orjson.dumps(entity)
    except orjson.JSONEncodeError:
        return True


def _digest(content: bytes) -> str:
    return sha1(content, usedforsecurity=False).hexdigest()
