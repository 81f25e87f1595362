"""JSON Schema with the reference's words: jsonschema-rs decides, the problems read and are ordered as ajv's are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from app.schema.order import Order
from app.schema.problems import SchemaProblem, problem_of

__all__ = ["Schema", "SchemaProblem"]

_COMBINATIONS = {"anyOf", "oneOf"}


class Schema:
    """One compiled schema, draft-07 unless `$schema` says otherwise. Local `$ref`s only; nothing is ever fetched.

    Safe to share between threads. Raises ValueError when the document is not a valid schema.
    """

    def __init__(self, document: Mapping[str, Any] | bool, *, formats: bool = False) -> None:
        """`formats` makes `format` an assertion; without, it is an annotation, as in the reference."""
        self.document = document
        plain: dict[str, Any] | bool = document if isinstance(document, bool) else dict(document)
        draft = None if isinstance(plain, dict) and "$schema" in plain else jsonschema_rs.Draft7
        try:
            cls = jsonschema_rs.Draft7Validator if draft else jsonschema_rs.validator_cls_for(plain)
            self._validator = cls(plain, validate_formats=formats, offline=True)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise ValueError(f"not a valid JSON Schema: {error.message}") from error
        self._order = Order(plain)

    def is_valid(self, value: Any) -> bool:
        """The fast way, without words."""
        return self._validator.is_valid(value)

    def errors(self, value: Any) -> list[SchemaProblem]:
        """Every problem, in the order in which ajv with `allErrors` reports them; empty for a valid value."""
        if self._validator.is_valid(value):
            return []
        found = self._order.sorted(self._validator.iter_errors(value), value)
        return [problem for error in found for problem in self._expand(error, value, every=True)]

    def first(self, value: Any) -> list[SchemaProblem]:
        """What ajv without `allErrors` reports: the first problem.

        It is more than one entry for `anyOf` and `oneOf`: the first problem of each alternative, then the
        combination's own.
        """
        if self._validator.is_valid(value):
            return []
        found = self._order.sorted(self._validator.iter_errors(value), value)
        return list(self._expand(found[0], value, every=False))[: None if found[0].kind.name in _COMBINATIONS else 1]

    def _expand(self, error: jsonschema_rs.ValidationError, value: Any, *, every: bool) -> Iterator[SchemaProblem]:
        if error.kind.name in _COMBINATIONS:
            for branch in error.kind.value:
                inner = self._order.sorted(branch, value)
                for below in inner if every else inner[:1]:
                    yield from self._expand(below, value, every=every)
        yield from problem_of(error, self._order.written(error) if error.kind.name == "type" else error.kind.value)
