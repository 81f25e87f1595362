"""Query parameters of one operation, compiled to checks that cost next to nothing when a request is right.

Source: spec/catalog.md §1.1. The texts are the reference validator's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.errors import InputError
from app.http.querystring import parse
from app.schema import Schema, SchemaProblem

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)\Z", re.ASCII)
_RADIX: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)\Z")
_SIMPLE: Final = {"type", "enum", "minimum", "items", "default", "description", "example", "nullable", "format"}
_MISSING: Final = object()


class _MistypedError(Exception):
    """Carries the JSON type that was wanted."""


def _number(text: Any) -> int | float:
    """JavaScript's Number(text), as far as it is a finite number."""
    if not isinstance(text, str):
        raise _MistypedError("number")
    stripped = text.strip()
    if _RADIX.match(stripped):
        return int(stripped, 0)
    if not _NUMBER.match(stripped):
        raise _MistypedError("number")
    value = float(stripped)
    if not math.isfinite(value):
        raise _MistypedError("number")
    return int(value) if value.is_integer() else value


def _integer(text: Any) -> int:
    try:
        value = _number(text)
    except _MistypedError:
        raise _MistypedError("integer") from None
    if not isinstance(value, int):
        raise _MistypedError("integer")
    return value


def _boolean(text: Any) -> bool:
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise _MistypedError("boolean")


def _string(text: Any) -> str:
    if isinstance(text, str):
        return text
    raise _MistypedError("string")


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise _MistypedError("object")


_COERCE: Final[Mapping[str, Callable[[Any], Any]]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": _string,
    "object": _object,
}


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """One declared parameter. `exploded` says whether a list is spelled by repeating (else by commas, or both)."""

    name: str
    required: bool
    allow_empty: bool
    is_list: bool
    exploded: bool
    coerce: Callable[[Any], Any]
    enum: tuple[Any, ...] | None
    minimum: float | None
    schema: Schema | None
    """Set when the schema says more than the checks above cover."""
    default: Any

    @classmethod
    def of(cls, document: Mapping[str, Any], schema: Mapping[str, Any]) -> QueryParameter:
        is_list = schema.get("type") == "array"
        item = schema.get("items", {}) if is_list else schema
        plain = set(schema) <= _SIMPLE and (not is_list or (set(item) <= {"type", "description", "example"}))
        return cls(
            name=document["name"],
            required=bool(document.get("required")),
            allow_empty=bool(document.get("allowEmptyValue")),
            is_list=is_list,
            exploded=bool(document.get("explode", document.get("style", "form") == "form")),
            coerce=_COERCE.get(item.get("type", "string"), _string),
            enum=tuple(schema["enum"]) if "enum" in schema and not is_list else None,
            minimum=schema.get("minimum"),
            schema=None if plain else Schema(schema),
            default=schema.get("default", _MISSING),
        )

    def value(self, sent: Any) -> Any:
        """The typed value of what was sent. Raises InputError."""
        if self.is_list:
            return self._list(sent)
        try:
            value = self.coerce(sent)
        except _MistypedError as wanted:
            raise InputError(f"request/query/{self.name} must be {wanted}") from None
        if self.enum is not None and value not in self.enum:
            allowed = ", ".join(str(entry) for entry in self.enum)
            raise InputError(f"request/query/{self.name} must be equal to one of the allowed values: {allowed}")
        if self.minimum is not None and value < self.minimum:
            raise InputError(f"request/query/{self.name} must be >= {self.minimum}")
        self._by_schema(value)
        return value

    def _list(self, sent: Any) -> list[Any]:
        entries = sent if isinstance(sent, list) else [sent]
        if not self.exploded:
            entries = [part for entry in entries for part in (entry.split(",") if isinstance(entry, str) else [entry])]
        values = []
        for index, entry in enumerate(entries):
            try:
                values.append(self.coerce(entry))
            except _MistypedError as wanted:
                raise InputError(f"request/query/{self.name}/{index} must be {wanted}") from None
        self._by_schema(values)
        return values

    def _by_schema(self, value: Any) -> None:
        if self.schema is not None and not self.schema.is_valid(value):
            raise InputError(describe(f"query/{self.name}", self.schema.first(value)))


class QueryParameters:
    """All query parameters of an operation."""

    def __init__(self, parameters: Sequence[QueryParameter]) -> None:
        self._known = {parameter.name: parameter for parameter in parameters}
        self._required = [parameter.name for parameter in parameters if parameter.required]
        self._defaults = {p.name: p.default for p in parameters if p.default is not _MISSING}

    def read(self, raw: bytes) -> dict[str, Any]:
        """Typed values by name; see `app.http.exchange`. Raises InputError with the reference's text."""
        if not raw and not self._required:
            return dict(self._defaults)
        sent = parse(raw)
        known = self._known
        for name, value in sent.items():
            parameter = known.get(name)
            if parameter is None:
                raise InputError(f"Unknown query parameter '{name}'")
            if value == "" and not parameter.allow_empty:
                raise InputError(f"Empty value found for query parameter '{name}'")
        for name in self._required:
            if name not in sent:
                raise InputError(f"request/query must have required property '{name}'")
        values = dict(self._defaults)
        # In the order of declaration: of several mistakes the reference names the first declared parameter's.
        for name, parameter in known.items():
            if name in sent:
                values[name] = parameter.value(sent[name])
        return values


def describe(where: str, problems: Sequence[SchemaProblem]) -> str:
    """Problems as the reference's validator writes them: `request/body/limit must be number`."""
    texts = []
    for problem in problems:
        text = f"request/{where}{problem.path} {problem.message}"
        if problem.keyword == "enum":
            text += ": " + ", ".join(str(value) for value in problem.params["allowedValues"])
        texts.append(text)
    return ", ".join(texts)
