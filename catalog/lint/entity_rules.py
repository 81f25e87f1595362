"""All that can be said of one entity on its own. The same checks, in the same order, as in the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from app.errors import CallboardError
from catalog.lint.placeholders import Placeholder, replaced, unread
from catalog.model.kinds import Kind
from catalog.model.refs import DEFAULT_NAMESPACE, ref_of
from catalog.model.relations import mentions
from catalog.stitching.terms import terms_of
from catalog.validation.envelope import envelope_violation
from catalog.validation.kinds import KindError, KindValidator
from catalog.validation.policies import EnvelopeError, FieldError, enforce_policies
from catalog.validation.shape import Violation

Entity = dict[str, Any]
Steps = tuple[str | int, ...]


class Problem(NamedTuple):
    rule: str
    message: str
    path: Steps


class Use(NamedTuple):
    """A ref that an entity makes use of, and where."""

    target: str
    path: Steps


@dataclass(slots=True)
class Checked:
    """What is known of one document: `ref` is None when it is no entity at all."""

    ref: str | None
    entity: Entity
    problems: list[Problem]
    uses: list[Use]
    placeholders: list[Placeholder]


class EntityRules:
    """`recognizes` asks whoever else knows kinds; it may raise CallboardError for an invalid entity."""

    def __init__(self, kinds: Iterable[Kind], recognizes: Callable[[Entity], bool]) -> None:
        kinds = list(kinds)
        self._validator = KindValidator(kinds)
        self._references = {(version, kind.name): kind.references for kind in kinds for version in kind.api_versions}
        self._recognizes = recognizes

    def check(self, value: Any, file: Path) -> Checked:
        if not isinstance(value, dict):
            return Checked(None, {}, [Problem("envelope", "Expected object at root", ())], [], [])
        violation = envelope_violation(value)
        if violation is not None:
            return Checked(None, value, [_problem("envelope", violation)], [], [])
        ref = ref_of(value)
        problems: list[Problem] = []
        entity, placeholders = replaced(value, file)
        problems += [Problem("policy", one.wrong, one.path) for one in placeholders if one.wrong]
        annotations = entity["metadata"].get("annotations")
        if annotations is None:
            entity["metadata"].pop("annotations", None)
        elif not isinstance(annotations, dict):
            problems.append(
                Problem("envelope", "metadata.annotations must be a valid object", ("metadata", "annotations"))
            )
            return Checked(ref, entity, problems, [], placeholders)
        problems += _kept(self._rules(entity), placeholders)
        uses = self._uses(entity, problems)
        return Checked(ref, entity, problems, uses, placeholders)

    def _rules(self, entity: Entity) -> Iterator[Problem]:
        try:
            enforce_policies(entity)
        except EnvelopeError as error:
            yield _problem("policy", error.violation, str(error))
            return
        except FieldError as error:
            yield Problem("policy", str(error), error.path)
        try:
            if not (self._validator.recognizes(entity) or self._recognizes(entity)):
                yield Problem(
                    "kind",
                    f"No processor recognized the entity {ref_of(entity)} as valid, possibly caused by a foreign kind "
                    "or apiVersion",
                    ("kind",),
                )
        except KindError as error:
            yield _problem("kind", error.violation)
        except CallboardError as error:
            yield Problem("kind", str(error), ())
        try:
            terms_of(entity)
        except CallboardError as error:
            yield Problem("collision", str(error), ())

    def _uses(self, entity: Entity, problems: list[Problem]) -> list[Use]:
        references = self._references.get((entity["apiVersion"], entity["kind"]), ())
        namespace = entity["metadata"].get("namespace") or DEFAULT_NAMESPACE
        uses: list[Use] = []
        for mention in mentions(entity, references):
            try:
                uses.append(Use(mention.target(namespace), mention.path))
            except CallboardError as error:
                if not any(problem.path[: len(mention.path)] == mention.path for problem in problems):
                    problems.append(Problem("reference", str(error), mention.path))
        return uses


def _problem(rule: str, violation: Violation, message: str | None = None) -> Problem:
    path = violation.path if violation.at_key is None else (*violation.path, violation.at_key)
    return Problem(rule, message or violation.detailed, path)


def _kept(problems: Iterator[Problem], placeholders: list[Placeholder]) -> Iterator[Problem]:
    """Without those of members whose value is not known here."""
    unknown = list(unread(placeholders))
    for problem in problems:
        if not any(problem.path[: len(path)] == path for path in unknown):
            yield problem
