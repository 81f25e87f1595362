"""What is wrong with a template's steps, as far as can be told without running them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from app.errors import InputError
from scaffolder.cli.source import Source
from scaffolder.interfaces import Action
from scaffolder.language import Language, LanguageError
from scaffolder.language.analysis import references
from scaffolder.service.dry_run import check_template
from scaffolder.service.templates import numbered, pages_of
from scaffolder.service.validation import validate

Json = Any
Severity = Literal["error", "warning"]
_ROOTS: Final = frozenset({"parameters", "steps", "user", "context", "environment", "secrets"})
_FROM_FILES: Final = frozenset({"fetch:plain:file", "fetch:template:file"})
_FROM_FOLDERS: Final = frozenset({"fetch:plain", "fetch:template", "fetch:cookiecutter"})


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` is like `steps.fetch.input.url`."""

    severity: Severity
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a template at some place may speak of. `parameters` None: the form says nothing."""

    parameters: frozenset[str] | None
    steps: Mapping[str, Action | None]
    each: bool = False


class TemplateLinter:
    """Checks templates against the actions and the language of this deployment."""

    def __init__(self, actions: Mapping[str, Action], language: Language) -> None:
        self._actions, self._language = actions, language
        host = language.host
        self._globals = frozenset(host.functions) | frozenset(host.values)

    def findings(self, source: Source) -> list[Finding]:
        try:
            check_template(source.entity)
        except InputError as error:
            return [Finding("error", "", error.message)]
        return [*self._of_form(source.entity), *self._of_steps(source)]

    def _of_form(self, template: Mapping[str, Json]) -> Iterator[Finding]:
        for index, page in enumerate(pages_of(template)):
            try:
                validate(page, {})
            except InputError as error:
                yield Finding("error", f"parameters[{index}]", error.message)

    def _of_steps(self, source: Source) -> Iterator[Finding]:
        template = source.entity
        pages = pages_of(template)
        parameters = frozenset(_properties(pages)) if pages else None
        done: dict[str, Action | None] = {}
        for step in numbered(template["spec"]["steps"]):
            where = f"steps.{step['id']}"
            action = self._actions.get(step["action"])
            if step["id"] in done:
                yield Finding("error", where, f"There is a step {step['id']} before this one")
            if action is None:
                yield Finding("error", f"{where}.action", f"There is no action {step['action']}")
            known = Known(parameters, dict(done), "each" in step)
            yield from self._of_condition(step, where)
            for key in ("if", "each", "input"):
                yield from self._of_texts(step.get(key), f"{where}.{key}", known)
            if action is not None:
                yield from _of_input(step, action, where)
            yield from _of_files(step, source.folder, where)
            done[step["id"]] = action
        known = Known(parameters, done)
        yield from self._of_texts(template["spec"].get("output"), "output", known)

    def _of_condition(self, step: Mapping[str, Json], where: str) -> Iterator[Finding]:
        condition = step.get("if")
        if condition is False:
            yield Finding("warning", where, "The step is never run: its if is false")
        elif isinstance(condition, str) and not self._speaks_of_anything(condition):
            try:
                value = self._language.compile(condition).value({})
            except LanguageError:
                return
            if not value:
                yield Finding("warning", where, "The step is never run: its if is always false")

    def _speaks_of_anything(self, text: str) -> bool:
        try:
            return any(one.kind == "variable" for one in references(self._language.compile(text)))
        except LanguageError:
            return True

    def _of_texts(self, tree: Json, where: str, known: Known) -> Iterator[Finding]:
        if isinstance(tree, Mapping):
            for key, value in tree.items():
                yield from self._of_texts(value, f"{where}.{key}", known)
        elif isinstance(tree, list):
            for index, value in enumerate(tree):
                yield from self._of_texts(value, f"{where}[{index}]", known)
        elif isinstance(tree, str):
            yield from self.of_text(tree, where, known)

    def of_text(self, text: str, where: str, known: Known) -> Iterator[Finding]:
        """What is wrong with one template text."""
        if self._language.is_plain(text):
            return
        try:
            compiled = self._language.compile(text)
            found = references(compiled)
        except LanguageError as error:
            yield Finding("error", where, str(error))
            return
        for one in found:
            if one.kind == "variable" and (message := self._unknown(one.path, known)):
                yield Finding("error", where, f"{message} (line {one.line}, column {one.column})")

    def _unknown(self, path: Sequence[str], known: Known) -> str | None:
        root, rest = path[0], path[1:]
        if root == "each":
            return None if known.each else "each is there only in steps with an each"
        if root not in _ROOTS:
            return None if root in self._globals else f"{root} is not defined"
        if root == "parameters" and rest and known.parameters is not None and rest[0] not in known.parameters:
            return f"The form has no parameter {rest[0]}"
        if root == "steps" and rest:
            if rest[0] not in known.steps:
                return f"There is no step {rest[0]} before this one"
            return _unknown_output(rest, known.steps[rest[0]])
        return None


def _unknown_output(rest: Sequence[str], action: Action | None) -> str | None:
    schema = action.output_schema if action is not None else None
    if len(rest) < 3 or rest[1] != "output" or schema is None or not isinstance(schema.get("properties"), Mapping):
        return None
    return None if rest[2] in schema["properties"] else f"Step {rest[0]} has no output {rest[2]}"


def _properties(tree: Json) -> Iterator[str]:
    """The names of all properties that a form may ever show."""
    if isinstance(tree, Mapping):
        properties = tree.get("properties")
        if isinstance(properties, Mapping):
            yield from properties
        for value in tree.values():
            yield from _properties(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _properties(value)


def _of_input(step: Mapping[str, Json], action: Action, where: str) -> Iterator[Finding]:
    """The input against the action's schema; what is still a template may become anything."""
    if action.input_schema is None:
        return
    given = step.get("input") or {}
    for problem in validate(action.input_schema, given):
        structural = problem.name in ("required", "additionalProperties")
        if structural or not _is_template(problem.instance):
            yield Finding("error", f"{where}.input", problem.stack)


def _is_template(value: Json) -> bool:
    if isinstance(value, str):
        return "${{" in value or "{%" in value
    parts: Iterable[Json] = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(_is_template(part) for part in parts)


def _of_files(step: Mapping[str, Json], folder: Path, where: str) -> Iterator[Finding]:
    url = (step.get("input") or {}).get("url")
    if not isinstance(url, str) or _is_template(url) or ":" in url.partition("/")[0]:
        return
    target = (folder / url).resolve()
    if not target.is_relative_to(folder.resolve()):
        yield Finding("error", f"{where}.input.url", f"{url} leads out of the template's folder")
    elif step["action"] in _FROM_FOLDERS and not target.is_dir():
        yield Finding("error", f"{where}.input.url", f"There is no folder {url}")
    elif step["action"] in _FROM_FILES and not target.is_file():
        yield Finding("error", f"{where}.input.url", f"There is no file {url}")
