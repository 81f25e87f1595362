"""The merged configuration, and settings models read from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from app.config.claims import Claims
from app.config.nodes import ConfigError, Json, Node, Place

M = TypeVar("M", bound=BaseModel)


class LayeredConfig:
    """`app.interfaces.Config`. Read-only. Its repr shows no value: they may be secrets."""

    def __init__(self, root: Node, files: tuple[str, ...] = ()) -> None:
        self._root = root
        self._data = root.plain() or {}
        self._claims = Claims()
        self.models: list[tuple[str, type[BaseModel]]] = []
        """Which models have been asked for, and where: what the configuration may hold."""
        self.files = files
        """What was read, in order."""

    def __repr__(self) -> str:
        return f"LayeredConfig(files={list(self.files)})"

    def everything(self) -> Json:
        """All of it, secrets included; nothing counts as asked for."""
        return self._data

    def redacted(self) -> Json:
        """See `app.interfaces.WholeConfig`."""
        from app.config.redaction import redacted

        return redacted(self._data, self.models)

    def get(self, path: str, default: Json = None) -> Json:
        self._claims.whole(_parts(path))
        value = self._find(path)
        return default if value is None else value

    def has(self, path: str) -> bool:
        """To know that something is there is not to understand it: nothing counts as asked for."""
        return self._find(path) is not None

    def place(self, path: str) -> Place | None:
        """Where a value, or the nearest object around it, was written."""
        node, place = self._root, None
        for part in _parts(path):
            below = _below(node, part)
            if below is None:
                break
            node, place = below, below.place
        return place

    def settings(self, path: str, model: type[M]) -> M:
        """See `PluginHost.settings`. Raises ConfigError naming key, file and line, and no value."""
        self._claims.model(_parts(path), model)
        self.models.append((path, model))
        data = self._find(path) if path else self._data
        if data is None and _all_have_defaults(model):
            # Nothing is written there, so there is nothing to check: building a model's validator takes its time.
            return model.model_construct()
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise ConfigError(self._complaint(path, "must be an object"))
        try:
            return model.model_validate(data)
        except ValidationError as error:
            problems = error.errors(include_input=False, include_url=False, include_context=False)
            raise ConfigError(
                "\n".join(dict.fromkeys(self._complaint(self._key(path, p["loc"]), _words(p["msg"])) for p in problems))
            ) from None

    def unclaimed(self) -> Iterator[tuple[str, Place]]:
        """Keys that nobody asked for, the topmost of each: they have no effect here."""
        yield from self._claims.missing(self._root)

    def _find(self, path: str) -> Json:
        value: Json = self._data
        for part in _parts(path):
            if isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict):
                value = value.get(part)
            else:
                return None
        return value

    def _key(self, path: str, loc: tuple[int | str, ...]) -> str:
        """A key path from pydantic's location, which also names the members of unions it tried."""
        node: Node | None = self._root
        parts = _parts(path)
        for part in parts:
            node = _below(node, part) if node is not None else None
        for index, name in enumerate(loc):
            part = str(name)
            below = _below(node, part) if node is not None else None
            if below is not None or index == len(loc) - 1 or node is None:
                if below is None and node is not None and not isinstance(node.value, dict):
                    break
                parts, node = [*parts, part], below
        return ".".join(parts)

    def _complaint(self, key: str, words: str) -> str:
        place = self.place(key)
        return f"configuration key '{key}' {words}" + (f" ({place})" if place else "")


def _all_have_defaults(model: type[BaseModel]) -> bool:
    """Whether the model of an empty object is its defaults and no more."""
    if model.__pydantic_decorators__.model_validators or model.__pydantic_decorators__.root_validators:
        return False
    return not any(field.is_required() or field.validate_default for field in model.model_fields.values())


def _parts(path: str) -> list[str]:
    return path.split(".") if path else []


def _below(node: Node, part: str) -> Node | None:
    if isinstance(node.value, dict):
        found = node.value.get(part)
        return found if isinstance(found, Node) else None
    if isinstance(node.value, list) and part.isdigit() and int(part) < len(node.value):
        found = node.value[int(part)]
        return found if isinstance(found, Node) else None
    return None


def _words(message: str) -> str:
    return (
        message.replace("Input should be", "must be")
        .replace("Field required", "is required")
        .replace("Value error, ", "")
    )
