"""Which keys of the configuration somebody understands, so that the others can be named once."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args, get_origin

from pydantic import AliasChoices, BaseModel, RootModel

from app.config.nodes import Node, Place

FRONTEND: Final = (
    "app",
    "auth.autologout",
    "catalog.experimentalPagination",
    "catalog.import",
    "discovery",
    "enableExperimentalRedirectFlow",
    "home",
    "homepage",
    "organization",
    "permission.EXPERIMENTAL_enableBatchedRequests",
    "techdocs.sanitizer",
)
"""Keys of the frontend, which reads the same file: not ours, and nothing to warn of."""


class _Known:
    __slots__ = ("below", "every", "whole")

    def __init__(self) -> None:
        self.whole = False
        self.below: dict[str, _Known] = {}
        self.every: _Known | None = None
        """What holds for all keys of a dict, or all entries of a list."""

    def at(self, part: str) -> _Known:
        return self.below.setdefault(part, _Known())


class Claims:
    """A tree of known keys."""

    def __init__(self) -> None:
        self._root = _Known()
        self._within: set[type[BaseModel]] = set()
        for path in FRONTEND:
            self.whole(path.split("."))

    def whole(self, parts: Sequence[str]) -> None:
        """Everything at and below this path is understood."""
        known = self._root
        for part in parts:
            known = known.at(part)
        known.whole = True

    def model(self, parts: Sequence[str], model: type[BaseModel]) -> None:
        known = self._root
        for part in parts:
            known = known.at(part)
        self._fields(known, model)

    def missing(self, root: Node) -> Iterator[tuple[str, Place]]:
        yield from self._missing(root, [self._root], "")

    def _missing(self, node: Node, known: list[_Known], path: str) -> Iterator[tuple[str, Place]]:
        if any(k.whole for k in known):
            return
        members: Iterator[tuple[str, Node]]
        if isinstance(node.value, dict):
            members = iter(node.value.items())
        elif isinstance(node.value, list):
            members = ((str(index), below) for index, below in enumerate(node.value))
        else:
            return
        for name, below in members:
            there = f"{path}.{name}" if path else name
            deeper = [d for k in known for d in (k.below.get(name), k.every) if d is not None]
            if deeper:
                yield from self._missing(below, deeper, there)
            elif below.value is not None:
                yield there, below.place

    def _fields(self, known: _Known, model: type[BaseModel]) -> None:
        if known.whole:
            return
        if model in self._within or model.model_config.get("extra") == "allow":
            known.whole = True
            return
        if issubclass(model, RootModel):
            self._type(known, model.model_fields["root"].annotation)
            return
        self._within.add(model)
        for name, field in model.model_fields.items():
            names = {name}
            if field.alias:
                names = {field.alias}
            if isinstance(field.validation_alias, str):
                names = {field.validation_alias}
            elif isinstance(field.validation_alias, AliasChoices):
                names = {choice for choice in field.validation_alias.choices if isinstance(choice, str)}
            for spelled in names:
                self._type(known.at(spelled), field.annotation)
        self._within.discard(model)

    def _type(self, known: _Known, annotation: Any) -> None:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is typing.Annotated:
            self._type(known, arguments[0])
        elif origin in (typing.Union, types.UnionType):
            models = [a for a in arguments if _holds_models(a)]
            for argument in models:
                self._type(known, argument)
            known.whole = known.whole or not models or any(_is_open(a) for a in arguments)
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            self._fields(known, annotation)
        elif arguments and _holds_models(annotation):
            known.every = known.every or _Known()
            self._type(known.every, arguments[-1] if arguments[-1] is not Ellipsis else arguments[0])
        else:
            known.whole = True


def _holds_models(annotation: Any) -> bool:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return issubclass(annotation, BaseModel)
    return any(_holds_models(argument) for argument in get_args(annotation))


def _is_open(annotation: Any) -> bool:
    """A dict of anything among the members of a union: no key can be called unknown."""
    origin = get_origin(annotation) or annotation
    return origin is dict and not _holds_models(annotation)
