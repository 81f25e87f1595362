"""Whether an entity is of a known kind, and valid as such. Source: spec/catalog.md §3.3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.model.errors import FormError
from catalog.model.kinds import Kind
from catalog.model.schema import record
from catalog.validation.shape import Check, Violation, compile_shape


class KindError(FormError):
    """An entity of a known kind that is not valid as such."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.detailed)
        self.violation = violation


class KindValidator:
    """Knows some kinds. Kind and API version are matched exactly, case included; of two alike the later counts."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._checks: dict[tuple[str, str], Check] = {}
        self._variants: dict[tuple[str, str], Mapping[str, Check]] = {}
        for kind in kinds:
            check = _of_spec(kind.spec)
            variants = {name: _of_spec(spec) for name, spec in kind.variants.items()}
            for version in kind.api_versions:
                self._checks[version, kind.name] = check
                self._variants[version, kind.name] = variants

    def recognizes(self, entity: Mapping[str, Any]) -> bool:
        """True for a valid entity of a known kind, False for another kind or version.

        Raises KindError for an invalid entity of a known kind.
        """
        key = (entity["apiVersion"], entity["kind"])
        check = self._checks.get(key)
        if check is None:
            return False
        if variants := self._variants[key]:
            spec = entity.get("spec")
            of_type = spec.get("type") if isinstance(spec, dict) else None
            check = variants.get(of_type, check) if isinstance(of_type, str) else check
        violation = check(entity)
        if violation is not None:
            raise KindError(violation)
        return True


def _of_spec(spec: Mapping[str, Any]) -> Check:
    return compile_shape(record({"spec": spec}, required=("spec",)))
